"""Polls partners' mailboxes when we cannot be called: each in a thread of its own, so that none waits."""

from __future__ import annotations

import logging
import threading
import time
from functools import partial

from hub.entries import PartnerRow
from hub.errors import HubError, OurFault
from hub.exchange.backoff import breaker_until
from hub.exchange.broker import Broker
from hub.exchange.mailbox import poll
from hub.exchange.streams import Streams

log = logging.getLogger("hub.mailbox")


class Mailboxes:
    """One thread for each partner with a mailbox for us; it ends when the partner is no longer polled."""

    def __init__(self, broker: Broker, streams: Streams, stopping: threading.Event) -> None:
        self._broker = broker
        self._streams = streams
        self._stopping = stopping
        self._threads: dict[str, threading.Thread] = {}

    def watch(self) -> None:
        """Begin to poll every partner that is not polled yet."""
        for agency in self._to_poll():
            thread = self._threads.get(agency)
            if thread is None or not thread.is_alive():
                thread = threading.Thread(
                    target=self._keep_polling, args=(agency,), name="mailbox", daemon=True
                )
                self._threads[agency] = thread
                thread.start()

    def join(self, until: float) -> None:
        """Wait, until a monotonic time, for the polls under way to end."""
        for thread in self._threads.values():
            thread.join(max(0.0, until - time.monotonic()))

    def _to_poll(self) -> dict[str, PartnerRow]:
        """Return the partners to poll; what is sent by way of a relay lies at the relay."""
        partners = self._broker.standing().partners
        return {
            name: partner.row
            for name, partner in partners.items()
            if partner.active and partner.row.url is not None and partner.row.via is None
        }

    def _keep_polling(self, agency: str) -> None:
        """Poll one partner until it is no longer to be polled; the thread outlives every failure."""
        failures = 0
        rest_s = 0.0
        while not self._stopping.wait(rest_s):
            error: HubError | None = None
            try:
                partner = self._to_poll().get(agency)
                if partner is None:
                    return
                wait_s = self._broker.limits.mailbox_wait_max_s / 4
                poll(self._broker, partner, wait_s=wait_s, fetched=partial(self._streams.fetched, partner))
            except HubError as failed:
                error = failed
                log.warning("a mailbox was not polled", extra={"code": error.code, "lane": agency})
            except Exception:
                error = OurFault("internal", "Polling a mailbox failed; the log says why.")
                log.exception("a mailbox was not polled", extra={"code": "internal", "lane": agency})
            failures = 0 if error is None else failures + 1
            rest_s = self._rest_s(failures, error)

    def _rest_s(self, failures: int, error: HubError | None) -> float:
        at = self._broker.clock.now()
        details = {} if error is None else error.details
        until = breaker_until(failures, at=at, limits=self._broker.limits, told=details)
        rest_s = 0.0 if until is None else (until - at).total_seconds()
        return max(self._broker.limits.poll_interval_s, rest_s)
