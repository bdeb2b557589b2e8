"""How an agency is named inside certificates: the one mapping between an agency and a TLS identity."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from hub.records.ids import is_agency

AGENCY_URI: Final = "urn:hub:agency:"
#: The common name of every authority that a hub makes for its agency.
AUTHORITY_COMMON_NAME: Final = "Hub CA"


def agency_uri(agency: str) -> str:
    """Return the URI that a leaf's subject alternative names carry."""
    return AGENCY_URI + agency


def authority_name(agency: str) -> x509.Name:
    """Return the subject of an agency's certificate authority.

    It holds the agency, so that no two pinned authorities share a subject: OpenSSL looks an issuer up by
    its name, and a look-alike among the pins could make another partner's handshakes fail.
    """
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, agency),
            x509.NameAttribute(NameOID.COMMON_NAME, AUTHORITY_COMMON_NAME),
        ]
    )


def agency_in(uris: Iterable[str]) -> str | None:
    """Return the agency named by a leaf's URIs; None unless exactly one names a well-formed one."""
    named = [uri.removeprefix(AGENCY_URI) for uri in uris if uri.startswith(AGENCY_URI)]
    return named[0] if len(named) == 1 and is_agency(named[0]) else None
