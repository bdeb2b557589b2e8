"""A lane's claim lasts as long as it is worked: a slow carry is not overtaken, a dead worker soon is."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from hub.entries import Lane
from hub.exchange.broker import Broker


class Claims:
    """Holds the claims of the lanes that this process carries for, and renews them when it is told to."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._lock = threading.Lock()
        self._held: dict[str, tuple[Lane, float]] = {}

    @contextmanager
    def hold(self, lane: Lane) -> Iterator[None]:
        """Have a claim renewed while the block runs, for at most `carry_max_s`."""
        until = time.monotonic() + self._broker.limits.carry_max_s
        with self._lock:
            self._held[lane.partner] = (lane, until)
        try:
            yield
        finally:
            with self._lock:
                del self._held[lane.partner]

    def renew(self) -> None:
        """Renew every claim that is held; called more often than one runs out."""
        with self._lock:
            held = [lane for lane, until in self._held.values() if time.monotonic() < until]
        if not held:
            return
        until = self._broker.clock.now() + timedelta(seconds=self._broker.limits.lane_claim_s)
        with self._broker.store.work() as work:
            for lane in sorted(held, key=lambda one: one.partner):
                # A lane that was given back or overtaken meanwhile is left as it is.
                work.outbox.extend_lane(lane, until=until)
            work.commit()
