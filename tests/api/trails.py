"""What each operation really wrote into the log, beside what it declares."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from hub.api.app import DECLARING
from hub.audit.events import Act
from hub.audit.trail import Trail
from hub.exchange.broker import Broker

#: What each endpoint declares.
DECLARED: Final[dict[str, Trail]] = {name: trail for room in DECLARING for name, trail in room.trails.items()}
#: Endpoints that answered with success in this process, and what they wrote then.
DONE: Final[dict[str, set[Act]]] = defaultdict(set)


def position(broker: Broker) -> int:
    """Return the position of the last entry."""
    after = 0
    with broker.store.read() as view:
        while page := view.events(after=after, limit=1000):
            after = page[-1][0]
    return after


def compare(broker: Broker, endpoint: str, *, after: int, status: int) -> None:
    """Fail for an entry that the operation does not declare."""
    with broker.store.read() as view:
        written = {event.act for _, event in view.events(after=after, limit=1000)}
    trail = DECLARED.get(endpoint)
    if trail is None:
        assert not written, (endpoint, written)
        return
    assert not trail.undeclared(written), f"{endpoint} wrote {written}, and declares: {trail}"
    if status < 400:
        DONE[endpoint] |= written & trail.acts
