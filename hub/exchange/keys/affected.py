"""Which records a key has to do with: it signed them, they were sealed to it, or they lie under it.

The audit log is asked by act and time, which an index answers, and a page at a time. It names too much rather
than too little: whether a record went by the suite that uses this very key, its envelope tells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hub.audit.events import Act, AuditEvent
from hub.exchange.keys.rules import rule_of
from hub.limits import Limits
from hub.ports import EventQuery, KeyFacts, View

#: A version is signed when it is released, and anew when its envelope's life had ended.
_SIGNED: Final = frozenset({Act.RELEASED, Act.RESUMED})
#: Every content that lies here was drafted here, or came.
_LIES_HERE: Final = frozenset({Act.DRAFTED, Act.ADMITTED})


@dataclass(frozen=True, kw_only=True)
class Affected:
    """One record that a key has to do with. `position` is where the next page goes on.

    `envelopes` are the ids of what it went or came in, parcels to partners without a hub too.
    """

    position: int
    record_id: str
    at: datetime
    version: str
    originator: str
    envelopes: tuple[str, ...]
    recipients: tuple[str, ...] = ()


def affected(view: View, key: KeyFacts, limits: Limits, *, after: int = 0, limit: int) -> Sequence[Affected]:
    """Return a page of the records that a key may have signed, or that may hang on it, oldest first."""
    found: list[Affected] = []
    query = _query(key, limits)
    if query is None:
        return found
    kept_under = rule_of(key.purpose).wraps
    while len(found) < limit:
        page = view.search_events(query, after=after, limit=limit)
        for position, event in page:
            after = position
            if (one := _of(position, event)) and (one.envelopes or kept_under):
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
    if key.used_from is None:
        return None
    if rule.signs_records:
        return EventQuery(acts=_SIGNED, since=key.used_from, until=key.used_until)
    # A partner seals to it until it has our next card, and what it sealed is under way for a while; a process
    # of ours may still wrap with it for a while.
    late_s = rule.kept_s(limits) + (limits.key_overlap_s if rule.opens else 0)
    until = None if key.used_until is None else key.used_until + timedelta(seconds=late_s)
    if rule.wraps:  # what was here before it came into use was wrapped anew by it
        return EventQuery(acts=_LIES_HERE, until=until)
    if rule.opens:
        return EventQuery(acts=frozenset({Act.ADMITTED}), since=key.used_from, until=until)
    return None


def _of(position: int, event: AuditEvent) -> Affected | None:
    """Return what an entry tells of; None where an envelope was put back in its lane as it was.

    A record that went to our members alone went in no envelope.
    """
    told = event.details
    if event.act is Act.RESUMED and "envelope" not in told:
        return None
    return Affected(
        position=position,
        record_id=told["record"] if event.act is Act.RESUMED else event.subject,
        at=event.at,
        version=told.get("version", ""),
        originator=told.get("originator", ""),
        envelopes=_names(told, "envelopes", "envelope", "parcels"),
        recipients=_names(told, "recipients", "recipient"),
    )


def _names(told: Mapping[str, str], *details: str) -> tuple[str, ...]:
    """Return the names that stand in any of some details."""
    return tuple(name for detail in details for name in told.get(detail, "").split(",") if name)
