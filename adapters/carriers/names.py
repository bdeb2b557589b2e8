"""Ids of parcels as names of files: nothing that leads elsewhere, nothing hidden, nothing too long."""

from __future__ import annotations

import re
from typing import Final

from hub.errors import OurFault

_ID: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,119}")


def is_name(parcel_id: str) -> bool:
    """Tell whether an id can be the name of a file everywhere."""
    return _ID.fullmatch(parcel_id) is not None


def as_name(parcel_id: str) -> str:
    """Return an id of ours as the name of a file."""
    if not is_name(parcel_id):
        raise OurFault("internal", "A parcel's id cannot be the name of a file.")
    return parcel_id
