"""Where answers to clients that may ask again are kept."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from hub.entries import Replay


class Replays(Protocol):
    """Answers remembered under idempotency keys."""

    def get(self, client: str, key: str) -> Replay | None: ...
    def put(self, replay: Replay) -> None:
        """Store; raise Refused `conflict` when the key is there."""
        ...

    def forget_before(self, at: datetime) -> int: ...
