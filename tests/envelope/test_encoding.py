from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.envelope.encoding import b64u, members, parse_json, read_time, refuse_deeper, unb64u
from tests.amounts import examples

few = settings(max_examples=examples(60), deadline=None)


@few
@given(st.binary(max_size=100))
def test_base64url_comes_back(data: bytes) -> None:
    text = b64u(data)
    assert text == base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    assert unb64u(text) == data


@few
@given(st.text(st.characters(codec="latin-1"), max_size=12) | st.text("AQZaz09-_", max_size=12))
def test_a_text_decodes_only_when_it_is_the_one_spelling(text: str) -> None:
    try:
        data = unb64u(text)
    except ValueError:
        return
    assert b64u(data) == text


@pytest.mark.parametrize("text", ["A", "AB", "AAB", "AA==", "A A", "AA\n", "+/+/", "Ä", None, 1, b"AA"])
def test_other_spellings_of_base64_are_refused(text: object) -> None:
    with pytest.raises(ValueError):
        unb64u(text)


def test_a_size_is_checked() -> None:
    assert unb64u("AAAA", size=3) == bytes(3)
    with pytest.raises(ValueError, match="3 bytes; expected 4"):
        unb64u("AAAA", size=4)


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":2}',
        '{"a":{"b":1,"b":1}}',
        '{"a":1.5}',
        '{"a":1e2}',
        '{"a":NaN}',
        '{"a":-Infinity}',
        '{"a":9007199254740992}',
        '{"a":' + "9" * 5000 + "}",
        "[]",
        '"a"',
        "null",
        "{",
        '{"a":1}x',
        "[" * 50_000,
    ],
    ids=lambda text: text[:20],
)
def test_json_that_two_readers_may_read_differently_is_refused(text: str) -> None:
    with pytest.raises(ValueError) as refused:
        parse_json(text.encode())
    assert text not in str(refused.value)


def test_whole_numbers_are_exact_up_to_the_bound() -> None:
    assert parse_json(b'{"a":9007199254740991,"b":-9007199254740991}') == {"a": 2**53 - 1, "b": 1 - 2**53}


@few
@given(st.integers(1, 10))
def test_depth_counts_objects_and_arrays(levels: int) -> None:
    value = json.loads(
        '[{"a":' * (levels // 2) + "[]" * (levels % 2) + "1" * (1 - levels % 2) + "}]" * (levels // 2)
    )
    if levels > 1:
        with pytest.raises(ValueError, match="levels deep"):
            refuse_deeper(value, levels - 1)
    refuse_deeper(value, levels)


def test_a_time_is_utc_with_z() -> None:
    assert read_time("2026-03-31T12:00:00Z") == datetime(2026, 3, 31, 12, tzinfo=UTC)
    for text in ("2026-03-31T12:00:00+00:00", "2026-03-31T12:00:00", "2026-03-31", "2026-13-31T12:00:00Z"):
        with pytest.raises(ValueError):
            read_time(text)


def test_an_unknown_member_is_named_in_ascii_and_cut() -> None:
    with pytest.raises(ValueError, match="not known here") as refused:
        members({"я" * 100: 1}, frozenset())
    assert str(refused.value).isascii()
    assert len(str(refused.value)) < 80
