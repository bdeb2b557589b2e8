"""The thread that keeps keys and cards moving: it tells partners of ours, and lets next keys take over."""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta
from functools import partial

from hub.entries import PartnerRow
from hub.errors import HubError
from hub.exchange.aside import Aside
from hub.exchange.backoff import breaker_until
from hub.exchange.broker import Broker
from hub.exchange.cards.introducing import introduce, reachable
from hub.exchange.cards.telling import unaware
from hub.exchange.keys.noting import log_steps
from hub.exchange.keys.pairs import begin_together, end_together
from hub.exchange.keys.rules import RULES, Rule, needed_until
from hub.exchange.partners import present_said
from hub.ports import Custody, KeyFacts

_TURN_S = 1.0
_AT_ONCE = 8

log = logging.getLogger("hub.keys")


class KeyKeeper:
    """One in each worker; what two of them do at once is done once, by the lock of the key store.

    It logs steps that a crash kept out of the log, exchanges cards with every partner that can be called, at
    once when our card has changed, each in a thread of its own, and makes a next key current when those who
    need it have it.
    """

    def __init__(self, broker: Broker, custody: Custody) -> None:
        self._broker = broker
        self._custody = custody
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._failures: dict[str, int] = {}
        self._due: dict[str, datetime] = {}
        self._told: dict[str, str] = {}
        self._aside = Aside("exchange-cards", at_once=_AT_ONCE)
        self._relayed = Aside("exchange-cards-relayed", at_once=_AT_ONCE)

    def start(self) -> None:
        """Start keeping; called once, inside the process that is to work."""
        self._thread = threading.Thread(target=self._run, name="keep-keys", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop after the turn that is under way."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(self._broker.limits.carry_timeout_s)

    def take_turn(self) -> None:
        """Do what is due now, and wait for it."""
        self._turn(wait_s=self._broker.limits.carry_timeout_s)

    def _turn(self, *, wait_s: float) -> None:
        self._log_left_over()
        self._exchange_cards()
        self._aside.wait(wait_s)
        self._advance()

    def _run(self) -> None:
        while not self._stopping.wait(_TURN_S):
            try:
                self._turn(wait_s=0.0)
            except HubError as failure:
                log.warning("keys were not kept: %s", failure, extra={"code": failure.code})
            except Exception:
                log.exception("keys were not kept", extra={"code": "internal"})

    def _log_left_over(self) -> None:
        """Log steps of which the audit log has none yet; a command that is at work logs its own."""
        settled = self._broker.clock.now() - timedelta(seconds=self._broker.limits.key_settle_s)
        if any(not key.logged and key.since <= settled for key in self._custody.inventory()):
            log_steps(self._broker, self._custody, self._broker.itself)

    def _exchange_cards(self) -> None:
        partners = self._broker.standing().partners
        called = [one.row for one in partners.values() if one.active and (reachable(one.row) or one.row.via)]
        if not called:
            return
        now = present_said(self._broker)
        for row in called:
            if self._stopping.is_set():
                return
            at = self._broker.clock.now()
            if self._told.get(row.agency) != now or self._due.get(row.agency, at) <= at:
                # Whoever is behind a relay answers in its own time, and takes no other's place.
                aside = self._aside if row.via is None else self._relayed
                aside.begin(row.agency, partial(self._exchange_with, row, now, at))

    def _exchange_with(self, row: PartnerRow, now: str, at: datetime) -> None:
        agency, limits = row.agency, self._broker.limits
        try:
            introduce(self._broker, agency, pause=self._stopping.wait)
        except HubError as failure:
            failures = self._failures[agency] = self._failures.get(agency, 0) + 1
            until = breaker_until(failures, at=at, limits=limits, told=failure.details)
            self._due[agency] = until or at
            log.info("cards were not exchanged", extra={"code": failure.code, "partner": agency})
        except Exception:
            self._due[agency] = at + timedelta(seconds=limits.card_interval_s)
            log.exception("cards were not exchanged", extra={"code": "internal", "partner": agency})
        else:
            self._failures.pop(agency, None)
            every_s = limits.card_interval_s if row.via is None else limits.card_relayed_s
            self._due[agency] = at + timedelta(seconds=every_s)
        # What failed is tried when it is due; a card that changes meanwhile is told of at once.
        self._told[agency] = now

    def _advance(self) -> None:
        at = self._broker.clock.now()
        moved = False
        for key in self._custody.inventory():
            rule = RULES.get(key.purpose)
            if rule is None:
                continue
            if key.state == "next" and rule.together:
                if key.purpose == rule.together[0]:
                    self._advance_together(key, rule, at)
            elif key.state == "next" and self._may_take_over(key, rule, at):
                self._custody.switch(key.purpose, at=at)
                moved = True
            elif key.state == "kept" and rule.ends_by_itself and needed_until(key, self._broker.limits) < at:
                self._custody.retire(key.key_id, at=at)
                moved = True
        if moved:
            log_steps(self._broker, self._custody, self._broker.itself)

    def _advance_together(self, key: KeyFacts, rule: Rule, at: datetime) -> None:
        """Go on with keys that change together, wherever a crash may have left them."""
        begin_together(self._broker, self._custody, self._broker.itself, rule.together)
        if self._may_take_over(key, rule, at):
            end_together(self._broker, self._custody, self._broker.itself, rule.together)

    def _may_take_over(self, key: KeyFacts, rule: Rule, at: datetime) -> bool:
        waited_s = (at - key.since).total_seconds()
        if rule.wraps:
            return True
        if waited_s < self._broker.limits.key_settle_s:
            return False
        if not rule.announced or waited_s >= self._broker.limits.key_overlap_s:
            return True
        return not unaware(self._broker)
