"""Steps of a batch taken abreast come to the same as one record after the other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import Refused
from hub.exchange.abreast import Way, abreast, alone


def walk(name: str, steps: int, seen: list[str], *, fails: bool = False) -> Way[str]:
    for step in range(steps):
        seen.append(f"{name}{step}")
        yield
    if fails:
        raise Refused("conflict", name)
    return name


def test_each_takes_a_step_in_turn_and_answers_stand_in_order() -> None:
    seen: list[str] = []
    assert abreast([walk("a", 3, seen), walk("b", 1, seen), walk("c", 2, seen)]) == ["a", "b", "c"]
    assert seen == ["a0", "b0", "c0", "a1", "c1", "a2"]


def test_the_first_in_order_that_fails_is_raised_however_late_it_fails() -> None:
    seen: list[str] = []
    with pytest.raises(Refused, match="a"):
        abreast([walk("a", 3, seen, fails=True), walk("b", 1, seen, fails=True), walk("c", 2, seen)])
    assert "a2" in seen
    assert "c1" not in seen  # what stands behind a failure is given up


def test_one_alone_comes_to_its_end() -> None:
    assert alone(walk("a", 2, [])) == "a"


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=150))
def test_it_comes_to_what_one_after_the_other_comes_to(ways: list[tuple[int, bool]]) -> None:
    expected: list[str] | str = []
    for place, (_steps, fails) in enumerate(ways):
        if fails:
            expected = str(place)
            break
        assert isinstance(expected, list)
        expected.append(str(place))
    try:
        came: list[str] | str = abreast(
            walk(str(place), steps, [], fails=fails) for place, (steps, fails) in enumerate(ways)
        )
    except Refused as refusal:
        came = refusal.sentence
    assert came == expected
