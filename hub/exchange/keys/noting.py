"""The audit entry of each step that a key took."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hub.audit.events import Act
from hub.exchange.broker import Broker
from hub.ports import Custody, EventQuery, KeyFacts, View
from hub.records.actor import Actor
from hub.records.times import as_text

_PAGE: Final = 500


def log_steps(broker: Broker, custody: Custody, actor: Actor) -> int:
    """Stage the entry of each step that the audit log does not have yet; return how many there were.

    One process does so at a time. What the log has although the key store does not say so yet, because a
    process was killed between the two, is not logged again.
    """
    if all(key.logged for key in custody.inventory()):
        return 0
    with custody.logging():
        steps = [key for key in custody.inventory() if not key.logged]
        with broker.store.read() as view:
            known = _logged(view, steps) if steps else frozenset()
        fresh = [key for key in steps if _told(key) not in known]
        if fresh:
            _stage(broker, actor, fresh)
        custody.note_logged(steps)  # as they were logged: one may have taken another step meanwhile
    return len(fresh)


def _stage(broker: Broker, actor: Actor, steps: Sequence[KeyFacts]) -> None:
    at = broker.clock.now()
    with broker.store.work() as work:
        work.stage(
            broker.event(
                Act.KEY_CHANGED,
                actor,
                broker.agency,
                at,
                justification=key.why,
                step=f"key-{key.state}",
                purpose=key.purpose,
                key=key.key_id,
                since=as_text(key.since),
                **({} if key.kid is None else {"kid": key.kid}),
            )
            for key in steps
        )
        work.commit()


def _told(key: KeyFacts) -> tuple[str, str, str]:
    return key.key_id, f"key-{key.state}", as_text(key.since)


def _logged(view: View, steps: Sequence[KeyFacts]) -> frozenset[tuple[str, str, str]]:
    """Return which steps the log has, of those since the oldest of these."""
    found: set[tuple[str, str, str]] = set()
    query = EventQuery(acts=frozenset({Act.KEY_CHANGED}), since=min(key.since for key in steps))
    after = 0
    while page := view.search_events(query, after=after, limit=_PAGE):
        after = page[-1][0]
        found |= {
            (told["key"], told["step"], told["since"])
            for told in (event.details for _, event in page)
            if {"key", "step", "since"} <= told.keys()
        }
    return frozenset(found)
