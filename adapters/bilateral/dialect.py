"""Choose the dialect that a profile names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from adapters.bilateral.misp.dialect import Misp
from adapters.bilateral.record_json import RecordJson
from adapters.bilateral.stix.dialect import Stix
from adapters.contract import Dialect
from adapters.profiles import choice, flag, whole

#: The largest document that a partner's profile may allow.
MAX_BYTES: Final = 16 * 1024 * 1024
_MADE: Final[Mapping[str, Callable[[int, bool], Dialect]]] = {
    "record-json": lambda size, _: RecordJson(max_bytes=size),
    "misp": lambda size, extension: Misp(max_bytes=size, extension=extension),
    "stix": lambda size, extension: Stix(max_bytes=size, extension=extension),
}


def dialect(options: Mapping[str, Any]) -> tuple[Dialect, int]:
    """Return the dialect of a profile and the largest document it takes."""
    name = choice(options, "dialect", frozenset(_MADE), default="record-json")
    size = whole(options, "max_document_bytes", lowest=1024, highest=MAX_BYTES, default=4 * 1024 * 1024)
    return _MADE[name](size, flag(options, "extension", default=True)), size
