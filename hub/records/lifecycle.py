"""The states of records, queue entries and deliveries, and the only steps between them.

These tables are the single source: `docs/lifecycle.md` is generated from them, storage refuses a step
that is not in them, and the tests walk every pair.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, TypeVar

from hub.errors import Refused


class RecordState(Enum):
    """Where a record version stands, at its originator or at a recipient."""

    DRAFT = "draft"
    RELEASED = "released"
    REJECTED = "rejected"
    DISCARDED = "discarded"
    RECEIVED = "received"
    OPENED = "opened"
    ANSWERED = "answered"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


class EntryState(Enum):
    """Where one envelope stands on its way to one partner."""

    PENDING = "pending"
    CARRIED = "carried"
    ACCEPTED = "accepted"
    HELD = "held"
    REFUSED = "refused"
    DEAD = "dead"
    UNCONFIRMED = "unconfirmed"


class DeliveryState(Enum):
    """Where one record stands on its way to one member.

    What is HELD, or DEAD since a newer version overtook it there, never was the member's to collect.
    """

    HELD = "held"
    WAITING = "waiting"
    DELIVERED = "delivered"
    OPENED = "opened"
    ACTIONED = "actioned"
    DEAD = "dead"


class ReceiptStatus(Enum):
    """What a recipient states about an envelope."""

    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    OPENED = "opened"
    ACTIONED = "actioned"
    REFUSED = "refused"


_R, _E, _D = RecordState, EntryState, DeliveryState

RECORD_STEPS: Final[dict[RecordState, frozenset[RecordState]]] = {
    _R.DRAFT: frozenset({_R.RELEASED, _R.REJECTED, _R.DISCARDED}),
    _R.REJECTED: frozenset({_R.DRAFT, _R.DISCARDED}),
    _R.DISCARDED: frozenset(),
    _R.RELEASED: frozenset({_R.ANSWERED, _R.SUPERSEDED, _R.WITHDRAWN}),
    _R.RECEIVED: frozenset({_R.OPENED, _R.ANSWERED, _R.SUPERSEDED, _R.WITHDRAWN}),
    _R.OPENED: frozenset({_R.ANSWERED, _R.SUPERSEDED, _R.WITHDRAWN}),
    _R.ANSWERED: frozenset({_R.SUPERSEDED, _R.WITHDRAWN}),
    _R.SUPERSEDED: frozenset({_R.WITHDRAWN}),
    _R.WITHDRAWN: frozenset(),
}

ENTRY_STEPS: Final[dict[EntryState, frozenset[EntryState]]] = {
    # CARRIED: a relay or a mailbox has it and the recipient's own receipt is still to come.
    _E.PENDING: frozenset({_E.CARRIED, _E.ACCEPTED, _E.HELD, _E.REFUSED, _E.DEAD, _E.UNCONFIRMED}),
    _E.CARRIED: frozenset({_E.ACCEPTED, _E.REFUSED, _E.PENDING, _E.HELD, _E.DEAD}),
    # A receipt may yet come for what was on the wire when a person held it.
    _E.HELD: frozenset({_E.PENDING, _E.ACCEPTED, _E.REFUSED, _E.DEAD}),
    # A relay may give up and take up again what the recipient then accepts.
    _E.REFUSED: frozenset({_E.PENDING, _E.ACCEPTED, _E.DEAD}),
    _E.DEAD: frozenset({_E.PENDING, _E.ACCEPTED}),
    _E.ACCEPTED: frozenset(),
    # A carrier has taken it that never gives receipts: whether it arrived, nobody here knows.
    _E.UNCONFIRMED: frozenset({_E.PENDING, _E.ACCEPTED, _E.REFUSED}),
}

DELIVERY_STEPS: Final[dict[DeliveryState, frozenset[DeliveryState]]] = {
    # Only a person who may release it to the member lets go what a policy holds.
    _D.HELD: frozenset({_D.WAITING, _D.DEAD}),
    _D.WAITING: frozenset({_D.DELIVERED, _D.OPENED, _D.ACTIONED}),
    _D.DELIVERED: frozenset({_D.OPENED, _D.ACTIONED}),
    _D.OPENED: frozenset({_D.ACTIONED}),
    _D.ACTIONED: frozenset(),
    _D.DEAD: frozenset(),
}

State = TypeVar("State", RecordState, EntryState, DeliveryState)


def step(table: dict[State, frozenset[State]], before: State, after: State) -> State:
    """Return `after` when the table allows the step; raise Refused `transition-invalid` otherwise."""
    if after not in table[before]:
        raise Refused(
            "transition-invalid",
            f"What is {before.value} cannot become {after.value}; "
            f"possible: {', '.join(sorted(s.value for s in table[before])) or 'nothing, it is final'}.",
        )
    return after
