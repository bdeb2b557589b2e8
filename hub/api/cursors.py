"""Cursors: opaque strings that hold a position in one list.

Positions are given in commit order and never change, so a reader that pages by them neither skips nor
repeats, whatever is added meanwhile.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from hub.errors import Refused

#: Positions are 64-bit integers in both databases.
_POSITION_MAX: Final = 2**63 - 1
_CURSOR: Final = re.compile(r"([a-z]+):(0|[1-9][0-9]{0,18})")


def cursor(place: str, position: int) -> str:
    """Return the cursor of a position in the list called `place`."""
    return base64.urlsafe_b64encode(f"{place}:{position}".encode()).rstrip(b"=").decode()


def position(place: str, text: str | None) -> int:
    """Return the position that a cursor holds, 0 without one.

    Raises Refused `request-invalid` for what was not given by this list.
    """
    if text is None:
        return 0
    try:
        plain = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        plain = ""
    match = _CURSOR.fullmatch(plain)
    if (
        match is None
        or match[1] != place
        or int(match[2]) > _POSITION_MAX
        or cursor(place, int(match[2])) != text
    ):
        raise Refused("request-invalid", f"`after` is not a cursor that the list of {place} gave.")
    return int(match[2])
