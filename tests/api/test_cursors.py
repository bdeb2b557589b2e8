"""A cursor is what its own list gave, and nothing else."""

from __future__ import annotations

import base64
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.api.cursors import cursor, position
from hub.errors import Refused


@given(st.integers(min_value=0, max_value=2**63 - 1))
def test_a_cursor_gives_its_position_back(where: int) -> None:
    assert position("records", cursor("records", where)) == where


def test_without_a_cursor_a_list_begins() -> None:
    assert position("records", None) == 0


@given(st.text(max_size=64))
def test_any_text_is_a_position_or_refused(text: str) -> None:
    with suppress(Refused):
        assert cursor("records", position("records", text)) == text


@pytest.mark.parametrize(
    "plain", ["queue:3", "records:-1", "records:01", "records:9223372036854775808", "records:3\n", "3", ""]
)
def test_what_another_list_gave_is_refused(plain: str) -> None:
    text = base64.urlsafe_b64encode(plain.encode()).rstrip(b"=").decode()
    with pytest.raises(Refused) as caught:
        position("records", text)
    assert caught.value.code == "request-invalid"
