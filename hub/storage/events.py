"""Audit events as staged with the changes they tell of, each with the leaf that it is in the log."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import bindparam, insert, select, union

from hub.audit.events import SECRET_DETAILS, Act, AuditEvent
from hub.audit.leaves import leaf_entry
from hub.errors import OurFault
from hub.ports import EventQuery
from hub.records.actor import Actor, ActorKind, Role
from hub.storage import tables
from hub.storage.columns import encode
from hub.storage.session import Session

_T: Final = tables.events
_ADD: Final = insert(_T)
_PAGE: Final = (
    select(_T.c.position, _T.c.event, _T.c.secret)
    .where(_T.c.position > bindparam("after"))
    .order_by(_T.c.position)
    .limit(bindparam("most"))
)
_ABOUT: Final = (
    select(_T.c.position, _T.c.event, _T.c.secret)
    .where(_T.c.subject.in_(bindparam("which", expanding=True)), _T.c.position > bindparam("after"))
    .order_by(_T.c.position)
    .limit(bindparam("most"))
)

#: How much later than its own time an entry may be committed: what looks for a time looks so far around it.
_LATE: Final = timedelta(hours=1)
_FIRST_SINCE: Final = select(_T.c.position).where(_T.c.at >= bindparam("since")).order_by(_T.c.at).limit(1)

# What came has its envelope's id with its record: the inbox is not looked through.
_ENVELOPES: Final = union(
    select(tables.outbox.c.envelope_id).where(tables.outbox.c.record_id == bindparam("which")),
    select(tables.records.c.envelope_id).where(tables.records.c.record_id == bindparam("which")),
)


class EventStore:
    """The append-only table of staged events."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._kept: list[dict[str, object]] = []
        self.staged = False

    def stage(self, events: Iterable[AuditEvent]) -> None:
        """Add events, to be written at commit; their leaves are made here, before any position is taken."""
        self._session.change(audited=False)
        self._kept.extend(_row(event) for event in events)
        self.staged = self.staged or bool(self._kept)

    def waiting(self) -> int:
        """Return how many positions the events kept back need."""
        return len(self._kept)

    def flush(self) -> None:
        """Write what was kept back."""
        if self._kept:
            first = self._session.take(len(self._kept))
            for position, row in enumerate(self._kept, first):
                row["position"] = position
            self._session.run(_ADD, self._kept)
            self._kept = []

    def page(self, *, after: int, limit: int) -> Sequence[tuple[int, AuditEvent]]:
        """Return events above a position, lowest first."""
        self.flush()
        rows = self._session.rows(_PAGE, {"after": after, "most": limit})
        return [(row.position, load_event(row.event, row.secret)) for row in rows]

    def about(self, subjects: Sequence[str], *, after: int, limit: int) -> Sequence[tuple[int, AuditEvent]]:
        """Return events about some subjects above a position, lowest first."""
        self.flush()
        told = {"which": sorted(set(subjects)), "after": after, "most": limit}
        return [(row.position, load_event(row.event, row.secret)) for row in self._session.rows(_ABOUT, told)]

    def search(self, query: EventQuery, *, after: int, limit: int) -> Sequence[tuple[int, AuditEvent]]:
        """Return events that fit a query above a position, lowest first."""
        self.flush()
        found = select(_T.c.position, _T.c.event, _T.c.secret).order_by(_T.c.position).limit(limit)
        if query.since is not None:
            first = self._first_since(query.since - _LATE)
            if first is None:
                return []
            after = max(after, first - 1)
            found = found.where(_T.c.at >= query.since)
        if query.until is not None:
            found = found.where(_T.c.at < query.until)
            if (beyond := self._first_since(query.until + _LATE)) is not None:
                found = found.where(_T.c.position < beyond)
        found = found.where(_T.c.position > after)
        if query.actor is not None:
            found = found.where(_T.c.actor == query.actor)
        if query.about is not None:
            found = found.where(_T.c.subject.in_([query.about, *self._envelopes(query.about)]))
        if query.acts:
            found = found.where(_T.c.act.in_(sorted(act.value for act in query.acts)))
        if query.partner is not None:
            # Who got something stands within the event; what only looks like it is left out by who asks.
            found = found.where(_T.c.event.contains(query.partner, autoescape=True))
        return [(row.position, load_event(row.event, row.secret)) for row in self._session.built(found)]

    def _envelopes(self, record_id: str) -> Sequence[str]:
        rows = self._session.rows(_ENVELOPES, {"which": record_id})
        return [row.envelope_id for row in rows if row.envelope_id is not None]

    def _first_since(self, at: datetime) -> int | None:
        row = self._session.row(_FIRST_SINCE, {"since": at})
        return None if row is None else int(row.position)


def _row(event: AuditEvent) -> dict[str, object]:
    if event.salt is None:
        raise OurFault("audit-missing", "An audit event without a salt cannot be logged; nothing was stored.")
    return logged_row(event, leaf_entry(event))


def logged_row(event: AuditEvent, leaf: bytes) -> dict[str, object]:
    """Return an event's row without its position."""
    public, secret = dump_event(event)
    return {
        "event_id": event.event_id,
        "at": event.at,
        "act": event.act.value,
        "actor": str(event.actor),
        "subject": event.subject,
        "event": public,
        "leaf": leaf,
        "secret": secret,
    }


def dump_event(event: AuditEvent) -> tuple[str, str | None]:
    """Return what stays of an event, and what is erased with its salt: compact JSON with sorted keys.

    What an event does not have is absent. Without a salt there is no secret.
    """
    actor = event.actor
    public: dict[str, object] = {
        "id": event.event_id,
        "at": event.at.isoformat(),
        "act": event.act.value,
        "actor": {
            "kind": actor.kind.value,
            "id": actor.id,
            "agency": actor.agency,
            "roles": sorted(role.value for role in actor.roles),
        },
        "subject": event.subject,
        "details": {name: value for name, value in event.details.items() if name not in SECRET_DETAILS},
    }
    if event.salt is None:
        return encode(public), None
    secret: dict[str, object] = {"salt": b64encode(event.salt).decode("ascii")}
    if event.justification is not None:
        secret["justification"] = event.justification
    if hidden := {name: value for name, value in event.details.items() if name in SECRET_DETAILS}:
        secret["details"] = hidden
    return encode(public), encode(secret)


def load_event(public: str, secret: str | None) -> AuditEvent:
    """Return the event that `dump_event` wrote; one whose secret was erased has no salt."""
    document = json.loads(public)
    hidden: Mapping[str, Any] = {} if secret is None else json.loads(secret)
    actor = document["actor"]
    return AuditEvent(
        event_id=document["id"],
        at=datetime.fromisoformat(document["at"]),
        act=Act(document["act"]),
        actor=Actor(
            kind=ActorKind(actor["kind"]),
            id=actor["id"],
            agency=actor["agency"],
            roles=frozenset(Role(role) for role in actor["roles"]),
        ),
        subject=document["subject"],
        details={**document["details"], **hidden.get("details", {})},
        justification=hidden.get("justification"),
        salt=b64decode(hidden["salt"]) if hidden else None,
    )
