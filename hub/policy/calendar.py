"""The days that an agreement counts: its weekend, its holidays, and days that are worked all the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

#: Days of the week as agreements name them, Monday first, as `date.weekday` counts.
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
#: A calendar without this many working days a week would put deadlines off for ever.
_WEEKEND_MAX: Final = 6


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """Which days count towards a deadline. `worked` are days of the weekend that a decree moves work to."""

    weekend: frozenset[str] = frozenset({"saturday", "sunday"})
    holidays: frozenset[date] = frozenset()
    worked: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        """Refuse a week without a working day, and a day that is both free and worked."""
        if unknown := self.weekend - set(WEEKDAYS):
            raise ValueError(f"{min(unknown)} is no day of the week")
        if len(self.weekend) > _WEEKEND_MAX:
            raise ValueError("a week has at least one working day")
        if both := self.holidays & self.worked:
            raise ValueError(f"{min(both).isoformat()} is both a holiday and worked")

    def counts(self, day: date) -> bool:
        """Tell whether a day is a working day."""
        if day in self.worked:
            return True
        return day not in self.holidays and WEEKDAYS[day.weekday()] not in self.weekend

    def after(self, start: date, days: int) -> date:
        """Return the day on which so many working days after `start` have passed."""
        found = start
        for day in _following(start):
            if days <= 0:
                break
            found = day
            days -= self.counts(day)
        return found

    def between(self, start: date, end: date) -> int:
        """Return the working days after `start` up to and with `end`."""
        return sum(self.counts(start + timedelta(days=n)) for n in range(1, (end - start).days + 1))


def _following(start: date) -> Iterator[date]:
    day = start
    while day < date.max:
        day += timedelta(days=1)
        yield day
