"""Partners without a hub, as `hub partner` shows, pins, suspends and resumes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from hub.cli.answer import Answer, facts, instant
from hub.cli.files import read_text
from hub.cli.home import administrator
from hub.entries import ProfileRow
from hub.errors import Refused
from hub.exchange.hubless.pinning import (
    pin_profile,
    profile_digest,
    resume_hubless,
    suspend_hubless,
)
from hub.ports import Condition, Said

if TYPE_CHECKING:
    from hub.bootstrap.opening import Hub


def pin(hub: Hub, agency: str, file: str, told: str | None) -> Answer:
    """Show what a profile says, have it confirmed, and pin its partner."""
    source = read_text(file)
    said, digest = hub.broker.adapting.examine(agency, source), profile_digest(source)
    if told is None:
        click.echo(_said(agency, said, digest), err=True)
        if not click.confirm(f"Pin {agency} by this profile?", err=True):
            raise Refused("pin-not-confirmed", "Nothing was pinned.")
    row = pin_profile(
        hub.broker, administrator(hub.config.agency), agency, source, confirmed_digest=told or digest
    )
    return Answer(
        document=as_document(row),
        people=(f"{agency} is pinned by its profile.", facts(as_facts(row))),
        then=(
            f"hub partner show {agency}",
            f"hub agreement adopt FILE         (nothing goes to {agency} without an agreement)",
        ),
    )


def _said(agency: str, said: Said, digest: str) -> str:
    sealed = "not sealed" if said.seal is None else f"sealed by {said.seal}"
    lines = [
        f"{agency} has no hub. By this profile:",
        f"  documents go and come as {said.dialect} ({said.media_type}), by the adapter {said.adapter};",
        f"  it takes {', '.join(said.kinds)};",
        f"  parcels are {sealed}, and carried by {said.carrier};",
        "  a parcel is accepted when its receipt comes."
        if said.receipts
        else "  no receipts come: whether a parcel arrived, this hub will never know.",
        *(f"  {name} is a {sort}: {seen or 'held'}" for name, sort, seen in said.materials),
        f"  digest of the profile: {digest}",
    ]
    return "\n".join(lines)


def show(hub: Hub, row: ProfileRow, waiting: int) -> Answer:
    """Show one partner without a hub: its profile, and whether its carrier works."""
    condition = hub.broker.adapting.condition(row)
    told = {"well": condition.well, "condition": condition.sentence, "held": waiting}
    return Answer(
        document=as_document(row) | told,
        people=(facts(as_facts(row) | _condition(condition) | {"held": waiting}),),
    )


def _condition(condition: Condition) -> dict[str, object]:
    return {"carrier works": condition.well, "it says": condition.sentence}


def suspended(hub: Hub, agency: str, held: Callable[[], int]) -> Answer | None:
    """Suspend a partner without a hub; None where it is not one."""
    if _profile(hub, agency) is None:
        return None
    row = suspend_hubless(hub.broker, administrator(hub.config.agency), agency)
    count = held()
    return Answer(
        document={
            "agency": agency,
            "status": row.status.value,
            "held": count,
            "cut_within_s": hub.config.limits.cut_within_s,
        },
        people=(f"{agency} is suspended: nothing is pushed to it and nothing pulled; {count} held.",),
        then=(f"hub partner resume {agency}",),
    )


def resumed(hub: Hub, agency: str, held: Callable[[], int]) -> Answer | None:
    """Resume a partner without a hub; None where it is not one."""
    if _profile(hub, agency) is None:
        return None
    row, drained = resume_hubless(hub.broker, administrator(hub.config.agency), agency)
    left = held()
    checked = ["the profile, composed anew"]
    return Answer(
        document={
            "agency": agency,
            "status": row.status.value,
            "checked": checked,
            "drained": drained,
            "held": left,
        },
        people=(f"{agency} is active.", facts({"goes out again": drained, "still held": left})),
        then=(f"hub queue list --state held --partner {agency}",) if left else (),
    )


def _profile(hub: Hub, agency: str) -> ProfileRow | None:
    with hub.store.read() as view:
        return view.hubless.profile(agency)


def as_document(row: ProfileRow) -> dict[str, object]:
    """Return a partner without a hub for machines."""
    return {
        "agency": row.agency,
        "status": row.status.value,
        "profile": row.digest,
        "adapter": row.adapter,
        "dialect": row.dialect,
        "carrier": row.carrier,
        "receipts": row.receipts,
        "pinned_at": instant(row.pinned_at),
        "pinned_by": row.pinned_by,
    }


def as_facts(row: ProfileRow) -> dict[str, object]:
    """Return a partner without a hub for people."""
    return {
        "agency": row.agency,
        "status": row.status.value,
        "reached": f"without a hub, by {row.carrier}",
        "documents": row.dialect,
        "receipts": "expected" if row.receipts else "none ever come",
        "pinned (UTC)": row.pinned_at,
        "pinned by": row.pinned_by,
        "profile": row.digest,
    }
