"""Partners with whom a bilateral agreement names the format: composed from a profile, without code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.bilateral.rules import BilateralRules
from adapters.contract import Adapter
from adapters.profiles import only, words


def make(options: Mapping[str, Any]) -> Adapter:
    """Make the adapter of one agreement's profile."""
    # The libraries of three dialects: a process that makes no such adapter does not load them.
    from adapters.bilateral.dialect import dialect

    only(options, "dialect", "extension", "max_document_bytes", "kinds", "languages", "decides")
    made, size = dialect(options)
    return Adapter(
        name="bilateral",
        about=f"bilateral agreement, {made.name}",
        dialect=made,
        rules=BilateralRules(kinds=words(options, "kinds"), languages=words(options, "languages")),
        max_document_bytes=size,
        options=options,
    )
