from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.records.text import normalise

HOSTILE = [
    *(chr(code) for code in (0x00, 0x07, 0x0B, 0x0D, 0x1B, 0x1F, 0x7F, 0x85, 0x9F)),
    *(chr(code) for code in range(0x202A, 0x202F)),
    *(chr(code) for code in range(0x2066, 0x206A)),
    "\u2028",
    "\u2029",
    "\ufeff",
    "\ud800",
    "\udfff",
    "\ufdd0",
    "\uffff",
    "\U0001fffe",
    "\U000e0041",
]


@pytest.mark.parametrize("sign", HOSTILE, ids=lambda sign: f"U+{ord(sign):04X}")
@pytest.mark.parametrize("lines", [False, True], ids=["line", "lines"])
def test_hostile_characters_are_refused_and_named_by_number(sign: str, lines: bool) -> None:
    with pytest.raises(ValueError, match=rf"U\+{ord(sign):04X}\) at character 3$") as refusal:
        normalise(f"ab{sign}cd", lines=lines)
    assert sign not in str(refusal.value)


def test_line_feeds_and_tabs_belong_in_texts_of_several_lines_alone() -> None:
    assert normalise("a\n\tb", lines=True) == "a\n\tb"
    assert normalise("a\r\nb", lines=True) == "a\nb"
    for sign in "\n\t":
        with pytest.raises(ValueError, match="control"):
            normalise(f"a{sign}b")


def test_text_is_kept_composed_and_without_outer_blanks() -> None:
    assert normalise("  И\u0306од ") == "Йод"


@pytest.mark.parametrize("text", ["Әбілқасымұлы", "عبد‌الله", "می‌خواهم", "王小明", "O’Neil-Şahin", "👨‍👩‍👧"])
def test_names_of_many_scripts_stay_as_they_are(text: str) -> None:
    assert normalise(text) == text


@given(st.text(max_size=200))
def test_what_is_kept_is_normal_and_stays_so(text: str) -> None:
    for lines in (False, True):
        try:
            kept = normalise(text, lines=lines)
        except ValueError:
            continue
        assert unicodedata.is_normalized("NFC", kept)
        assert normalise(kept, lines=lines) == kept
        allowed = {"\n", "\t"} if lines else set()
        assert not {sign for sign in kept if unicodedata.category(sign) in {"Cc", "Cs"}} - allowed
        assert not set(kept) & set(map(chr, [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]))
