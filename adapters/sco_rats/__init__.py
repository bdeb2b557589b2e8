"""The SCO's Regional Anti-Terrorist Structure: seven kinds of record as XML in Russian or Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.contract import Adapter
from adapters.profiles import only, whole
from adapters.sco_rats.dialect import BilingualXml
from adapters.sco_rats.rules import ConventionRules


def make(options: Mapping[str, Any]) -> Adapter:
    """Make the adapter of the Structure's profile."""
    only(options, "max_document_bytes", "list_within_days", "change_within_days", "decides")
    size = whole(
        options, "max_document_bytes", lowest=1024, highest=16 * 1024 * 1024, default=4 * 1024 * 1024
    )
    return Adapter(
        name="sco_rats",
        about="SCO Regional Anti-Terrorist Structure, XML in Russian or Chinese",
        dialect=BilingualXml(max_bytes=size),
        rules=ConventionRules(
            list_days=whole(options, "list_within_days", lowest=1, highest=366, default=60),
            change_days=whole(options, "change_within_days", lowest=1, highest=366, default=10),
        ),
        max_document_bytes=size,
        options=options,
    )
