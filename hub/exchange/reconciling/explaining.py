"""What a difference means in plain words, and what a person does about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from hub.exchange.reconciling.comparing import Difference, Kind
from hub.records.lifecycle import EntryState


@dataclass(frozen=True, kw_only=True)
class Explained:
    """A sentence that says what differs, and one that says what to do."""

    what: str
    do: str


_KEEP: Final = "Both sides have signed this: keep it, call them, and report it."


def explain(one: Difference, *, us: str) -> Explained:
    """Return what a difference means to the hub of `us`, on whichever side it is."""
    return _EXPLAIN[one.kind](one, one.sender == us)


def _sent_not_received(one: Difference, ours: bool) -> Explained:
    if ours:
        return Explained(
            what=f"{one.recipient} does not have it, although we hold its signed receipt.",
            do="Ask whether they restored a backup, and show the receipt (`hub record trace`); then correct "
            "the record with the same content, which sends a new version.",
        )
    return Explained(
        what=f"{one.sender} says that we accepted it; it is not here.",
        do="Was our database restored from a backup? Then ask them to correct the record with the same "
        "content. Else have them show our receipt, and report it.",
    )


def _received_not_sent(one: Difference, ours: bool) -> Explained:
    if ours:
        return Explained(
            what=f"{one.recipient} received it from us; our books do not have it.",
            do="Was our database restored from a backup? Then `hub reconcile PARTNER --number-on`. Else run "
            "`hub log verify` and report it: a row was taken away.",
        )
    return Explained(
        what=f"We received it from {one.sender}, which says that it did not send it.",
        do="Ask whether they restored a backup; what they signed lies with the record here. Else report it.",
    )


def _digest_differs(one: Difference, ours: bool) -> Explained:
    return Explained(what="The two sides hold other bytes under this number and envelope.", do=_KEEP)


def _number_twice(one: Difference, ours: bool) -> Explained:
    if ours:
        return Explained(
            what="We gave this number to another envelope than the one that they have.",
            do="Was our database restored from a backup? Then `hub reconcile PARTNER --number-on`, and "
            "correct the record that was refused. Else report it.",
        )
    return Explained(
        what=f"{one.sender} gave this number to another envelope than the one that came.", do=_KEEP
    )


def _state_differs(one: Difference, ours: bool) -> Explained:
    if one.sent is not None and one.sent.state is EntryState.ACCEPTED:
        what = (
            f"We hold a receipt for it; {one.recipient} says that it refused it."
            if ours
            else f"{one.sender} says that we accepted it; we refused it."
        )
        return Explained(what=what, do=_KEEP)
    state = "given up" if one.sent is None else one.sent.state.value
    reason = f" ({one.sent.reason})" if one.sent is not None and one.sent.reason else ""
    if ours:
        return Explained(
            what=f"It is {state}{reason} here, and {one.recipient} accepted it.",
            do="`hub queue resume ENTRY`: they answer the repeat with their first receipt.",
        )
    return Explained(
        what=f"It is {state}{reason} at {one.sender}, and we accepted it.",
        do="Nothing here; they resume it and get our first receipt again.",
    )


def _in_neither(one: Difference, ours: bool) -> Explained:
    those = "this number" if one.last is None else f"the {one.count} numbers from here to {one.last}"
    return Explained(
        what=f"Nobody knows {those}, although {one.sender} has sent later ones.",
        do="Numbers have no gap: ask them what was sent, and report it.",
    )


_EXPLAIN: Final[Mapping[Kind, Callable[[Difference, bool], Explained]]] = {
    Kind.SENT_NOT_RECEIVED: _sent_not_received,
    Kind.RECEIVED_NOT_SENT: _received_not_sent,
    Kind.DIGEST_DIFFERS: _digest_differs,
    Kind.NUMBER_TWICE: _number_twice,
    Kind.STATE_DIFFERS: _state_differs,
    Kind.IN_NEITHER: _in_neither,
}
