"""Who is at the other end: one certificate maps to exactly one agency, or to none."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Final, Literal
from urllib.parse import unquote

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509 import verification

from hub.entries import PartnerStatus
from hub.errors import PeerFault, Refused
from hub.federation.authorities import authority_id, key_pin, load_authority
from hub.federation.names import AGENCY_URI, agency_in, agency_uri
from hub.federation.revocation import RevocationPolicy, Verdict
from hub.federation.trust import Pinned, Trust
from hub.transport.sockets import ProxiedSocket

_REMEMBERED: Final = 4096
#: Where a proxy's header stands in a WSGI environ.
PROXY_CERTIFICATE: Final = "HTTP_X_CLIENT_CERT"
PROXY_ADDRESS: Final = "HTTP_X_CLIENT_ADDRESS"


@dataclass(frozen=True, kw_only=True)
class Peer:
    """An identified caller; a collector is a partner without a hub.

    `thumbprint` is the SHA-256 of the certificate's DER in lowercase hex.
    """

    agency: str
    role: Literal["partner", "member", "collector"]
    thumbprint: str


@dataclass(frozen=True, kw_only=True)
class Issued:
    """A partner's leaf that chains to its authority: what its revocation is asked by."""

    agency: str
    authority: str
    serial: int


@dataclass(frozen=True, kw_only=True)
class _Leaf:
    agency: str | None
    names: frozenset[str]
    pin: str
    serial: int
    thumbprint: str
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, kw_only=True)
class _Issuer:
    authority: str
    not_after: datetime


#: Told of a partner's genuine leaf that nothing is known of yet, so that somebody asks.
Wanted = Callable[[Issued], None]


def _nobody_asks(_leaf: Issued) -> None:
    """Leave it: nobody is there to ask."""


def identify(
    certificate_der: bytes | None, trust: Trust, at: datetime, *, wanted: Wanted = _nobody_asks
) -> Peer:
    """Return whose certificate it is.

    A partner's leaf is one that its pinned authority issued: for that very agency, or with the key and the
    name that are pinned under a foreign authority. A member's is registered by its thumbprint, and so is that
    of a partner without a hub. Raises
    PeerFault `certificate-missing`, `certificate-unknown`, `certificate-expired`, `certificate-revoked`,
    `revocation-unknown`, or Refused `partner-suspended`.
    """
    if certificate_der is None:
        raise PeerFault("certificate-missing", "A client certificate is needed here, and none was shown.")
    leaf = _read(certificate_der)
    if leaf is None:
        raise PeerFault("certificate-unknown", "The client certificate cannot be read.")
    member = trust.members.get(leaf.thumbprint)
    if member is not None:
        _refuse_unless_in_force(member.agency, leaf, leaf.not_after, at)
        if leaf.thumbprint in trust.withdrawn:
            raise _revoked(member.agency)
        peer = Peer(agency=member.agency, role="member", thumbprint=leaf.thumbprint)
        status = member.status
    elif (collector := trust.collectors.get(leaf.thumbprint)) is not None:
        _refuse_unless_in_force(collector.agency, leaf, leaf.not_after, at)
        peer = Peer(agency=collector.agency, role="collector", thumbprint=leaf.thumbprint)
        status = collector.status
    else:
        pinned = _partner(certificate_der, leaf, trust, at, wanted)
        peer = Peer(agency=pinned.agency, role="partner", thumbprint=leaf.thumbprint)
        status = pinned.status
    if status is not PartnerStatus.ACTIVE:
        raise Refused("partner-suspended", f"{peer.agency} is suspended here.")
    return peer


def recognise(
    certificate_der: bytes | None, agency: str, trust: Trust, at: datetime, *, wanted: Wanted = _nobody_asks
) -> None:
    """Check that a certificate with which a partner answers is that very partner's, as `identify` does.

    Whether traffic with it is suspended is asked elsewhere.
    """
    leaf = None if certificate_der is None else _read(certificate_der)
    if leaf is None or certificate_der is None:
        raise PeerFault("certificate-unknown", "The server's certificate cannot be read.")
    if _partner(certificate_der, leaf, trust, at, wanted).agency != agency:
        raise PeerFault("certificate-unknown", f"The certificate is not that of {agency}.")


def _partner(der: bytes, leaf: _Leaf, trust: Trust, at: datetime, wanted: Wanted) -> Pinned:
    """Return the one partner whose leaf it is, once nothing speaks against it."""
    pinned = _named(leaf, trust)
    issuer = None if pinned is None else _issuer(der, pinned.authorities)
    if pinned is None or issuer is None:
        raise PeerFault(
            "certificate-unknown", "The client certificate is neither a pinned partner's nor a member's."
        )
    _refuse_unless_in_force(pinned.agency, leaf, min(leaf.not_after, issuer.not_after), at)
    verdict = pinned.revocation.of(issuer.authority, leaf.serial, at)
    if verdict is Verdict.REVOKED:
        raise _revoked(pinned.agency)
    if verdict is not Verdict.GOOD and pinned.revocation.policy is not RevocationPolicy.NONE_PUBLISHED:
        wanted(Issued(agency=pinned.agency, authority=issuer.authority, serial=leaf.serial))
    if verdict is Verdict.UNKNOWN:
        raise PeerFault(
            "revocation-unknown",
            f"Whether the certificate of {pinned.agency} was revoked is not known here now; a fresh answer "
            "of its authority is needed.",
            reason="revocation-unknown",
        )
    return pinned


def _named(leaf: _Leaf, trust: Trust) -> Pinned | None:
    """Return whom a leaf speaks for: by its pinned key and name, or by the agency in it, never by half.

    The agency in it is asked first: what other partners pin on their cards must not shut it out.
    """
    named = trust.partners.get(leaf.agency) if leaf.agency else None
    if named is not None and not named.foreign:
        return named
    pinned = trust.by_pin.get(leaf.pin)
    if pinned is not None:
        fits = leaf.names & set(pinned.tls.names) and leaf.agency in {None, pinned.agency}
        claims = {name for name in leaf.names if name.startswith(f"uri:{AGENCY_URI}")}
        return pinned if fits and claims <= {f"uri:{agency_uri(pinned.agency)}"} else None
    return None


def _refuse_unless_in_force(agency: str, leaf: _Leaf, until: datetime, at: datetime) -> None:
    if not leaf.not_before <= at <= until:
        raise PeerFault(
            "certificate-expired",
            f"The certificate of {agency} is valid from {leaf.not_before:%Y-%m-%d %H:%M} "
            f"to {until:%Y-%m-%d %H:%M} UTC, and it is {at:%Y-%m-%d %H:%M}.",
        )


def _revoked(agency: str) -> PeerFault:
    return PeerFault("certificate-revoked", f"The certificate of {agency} was revoked by who issued it.")


def agency_of(certificate_der: bytes) -> str:
    """Return the agency that a leaf names, for a log: nothing is proven by it."""
    leaf = _read(certificate_der)
    return (leaf.agency if leaf else None) or "unknown"


def peer_certificate(environ: Mapping[str, object]) -> bytes | None:
    """Return the DER of the certificate that the TLS connection of a WSGI request was made with.

    Only on the socket of the configured proxy is a header believed: what it took in the handshake, PEM in
    percent encoding (nginx's `$ssl_client_escaped_cert`). What cannot be read is as good as unknown.
    """
    sock = environ.get("gunicorn.socket")
    if isinstance(sock, ssl.SSLSocket):
        return sock.getpeercert(True)
    if isinstance(sock, ProxiedSocket):
        return _handed_over(str(environ.get(PROXY_CERTIFICATE, "")))
    return None


@lru_cache(maxsize=_REMEMBERED)
def _handed_over(escaped: str) -> bytes | None:
    if not escaped:
        return None
    try:
        return ssl.PEM_cert_to_DER_cert(unquote(escaped, errors="strict").strip())
    except ValueError:
        return b""


# These memos are of pure functions, keyed by everything that decides: a change of trust changes the key.
@lru_cache(maxsize=_REMEMBERED)
def _read(der: bytes) -> _Leaf | None:
    """Return what a leaf says of itself; None when it is no certificate, or its key is of no known sort."""
    try:
        leaf = x509.load_der_x509_certificate(der)
        pin = key_pin(leaf.public_key())
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        uris = names.get_values_for_type(x509.UniformResourceIdentifier)
        hosts = names.get_values_for_type(x509.DNSName)
    except x509.ExtensionNotFound:
        uris, hosts = [], []
    except (ValueError, UnsupportedAlgorithm):
        return None
    return _Leaf(
        agency=agency_in(uris),
        names=frozenset([*(f"uri:{uri}" for uri in uris), *(f"dns:{host.lower()}" for host in hosts)]),
        pin=pin,
        serial=leaf.serial_number,
        thumbprint=sha256(der).hexdigest(),
        not_before=leaf.not_valid_before_utc,
        not_after=leaf.not_valid_after_utc,
    )


@lru_cache(maxsize=_REMEMBERED)
def _issuer(der: bytes, authorities: tuple[str, ...]) -> _Issuer | None:
    """Return which authority issued a leaf to call with, with no other in between; None if none did.

    Both must have been valid at one time; whether they are now is asked at each request.
    """
    leaf = x509.load_der_x509_certificate(der)
    return next((found for pem in authorities if (found := _issued_by(leaf, pem))), None)


def _issued_by(leaf: x509.Certificate, pem: str) -> _Issuer | None:
    authority = load_authority(pem)
    policy = (
        verification.PolicyBuilder()
        .store(verification.Store([authority]))
        .time(max(leaf.not_valid_before_utc, authority.not_valid_before_utc))
        .max_chain_depth(0)
    )
    try:
        # A hub calls and answers with one leaf; that it may answer too is checked in the handshake.
        policy.build_client_verifier().verify(leaf, [])
    except (verification.VerificationError, ValueError, UnsupportedAlgorithm):
        return None
    return _Issuer(authority=authority_id(pem), not_after=authority.not_valid_after_utc)
