"""Compartments: groups, inside one agency, of those who need to know."""

from __future__ import annotations

import re
from typing import Final

from hub.errors import Refused

_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LENGTH_MAX: Final = 64


def compartment_name(text: str) -> str:
    """Return the name of a compartment; raise Refused `request-invalid` where it is none."""
    if len(text) > _LENGTH_MAX or not _NAME.fullmatch(text):
        raise Refused(
            "request-invalid",
            f"A compartment's name has 1 to {_LENGTH_MAX} of a-z, 0-9 and dashes between them.",
        )
    return text
