"""Interpol: notices of all colours, the UN Special Notice and diffusions, in the public API's HAL shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from cryptography.x509 import Certificate

from adapters.contract import Adapter, Intake
from adapters.interpol.dialect import Hal
from adapters.interpol.rules import InterpolRules
from adapters.profiles import only, text, whole
from hub.errors import Refused

_BASE: Final = "https://ws-public.interpol.int"
_CONNECT_TIMEOUT_S: Final = 10
_REQUEST_TIMEOUT_S: Final = 60


def make(options: Mapping[str, Any]) -> Adapter:
    """Make the adapter of a national central bureau's profile."""
    only(options, "base_url", "max_document_bytes", "decides")
    size = whole(options, "max_document_bytes", lowest=1024, highest=16 * 1024 * 1024, default=1024 * 1024)
    base = text(options, "base_url", default=_BASE)
    return Adapter(
        name="interpol",
        about="Interpol notices and diffusions",
        dialect=Hal(base_url=base, max_bytes=size),
        rules=InterpolRules(),
        intake=partial(_intake, base),
        max_document_bytes=size,
        options=options,
    )


def _intake(base: str, name: str, authorities: Sequence[Certificate]) -> Intake:
    # Here and not above: what calls servers is large, and most processes only translate.
    from adapters.carriers.mutual_tls import TlsServer, believing
    from adapters.interpol.feed import ANSWER_MAX_BYTES, LISTS, Feed

    if name not in LISTS:
        raise Refused("request-invalid", f"Interpol's public lists are {', '.join(LISTS)}.")
    server = TlsServer(
        base,
        believing(authorities, tls="1.2"),
        headers={"Accept": "application/json"},
        connect_timeout_s=_CONNECT_TIMEOUT_S,
        request_timeout_s=_REQUEST_TIMEOUT_S,
        max_bytes=ANSWER_MAX_BYTES,
    )
    feed = Feed(server, base_url=base)
    listing = feed.listing(name)
    return Intake(found=len(listing.found), missing=listing.missing, documents=feed.notices(listing))
