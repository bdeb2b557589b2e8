"""Tasks for partners aside from a keeper's turn, so that one who answers slowly delays nobody else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Aside:
    """Runs at most `at_once` tasks, one for each name at a time, in threads that keep no process alive."""

    def __init__(self, name: str, *, at_once: int) -> None:
        self._name = name
        self._at_once = at_once
        self._free = threading.Condition()
        self._running: set[str] = set()

    def begin(self, who: str, task: Callable[[], object]) -> bool:
        """Begin a task; False while one for this name runs, or too many do: ask again at the next turn."""
        with self._free:
            if who in self._running or len(self._running) >= self._at_once:
                return False
            self._running.add(who)
        thread = threading.Thread(target=self._run, args=(who, task), name=self._name, daemon=True)
        thread.start()
        return True

    def wait(self, within_s: float) -> None:
        """Wait until nothing runs, or for so long."""
        until = time.monotonic() + within_s
        with self._free:
            while self._running and (left_s := until - time.monotonic()) > 0:
                self._free.wait(left_s)

    def _run(self, who: str, task: Callable[[], object]) -> None:
        try:
            task()
        finally:
            with self._free:
                self._running.discard(who)
                self._free.notify_all()
