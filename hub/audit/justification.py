"""Why somebody reads, discloses or erases: a sentence that an inspector can ask about."""

from __future__ import annotations

from typing import Final

from hub.errors import Refused
from hub.records.text import normalise

#: In characters, after outer blanks were taken off.
LENGTH: Final = range(3, 501)


def justified(text: str | None) -> str:
    """Return a justification in NFC without outer blanks; raise Refused `justification-missing`.

    It is one line: lists and logs show it, so it holds no control, hidden or bidirectional character.
    """
    try:
        why = normalise(text or "")
    except ValueError as error:
        raise Refused("justification-missing", f"The justification cannot be used: {error}.") from None
    if len(why) not in LENGTH or not any(one.isalnum() for one in why):
        raise Refused(
            "justification-missing",
            f"This takes a justification of {LENGTH.start} to {LENGTH.stop - 1} characters that says why; "
            f"{f'{len(why)} came' if why else 'there was none'}.",
        )
    return why
