"""`hub partner trust`: what a partner was trusted by, and since when."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from hub.audit.trail import writes_nothing
from hub.cli.answer import Answer, facts, instant, table
from hub.cli.frame import leaf, trail
from hub.cli.home import home_option, opened, unlock_option
from hub.exchange import partners
from hub.exchange.trust_history import Stood, history

if TYPE_CHECKING:
    from hub.bootstrap.secrets import Unlock

_TIMES: Final = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"]


@trail(writes_nothing("what stands in the log about a partner, and nobody that a record is about"))
@leaf("trust", examples=("hub partner trust cis-atc", "hub partner trust cis-atc --at 2026-11-22T09:00:00"))
@click.argument("agency", help="Its id, like cis-atc.")
@click.option("--at", type=click.DateTime(_TIMES), metavar="TIME", help="What stood at this time, in UTC.")
@home_option
@unlock_option
def trust_of(agency: str, at: datetime | None, home: Path, unlock: Unlock) -> Answer:
    """Show by which card, pin, authority and revocation answers a partner was trusted, and since when.

    Each line begins with an entry of the log. Every verification names, in its own entry, the digest of
    what it relied on: the one that stands here.
    """
    with opened(home, unlock) as hub, hub.store.read() as view:
        partners.find_partner(view, agency)
        found = history(view, agency, at=None if at is None else at.replace(tzinfo=UTC))
    document = {"agency": agency, "trust": [_document(one) for one in found]}
    if not found:
        return Answer(document=document, people=(f"{agency} was not trusted at that time.",))
    if at is not None:
        return Answer(document=document, people=(facts(_facts(found[0])),))
    columns = ("since (UTC)", "change", "entry", "status", "suites", "card", "revocation answers", "digest")
    return Answer(document=document, people=(table(columns, [_cells(one) for one in found]),))


def _cells(one: Stood) -> tuple[object, ...]:
    told = _facts(one)
    names = ("since (UTC)", "change", "entry of the log", "status", "suites", "card", "revocation answers")
    return (*(told.get(name) for name in names), (one.digest or "")[:16])


def _facts(one: Stood) -> dict[str, object]:
    told: dict[str, object] = {
        "since (UTC)": one.since,
        "until (UTC)": one.until,
        "change": one.event.details.get("change"),
        "by": str(one.event.actor),
        "entry of the log": one.index,
        "digest": one.digest or "not kept: older than snapshots",
    }
    if one.snapshot is not None and one.pin is not None:
        told |= {
            "status": one.pin.status.value,
            "suites": one.pin.suites,
            "pinned (UTC)": one.pin.pinned_at,
            "pinned by": one.pin.pinned_by,
            "card": one.pin.fingerprint[:16],
            "TLS authorities": tuple(name[:16] for name in one.snapshot.authorities),
            "revocation answers": tuple(name[:16] for name in one.snapshot.revocation),
        }
    return told


def _document(one: Stood) -> dict[str, object]:
    told: dict[str, object] = {
        "since": instant(one.since),
        "until": instant(one.until),
        "change": one.event.details.get("change"),
        "by": str(one.event.actor),
        "event_id": one.event.event_id,
        "index": one.index,
        "digest": one.digest,
    }
    if one.snapshot is not None and one.pin is not None:
        told |= {
            "status": one.pin.status.value,
            "suites": list(one.pin.suites),
            "fingerprint": one.pin.fingerprint,
            "pinned_at": instant(one.pin.pinned_at),
            "pinned_by": one.pin.pinned_by,
            "via": one.pin.via,
            "authorities": list(one.snapshot.authorities),
            "revocation": list(one.snapshot.revocation),
            "statement": one.snapshot.statement,
            "kept": [{"digest": name, "kind": kind.value} for name, kind in one.kinds],
        }
    return told
