"""Whether the database can be written, asked once a second however many want to know."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Final

from hub.errors import OurFault
from hub.ports import Store

_FRESH_S: Final = 1.0


class Readiness:
    """Keeps the last answer for a second. Anyone may ask, so asking must cost next to nothing."""

    def __init__(
        self,
        store: Store,
        *,
        warn: Callable[[], Sequence[str]] = tuple,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._warn = warn
        self._seconds = seconds
        self._asking = Lock()
        self._asked_at: float | None = None
        self._failure: OurFault | None = None
        self.warnings: Sequence[str] = ()

    def check(self) -> None:
        """Raise OurFault `storage-unavailable` when the database could not be written.

        While one caller waits for the database, the others are told what was found before.
        """
        if self._is_old() and self._asking.acquire(blocking=self._asked_at is None):
            try:
                if self._is_old():
                    self._ask()
            finally:
                self._asking.release()
        if self._failure is not None:
            raise OurFault(self._failure.code, self._failure.sentence)

    def _is_old(self) -> bool:
        return self._asked_at is None or self._seconds() - self._asked_at >= _FRESH_S

    def _ask(self) -> None:
        try:
            with self._store.work():
                self._failure = None
            self.warnings = self._warn()
        except OurFault as failure:
            self._failure = failure
        self._asked_at = self._seconds()
