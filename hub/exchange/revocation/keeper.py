"""The thread that keeps answers fresh: it fetches CRLs in turn, and asks OCSP about what was shown."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Final

from hub.errors import HubError
from hub.exchange.aside import Aside
from hub.exchange.broker import Broker, Counterparty
from hub.exchange.revocation.checking import Asked, ask_about, fetch_lists
from hub.federation.authorities import authority_id
from hub.ports import RevocationClient

log = logging.getLogger("hub.revocation")

_LOOK_S: Final = 0.5
_STOP_S: Final = 2.0
_WAIT_S: Final = 60.0
#: So many partners are asked about at once; a slow one keeps none of the others waiting.
_AT_ONCE: Final = 8
#: A certificate that was shown: whose, by which authority, its serial number.
_Wanted = tuple[str, str, int]
#: The longest rest after a failure; the shortest is one second.
_REST_MAX_S: Final = 60.0
#: A partner that showed a certificate of which nothing is known is not asked about more often.
_HURRY_S: Final = 2.0
#: A certificate that OCSP said nothing of is not asked about again sooner.
_ASK_AGAIN_S: Final = 5.0


class RevocationKeeper:
    """One in each worker. CRLs are fetched by one of them at a time, OCSP is asked by whoever was shown.

    A partner of whose certificates too little is known is asked about at once, then in growing intervals.
    """

    def __init__(self, broker: Broker, client: RevocationClient) -> None:
        self._broker = broker
        self._client = client
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._wanted: dict[_Wanted, float] = {}
        self._hurry: set[str] = set()
        self._hurried: set[str] = set()
        self._aside = Aside("ask-revocation", at_once=_AT_ONCE)
        #: When to look at a partner again, when it was asked last, and how long a failing one is left alone.
        self._look: dict[str, float] = {}
        self._asked: dict[str, float] = {}
        self._rest: dict[str, float] = {}
        self._failures: dict[str, str] = {}
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start asking; called once, inside the process that is to work."""
        self._thread = threading.Thread(target=self._run, name="revocation", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop asking; what is under way then ends with the process."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(_STOP_S)

    def want(self, agency: str, authority: str, serial: int) -> None:
        """Ask soon about a certificate that was shown and of which nothing fresh is known."""
        with self._lock:
            key = (agency, authority, serial)
            self._hurry.add(agency)
            if key not in self._wanted and len(self._wanted) < self._broker.limits.revocation_wanted_max:
                self._wanted[key] = 0.0

    @property
    def failures(self) -> Mapping[str, str]:
        """Return the code of what went wrong last, by partner; one that answers has none."""
        with self._lock:
            return dict(self._failures)

    def take_turn(self) -> None:
        """Fetch the lists that are due, ask about certificates that were shown, and wait for all of it."""
        self._begin_turn()
        self._aside.wait(_WAIT_S)

    def _begin_turn(self) -> None:
        partners = self._broker.standing().partners
        with self._lock:
            hurry, self._hurry = self._hurry, set()
        for agency, partner in sorted(partners.items()):
            if self._stopping.is_set():
                return
            if agency in hurry:
                self._hurried.add(agency)
            wanted = self._wanted_of(agency)
            if wanted or self._may_look(agency):
                self._aside.begin(agency, partial(self._see_to, agency, partner, wanted))
        self._forget_unknown(partners)

    def _see_to(self, agency: str, partner: Counterparty, wanted: Sequence[_Wanted]) -> None:
        """Do all that is due for one partner, in a thread of its own."""
        try:
            if self._is_due(agency, hurried=agency in self._hurried):
                self._hurried.discard(agency)
                self._note(fetch_lists(self._broker, self._client, partner))
            for key in wanted:
                self._ask(partner, key)
        except HubError as error:
            log.error("checking revocation failed: %s", error, extra={"code": error.code})
        except Exception:
            log.exception("checking revocation failed", extra={"code": "internal"})

    def _wanted_of(self, agency: str) -> Sequence[_Wanted]:
        now = time.monotonic()
        with self._lock:
            return [key for key, at in self._wanted.items() if key[0] == agency and at <= now]

    def _forget_unknown(self, partners: Collection[str]) -> None:
        with self._lock:
            for key in [key for key in self._wanted if key[0] not in partners]:
                del self._wanted[key]

    def _ask(self, partner: Counterparty, key: _Wanted) -> None:
        _agency, authority, serial = key
        asked = None
        if authority in map(authority_id, partner.card.authorities):
            asked = ask_about(self._broker, self._client, partner, authority=authority, serial=serial)
            self._note(asked)
        with self._lock:
            if asked is None or asked.answered or not asked.failures:
                self._wanted.pop(key, None)
            else:
                self._wanted[key] = time.monotonic() + _ASK_AGAIN_S

    def _may_look(self, agency: str) -> bool:
        """Tell whether it may be time for a partner, without asking the database."""
        return agency in self._hurried or time.monotonic() >= self._look.get(agency, 0.0)

    def _is_due(self, agency: str, *, hurried: bool) -> bool:
        """Tell whether a partner's lists are to be fetched, and take that task from other workers."""
        now, limits = time.monotonic(), self._broker.limits
        look_at, failed = self._look.get(agency, 0.0), agency in self._rest
        # A peer that shows its certificate again and again does not make us ask each time.
        if now < look_at and (not hurried or now < self._asked.get(agency, 0.0) + _HURRY_S):
            return False
        self._look[agency] = now + limits.revocation_interval_s / 4
        at = self._broker.clock.now()
        until = at + timedelta(seconds=limits.revocation_interval_s)
        name = f"revocation-{agency}"
        with self._broker.store.read() as view:
            due = view.books.due(name)
        if due is not None and due > at and not (hurried or failed):
            return False
        with self._broker.store.work() as work:
            taken = work.books.take_duty(name, at=at, until=until)
            work.commit()
        if taken or hurried or failed:
            self._asked[agency] = now
            return True
        return False

    def _note(self, asked: Asked) -> None:
        with self._lock:
            before = self._failures.pop(asked.agency, None)
            if not asked.failures or asked.answered:
                self._rest.pop(asked.agency, None)
                return
            _, failure = asked.failures[0]
            self._failures[asked.agency] = failure.code
        rest = min(_REST_MAX_S, 2 * self._rest.get(asked.agency, 0.5))
        self._rest[asked.agency] = rest
        self._look[asked.agency] = time.monotonic() + rest
        if before != failure.code:
            extra = {"code": failure.code, "fields": {"partner": asked.agency}}
            log.warning("no answer about revocation: %s", failure.sentence, extra=extra)

    def _run(self) -> None:
        while not self._stopping.wait(_LOOK_S):
            try:
                self._begin_turn()
            except HubError as error:
                log.error("checking revocation failed: %s", error, extra={"code": error.code})
            except Exception:
                log.exception("checking revocation failed", extra={"code": "internal"})
