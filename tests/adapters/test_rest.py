"""What nobody took is left, and paths are read as they are written."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.rest import Path, Rest, assemble, path_of, said, text_of, without

paths = st.lists(st.text(max_size=6) | st.integers(0, 99), min_size=1, max_size=5).map(tuple)
values = st.recursive(
    st.text(min_size=1, max_size=4) | st.integers(),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3)
        | st.dictionaries(st.text("abc", max_size=2), inner, min_size=1, max_size=3)
    ),
    max_leaves=12,
)


@given(paths)
def test_a_path_is_read_as_it_is_written(path: Path) -> None:
    assert path_of(text_of(path)) == path


@pytest.mark.parametrize("text", ["a..b", "a[", "a[x]", "[", "a b", '["a]'])
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="path"):
        path_of(text)


@given(st.dictionaries(st.text("abc", max_size=2), values, max_size=4), st.data())
def test_what_was_taken_and_what_is_left_make_the_whole(
    document: dict[str, Any], data: st.DataObject
) -> None:
    rest = Rest(document)
    taken = []
    for path in data.draw(st.lists(st.sampled_from(_all(document) or [("a",)]), max_size=4, unique=True)):
        if not any(path[: len(one)] == one or one[: len(path)] == path for one, _ in taken):
            value = rest.take(*path)
            if value is not None:
                taken.append((path, value))
    assert said(assemble([*taken, *rest.left()])) == said(document)


def _all(value: Any, path: Path = ()) -> list[Path]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [one for step, each in inner for one in [(*path, step), *_all(each, (*path, step))]]


def test_a_part_of_which_nothing_was_taken_is_told_of_as_one() -> None:
    rest = Rest({"a": {"b": 1, "c": {"d": 2, "e": 3}}, "f": [1, 2], "g": []})
    rest.take("a", "b")
    rest.take("f", 0)
    assert rest.lost() == ("a.c", "f[1]")


def test_without_what_is_lost_the_rest_closes_up() -> None:
    assert without({"a": [1, 2, 3], "b": 4}, [("a", 1), ("b",)]) == {"a": [1, 3]}


def test_two_parts_never_claim_one_place() -> None:
    for parts in ([(("a",), 1), (("a", "b"), 2)], [(("a", "b"), 2), (("a",), 1)], [((), 1)]):
        with pytest.raises(ValueError, match="part"):
            assemble(parts)
