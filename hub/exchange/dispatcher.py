"""The threads that keep lanes moving: one lane at a time each, so that no partner slows another."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from queue import SimpleQueue

from hub.entries import PartnerRow
from hub.errors import HubError, PeerFault
from hub.exchange.answering import send_receipts
from hub.exchange.attachments import forget_unused
from hub.exchange.broker import Broker
from hub.exchange.claims import Claims
from hub.exchange.dispatching import work_lane
from hub.exchange.dues.looking import look_at_dues
from hub.exchange.gaps import look_for_gaps
from hub.exchange.hubless.carrying import work_parcels
from hub.exchange.messages.sending import hand_over
from hub.exchange.passing.following import follow_passages
from hub.exchange.polling import Mailboxes
from hub.exchange.reconciling.forgetting import forget_books
from hub.exchange.reconciling.nightly import reconcile_due, reconcile_relayed
from hub.exchange.streams import Streams
from hub.exchange.switch import Switch, look_every_s
from hub.exchange.upkeep import expire, forget_messages, forget_replays

_TIDY_EVERY_S = 600.0

log = logging.getLogger("hub.dispatch")


class Dispatcher:
    """Works due lanes in `lanes_at_once` threads; woken by what was queued here, and polling for the rest.

    Attachments move in threads of their own, so that a large one never holds a lane. Several processes may
    run one each: lanes are claimed with a fencing token in the database. No thread keeps the process alive.
    """

    def __init__(self, broker: Broker, *, reconcile_hour: int = 1) -> None:
        self._broker = broker
        self._reconcile_hour = reconcile_hour
        self._condition = threading.Condition()
        self._woken: set[str] = set()
        self._active: set[str] = set()
        self._again: set[str] = set()
        self._lanes: SimpleQueue[str | None] = SimpleQueue()
        self._stopping = threading.Event()
        self._claims = Claims(broker)
        self._streams = Streams(broker, running=self._running, wake=self.wake)
        self._mailboxes = Mailboxes(broker, self._streams, self._stopping)
        self._switch = Switch(broker)
        self._threads: list[threading.Thread] = []
        self._wires = ThreadPoolExecutor(broker.limits.lanes_at_once, thread_name_prefix="wire")

    def start(self) -> None:
        """Start working; called once, inside the process that is to work."""
        tasks = [self._run, self._keep_up, self._keep_claims, self._follow_switch]
        tasks += [self._keep_books, self._keep_relayed_books]
        tasks += [self._work_lanes] * self._broker.limits.lanes_at_once
        if self._broker.pull:
            tasks.append(self._watch_mailboxes)
        self._threads = [
            threading.Thread(target=task, name=task.__name__.strip("_"), daemon=True) for task in tasks
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let the batches under way settle and break attachments off, then stop; wait no longer than a carry.

        What is still under way then ends with the process, and goes on from what the database says.
        """
        self._stopping.set()
        with self._condition:
            self._condition.notify_all()
        for _ in range(self._broker.limits.lanes_at_once):
            self._lanes.put(None)
        until = time.monotonic() + self._broker.limits.carry_timeout_s
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        self._wires.shutdown(wait=False)
        self._mailboxes.join(until)
        self._streams.join(until)

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
        at = self._broker.clock.now()
        with self._broker.store.read() as view:
            waiting = (view.receipts.partners_waiting(due=at), view.messages.partners_waiting())
            return set(view.outbox.lanes_due(at)).union(*waiting)

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
            self._lanes.put(lane)

    def _work_lanes(self) -> None:
        """Work lanes in the order in which they became due."""
        while (lane := self._lanes.get()) is not None and self._running():
            self._lane(lane)

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
        if lane in self._broker.standing().hubless:
            work_parcels(self._broker, lane, running=self._running, holding=self._claims.hold)
            return
        work_lane(
            self._broker,
            lane,
            ready=self._streams.pushed,
            running=self._running,
            holding=self._claims.hold,
            wires=self._wires,
        )
        partner = self._told_more(lane)
        if partner is not None:
            while self._running() and send_receipts(self._broker, partner):
                pass
            while self._running() and hand_over(self._broker, partner):
                pass

    def _told_more(self, lane: str) -> PartnerRow | None:
        """Return a partner for which receipts or messages wait, beside envelopes: mostly none do."""
        with self._broker.store.read() as view:
            partner = self._broker.standings.of(view).partners.get(lane)
            if partner is None or not partner.active:
                return None
            due = self._broker.clock.now()
            waits = view.receipts.unsent(lane, 1, due=due) or view.messages.waiting(lane, 1)
        return partner.row if waits else None

    def _running(self) -> bool:
        return not self._stopping.is_set()

    def _keep_up(self) -> None:
        tidy_at = 0.0
        while not self._stopping.wait(max(1.0, self._broker.limits.poll_interval_s)):
            self._guard(lambda: expire(self._broker), "upkeep")
            self._guard(lambda: follow_passages(self._broker), "passages")
            if time.monotonic() >= tidy_at:
                tidy_at = time.monotonic() + _TIDY_EVERY_S
                self._guard(lambda: forget_unused(self._broker, self._broker.clock.now()), "upkeep")
                self._guard(lambda: forget_replays(self._broker), "upkeep")
                self._guard(lambda: forget_messages(self._broker), "upkeep")
                self._guard(lambda: forget_books(self._broker), "upkeep")

    def _keep_claims(self) -> None:
        while not self._stopping.wait(self._broker.limits.lane_claim_s / 3):
            self._guard(self._claims.renew, "claims")

    def _follow_switch(self) -> None:
        """Break off what this process carries with partners that were suspended, in whatever process."""
        while not self._stopping.wait(look_every_s(self._broker)):
            self._guard(self._switch.follow, "switch")

    def _keep_books(self) -> None:
        """Look for numbers that are missing, and compare the books with partners when their turn comes."""
        while not self._stopping.wait(self._broker.limits.gap_look_s):
            self._guard(lambda: look_for_gaps(self._broker), "books")
            self._guard(lambda: look_at_dues(self._broker), "dues")
            task = partial(reconcile_due, self._broker, hour=self._reconcile_hour, running=self._running)
            self._guard(task, "books")

    def _keep_relayed_books(self) -> None:
        """Compare the books with partners behind relays, whose answers take their time."""
        while not self._stopping.wait(self._broker.limits.gap_look_s):
            task = partial(
                reconcile_relayed, self._broker, hour=self._reconcile_hour, pause=self._stopping.wait
            )
            self._guard(task, "books")

    def _watch_mailboxes(self) -> None:
        while not self._stopping.wait(self._broker.limits.poll_interval_s):
            self._guard(self._mailboxes.watch, "mailboxes")

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
