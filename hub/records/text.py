"""Which characters a record may hold, and the one form they are kept in."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

#: What a screen, a log or a name search could be tricked with: control characters, line separators,
#: bidirectional embeddings, overrides and isolates, byte order marks, surrogates, noncharacters, tags.
_BIDI: Final = "\u202a-\u202e\u2066-\u2069"
_HIDDEN: Final = (
    "\u2028\u2029\ufeff\ud800-\udfff\ufdd0-\ufdef"
    + "".join(f"{chr(plane << 16 | 0xFFFE)}{chr(plane << 16 | 0xFFFF)}" for plane in range(17))
    + "\U000e0000-\U000e007f"
)
_BAD_IN_LINE: Final = re.compile(f"[\x00-\x1f\x7f-\x9f{_BIDI}{_HIDDEN}]")
_BAD_IN_LINES: Final = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f{_BIDI}{_HIDDEN}]")
_IS_BIDI: Final = re.compile(f"[{_BIDI}]")


def normalise(text: str, *, lines: bool = False) -> str:
    """Return a text in NFC without outer blanks; `lines` allows line feeds and tabs.

    Raises ValueError with a sentence that names the sort and place of a forbidden character, not the text.
    """
    if lines:
        text = text.replace("\r\n", "\n")
    text = text.strip()
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    if text.isprintable():  # covers nearly every text, at a hundredth of the price of the search below
        return text
    found = (_BAD_IN_LINES if lines else _BAD_IN_LINE).search(text)
    if found is None:
        return text
    sort = "a bidirectional control" if _IS_BIDI.match(found[0]) else "a control or hidden character"
    raise ValueError(f"it holds {sort} (U+{ord(found[0]):04X}) at character {found.start() + 1}")
