"""What a format has no place for, carried in an extension of ours: each part under its path in the record.

A partner that agreed to the extension gets the whole record; any other reader does not see this.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from adapters.reading import malformed
from adapters.rest import Path

_MAX_PARTS: Final = 50_000
_MAX_STEPS: Final = 16
_MAX_PLACE: Final = 100_000


def pack(left: Sequence[tuple[Path, Any]]) -> list[dict[str, Any]]:
    """Return what is left of a record as the extension holds it."""
    return [{"at": list(path), "value": value} for path, value in left]


def unpack(parts: Any) -> list[tuple[Path, Any]]:
    """Return the parts of an extension; raise PeerFault `partner-document-malformed`."""
    if not isinstance(parts, list) or len(parts) > _MAX_PARTS:
        raise malformed("its extension is not a list of bounded length")
    return [_part(part) for part in parts]


def _part(part: Any) -> tuple[Path, Any]:
    if not isinstance(part, dict) or part.keys() != {"at", "value"}:
        raise malformed("a part of its extension is not a place and a value")
    path = part["at"]
    if not isinstance(path, list) or not 0 < len(path) <= _MAX_STEPS or not all(map(_is_step, path)):
        raise malformed("a part of its extension stands at no place of a record")
    return tuple(path), part["value"]


def _is_step(step: Any) -> bool:
    return isinstance(step, str) or (type(step) is int and 0 <= step < _MAX_PLACE)


class Places:
    """Gives the next place of a list that an extension does not fill."""

    def __init__(self, filled: set[int]) -> None:
        self._filled = filled
        self._next = 0

    def next(self) -> int:
        """Return the next free place."""
        while self._next in self._filled:
            self._next += 1
        self._next += 1
        return self._next - 1


def places(aside: Sequence[tuple[Path, Any]], *path: str | int) -> Places:
    """Return the free places of one list of the record."""
    size = len(path)
    return Places(
        {
            step
            for one, _ in aside
            if len(one) == size + 1 and one[:size] == path and isinstance(step := one[-1], int)
        }
    )
