"""Who is at the other end: one certificate maps to exactly one agency, or to none."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Final, Literal

from cryptography import x509
from cryptography.x509 import verification

from hub.entries import PartnerStatus
from hub.errors import PeerFault, Refused
from hub.federation.names import agency_in
from hub.federation.trust import Trust

_REMEMBERED: Final = 4096


@dataclass(frozen=True, kw_only=True)
class Peer:
    """An identified caller. `thumbprint` is the SHA-256 of the certificate's DER in lowercase hex."""

    agency: str
    role: Literal["partner", "member"]
    thumbprint: str


@dataclass(frozen=True, kw_only=True)
class _Leaf:
    agency: str | None
    thumbprint: str
    not_before: datetime
    not_after: datetime


def identify(certificate_der: bytes | None, trust: Trust, at: datetime) -> Peer:
    """Return whose certificate it is.

    A partner's leaf names one agency and chains to the authority that is pinned for that very agency; a
    member's is registered by its thumbprint. Raises PeerFault `certificate-missing`, `certificate-unknown`,
    `certificate-expired`, or Refused `partner-suspended`.
    """
    if certificate_der is None:
        raise PeerFault("certificate-missing", "A client certificate is needed here, and none was shown.")
    leaf = _read(certificate_der)
    if leaf is None:
        raise PeerFault("certificate-unknown", "The client certificate cannot be read.")
    member = trust.members.get(leaf.thumbprint)
    if member is not None:
        peer = Peer(agency=member.agency, role="member", thumbprint=leaf.thumbprint)
        status = member.status
    else:
        pinned = trust.partners.get(leaf.agency) if leaf.agency else None
        if pinned is None or not _issued_by(certificate_der, pinned.authority_pem):
            raise PeerFault(
                "certificate-unknown", "The client certificate is neither a pinned partner's nor a member's."
            )
        peer = Peer(agency=pinned.agency, role="partner", thumbprint=leaf.thumbprint)
        status = pinned.status
    if not leaf.not_before <= at <= leaf.not_after:
        raise PeerFault(
            "certificate-expired",
            f"The certificate of {peer.agency} is valid from {leaf.not_before:%Y-%m-%d %H:%M} "
            f"to {leaf.not_after:%Y-%m-%d %H:%M} UTC, and it is {at:%Y-%m-%d %H:%M}.",
        )
    if status is not PartnerStatus.ACTIVE:
        raise Refused("partner-suspended", f"{peer.agency} is suspended here.")
    return peer


def peer_certificate(environ: Mapping[str, object]) -> bytes | None:
    """Return the DER of the certificate that the TLS connection of a WSGI request was made with."""
    sock = environ.get("gunicorn.socket")
    return sock.getpeercert(True) if isinstance(sock, ssl.SSLSocket) else None


# Both memos are of pure functions, keyed by everything that decides: a change of trust changes the key.
@lru_cache(maxsize=_REMEMBERED)
def _read(der: bytes) -> _Leaf | None:
    """Return what a leaf says of itself; None when it is not a certificate."""
    try:
        leaf = x509.load_der_x509_certificate(der)
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        agency = agency_in(names.get_values_for_type(x509.UniformResourceIdentifier))
    except x509.ExtensionNotFound:
        agency = None
    except ValueError:
        return None
    return _Leaf(
        agency=agency,
        thumbprint=sha256(der).hexdigest(),
        not_before=leaf.not_valid_before_utc,
        not_after=leaf.not_valid_after_utc,
    )


@lru_cache(maxsize=_REMEMBERED)
def _issued_by(der: bytes, authority_pem: str) -> bool:
    """Tell whether an authority issued a leaf for client authentication, with no other in between.

    Both must have been valid at one time; whether the leaf is valid now is asked at each request.
    """
    leaf = x509.load_der_x509_certificate(der)
    authority = x509.load_pem_x509_certificate(authority_pem.encode())
    verifier = (
        verification.PolicyBuilder()
        .store(verification.Store([authority]))
        .time(max(leaf.not_valid_before_utc, authority.not_valid_before_utc))
        .max_chain_depth(0)
        .build_client_verifier()
    )
    try:
        verifier.verify(leaf, [])
    except (verification.VerificationError, ValueError):
        return False
    return True
