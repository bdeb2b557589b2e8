"""What differs between what a sender says it sent and what the recipient says it received."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from hub.entries import Line
from hub.records.lifecycle import EntryState

IN_FLIGHT: Final = frozenset({EntryState.PENDING, EntryState.CARRIED, EntryState.HELD})
GIVEN_UP: Final = frozenset({EntryState.REFUSED, EntryState.DEAD})


class Kind(Enum):
    """How two books differ about a number."""

    SENT_NOT_RECEIVED = "sent-not-received"
    RECEIVED_NOT_SENT = "received-not-sent"
    DIGEST_DIFFERS = "digest-differs"
    NUMBER_TWICE = "number-twice"
    STATE_DIFFERS = "state-differs"
    IN_NEITHER = "in-neither"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One difference; `sent` and `received` are what each side says.

    Numbers that nobody knows and that follow one another are told as one, up to and with `last`.
    """

    kind: Kind
    sender: str
    recipient: str
    number: int
    last: int | None = None
    sent: Line | None = None
    received: Line | None = None

    @property
    def key(self) -> tuple[str, int, Kind]:
        """Return what tells it from others."""
        return self.sender, self.number, self.kind

    @property
    def count(self) -> int:
        """Return how many numbers it is about."""
        return 1 if self.last is None else self.last - self.number + 1

    def as_document(self) -> dict[str, object]:
        """Return it for machines."""
        told = {} if self.last is None else {"last": self.last}
        return told | {
            "difference": self.kind.value,
            "sender": self.sender,
            "recipient": self.recipient,
            "number": self.number,
            "sent": _told(self.sent),
            "received": _told(self.received),
        }


def _told(line: Line | None) -> dict[str, object] | None:
    if line is None:
        return None
    return {
        "envelope_id": line.envelope_id,
        "digest": line.digest,
        "state": line.state.value,
        "reason": line.reason,
    }


def compare(
    sent: Iterable[Line], received: Iterable[Line], *, sender: str, recipient: str
) -> list[Difference]:
    """Return how the two sides differ; what is on its way, or was given up and never came, does not.

    A recipient has what it accepted; its lines in other states say why it has a number not.
    """
    left: Mapping[int, Line] = {line.number: line for line in sent}
    right: Mapping[int, Line] = {line.number: line for line in received}
    found = []
    for number in sorted(left.keys() | right.keys()):
        ours, theirs = left.get(number), right.get(number)
        if kind := _kind(ours, theirs):
            found.append(
                Difference(
                    kind=kind, sender=sender, recipient=recipient, number=number, sent=ours, received=theirs
                )
            )
    return found


def _kind(sent: Line | None, received: Line | None) -> Kind | None:
    has = received is not None and received.state is EntryState.ACCEPTED
    if sent is None:
        return Kind.RECEIVED_NOT_SENT if has else None
    if received is None:
        return Kind.SENT_NOT_RECEIVED if sent.state is EntryState.ACCEPTED else None
    if sent.envelope_id != received.envelope_id:
        return Kind.NUMBER_TWICE
    if None not in (sent.digest, received.digest) and sent.digest != received.digest:
        return Kind.DIGEST_DIFFERS
    if has:
        return Kind.STATE_DIFFERS if sent.state in GIVEN_UP else None
    return Kind.STATE_DIFFERS if sent.state is EntryState.ACCEPTED else None
