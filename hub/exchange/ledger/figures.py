"""What the ledger says of one partner in one period: numbers alone, and no content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from statistics import median


@dataclass(frozen=True, kw_only=True)
class Quarter:
    """A quarter of a year, in UTC, written like 2026-Q4."""

    year: int
    number: int

    def __post_init__(self) -> None:
        """Refuse what is no quarter."""
        if not (1900 <= self.year <= 2199 and 1 <= self.number <= 4):
            raise ValueError("expected a quarter, like 2026-Q4")

    def __str__(self) -> str:
        return f"{self.year}-Q{self.number}"

    @property
    def start(self) -> datetime:
        """Return its first moment."""
        return datetime.combine(date(self.year, 3 * self.number - 2, 1), time(), tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """Return the first moment after it."""
        return self.next.start

    @property
    def next(self) -> Quarter:
        """Return the quarter that follows."""
        last = self.number == 4
        return Quarter(year=self.year + last, number=1 if last else self.number + 1)


def quarter_of(text: str) -> Quarter:
    """Read `2026-Q4`; raise ValueError for anything else."""
    year, _, number = text.partition("-Q")
    if not (year.isdecimal() and number.isdecimal()):
        raise ValueError("expected a quarter, like 2026-Q4")
    return Quarter(year=int(year), number=int(number))


def quarter_at(at: datetime) -> Quarter:
    """Return the quarter that a moment lies in."""
    day = at.astimezone(UTC)
    return Quarter(year=day.year, number=(day.month + 2) // 3)


@dataclass(frozen=True, kw_only=True)
class Requests:
    """The requests that one side made of the other in the period, and what has come of them by now.

    `in_time` are those with a day for the answer that were answered by then, `late` those answered after it.
    `outstanding` wait for a final answer; `overdue` of them are past their day. `days` are how long final
    answers took.
    """

    made: int = 0
    full: int = 0
    partial: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    forwarded: int = 0
    postponed: int = 0
    withdrawn: int = 0
    in_time: int = 0
    late: int = 0
    outstanding: int = 0
    overdue: int = 0
    days: Sequence[float] = ()

    @property
    def answered(self) -> int:
        """Return how many have a final answer."""
        return self.full + self.partial + sum(self.refused.values()) + self.forwarded

    @property
    def median_days(self) -> float | None:
        """Return how long half of the final answers took at most."""
        return round(median(self.days), 1) if self.days else None


@dataclass(frozen=True, kw_only=True)
class Reciprocity:
    """One partner's page of the ledger. `asked` are our requests to it, `asked_of_us` its requests to us.

    `sent` and `received` count records, each once however many versions it has, by kind. `recalled_sent` and
    `recalled_received` count withdrawals, `undelivered` the envelopes that it has not acknowledged.
    """

    partner: str
    sent: Mapping[str, int]
    received: Mapping[str, int]
    asked: Requests
    asked_of_us: Requests
    recalled_sent: int = 0
    recalled_received: int = 0
    undelivered: int = 0
