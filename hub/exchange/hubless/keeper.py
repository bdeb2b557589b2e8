"""What looks for parcels and receipts at partners without a hub: each in a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hub.entries import PartnerStatus, ProfileRow
from hub.errors import HubError
from hub.exchange.broker import Broker
from hub.exchange.hubless.confirming import note_missing, take_answers
from hub.exchange.hubless.taking import take_parcels

log = logging.getLogger("hub.parcels")


@dataclass(frozen=True, kw_only=True)
class Round:
    """How the last look at a partner went in this process; `code` is None where it went well.

    `well` tells whether its carrier said that all is well when it was asked last, at `asked_at`.
    """

    at: datetime
    code: str | None = None
    failures: int = 0
    well: bool | None = None
    asked_at: datetime | None = None


class ParcelKeeper:
    """Looks at each partner every `parcels_interval_s`, by whichever worker takes its turn first.

    A partner that hangs keeps one thread, and nobody else waits for it. No thread keeps the process alive.
    """

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._busy: set[str] = set()
        self._rounds: dict[str, Round] = {}
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start looking; called once, inside the process that is to work."""
        self._thread = threading.Thread(target=self._run, name="parcels", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop looking; what is under way is not waited for, and goes on from what the database says."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(1.0)

    @property
    def rounds(self) -> Mapping[str, Round]:
        """Return how the last looks went, by partner."""
        with self._lock:
            return dict(self._rounds)

    def _run(self) -> None:
        while not self._stopping.wait(min(1.0, self._broker.limits.parcels_interval_s)):
            try:
                self._begin()
            except HubError as error:
                log.error("parcels are not looked for", extra={"code": error.code})
            except Exception:
                log.exception("parcels are not looked for", extra={"code": "internal"})

    def _begin(self) -> None:
        for agency, partner in self._broker.standing().hubless.items():
            with self._lock:
                if partner.status is not PartnerStatus.ACTIVE or agency in self._busy:
                    continue
                self._busy.add(agency)
            threading.Thread(
                target=self._look, args=(partner,), name=f"parcels {agency}", daemon=True
            ).start()

    def _look(self, partner: ProfileRow) -> None:
        try:
            if look(self._broker, partner, running=lambda: not self._stopping.is_set(), note=self._note):
                self._ask(partner)
        finally:
            with self._lock:
                self._busy.discard(partner.agency)

    def _note(self, agency: str, code: str | None) -> None:
        with self._lock:
            before = self._rounds.get(agency)
            failures = 0 if code is None else (before.failures if before else 0) + 1
            at = self._broker.clock.now()
            self._rounds[agency] = replace(before or Round(at=at), at=at, code=code, failures=failures)

    def _ask(self, partner: ProfileRow) -> None:
        """Ask a carrier now and then how it is: what it put apart waits for a person who need not look."""
        at, before = self._broker.clock.now(), self.rounds[partner.agency]
        every = timedelta(seconds=self._broker.limits.parcels_condition_s)
        if self._stopping.is_set() or (before.asked_at is not None and at - before.asked_at < every):
            return
        well = ask_carrier(self._broker, partner)
        if not well and before.well is not False:
            log.warning("a partner's carrier is not well", extra={"lane": partner.agency})
        with self._lock:
            self._rounds[partner.agency] = replace(self._rounds[partner.agency], well=well, asked_at=at)


def _nothing(_agency: str, _code: str | None) -> None:
    """Note nothing."""


def ask_carrier(broker: Broker, partner: ProfileRow) -> bool:
    """Tell whether a partner's carrier works and has put nothing apart."""
    try:
        return broker.adapting.condition(partner).well
    except HubError:
        return False


def look(
    broker: Broker,
    partner: ProfileRow,
    *,
    running: Callable[[], bool] = lambda: True,
    note: Callable[[str, str | None], None] = _nothing,
) -> bool:
    """Take receipts and parcels of one partner if its turn has come; tell whether it had.

    What fails is told by its code: the next look comes all the same.
    """
    if not _turn(broker, partner.agency):
        return False
    failed: str | None = None
    for task in (take_answers, take_parcels, note_missing):
        if not running():
            break
        try:
            task(broker, partner)
        except HubError as error:
            failed = failed or error.code
            log.warning("a partner's parcels", extra={"code": error.code, "lane": partner.agency})
        except Exception:
            failed = failed or "internal"
            log.exception("a partner's parcels", extra={"code": "internal", "lane": partner.agency})
    note(partner.agency, failed)
    return True


def _turn(broker: Broker, agency: str) -> bool:
    """Take the next look at a partner, unless another worker has."""
    at, name = broker.clock.now(), f"parcels {agency}"
    with broker.store.read() as view:
        due = view.books.due(name)
    if due is not None and due > at:
        return False
    with broker.store.work() as work:
        until = at + timedelta(seconds=broker.limits.parcels_interval_s)
        taken = work.books.take_duty(name, at=at, until=until)
        work.commit()
    return taken
