from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hub.envelope.canonical import DEPTH_MAX, canonical, digest, read_canonical
from tests.amounts import examples

few = settings(max_examples=examples(60), deadline=None)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXTS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXTS, inner, max_size=5),
    max_leaves=30,
)


@few
@given(VALUES)
@example({"\ufb33": 1, "\U0001f600": 2, "é": 3, "\r": 4, "1": 5, "\x80": 6, "€": 7})
@example({"text": '\x00\x08\x09\x0a\x0c\x0d\x1f"\\/\x7f\u2028\u2029\ufeff'})
def test_bytes_are_those_of_rfc_8785(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.slow
@settings(max_examples=2000, deadline=None)
@given(VALUES)
def test_bytes_are_those_of_rfc_8785_for_thousands_of_values(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@few
@given(VALUES)
def test_canonical_bytes_read_back_to_the_same_bytes(value: Any) -> None:
    assert canonical(read_canonical(canonical(value))) == canonical(value)


def test_members_sort_by_utf_16_units_also_beyond_the_first_plane() -> None:
    assert canonical({"\uffee": 1, "\U00010000": 2}) == '{"\U00010000":2,"\uffee":1}'.encode()


def test_frozen_mappings_and_tuples_are_objects_and_arrays() -> None:
    assert (
        canonical(MappingProxyType({"b": (1, MappingProxyType({})), "a": None})) == b'{"a":null,"b":[1,{}]}'
    )


@pytest.mark.parametrize(
    "value",
    [1.0, float("nan"), {"a": [0.5]}, 2**53, -(2**53), {1: "a"}, {"a": {None: 1}}, b"a", {"a": {1, 2}}],
    ids=repr,
)
def test_what_json_writers_convert_silently_is_refused(value: Any) -> None:
    with pytest.raises(ValueError):
        canonical(value)


@pytest.mark.parametrize("value", ["\ud800", {"\udfff": 1}], ids=["text", "name"])
def test_half_a_surrogate_pair_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="surrogate pair"):
        canonical(value)


def nested(levels: int) -> list[Any]:
    return [nested(levels - 1)] if levels > 1 else []


def test_depth_is_bounded() -> None:
    assert canonical(nested(DEPTH_MAX))
    with pytest.raises(ValueError, match="levels deep"):
        canonical(nested(DEPTH_MAX + 1))


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":1}',
        b'{"b":1,"a":1}',
        b'{"a": 1}',
        b'{"a":1.0}',
        b'{"a":1e3}',
        b'{"a":-0}',
        b'{"a":NaN}',
        b'{"a":"\\u0061"}',
        b'{"a":"\\/"}',
        b'{"a":"\\ud800"}',
        b'{"a":"\xff"}',
        b'{"a":1}\n',
        b"",
        b"[" * 50_000,
        b"1" * 5000,
    ],
    ids=lambda data: ascii(data[:20]),
)
def test_other_spellings_are_not_read(data: bytes) -> None:
    with pytest.raises(ValueError):
        read_canonical(data)


def test_digest_is_sha_256() -> None:
    assert digest(b"abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
