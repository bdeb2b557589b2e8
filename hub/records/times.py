"""Times as they stand in documents: UTC, written with a Z."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

# Years are bounded so that a shift to UTC never leaves what a later reader accepts.
_TIME: Final = re.compile(
    r"(?:19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?"
    r"(?:Z|[+-][0-9]{2}:[0-9]{2})"
)


def as_time(text: str) -> datetime:
    """Read an RFC 3339 time with its offset, as aware UTC; raise ValueError for anything else."""
    if _TIME.fullmatch(text) is None:
        raise ValueError("a time is written like 2026-03-31T14:05:00Z")
    read = _in_utc(datetime.fromisoformat(text))
    if not 1900 <= read.year < 2200:
        raise ValueError("the year is outside 1900 to 2199")
    return read


def as_text(at: datetime) -> str:
    """Write an aware time as documents hold it; raise ValueError when it has no offset."""
    if at.tzinfo is None:
        raise ValueError("a time without an offset does not say when it is")
    return _in_utc(at).isoformat().removesuffix("+00:00") + "Z"


def _in_utc(at: datetime) -> datetime:
    return at if at.tzinfo is UTC else at.astimezone(UTC)
