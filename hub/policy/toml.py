"""TOML of others, read within bounds: it fails in one way, whatever it nests or counts."""

from __future__ import annotations

import re
import tomllib
from typing import Any, Final

#: How many tables and lists deep a file may be; ours have four.
_DEPTH_MAX: Final = 32
#: Whole numbers of TOML have 64 bits; Python reads longer ones, and then fails to write them.
_INTEGER_MAX: Final = 2**63 - 1
_PART: Final = r"""(?:[A-Za-z0-9_-]++|"(?:[^"\\\n]|\\[^\n]){0,64}+"|'[^'\n]{0,64}+')"""
#: A dotted name of a hundred parts more than may be. The parser's time grows with the square of their number;
#: of longer parts than these no file of ours holds enough. It is looked for in a time that grows with the
#: text alone: from the beginning of a part on, without going back. Sentences are not as short as that.
_DEEP_NAME: Final = re.compile(
    rf"(?<![A-Za-z0-9_\\-]){_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{{_DEPTH_MAX + 100}}}"
)


def read_toml(source: str, *, max_bytes: int) -> dict[str, Any]:
    """Return the tables of a text; raise ValueError with what is wrong with it.

    The standard parser recurses without a bound of its own, converts long numbers as Python does, and takes
    seconds for a dotted name of thousands of parts.
    """
    try:
        size = len(source.encode())
    except UnicodeEncodeError:
        raise ValueError("it is not TOML: a text in it holds half of a surrogate pair") from None
    if size > max_bytes:
        raise ValueError(f"it is larger than {max_bytes:,} bytes")
    if _DEEP_NAME.search(source):
        raise ValueError(f"it nests deeper than {_DEPTH_MAX} levels")
    try:
        tables = tomllib.loads(source)
    except RecursionError:
        raise ValueError("it is not TOML that can be read: it nests too deep") from None
    except ValueError as error:
        raise ValueError(f"it is not TOML: {error}") from None
    _refuse_odd(tables)
    return tables


def _refuse_odd(tables: dict[str, Any]) -> None:
    """Refuse long numbers, and what dotted names nest: the parser does that without recursion."""
    layer: list[Any] = [tables]
    for _ in range(_DEPTH_MAX):
        inner = [each for one in layer for each in (one.values() if isinstance(one, dict) else one)]
        if any(isinstance(each, int) and not -_INTEGER_MAX <= each <= _INTEGER_MAX for each in inner):
            raise ValueError(f"a whole number in it is beyond ±{_INTEGER_MAX}")
        layer = [each for each in inner if isinstance(each, (dict, list))]
        if not layer:
            return
    raise ValueError(f"it nests deeper than {_DEPTH_MAX} levels")
