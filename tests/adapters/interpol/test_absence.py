"""When a notice that a list has no more is gone: two whole looks, none of which misses too many."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.interpol.absence import Place, Seen, compare, read_places, write_places

DAY_S = 86_400.0
NAMES = [f"2026-{number}" for number in range(12)]


def listed(*names: str) -> dict[str, Place]:
    return {name: Place(number=name.replace("-", "/"), path=f"notices/v1/red/{name}") for name in names}


def look(before: Seen, now: dict[str, Place], day: float, **told: Any) -> Seen:
    """Look on a day at a list from which all names are known."""
    values = {"whole": True, "every_s": DAY_S, "percent_max": 10, **told}
    return compare(before.places, NAMES, now, at=day * DAY_S, **values)


def test_a_gap_between_two_looks_that_miss_it_begins_anew() -> None:
    most = listed(*NAMES[1:])
    seen = look(Seen(places=listed(*NAMES)), most, 1)
    assert (seen.gone, seen.missed) == ((), 1)
    seen = look(seen, most, 2, whole=False)
    assert (seen.gone, seen.missed) == ((), 0)
    assert look(seen, most, 3).gone == ()
    assert look(look(seen, most, 3), most, 4).gone == (NAMES[0],)


def test_a_look_that_misses_too_many_begins_anew() -> None:
    most, few = listed(*NAMES[1:]), listed(*NAMES[5:])
    seen = look(look(Seen(places=listed(*NAMES)), most, 1), few, 2)
    assert (seen.gone, seen.held) == ((), 5)
    assert look(seen, most, 3).gone == ()


def test_a_clock_that_was_ahead_holds_nothing_up() -> None:
    most = listed(*NAMES[1:])
    seen = look(Seen(places=listed(*NAMES)), most, 4000)
    assert look(seen, most, 2).gone == ()
    assert look(look(seen, most, 2), most, 3).gone == (NAMES[0],)


@pytest.mark.parametrize("raw", [None, b"", b"[]", b"{", b'{"a": 5}', b'{"a": ["1", "2", "x"]}', b"\xff"])
def test_of_what_cannot_be_read_nothing_is_known(raw: bytes | None) -> None:
    assert read_places(raw) == {}


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sets(st.sampled_from(NAMES)), st.booleans()), max_size=8))
def test_only_what_two_whole_looks_in_a_row_missed_is_ever_gone(looks: list[tuple[set[str], bool]]) -> None:
    seen = Seen(places=listed(*NAMES))
    before: set[str] = set(NAMES)
    for day, (names, whole) in enumerate(looks, start=1):
        seen = look(seen, listed(*names), day, whole=whole)
        assert read_places(write_places(seen.places)) == seen.places
        assert set(seen.gone) <= set(NAMES) - names - before
        believed = whole and len(NAMES) - len(names) <= 3
        assert believed or not seen.gone
        before = names if believed else set(NAMES)
