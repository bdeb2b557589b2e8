"""`hub directory status`: what the directory says, until when it holds, and what of it needs a person."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import RenderableType

from hub.audit.trail import writes_nothing
from hub.cli.answer import Answer, facts, instant, table
from hub.cli.card_words import spoken
from hub.cli.frame import leaf, trail
from hub.cli.home import home_option, opened, unlock_option
from hub.exchange.directory.place import AgencyState, Place, State
from hub.exchange.directory.watching import expiring, warnings
from hub.federation.card import words
from hub.federation.directory.documents import root_fingerprint
from hub.federation.directory.statement import read_statement

if TYPE_CHECKING:
    from hub.bootstrap.opening import Hub
    from hub.bootstrap.secrets import Unlock


@trail(writes_nothing("agencies and their public keys, and nobody that a record is about"))
@leaf("status", examples=("hub directory status", "hub directory status --json"))
@home_option
@unlock_option
def status(home: Path, unlock: Unlock) -> Answer:
    """Show the directory: its founders, what it consists of, until when it holds, and what is wrong.

    The words are those of its root, to read to whoever joins. What the directory says of a partner changes
    nothing here: `hub partner add` decides.
    """
    with opened(home, unlock) as hub:
        place = hub.federation.place
        document = shown(hub)
        if not place.joined:
            return Answer(
                document=document,
                people=("This hub follows no directory.",),
                then=("hub directory join --from SOURCE", "hub directory join -o FILE"),
            )
        people = _people(hub, place, place.state())
    return Answer(document=document, people=people)


def shown(hub: Hub) -> dict[str, object]:
    """Return what is known of the directory, for machines."""
    place = hub.federation.place
    state = place.state()
    base = place.base()
    foundation = base.foundation
    failure = state.failure
    return {
        "name": state.name,
        "source": state.source,
        "founders": list(foundation.agencies) if foundation else [],
        "needed": foundation.needed if foundation else None,
        "root_fingerprint": _root(place),
        "root_words": list(words(_root(place) or "")) if _root(place) else [],
        "versions": dict(state.versions),
        "expires": {role: instant(at) for role, at in state.expires.items()},
        "checked_at": instant(state.checked_at),
        "failure": None if failure is None else {"code": failure.code, "since": instant(failure.since)},
        "warnings": list(_warnings(hub, state)),
        "expiring": {
            what: instant(at)
            for what, at in expiring(
                state, agency=hub.config.agency, limits=hub.config.limits, at=hub.broker.clock.now()
            ).items()
        },
        "agencies": [_agency(hub, agency, one) for agency, one in sorted(state.agencies.items())],
    }


def _agency(hub: Hub, agency: str, one: AgencyState) -> dict[str, object]:
    return {
        "agency": agency,
        "standing": _standing(hub, agency),
        "version": one.version,
        "statement": one.statement,
        "words": _words(hub.federation.place, agency, one),
        "expires_at": instant(one.expires_at),
        "code": one.code,
        "suspended": one.suspended,
        "differences": list(one.differences),
        "marks": list(one.marks),
    }


def _words(place: Place, agency: str, one: AgencyState) -> list[str]:
    raw = place.statement(agency) if one.statement is not None else None
    return [] if raw is None else list(words(read_statement(raw, agency=agency).card_fingerprint))


def _warnings(hub: Hub, state: State) -> tuple[str, ...]:
    return warnings(
        state,
        agency=hub.config.agency,
        partners=frozenset(hub.broker.standing().partners),
        limits=hub.config.limits,
        at=hub.broker.clock.now(),
    )


def _standing(hub: Hub, agency: str) -> str:
    if agency == hub.config.agency:
        return "we"
    partner = hub.broker.standing().partners.get(agency)
    return "not pinned" if partner is None else f"pinned, {partner.row.status.value}"


def _root(place: Place) -> str | None:
    return root_fingerprint(place.document("root")) if (place.trusted / "root.json").exists() else None


def _people(hub: Hub, place: Place, state: State) -> list[RenderableType]:
    foundation = place.base().foundation
    lines: list[RenderableType] = []
    if told := _warnings(hub, state):
        lines.append(f"ALARM: {', '.join(told)}. See the runbook, The directory.")
    lines.append(
        facts(
            {
                "directory": state.name,
                "founders": foundation.agencies if foundation else None,
                "needed of them": foundation.needed if foundation else None,
                "followed at": state.source or "published here, or brought by couriers",
                "fetched (UTC)": state.checked_at,
                "fails because": f"{state.failure.sentence} [{state.failure.code}]"
                if state.failure
                else None,
            }
        )
    )
    lines.append(table(("document", "version", "expires (UTC)"), _documents(state), numbers=("version",)))
    seen = _root(place)
    if seen is not None:
        lines += ["The root, for whoever joins:", spoken(seen)]
    columns = ("agency", "here", "entry", "expires (UTC)", "trust marks", "differs from the pin", "wrong")
    cells = [_cells(hub, agency, one) for agency, one in sorted(state.agencies.items())]
    lines.append(table(columns, cells, numbers=("entry",)))
    ours = state.agencies.get(hub.config.agency)
    if ours is not None and ours.statement is not None:
        lines += ["Our card, as the directory shows it:", _spoken_of(place, hub.config.agency)]
    return lines


def _documents(state: State) -> list[tuple[str, int, datetime | None]]:
    return [(role, version, state.expires.get(role)) for role, version in state.versions.items()]


def _cells(hub: Hub, agency: str, one: AgencyState) -> tuple[object, ...]:
    wrong = "suspended by the founders" if one.suspended else one.code
    return (agency, _standing(hub, agency), one.version, one.expires_at, one.marks, one.differences, wrong)


def _spoken_of(place: Place, agency: str) -> str:
    raw = place.statement(agency)
    return "" if raw is None else spoken(read_statement(raw, agency=agency).card_fingerprint)
