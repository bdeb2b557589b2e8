"""Remember for a moment that something was found in order, so that it is not asked for each record."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Fresh:
    """What was checked less than `life_s` ago is not checked again; one thread checks for all."""

    def __init__(self, life_s: float = 1.0, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self._life_s = life_s
        self._seconds = seconds
        self._guard = threading.Lock()
        self._until: float | None = None

    def check(self, check: Callable[[], None]) -> None:
        """Run the check unless it passed just now; what it raises is raised."""
        if self._is_fresh():
            return
        with self._guard:
            if not self._is_fresh():
                check()
                self._until = self._seconds() + self._life_s

    def _is_fresh(self) -> bool:
        return self._until is not None and self._seconds() < self._until
