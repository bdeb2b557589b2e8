"""What no record has a place for, kept beside it as the document said it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from hub.errors import PeerFault

#: Fractions are kept digit by digit: canonical bytes have none, and this is not signed or compared.
_WRITER: Final = msgspec.json.Encoder(order="sorted", decimal_format="number", enc_hook=dict)


def words_of(unknown: Mapping[str, Any]) -> bytes:
    """Return unknown parts as JSON.

    Raises PeerFault `partner-document-malformed` for what JSON cannot hold: the parcel is then refused, and
    does not stand in the way of those behind it.
    """
    try:
        return _WRITER.encode(unknown)
    except (TypeError, ValueError, RecursionError):
        raise PeerFault(
            "partner-document-malformed", "The partner's document holds what cannot be kept as JSON."
        ) from None
