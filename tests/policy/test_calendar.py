"""Deadlines in working days: what a calendar counts, and what contradicts itself."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.policy.calendar import WEEKDAYS, Calendar
from hub.policy.dues import reply_day

FRIDAY = date(2026, 12, 11)
#: Independence Day of Kazakhstan is on 16 December.
KAZAKH = Calendar(holidays=frozenset({date(2026, 12, 16)}), worked=frozenset({date(2026, 12, 19)}))


@pytest.mark.parametrize(
    ("days", "ends"),
    [(0, "2026-12-11"), (1, "2026-12-14"), (2, "2026-12-15"), (3, "2026-12-17"), (5, "2026-12-19")],
)
def test_working_days_pass_over_weekends_and_holidays_and_count_what_is_worked(days: int, ends: str) -> None:
    assert KAZAKH.after(FRIDAY, days).isoformat() == ends


def test_without_a_calendar_every_day_counts() -> None:
    assert reply_day(None, FRIDAY, 3) == date(2026, 12, 14)
    assert reply_day(KAZAKH, FRIDAY, 3) == date(2026, 12, 17)


@given(
    start=st.dates(min_value=date(2020, 1, 1), max_value=date(2040, 1, 1)),
    days=st.integers(min_value=0, max_value=60),
    weekend=st.frozensets(st.sampled_from(WEEKDAYS), max_size=6),
    holidays=st.frozensets(st.integers(min_value=0, max_value=100), max_size=10),
)
def test_as_many_working_days_lie_between_as_were_added(
    start: date, days: int, weekend: frozenset[str], holidays: frozenset[int]
) -> None:
    free = frozenset(start + timedelta(days=n) for n in holidays)
    calendar = Calendar(weekend=weekend, holidays=free)
    end = calendar.after(start, days)
    assert calendar.between(start, end) == days
    assert end == start or calendar.counts(end)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"weekend": frozenset(WEEKDAYS)}, "at least one working day"),
        ({"weekend": frozenset({"someday"})}, "no day of the week"),
        ({"holidays": frozenset({FRIDAY}), "worked": frozenset({FRIDAY})}, "both a holiday and worked"),
    ],
)
def test_a_calendar_that_contradicts_itself_is_refused(told: dict[str, frozenset[str]], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Calendar(**told)  # type: ignore[arg-type]
