"""Certificates that custodians pinned: which of them is meant, and whether it holds at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from asn1crypto import cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from hub.errors import IntegrityFailure, PeerFault

_CURVES: Final = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
_RSA_MIN_BITS: Final = 2048


@dataclass(frozen=True, kw_only=True)
class Pins:
    """End certificates that may sign, and authorities whose certificates for `subject` may sign.

    An authority alone is never enough: what it issues for others than `subject` does not sign here.
    """

    ends: Sequence[x509.Certificate]
    authorities: Sequence[x509.Certificate] = ()
    subject: str | None = None

    def signer(self, identifier: object, carried: Iterable[x509.Certificate]) -> x509.Certificate:
        """Return the certificate that an identifier means, pinned or issued by what is pinned."""
        for certificate in self.ends:
            if means(identifier, certificate):
                return certificate
        for certificate in carried:
            if means(identifier, certificate) and self._issued(certificate):
                return certificate
        raise IntegrityFailure(
            "signature-invalid", "Expected a signature with a pinned certificate; it names another."
        )

    def _issued(self, certificate: x509.Certificate) -> bool:
        if self.subject is None or certificate.subject.rfc4514_string() != self.subject:
            return False
        return any(_issues(authority, certificate) for authority in self.authorities)

    def check(self, certificate: x509.Certificate, at: datetime) -> None:
        """Refuse a signer's certificate that is not fit to sign at a time, or whose authority is not."""
        fit(certificate, at, use="digital_signature")
        if certificate not in self.ends:
            for authority in self.authorities:
                if _issues(authority, certificate):
                    fit(authority, at, use="key_cert_sign")


def fit(certificate: x509.Certificate, at: datetime, *, use: str) -> None:
    """Raise PeerFault unless a certificate is valid at a time, made for a use, and strong enough."""
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        raise PeerFault(
            "certificate-expired",
            "Expected a certificate that is valid now; it is from "
            f"{certificate.not_valid_before_utc:%Y-%m-%d} to {certificate.not_valid_after_utc:%Y-%m-%d}.",
        )
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        usage = None
    if usage is not None and not getattr(usage, use):
        raise PeerFault("certificate-unfit", f"Expected a certificate for {use}; it is made for other uses.")
    key = certificate.public_key()
    if not (
        (isinstance(key, rsa.RSAPublicKey) and key.key_size >= _RSA_MIN_BITS)
        or (isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, _CURVES))
    ):
        raise PeerFault(
            "certificate-weak", f"Expected RSA of {_RSA_MIN_BITS} bits or a NIST curve; it has another key."
        )


def means(identifier: object, certificate: x509.Certificate) -> bool:
    """Tell whether an identifier of a signer or recipient (RFC 5652 §5.3, §6.2) means a certificate."""
    if isinstance(identifier, cms.IssuerAndSerialNumber):
        return bool(
            identifier["serial_number"].native == certificate.serial_number
            and identifier["issuer"].dump() == certificate.issuer.public_bytes()
        )
    if isinstance(identifier, cms.RecipientKeyIdentifier):
        identifier = identifier["subject_key_identifier"]
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return False
    return bool(getattr(identifier, "native", None) == found)


def identifier_of(certificate: x509.Certificate) -> cms.IssuerAndSerialNumber:
    """Return how CMS names a certificate: by its issuer and serial number."""
    return cms.IssuerAndSerialNumber(
        {
            "issuer": asn1_x509.Name.load(certificate.issuer.public_bytes()),
            "serial_number": certificate.serial_number,
        }
    )


def fingerprint(certificate: x509.Certificate) -> bytes:
    """Return the SHA-256 of a certificate."""
    return certificate.fingerprint(hashes.SHA256())


def is_end(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate is none of an authority."""
    try:
        return not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return True


def _issues(authority: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        if is_end(authority):
            return False
        certificate.verify_directly_issued_by(authority)
    except (x509.ExtensionNotFound, ValueError, TypeError, InvalidSignature):
        return False
    return True
