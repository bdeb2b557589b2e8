"""Take a card out of the directory: only when a custodian says so, and only while all is in order."""

from __future__ import annotations

from dataclasses import dataclass, field

from hub.errors import PeerFault, Refused, failure
from hub.exchange.broker import Broker
from hub.exchange.directory.place import Place
from hub.federation.directory.statement import read_statement, statement_digest


@dataclass(frozen=True, kw_only=True)
class Vouched:
    """A card as the directory shows it, the statement that holds it, and what others vouch for."""

    agency: str
    card: bytes = field(repr=False)
    statement: bytes = field(repr=False)
    marks: tuple[str, ...] = ()


def vouched_card(broker: Broker, place: Place, agency: str) -> Vouched:
    """Return the card that the directory shows for an agency; it is not pinned by that.

    Raises Refused `directory-unknown`, `directory-suspended`; PeerFault `directory-expired`, and whatever
    was wrong when the directory, or this entry of it, was fetched last: then nothing new is taken from it.
    """
    place.pinned  # noqa: B018 (raises where there is no directory)
    state, at = place.state(), broker.clock.now()
    known = state.agencies.get(agency)
    if known is None:
        raise Refused(
            "directory-unknown", f"{agency} is not in the directory {state.name or ''}.".replace(" .", ".")
        )
    if state.failure is not None:
        raise failure(
            state.failure.code,
            f"The directory could not be fetched last ({state.failure.code}), so nothing is taken from it.",
        )
    if known.code is not None:
        raise failure(known.code, f"The entry of {agency} could not be used when it was fetched last.")
    if state.good_until is None or at >= state.good_until:
        raise PeerFault("directory-expired", "The directory has expired; nothing new is taken from it.")
    if known.suspended:
        raise Refused("directory-suspended", f"The directory's founders have suspended {agency}.")
    raw = place.statement(agency)
    if raw is None or statement_digest(raw) != known.statement:
        raise failure("directory-mismatched", f"The entry of {agency} is not the one that was verified.")
    said = read_statement(raw, agency=agency)
    if at >= said.expires_at:
        raise PeerFault("directory-expired", f"The entry of {agency} has expired.")
    return Vouched(agency=agency, card=said.card_raw, statement=raw, marks=known.marks)
