"""Audit events as staged with the changes they tell of."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, insert, select

from hub.audit.events import Act, AuditEvent
from hub.records.actor import Actor, ActorKind, Role
from hub.storage import tables
from hub.storage.columns import encode
from hub.storage.session import Session

_T: Final = tables.events
_ADD: Final = insert(_T)
_PAGE: Final = (
    select(_T.c.position, _T.c.event)
    .where(_T.c.position > bindparam("after"))
    .order_by(_T.c.position)
    .limit(bindparam("most"))
)


class EventStore:
    """The append-only table of staged events."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._kept: list[AuditEvent] = []
        self.staged = False

    def stage(self, events: Iterable[AuditEvent]) -> None:
        """Add events, to be written at commit."""
        self._session.change(audited=False)
        self._kept.extend(events)
        self.staged = self.staged or bool(self._kept)

    def waiting(self) -> int:
        """Return how many positions the events kept back need."""
        return len(self._kept)

    def flush(self) -> None:
        """Write what was kept back."""
        if self._kept:
            first = self._session.take(len(self._kept))
            self._session.run(_ADD, [_row(n, event) for n, event in enumerate(self._kept, first)])
            self._kept.clear()

    def page(self, *, after: int, limit: int) -> Sequence[tuple[int, AuditEvent]]:
        """Return events above a position, lowest first."""
        self.flush()
        rows = self._session.rows(_PAGE, {"after": after, "most": limit})
        return [(row.position, load_event(row.event)) for row in rows]


def _row(position: int, event: AuditEvent) -> dict[str, object]:
    return {
        "position": position,
        "event_id": event.event_id,
        "at": event.at,
        "act": event.act.value,
        "subject": event.subject,
        "event": dump_event(event),
    }


def dump_event(event: AuditEvent) -> str:
    """Return an event as compact JSON with sorted keys; what it does not have is absent."""
    actor = event.actor
    document: dict[str, object] = {
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
        "details": dict(event.details),
    }
    if event.justification is not None:
        document["justification"] = event.justification
    if event.salt is not None:
        document["salt"] = b64encode(event.salt).decode("ascii")
    return encode(document)


def load_event(text: str) -> AuditEvent:
    """Return the event that `dump_event` wrote."""
    document = json.loads(text)
    actor = document["actor"]
    salt = document.get("salt")
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
        details=document["details"],
        justification=document.get("justification"),
        salt=None if salt is None else b64decode(salt),
    )
