"""How often one client may ask: a sliding minute per client, in memory."""

from __future__ import annotations

import math
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from hub.errors import Refused


class Throttle:
    """Counts requests per client and refuses those beyond the limit; forgets a client after two minutes."""

    def __init__(self, requests_per_minute: int) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._limit = RateLimitItemPerMinute(requests_per_minute)

    def count(self, client: str) -> None:
        """Count one request; raise Refused `too-many-requests` that says when to come again."""
        if self._limiter.hit(self._limit, client):
            return
        reset = self._limiter.get_window_stats(self._limit, client).reset_time
        wait_s = max(1, math.ceil(reset - time.time()))
        raise Refused(
            "too-many-requests",
            f"More than {self._limit.amount} requests in a minute; come again in {wait_s} s.",
            retry_after_s=wait_s,
        )
