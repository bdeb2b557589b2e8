"""Who is known and active, as of at most a second ago: what cuts off a suspended member within seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hub.entries import MemberRow, OfficerRow
from hub.exchange.broker import Broker

_FRESH: Final = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True)
class Roster:
    """The directory's members and officers at one generation."""

    generation: int
    read_at: datetime
    members: Mapping[str, MemberRow]
    officers: Mapping[str, OfficerRow]


class Rosters:
    """Keeps the last roster, asks for the generation once a second, reads again only after a change."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._roster: Roster | None = None

    def current(self) -> Roster:
        """Return the roster. Rosters are frozen, so threads that refresh at once do no harm."""
        now = self._broker.clock.now()
        roster = self._roster
        if roster is None or not timedelta(0) <= now - roster.read_at < _FRESH:
            roster = self._roster = self._read(roster, now)
        return roster

    def _read(self, before: Roster | None, now: datetime) -> Roster:
        with self._broker.store.read() as view:
            directory = view.directory
            generation = directory.generation()
            if before is not None and before.generation == generation:
                return Roster(
                    generation=generation,
                    read_at=now,
                    members=before.members,
                    officers=before.officers,
                )
            return Roster(
                generation=generation,
                read_at=now,
                members={row.agency: row for row in directory.members()},
                officers={row.name: row for row in directory.officers()},
            )
