"""Identifiers: time-ordered ids of records and envelopes, and the names of agencies."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Lock
from typing import Final
from uuid import UUID

ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
AGENCY: Final = re.compile(r"[a-z][a-z0-9]{1,15}(-[a-z0-9]{1,15}){1,3}")

_RANDOM_BITS: Final = 74
_STEP_BITS: Final = 48


class IdSequence:
    """Make UUIDv7 values that strictly increase, however many fall into one millisecond.

    RFC 9562, section 6.2, method 2: inside a millisecond, and while the clock stands still or goes back,
    the random part grows by a random step. The time part so never runs ahead of the clock, as it would
    if each id took a millisecond of its own: hubs make several thousand ids a second.
    """

    def __init__(self, clock_ns: Callable[[], int] = time.time_ns) -> None:
        self._clock_ns = clock_ns
        self._lock = Lock()
        self._last = 0

    def next(self) -> str:
        """Return the next id as lowercase text."""
        fresh = (self._clock_ns() // 1_000_000) << _RANDOM_BITS | _random(_RANDOM_BITS)
        with self._lock:
            if fresh >> _RANDOM_BITS <= self._last >> _RANDOM_BITS:
                fresh = self._last + 1 + _random(_STEP_BITS)
            self._last = fresh
        high, low = fresh >> 62, fresh & (1 << 62) - 1
        text = f"{(high >> 12) << 80 | 7 << 76 | (high & 0xFFF) << 64 | 2 << 62 | low:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _random(bits: int) -> int:
    """Return random bits of the system; a third of the price of `secrets`."""
    return int.from_bytes(os.urandom(-(-bits // 8)), "big") & (1 << bits) - 1


# The order must hold across the whole process, so there is one sequence in it.
_IDS: Final = IdSequence()


def new_id() -> str:
    """Return a new UUIDv7 as text, greater than any that this process made before."""
    return _IDS.next()


def is_id(text: str) -> bool:
    """Tell whether a text is a UUIDv7 in the one form used here: lowercase, with hyphens."""
    return ID.fullmatch(text) is not None


def is_agency(text: str) -> bool:
    """Tell whether a text has the form of an agency's id, such as `kz-knb` or `interpol-ncb-kz`."""
    return AGENCY.fullmatch(text) is not None


def made_at(an_id: str) -> datetime:
    """Return when an id was made, to the millisecond; a later clock may only have gone back since."""
    return datetime.fromtimestamp((UUID(an_id).int >> 80) / 1000, UTC)
