"""The agency's own certificate authority: P-256, one level, for its hub and its member systems alone.

It is constrained by what TLS libraries really enforce: path length 0, the extended key usages it may hand
down, and a permitted directory name (every leaf's subject begins with the agency). URIs cannot be
constrained: a constraint on them is one on host names, which `urn:hub:agency:` has none of (RFC 5280
§4.2.1.10); that a leaf speaks for its own agency alone is checked by whoever pins the authority.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from hub.errors import Refused
from hub.federation.authorities import key_pin
from hub.federation.names import agency_uri, authority_name

AUTHORITY_LIFE: Final = timedelta(days=3652)
LEAF_LIFE: Final = timedelta(days=365)
_DNS_NAME: Final = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*")
_HANDED_DOWN: Final = (
    ExtendedKeyUsageOID.SERVER_AUTH,
    ExtendedKeyUsageOID.CLIENT_AUTH,
    ExtendedKeyUsageOID.OCSP_SIGNING,
)
#: Certificates start a little earlier, for partners whose clock is behind.
_BACKDATED: Final = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class Authority:
    """An agency's certificate authority with its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)


def make_authority(agency: str, *, at: datetime, key: ec.EllipticCurvePrivateKey | None = None) -> Authority:
    """Make an agency's certificate authority with a key, or a fresh one; no other can stand below it."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = authority_name(agency)
    start = at.replace(microsecond=0) - _BACKDATED
    below = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, agency)])
    # Not critical, although RFC 5280 §4.2.1.10 wants it so: OpenSSL enforces it either way, and what cannot
    # read a constraint on directory names (cryptography's verifier) would refuse every leaf below.
    constraints = x509.NameConstraints(permitted_subtrees=[x509.DirectoryName(below)], excluded_subtrees=None)
    certificate = (
        _builder(name, name, key.public_key(), start, start + AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage(list(_HANDED_DOWN)), critical=False)
        .add_extension(constraints, critical=False)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate=certificate, key=key)


def issue_hub_leaf(
    authority: Authority,
    *,
    agency: str,
    host_names: Sequence[str],
    public_key: ec.EllipticCurvePublicKey,
    at: datetime,
    revocation_url: str = "",
) -> x509.Certificate:
    """Issue the hub's leaf, with which it both answers and calls.

    `revocation_url` is under which address our CRL and OCSP answers are, if they are anywhere.
    """
    names = [general_name(host) for host in host_names]
    purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    return _issue(authority, agency, public_key, names, purposes, at, revocation_url)


def issue_client_leaf(
    authority: Authority,
    *,
    agency: str,
    public_key: CertificatePublicKeyTypes,
    at: datetime,
    revocation_url: str = "",
) -> x509.Certificate:
    """Issue a leaf with which a member's system may call and never answer."""
    purposes = [ExtendedKeyUsageOID.CLIENT_AUTH]
    return _issue(authority, agency, public_key, [], purposes, at, revocation_url)


def crl_url(revocation_url: str, authority: x509.Certificate) -> str:
    """Return where an authority's CRL is; each has its own, so that two can be in force side by side."""
    return f"{revocation_url.rstrip('/')}/ca/crl/{key_pin(authority.public_key())[:16]}"


def ocsp_url(revocation_url: str) -> str:
    """Return where OCSP requests are answered."""
    return f"{revocation_url.rstrip('/')}/ca/ocsp"


def _issue(
    authority: Authority,
    agency: str,
    public_key: CertificatePublicKeyTypes,
    names: Sequence[x509.GeneralName],
    purposes: Sequence[x509.ObjectIdentifier],
    at: datetime,
    revocation_url: str,
) -> x509.Certificate:
    issuer = authority.certificate
    start = max(at.replace(microsecond=0) - _BACKDATED, issuer.not_valid_before_utc)
    end = min(start + LEAF_LIFE, issuer.not_valid_after_utc)
    subject = x509.Name(
        [
            *issuer.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME),
            x509.NameAttribute(NameOID.COMMON_NAME, agency),
        ]
    )
    alternatives = [*names, x509.UniformResourceIdentifier(agency_uri(agency))]
    issuer_key = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = (
        _builder(subject, issuer.subject, public_key, start, end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(list(purposes)), critical=False)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_key), critical=False
        )
    )
    if revocation_url:
        builder = _tell_revocation(builder, crl_url(revocation_url, issuer), ocsp_url(revocation_url))
    return builder.sign(authority.key, hashes.SHA256())


def _tell_revocation(builder: x509.CertificateBuilder, crl: str, ocsp: str) -> x509.CertificateBuilder:
    """Say in a leaf where its revocation would be told (RFC 5280 §4.2.1.13, §4.2.2.1)."""
    point = x509.DistributionPoint(
        full_name=[x509.UniformResourceIdentifier(crl)], relative_name=None, reasons=None, crl_issuer=None
    )
    responder = x509.AccessDescription(
        AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(ocsp)
    )
    return builder.add_extension(x509.CRLDistributionPoints([point]), critical=False).add_extension(
        x509.AuthorityInformationAccess([responder]), critical=False
    )


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: CertificatePublicKeyTypes,
    start: datetime,
    end: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def general_name(host: str) -> x509.GeneralName:
    """Return a host name or an IP address as certificates hold it; raise Refused `request-invalid`."""
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        if not _DNS_NAME.fullmatch(host):
            raise Refused("request-invalid", "A host name is an IP address or a DNS name in ASCII.") from None
        return x509.DNSName(host)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
