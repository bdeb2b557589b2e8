"""One round of asking: the checkpoint that all witnesses are asked for, and who has not answered yet."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

from hub.ports import CheckpointRow


class Round:
    """One checkpoint and its witnesses; over when its quorum is met, all have answered, or it is too late."""

    def __init__(
        self,
        row: CheckpointRow,
        witnesses: Iterable[str],
        *,
        lasts_s: float,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self.row = row
        self._seconds = seconds
        self._begun_at = seconds()
        self._until = self._begun_at + lasts_s
        self._pending = set(witnesses)
        self._lock = threading.Lock()
        self._met = False
        self.concluded = False

    def waits_for(self, witness: str) -> bool:
        """Tell whether a witness is still to be asked."""
        with self._lock:
            return witness in self._pending

    def answered(self, witness: str, *, met: bool = False) -> None:
        """Note that a witness was asked, whatever it said; `met` when the quorum is there now."""
        with self._lock:
            self._pending.discard(witness)
            self._met = self._met or met

    @property
    def met(self) -> bool:
        """Tell whether the quorum is there."""
        with self._lock:
            return self._met

    @property
    def age_s(self) -> float:
        """Return how long ago it began."""
        return self._seconds() - self._begun_at

    @property
    def over(self) -> bool:
        """Tell whether the next checkpoint may be asked for."""
        with self._lock:
            return self._met or not self._pending or self._seconds() >= self._until
