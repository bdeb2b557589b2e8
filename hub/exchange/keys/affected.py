"""Which records a key has to do with: those that it signed, or that were sealed to it, by the audit log.

The log is asked by act and time, which an index answers, and a page at a time. It names too much rather than
too little: whether a record went by the suite that uses this very key, its envelope tells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.audit.events import Act
from hub.exchange.keys.rules import rule_of
from hub.limits import Limits
from hub.ports import EventQuery, KeyFacts, View


@dataclass(frozen=True, kw_only=True)
class Affected:
    """One record that a key has to do with. `position` is where the next page goes on."""

    position: int
    record_id: str
    at: datetime
    version: str
    originator: str
    envelopes: tuple[str, ...]
    recipients: tuple[str, ...] = ()


def affected(view: View, key: KeyFacts, limits: Limits, *, after: int = 0, limit: int) -> Sequence[Affected]:
    """Return a page of the records that a key may have signed, or that may be sealed to it, oldest first."""
    found: list[Affected] = []
    query = _query(key, limits)
    if query is None:
        return found
    while len(found) < limit:
        page = view.search_events(query, after=after, limit=limit)
        for position, event in page:
            after = position
            if key.used_from is not None and (one := _of(position, event.subject, event.at, event.details)):
                found.append(one)
        if len(page) < limit:
            break
    return found[:limit]


def opens_records(view: View, key: KeyFacts, limits: Limits) -> bool:
    """Tell whether a record that may be sealed to a key is still held here."""
    after = 0
    while page := affected(view, key, limits, after=after, limit=limits.page_max):
        for one in page:
            versions = view.records.versions(one.record_id, originator=one.originator)
            if view.bodies.sizes([row.body_id for row in versions]):
                return True
        after = page[-1].position
    return False


def _query(key: KeyFacts, limits: Limits) -> EventQuery | None:
    """Return what to ask the log; None for a key that was never used, or that touches no record."""
    rule = rule_of(key.purpose)
    if key.used_from is None or not (rule.signs_records or rule.opens):
        return None
    if rule.signs_records:
        return EventQuery(acts=frozenset({Act.RELEASED}), since=key.used_from, until=key.used_until)
    # A partner seals to it until it has our next card, and what it sealed is under way for a while.
    late = timedelta(seconds=limits.key_overlap_s + rule.kept_s(limits))
    until = None if key.used_until is None else key.used_until + late
    return EventQuery(acts=frozenset({Act.ADMITTED}), since=key.used_from, until=until)


def _of(position: int, subject: str, at: datetime, details: Mapping[str, str]) -> Affected | None:
    """Return what an entry tells of; None for a record that went to our members alone, in no envelope."""
    told = details.get("envelopes") or details.get("envelope")
    if not told:
        return None
    return Affected(
        position=position,
        record_id=subject,
        at=at,
        version=details.get("version", ""),
        originator=details.get("originator", ""),
        envelopes=tuple(told.split(",")),
        recipients=tuple(name for name in details.get("recipients", "").split(",") if name),
    )
