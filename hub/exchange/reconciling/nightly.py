"""Once a day, by itself: the books are compared with each partner that can be asked."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from hub.entries import PartnerStatus
from hub.envelope.reconciliation import Period
from hub.errors import HubError
from hub.exchange.broker import Broker, Counterparty
from hub.exchange.messages.asking import Pause
from hub.exchange.reconciling.asking import reconcile
from hub.exchange.reconciling.comparing import Difference

#: Partners are spread over so long after the hour, so that not all hubs call one another at once.
_SPREAD_S: Final = 3 * 3600
_AGAIN: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_AT_ONCE: Final = 8

log = logging.getLogger("hub.books")


def reconcile_due(broker: Broker, *, hour: int, running: Callable[[], bool] = lambda: True) -> int:
    """Compare the books with the partners whose time has come and that are called; return how many were.

    Each partner's turn is taken in the database, so one process does it. Who cannot be reached is asked again
    an hour later; one failure keeps no other partner waiting.
    """
    return sum(_compare(broker, agency, at) for agency, at in _due(broker, hour, running, relayed=False))


def reconcile_relayed(broker: Broker, *, hour: int, pause: Pause) -> int:
    """Do the same with partners behind relays, some at once: their answers are waited for.

    `pause` waits so many seconds, and says by a true value that the hub stops.
    """
    due = _due(broker, hour, lambda: not pause(0), relayed=True)
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        return sum(threads.map(lambda one: _compare(broker, *one, pause=pause), due))


def _due(
    broker: Broker, hour: int, running: Callable[[], bool], *, relayed: bool
) -> Iterator[tuple[str, datetime]]:
    """Yield the partners whose turn it is and was taken here."""
    for agency, partner in sorted(broker.standing().partners.items()):
        if not running():
            break
        at = broker.clock.now()
        if _askable(partner, relayed=relayed) and _take_turn(broker, agency, hour, at):
            yield agency, at


def _askable(partner: Counterparty, *, relayed: bool) -> bool:
    row = partner.row
    way = row.via is not None if relayed else row.url is not None and row.via is None
    return row.status is PartnerStatus.ACTIVE and way


def _take_turn(broker: Broker, agency: str, hour: int, at: datetime) -> bool:
    """Tell whether it is this partner's turn, and ours to do it; the first turn is in the night to come."""
    duty, until = duty_of(agency), next_turn(broker.agency, agency, hour, at)
    with broker.store.read() as view:
        due = view.books.due(duty)
    if due is not None and due > at:
        return False
    with broker.store.work() as work:
        taken = work.books.take_duty(duty, at=at, until=until)
        work.commit()
    return taken and due is not None


def duty_of(agency: str) -> str:
    """Return the name of the task of comparing the books with a partner."""
    return f"reconcile {agency}"


def next_turn(us: str, partner: str, hour: int, at: datetime) -> datetime:
    """Return when the books are compared next: each pair of hubs at a moment of its own after the hour."""
    offset_s = int.from_bytes(sha256(f"{us} {partner}".encode()).digest()[:4], "big") % _SPREAD_S
    turn = at.replace(hour=hour, minute=0, second=0, microsecond=0) + timedelta(seconds=offset_s)
    return turn if turn > at else turn + _DAY


def _compare(broker: Broker, agency: str, at: datetime, *, pause: Pause = time.sleep) -> int:
    differ = 0

    def tell(page: Sequence[Difference]) -> None:
        nonlocal differ
        differ += sum(one.count for one in page)

    done = 1
    try:
        reconcile(broker, broker.itself, agency, period=_period(broker, agency, at), tell=tell, pause=pause)
    except HubError as error:
        done = 0
        fields = {"partner": agency}
        log.warning("the books were not compared", extra={"code": error.code, "fields": fields})
        with broker.store.work() as work:
            work.books.take_duty(duty_of(agency), at=at + 2 * _DAY, until=at + _AGAIN)
            work.commit()
    if differ:
        fields = {"partner": agency, "differences": str(differ)}
        log.error("the books differ", extra={"code": "books-differ", "fields": fields})
    return done


def _period(broker: Broker, agency: str, at: datetime) -> Period:
    """Return the time to look at: longer than anything can be on its way, and all that differed last time."""
    start = at - timedelta(seconds=broker.limits.reconcile_back_s)
    with broker.store.read() as view:
        last = view.books.newest_reconciliations(broker.agency, agency).get(agency)
    if last is not None and last.by == broker.agency and last.differences:
        return Period(start=min(start, last.period_from) if last.period_from else None)
    return Period(start=start)
