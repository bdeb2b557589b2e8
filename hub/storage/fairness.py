"""A lock that threads get in the order in which they asked."""

from __future__ import annotations

from collections import deque
from threading import Lock


class FairLock:
    """SQLite has one writer. Left to race for it, some threads wait for seconds while others go twice."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._taken = False
        self._queue: deque[Lock] = deque()

    def acquire(self, timeout_s: float) -> bool:
        """Wait for the turn; return False when it did not come in time."""
        with self._guard:
            if not self._taken:
                self._taken = True
                return True
            turn = Lock()
            turn.acquire()
            self._queue.append(turn)
        if turn.acquire(timeout=timeout_s):
            return True
        with self._guard:
            if turn in self._queue:
                self._queue.remove(turn)
                return False
        return True  # it was handed over just after the wait ended

    def release(self) -> None:
        """Hand over to who has waited longest."""
        with self._guard:
            if self._queue:
                self._queue.popleft().release()
            else:
                self._taken = False
