"""Once a day, by itself: the books are compared with each partner that can be called."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from hub.entries import PartnerStatus
from hub.envelope.reconciliation import Period
from hub.errors import HubError
from hub.exchange.broker import Broker, Counterparty
from hub.exchange.reconciling.asking import reconcile

#: Partners are spread over so long after the hour, so that not all hubs call one another at once.
_SPREAD_S: Final = 3 * 3600
_AGAIN: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)

log = logging.getLogger("hub.books")


def reconcile_due(broker: Broker, *, hour: int, running: Callable[[], bool] = lambda: True) -> int:
    """Compare the books with the partners whose time has come; return how many comparisons were made.

    Each partner's turn is taken in the database, so one process does it. Who cannot be reached is asked again
    an hour later; one failure keeps no other partner waiting.
    """
    done = 0
    for agency, partner in sorted(broker.standing().partners.items()):
        if not running():
            break
        at = broker.clock.now()
        if _callable(partner) and _take_turn(broker, agency, hour, at):
            done += _compare(broker, agency, at)
    return done


def _callable(partner: Counterparty) -> bool:
    row = partner.row
    return row.status is PartnerStatus.ACTIVE and row.url is not None and row.via is None


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


def _compare(broker: Broker, agency: str, at: datetime) -> int:
    try:
        row, _found = reconcile(broker, broker.itself, agency, period=_period(broker, agency, at))
    except HubError as error:
        fields = {"partner": agency}
        log.warning("the books were not compared", extra={"code": error.code, "fields": fields})
        with broker.store.work() as work:
            work.books.take_duty(duty_of(agency), at=at + 2 * _DAY, until=at + _AGAIN)
            work.commit()
        return 0
    if row.differences:
        fields = {"partner": row.partner, "differences": str(row.differences)}
        log.error("the books differ", extra={"code": "books-differ", "fields": fields})
    return 1


def _period(broker: Broker, agency: str, at: datetime) -> Period:
    """Return the time to look at: longer than anything can be on its way, and all that differed last time."""
    start = at - timedelta(seconds=broker.limits.reconcile_back_s)
    with broker.store.read() as view:
        last = view.books.newest_reconciliations(broker.agency, agency).get(agency)
    if last is not None and last.by == broker.agency and last.differences:
        return Period(start=min(start, last.period_from) if last.period_from else None)
    return Period(start=start)
