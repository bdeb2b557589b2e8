"""The threads that keep lanes moving: one lane at a time each, so that no partner slows another."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from hub.entries import OutboxEntry, PartnerRow
from hub.errors import HubError, PeerFault
from hub.exchange.answering import send_receipts
from hub.exchange.attachments import forget_unused
from hub.exchange.broker import Broker
from hub.exchange.dispatching import work_lane
from hub.exchange.mailbox import poll
from hub.exchange.upkeep import expire, forget_replays

_PUSHED_MAX = 10_000
_TIDY_EVERY_S = 600.0

log = logging.getLogger("hub.dispatch")


class Dispatcher:
    """Works due lanes in a bounded pool; woken by what was queued here, and polling for the rest.

    Attachments are pushed by tasks of their own, so that a large one never holds a lane. Several processes
    may run one each: lanes are claimed with a fencing token in the database.
    """

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._condition = threading.Condition()
        self._woken: set[str] = set()
        self._active: set[str] = set()
        self._again: set[str] = set()
        self._pushed: set[tuple[str, str]] = set()
        self._stopping = threading.Event()
        self._pool: ThreadPoolExecutor | None = None
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start working; called once, inside the process that is to work."""
        self._pool = ThreadPoolExecutor(self._broker.limits.lanes_at_once, thread_name_prefix="lane")
        self._threads = [threading.Thread(target=self._run, name="dispatcher", daemon=True)]
        self._threads.append(threading.Thread(target=self._keep_up, name="upkeep", daemon=True))
        if self._broker.pull:
            self._threads.append(threading.Thread(target=self._poll, name="mailboxes", daemon=True))
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let the batches under way settle, then stop."""
        self._stopping.set()
        with self._condition:
            self._condition.notify_all()
        for thread in self._threads:
            thread.join(timeout=self._broker.limits.carry_timeout_s)
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    @property
    def alive(self) -> bool:
        """Tell whether the dispatcher is at work."""
        return bool(self._threads) and all(thread.is_alive() for thread in self._threads)

    def wake(self, lane: str) -> None:
        """Say that a lane has something new; safe from any thread."""
        with self._condition:
            self._woken.add(lane)
            self._condition.notify()

    def _run(self) -> None:
        """Start woken lanes at once, and at every poll interval those that time or others made due."""
        polled_at = 0.0
        while not self._stopping.is_set():
            with self._condition:
                if not self._woken:
                    self._condition.wait(self._broker.limits.poll_interval_s)
                woken, self._woken = self._woken, set()
            now = time.monotonic()
            if now - polled_at >= self._broker.limits.poll_interval_s:
                polled_at = now
                self._guard(lambda: self._start_lanes(self._due()), "dispatcher")
            if woken:
                self._guard(partial(self._start_lanes, woken), "dispatcher")

    def _due(self) -> set[str]:
        with self._broker.store.read() as view:
            return set(view.outbox.lanes_due(self._broker.clock.now())) | set(
                view.receipts.partners_waiting()
            )

    def _start_lanes(self, lanes: set[str]) -> None:
        partners = self._broker.standing().partners
        for lane in sorted(lanes):
            partner = partners.get(lane)
            if partner is not None and partner.row.url is None and partner.active:
                continue
            with self._condition:
                if lane in self._active:
                    self._again.add(lane)
                    continue
                self._active.add(lane)
            self._submit(partial(self._lane, lane))

    def _submit(self, task: Callable[[], None]) -> None:
        if self._pool is not None and not self._stopping.is_set():
            self._pool.submit(task)

    def _lane(self, lane: str) -> None:
        try:
            self._guard(lambda: self._work(lane), lane)
        finally:
            with self._condition:
                self._active.discard(lane)
                if lane in self._again:
                    self._again.discard(lane)
                    self._woken.add(lane)
                    self._condition.notify()

    def _work(self, lane: str) -> None:
        work_lane(self._broker, lane, ready=self._ready, running=self._running)
        partner = self._broker.standing().partners.get(lane)
        if partner is not None and partner.active:
            while self._running() and send_receipts(self._broker, partner.row):
                pass

    def _running(self) -> bool:
        return not self._stopping.is_set()

    def _ready(self, partner: PartnerRow, entry: OutboxEntry) -> bool:
        """Tell whether an entry's attachments are at the partner; start pushing those that are not."""
        if entry.reason == "attachment-missing":
            # The partner lost or forgot it since it was pushed.
            self._pushed.difference_update((partner.agency, digest) for digest in entry.attachments)
        waiting = [d for d in entry.attachments if (partner.agency, d) not in self._pushed]
        for digest in waiting:
            key = f"{partner.agency}/{digest}"
            with self._condition:
                if key in self._active:
                    continue
                self._active.add(key)
            self._submit(partial(self._push, partner, digest, key))
        return not waiting

    def _push(self, partner: PartnerRow, digest: str, key: str) -> None:
        def push() -> None:
            with self._broker.store.read() as view:
                row = view.attachments.get(digest)
            if row is not None and row.complete:
                self._broker.carrier.carry_attachment(partner, digest, row.size_bytes, self._broker.blobs)
                if len(self._pushed) >= _PUSHED_MAX:
                    self._pushed.clear()  # forgetting costs one question to the partner each
                self._pushed.add((partner.agency, digest))

        try:
            self._guard(push, partner.agency)
        finally:
            with self._condition:
                self._active.discard(key)
            self.wake(partner.agency)

    def _keep_up(self) -> None:
        tidy_at = 0.0
        while not self._stopping.wait(max(1.0, self._broker.limits.poll_interval_s)):
            self._guard(lambda: expire(self._broker), "upkeep")
            if time.monotonic() >= tidy_at:
                tidy_at = time.monotonic() + _TIDY_EVERY_S
                self._guard(lambda: forget_unused(self._broker, self._broker.clock.now()), "upkeep")
                self._guard(lambda: forget_replays(self._broker), "upkeep")

    def _poll(self) -> None:
        """Poll every partner's mailbox in turn; with several partners each turn waits a shorter while."""
        while not self._stopping.wait(self._broker.limits.poll_interval_s):
            partners = [p.row for p in self._broker.standing().partners.values() if p.active and p.row.url]
            for partner in partners:
                wait_s = self._broker.limits.mailbox_wait_max_s / max(1, 4 * len(partners))
                self._guard(
                    partial(poll, self._broker, partner, wait_s=wait_s),
                    partner.agency,
                )

    def _guard(self, task: Callable[[], object], where: str) -> None:
        """Run one task; a failure is logged by its code and the lane goes on at its next turn.

        The thread must outlive every failure: a dead dispatcher would look like partners that are down.
        """
        try:
            task()
        except PeerFault as fault:
            log.warning("partner failed", extra={"code": fault.code, "lane": where})
        except HubError as error:
            log.error("dispatch failed", extra={"code": error.code, "lane": where})
        except Exception:
            log.exception("dispatch failed", extra={"code": "internal", "lane": where})
