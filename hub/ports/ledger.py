"""What the ledger is counted from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from hub.entries import RecordRow


class Ledger(Protocol):
    """The rows of a period, for reports. These questions read whole tables."""

    def made(self, *, start: datetime, end: datetime, after: int, limit: int) -> Sequence[RecordRow]:
        """Return versions made in a period that were released or came, above a position, lowest first."""
        ...

    def in_conversations(self, conversations: Sequence[str]) -> Sequence[RecordRow]:
        """Return versions in some conversations that were released or came, lowest position first."""
        ...

    def undelivered(self, *, start: datetime, end: datetime) -> Mapping[str, int]:
        """Return how many envelopes of our own, queued in a period, no receipt has come for, by recipient."""
        ...
