"""The MISP dialect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.bilateral.misp.reading import read_event
from adapters.bilateral.misp.writing import write_event
from adapters.contract import Interpretation, Translation
from adapters.reading import read_json
from hub.records.kinds import Kind


class Misp:
    """MISP core format JSON, one event a document."""

    name = "misp-json/1"
    media_type = "application/json"
    kinds = frozenset(Kind)

    def __init__(self, *, max_bytes: int, extension: bool) -> None:
        self._max_bytes = max_bytes
        self._extension = extension

    def translate(self, record: Mapping[str, Any]) -> Translation:
        """Write a record as an event."""
        return write_event(record, extension=self._extension)

    def interpret(self, document: bytes) -> Interpretation:
        """Read an event, ours or another's."""
        return read_event(read_json(document, max_bytes=self._max_bytes))
