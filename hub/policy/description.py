"""An agreement told for machines, and two versions held against each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from hub.policy.calendar import WEEKDAYS, Calendar
from hub.policy.terms import Agreement, Flow


def described(found: Agreement) -> dict[str, object]:
    """Return an agreement for machines."""
    return {
        "id": found.id,
        "version": found.version,
        "title": found.title,
        "instrument": found.instrument,
        "parties": list(found.parties),
        "in_force_from": found.in_force_from.isoformat(),
        "in_force_until": _day(found.in_force_until),
        "draft": found.draft,
        "authorities": [
            {"party": one.party, "name": one.name, "source": one.source} for one in found.authorities
        ],
        "levels": [
            {"party": one.party, "theirs": one.theirs, "ours": one.ours.value} for one in found.levels
        ],
        "articles": [{"number": article.number, "about": article.about} for article in found.articles],
        "grounds": [
            {"ground": one.ground.value, "article": one.article, "about": one.about} for one in found.grounds
        ],
        "flows": [
            described_flow(flow) | {"by_rule_ends": _day(found.rule_until(flow))} for flow in found.flows
        ],
        "calendar": None if found.calendar is None else _days_of(found.calendar),
        "sources": list(found.sources),
        "uncertain": list(found.uncertain),
    }


def _days_of(calendar: Calendar) -> dict[str, list[str]]:
    return {
        "weekend": sorted(calendar.weekend, key=WEEKDAYS.index),
        "holidays": sorted(day.isoformat() for day in calendar.holidays),
        "worked": sorted(day.isoformat() for day in calendar.worked),
    }


def described_flow(flow: Flow) -> dict[str, object]:
    """Return one flow for machines."""
    return {
        "from": sorted(flow.senders),
        "to": sorted(flow.recipients),
        "articles": list(flow.articles),
        "kinds": _values(flow.kinds),
        "by_rule": _values(flow.by_rule),
        "by_rule_until": _day(flow.by_rule_until),
        "purposes": _values(flow.purposes),
        "languages": sorted(flow.languages),
        "highest": flow.highest.value,
        "tlp": None if flow.tlp is None else _values(flow.tlp),
        "handling": _values(flow.handling),
        "caveats": list(flow.caveats),
        "reply_days": {kind.value: days for kind, days in flow.reply_days.items()},
        "retention_days": flow.retention_days,
        "retention_of": {kind.value: days for kind, days in flow.retention_of.items()},
        "review_days": {kind.value: days for kind, days in flow.review_days.items()},
        "onward": flow.onward.value,
        "forms": _values(flow.forms),
        "confirm_hours": flow.confirm_hours,
        "checks": _values(flow.checks),
        "approvals": {level.value: count for level, count in flow.approvals.items()},
    }


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One thing that two versions say differently; None where a version does not say it."""

    where: str
    before: str | None
    after: str | None


def differences(before: Agreement, after: Agreement) -> list[Difference]:
    """Return all that two versions say differently, in the order in which the later one says it.

    Flows are matched by sender and recipient, one by one: a flow that is split or joined and lets the same go
    shows no difference.
    """
    old, new = _said(before), _said(after)
    order = [*new, *(where for where in old if where not in new)]
    return [
        Difference(where=where, before=old.get(where), after=new.get(where))
        for where in order
        if old.get(where) != new.get(where)
    ]


def _said(found: Agreement) -> dict[str, str]:
    """Return every single thing that an agreement says, by where it says it."""
    told = described(found)
    said = {
        name: _told(told[name])
        for name in ("title", "instrument", "in_force_from", "in_force_until", "draft")
        if told[name] is not None
    }
    said |= {f"party {name}": "is a party" for name in found.parties}
    said |= {f"authority of {a.party}: {a.name}": a.source or "without a source" for a in found.authorities}
    said |= {f"level {one.theirs} of {one.party}": one.ours.value for one in found.levels}
    said |= {f"article {article.number}": article.about for article in found.articles}
    said |= {f"ground {g.ground.value}, article {g.article}": g.about for g in found.grounds}
    for flow in found.flows:
        for sender in sorted(flow.senders):
            for recipient in sorted(flow.recipients):
                said |= _said_of_flow(f"{sender} → {recipient}", described_flow(flow))
    if found.calendar is not None:
        said |= {f"calendar: {name}": _told(days) for name, days in _days_of(found.calendar).items()}
    said |= {f"source {text}": "is named" for text in found.sources}
    return said | {f"uncertain {text}": "is said" for text in found.uncertain}


def _said_of_flow(where: str, flow: Mapping[str, object]) -> dict[str, str]:
    left_out = {"from", "to"} if flow["by_rule_until"] else {"from", "to", "by_rule_until"}
    return {f"{where}: {name}": _told(value) for name, value in flow.items() if name not in left_out}


def _told(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {each}" for name, each in sorted(value.items())) or "none"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "any" if value is None else str(value)


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _values(members: Iterable[object]) -> list[str]:
    return sorted(str(getattr(member, "value", member)) for member in members)
