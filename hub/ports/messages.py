"""Where messages lie that travel by way of a relay, for as long as they live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol


class MessageState(Enum):
    """What is to be done with a message: hand it to the next hub, or nothing more."""

    WAITING = "waiting"
    TAKEN = "taken"
    REFUSED = "refused"
    ARRIVED = "arrived"


@dataclass(frozen=True, kw_only=True)
class MessageRow:
    """A sealed message on its way, or one that came to its end here.

    `peer` handed it to us; it is ourselves for what began here. `next` is whom it is handed to, or ourselves.
    `answers` is the id of the message that it answers, `code` why it was not taken.
    """

    message_id: str
    sender: str
    recipient: str
    peer: str
    next: str
    state: MessageState
    at: datetime
    expires_at: datetime
    hops: tuple[str, ...] = ()
    answers: str | None = None
    code: str | None = None
    raw: bytes = field(repr=False)


class Messages(Protocol):
    """Messages by their id. All of it is bookkeeping: who sends, relays or takes one logs that himself."""

    def add(self, row: MessageRow) -> bool:
        """Store a message; tell whether its id is new."""
        ...

    def get(self, message_id: str) -> MessageRow | None: ...
    def answer_to(self, message_id: str) -> MessageRow | None:
        """Return what arrived in answer to a message of ours, the last one where there are several."""
        ...

    def waiting(self, to: str, limit: int) -> Sequence[MessageRow]:
        """Return what waits to be handed to a hub, oldest first."""
        ...

    def waiting_of(self, peer: str, *, most: int) -> int:
        """Return how many messages wait here that one hub handed to us, counting no further than `most`."""
        ...

    def partners_waiting(self) -> Sequence[str]:
        """Return the hubs that something waits for."""
        ...

    def settle(self, message_id: str, *, code: str | None = None) -> None:
        """Mark one that waited as taken by the next hub, or as refused; its bytes are let go."""
        ...

    def forget_expired(self, at: datetime) -> int:
        """Delete what has expired, in whatever state; return how many."""
        ...
