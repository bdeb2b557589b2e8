"""How often one client may ask: a sliding minute per client, in memory."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable
from threading import Lock
from typing import Final

from hub.errors import Refused

_WINDOW_S: Final = 60.0


class Throttle:
    """Counts requests per client and refuses those beyond the limit; forgets a client after two minutes.

    Of the minute before, that part counts which still lies within the last sixty seconds. What is refused is
    not counted.
    """

    def __init__(self, requests_per_minute: int, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self._most = requests_per_minute
        self._seconds = seconds
        self._lock = Lock()
        self._minute = 0
        self._now: Counter[str] = Counter()
        self._before: Counter[str] = Counter()

    def count(self, client: str) -> None:
        """Count one request; raise Refused `too-many-requests` that says when to come again."""
        with self._lock:
            gone_s = self._turn()
            now, before = self._now[client], self._before[client]
            if now + before * (1 - gone_s / _WINDOW_S) + 1 <= self._most:
                self._now[client] += 1
                return
        wait_s = max(1, math.ceil(self._wait_s(now, before) - gone_s))
        raise Refused(
            "too-many-requests",
            f"More than {self._most} requests in a minute; come again in {wait_s} s.",
            retry_after_s=wait_s,
        )

    def _turn(self) -> float:
        """Let go of the minutes that are over; return how many seconds of this one are gone."""
        minute, gone_s = divmod(self._seconds(), _WINDOW_S)
        if minute != self._minute:
            self._before = self._now if minute == self._minute + 1 else Counter()
            self._now = Counter()
            self._minute = int(minute)
        return gone_s

    def _wait_s(self, now: int, before: int) -> float:
        """Return after how many seconds of this minute there is room for one more."""
        room = self._most - 1 - now
        if room >= 0:
            return _WINDOW_S * (1 - room / before)
        return _WINDOW_S + _WINDOW_S * (1 - (self._most - 1) / now)
