"""Numbers that have not come although later ones have: found by a task of its own, and said once.

No envelope pays for it: each pass reads the numbers that came since the last one, along their index.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from hub.audit.events import Act
from hub.entries import Gap
from hub.exchange.broker import Broker
from hub.ports import View

_PAGE: Final = 1000
_NAMED_MAX: Final = 20

log = logging.getLogger("hub.books")


def look_for_gaps(broker: Broker) -> int:
    """Bring the list of gaps up to date, log those that have lasted; return how many were logged.

    One process does it at a time, each `gap_look_s`.
    """
    at = broker.clock.now()
    with broker.store.read() as view:
        due = view.books.due("gaps")
    if due is not None and due > at:
        return 0
    with broker.store.work() as work:
        until = at + timedelta(seconds=broker.limits.gap_look_s)
        if not work.books.take_duty("gaps", at=at, until=until):
            return 0
        work.commit()
    told = 0
    for agency in broker.standing().partners:
        while _go_on(broker, agency):
            pass
        _close(broker, agency)
        told += _tell(broker, agency, at)
    return told


def _go_on(broker: Broker, agency: str) -> bool:
    """Look at the numbers that came since the last time; tell whether there are more."""
    with broker.store.read() as view:
        checked = view.books.checked_to(agency)
        came = view.books.arrivals(agency, after=checked, limit=_PAGE)
    if not came:
        return False
    gaps = []
    before = checked
    for number, at in came:
        if number > before + 1:
            gaps.append(Gap(originator=agency, first=before + 1, last=number - 1, since=at))
        before = number
    with broker.store.work() as work:
        if work.books.checked_to(agency) == checked:
            work.books.replace_gaps([], gaps)
            work.books.check_to(agency, before)
            work.commit()
    return len(came) == _PAGE


def _pages(view: View, agency: str) -> Iterable[Sequence[Gap]]:
    after = 0
    while page := view.books.gaps(agency, after=after, limit=_PAGE):
        yield page
        after = page[-1].first


def _close(broker: Broker, agency: str) -> None:
    """Take out of the gaps what has come meanwhile, or of which its originator said what became."""
    gone: list[Gap] = []
    come: list[Gap] = []
    with broker.store.read() as view:
        for page in _pages(view, agency):
            for gap in page:
                came = view.books.arrivals(agency, after=gap.first - 1, last=gap.last, limit=_PAGE)
                filled = [number for number, _ in came]
                if filled:
                    gone.append(gap)
                    come += _left(gap, filled)
    if gone:
        with broker.store.work() as work:
            work.books.replace_gaps(gone, come)
            work.commit()


def _left(gap: Gap, filled: Sequence[int]) -> Sequence[Gap]:
    """Return what is left of a gap without some of its numbers, which ascend."""
    edges = [gap.first - 1, *filled, gap.last + 1]
    return [
        replace(gap, first=before + 1, last=after - 1)
        for before, after in pairwise(edges)
        if after - before > 1
    ]


def _tell(broker: Broker, agency: str, at: datetime) -> int:
    """Log the gaps that have lasted and were not logged yet, once."""
    late = at - timedelta(seconds=broker.limits.gap_after_s)
    with broker.store.read() as view:
        new = [gap for page in _pages(view, agency) for gap in page if not gap.told and gap.since <= late]
    if not new:
        return 0
    with broker.store.work() as work:
        work.books.replace_gaps(new, [replace(gap, told=True) for gap in new])
        missing = str(sum(gap.last - gap.first + 1 for gap in new))
        details = {"numbers": spelled(new), "missing": missing}
        work.stage([broker.event(Act.MISSED, broker.itself, agency, at, **details)])
        work.commit()
    fields = {"partner": agency, "numbers": spelled(new)}
    log.warning("numbers of a partner have not come", extra={"fields": fields})
    return len(new)


def spelled(gaps: Sequence[Gap]) -> str:
    """Return gaps as people write them, `3-5, 9`, the first of many."""
    named = [str(g.first) if g.first == g.last else f"{g.first}-{g.last}" for g in gaps[:_NAMED_MAX]]
    return ", ".join([*named, "…"] if len(gaps) > _NAMED_MAX else named)
