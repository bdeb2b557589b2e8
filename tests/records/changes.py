"""Change one thing in a document, wherever it lies."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Final

Path = tuple[str | int, ...]

#: Takes a field away instead of replacing it.
GONE: Final = object()


def changed(document: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """Return a copy in which what lies at a path is replaced, or taken away with GONE."""
    copy = deepcopy(document)
    at: Any = copy
    for step in path[:-1]:
        at = at[step]
    if value is GONE:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return copy


def paths(value: Any, start: Path = ()) -> Iterator[Path]:
    """Yield the path of everything in a document."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, below in steps:
        yield (*start, step)
        yield from paths(below, (*start, step))


def written(path: Path) -> str:
    """Write a path as problems do."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")
