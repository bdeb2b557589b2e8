"""JSON is taken as it is meant, or not at all."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.api.strict_json import SAFE_INTEGER, loads
from hub.errors import Refused
from tests.amounts import examples

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-SAFE_INTEGER, max_value=SAFE_INTEGER)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(PLAIN)
@settings(max_examples=examples(40))
def test_what_is_sent_plainly_is_read_unchanged(document: object) -> None:
    assert loads(json.dumps(document).encode(), max_depth=32) == document


@given(st.binary(max_size=200))
@settings(max_examples=examples(40))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    with suppress(Refused):
        assert loads(raw, max_depth=8) == json.loads(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b'{"a":1} {"b":2}',
        b'{"a":1,"a":2}',
        b'{"a":{"b":1,"b":1}}',
        b"1.0",
        b"1e3",
        b"NaN",
        b"-Infinity",
        b"9007199254740992",
        b"1" * 5000,
        b'"\\ud800"',
        b'{"\\udfff":1}',
        b"\xff",
        b"'a'",
        b"[1,]",
    ],
)
def test_what_two_libraries_may_read_differently_is_refused(raw: bytes) -> None:
    with pytest.raises(Refused) as caught:
        loads(raw, max_depth=32)
    assert caught.value.code == "request-malformed"


def test_depth_is_bounded_whatever_the_depth() -> None:
    assert loads(b"[" * 8 + b"]" * 8, max_depth=8) is not None
    for depth in (9, 1000, 100_000):
        with pytest.raises(Refused, match="nested deeper than 8 levels"):
            loads(b"[" * depth + b"]" * depth, max_depth=8)


def test_no_refusal_repeats_what_came() -> None:
    with pytest.raises(Refused) as caught:
        loads(b'{"secret-name": 1, "secret-name": 2}', max_depth=8)
    assert "secret-name" not in str(caught.value)
