"""Interpol: notices of all colours, the UN Special Notice and diffusions, in the public API's HAL shapes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from adapters.contract import Adapter
from adapters.interpol.dialect import Hal
from adapters.interpol.rules import InterpolRules
from adapters.profiles import only, text, whole

_BASE: Final = "https://ws-public.interpol.int"


def make(options: Mapping[str, Any]) -> Adapter:
    """Make the adapter of a national central bureau's profile."""
    only(options, "base_url", "max_document_bytes", "decides")
    size = whole(options, "max_document_bytes", lowest=1024, highest=16 * 1024 * 1024, default=1024 * 1024)
    return Adapter(
        name="interpol",
        about="Interpol notices and diffusions",
        dialect=Hal(base_url=text(options, "base_url", default=_BASE), max_bytes=size),
        rules=InterpolRules(),
        max_document_bytes=size,
        options=options,
    )
