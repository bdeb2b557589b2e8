"""What of the directory needs a person: it expires, cannot be fetched, or says something else than a pin."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Final

from hub.exchange.broker import Broker
from hub.exchange.directory.place import Place, State
from hub.limits import Limits

_CURRENT: Final = ("snapshot", "timestamp")


def warnings(
    state: State, *, agency: str, partners: frozenset[str], limits: Limits, at: datetime
) -> tuple[str, ...]:
    """Return the codes of all that needs a person; none of it stops the traffic with pinned partners."""
    if state.checked_at is None and state.failure is None:
        return ()
    told = [] if state.failure is None else [state.failure.code]
    if state.good_until is not None and at >= state.good_until:
        told.append("directory-expired")
    elif expiring(state, agency=agency, limits=limits, at=at):
        told.append("directory-expires")
    known = [one for name, one in state.agencies.items() if name in partners]
    if any(one.differences for one in known):
        told.append("directory-differs")
    if any(one.suspended for one in known):
        told.append("directory-suspended")
    return tuple(dict.fromkeys(told))


def expiring(state: State, *, agency: str, limits: Limits, at: datetime) -> dict[str, datetime]:
    """Return what expires soon, by document, and our own entry among them.

    What is published daily is late once three quarters of its life are over.
    """
    soon = timedelta(seconds=limits.directory_warn_s)
    daily = timedelta(seconds=limits.directory_current_life_s / 4)
    found = {
        role: until
        for role, until in state.expires.items()
        if until - at < (daily if role in _CURRENT else soon)
    }
    ours = state.agencies.get(agency)
    if ours is not None and ours.expires_at is not None and ours.expires_at - at < soon:
        found["our entry"] = ours.expires_at
    return found


class DirectoryWatch:
    """Answers how the directory stands; the file is read again only after it was written again."""

    def __init__(self, broker: Broker, place: Place) -> None:
        self._broker = broker
        self._place = place
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] | None = None
        self._state = State()

    def warnings(self) -> tuple[str, ...]:
        """Return the codes of all that needs a person."""
        broker = self._broker
        return warnings(
            self.state(),
            agency=broker.agency,
            partners=frozenset(broker.standing().partners),
            limits=broker.limits,
            at=broker.clock.now(),
        )

    def state(self) -> State:
        """Return what is known of the directory."""
        try:
            found = (self._place.folder / "state.json").stat()
        except FileNotFoundError:
            return State()
        stamp = (found.st_mtime_ns, found.st_ino)
        with self._lock:
            if stamp != self._stamp:
                self._state, self._stamp = self._place.state(), stamp
            return self._state
