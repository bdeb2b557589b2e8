"""The STIX dialect: with our extension nothing is lost, without it a partner's tools see all that is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.bilateral.stix.reading import read_bundle
from adapters.bilateral.stix.writing import write_bundle
from adapters.contract import Interpretation, Translation
from adapters.reading import read_json
from hub.records.kinds import Kind


class Stix:
    """STIX 2.1 bundles (OASIS STIX 2.1, TLP 2.0)."""

    name = "stix-2.1/1"
    media_type = "application/stix+json"
    kinds = frozenset(Kind)

    def __init__(self, *, max_bytes: int, extension: bool) -> None:
        self._max_bytes = max_bytes
        self._extension = extension

    def translate(self, record: Mapping[str, Any]) -> Translation:
        """Write a record as a bundle."""
        return write_bundle(record, extension=self._extension)

    def interpret(self, document: bytes) -> Interpretation:
        """Read a bundle, ours or another's."""
        return read_bundle(read_json(document, max_bytes=self._max_bytes))
