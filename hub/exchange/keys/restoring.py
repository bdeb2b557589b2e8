"""After keys were restored: what was given up since their backup was made is given up once more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from hub.audit.events import Act
from hub.exchange.broker import Broker
from hub.exchange.keys.changing import compromise
from hub.ports import Custody, EventQuery, KeyFacts
from hub.records.actor import Actor

WHY: Final = "it was given up before the keys were restored from an older backup"
_READ_AT_ONCE: Final = 500


def give_up_again(broker: Broker, custody: Custody, actor: Actor) -> Sequence[KeyFacts]:
    """Give up every key that the log says was given up, and return those that stood as good ones again.

    A backup brings keys back as they were when it was made; somebody else may have such a key since.
    """
    known = frozenset(_given_up(broker))
    revived = [key for key in custody.inventory() if key.key_id in known and key.state != "compromised"]
    for key in revived:
        # One of a pair takes the other with it.
        if any(one.key_id == key.key_id and one.state != "compromised" for one in custody.inventory()):
            compromise(broker, custody, actor, key.key_id, why=WHY)
    return revived


def _given_up(broker: Broker) -> Iterator[str]:
    """Yield the ids of keys that the log says were given up."""
    query, after = EventQuery(about=broker.agency, acts=frozenset({Act.KEY_CHANGED})), 0
    with broker.store.read() as view:
        while page := view.search_events(query, after=after, limit=_READ_AT_ONCE):
            after = page[-1][0]
            for _position, event in page:
                if event.details.get("step") == "key-compromised":
                    yield event.details["key"]
