"""TOML of others, read within bounds: it fails in one way, whatever it nests or counts."""

from __future__ import annotations

import tomllib
from typing import Any, Final

#: How many tables and lists deep a file may be; ours have four.
_DEPTH_MAX: Final = 32


def read_toml(source: str, *, max_bytes: int) -> dict[str, Any]:
    """Return the tables of a text; raise ValueError with what is wrong with it.

    The standard parser recurses without a bound of its own, and converts long numbers as Python does.
    """
    try:
        size = len(source.encode())
    except UnicodeEncodeError:
        raise ValueError("it is not TOML: a text in it holds half of a surrogate pair") from None
    if size > max_bytes:
        raise ValueError(f"it is larger than {max_bytes:,} bytes")
    try:
        tables = tomllib.loads(source)
    except RecursionError:
        raise ValueError("it is not TOML that can be read: it nests too deep") from None
    except ValueError as error:
        raise ValueError(f"it is not TOML: {error}") from None
    _refuse_deep(tables)
    return tables


def _refuse_deep(tables: dict[str, Any]) -> None:
    """Refuse what dotted names nest, which the parser does without recursion."""
    layer: list[Any] = [tables]
    for _ in range(_DEPTH_MAX):
        inner = [each for one in layer for each in (one.values() if isinstance(one, dict) else one)]
        layer = [each for each in inner if isinstance(each, (dict, list))]
        if not layer:
            return
    raise ValueError(f"it nests deeper than {_DEPTH_MAX} levels")
