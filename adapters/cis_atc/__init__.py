"""The CIS Anti-Terrorism Centre: requests, answers, information and search cards in Russian XML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.cis_atc.dialect import RussianXml
from adapters.cis_atc.rules import TreatyRules
from adapters.contract import Adapter, Translation
from adapters.profiles import only, whole


def make(options: Mapping[str, Any]) -> Adapter:
    """Make the adapter of the Centre's profile."""
    only(options, "max_document_bytes", "decides")
    size = whole(
        options, "max_document_bytes", lowest=1024, highest=16 * 1024 * 1024, default=4 * 1024 * 1024
    )
    return Adapter(
        name="cis_atc",
        about="CIS Anti-Terrorism Centre, Russian XML",
        dialect=RussianXml(max_bytes=size),
        rules=TreatyRules(),
        letter=_letter,
        max_document_bytes=size,
        options=options,
    )


def _letter(record: Mapping[str, Any]) -> Translation:
    # Here and not above: what writes PDF is large, and few processes ever write a letter.
    from adapters.cis_atc.letter import letter

    return letter(record)
