"""CRLs and OCSP answers as they are believed: signed by the authority, about its certificates, and fresh."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from hub.errors import IntegrityFailure

_SKEW: Final = timedelta(minutes=5)
_HASHES: Final = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
_MAY_BE_CRITICAL: Final = frozenset({x509.CRLNumber.oid, x509.AuthorityKeyIdentifier.oid})


@dataclass(frozen=True, kw_only=True)
class RevokedList:
    """A verified CRL. `until` is when it is no longer believed; what it says was revoked stays so."""

    this_update: datetime
    next_update: datetime
    crl: x509.CertificateRevocationList = field(repr=False)

    def revokes(self, serial: int) -> bool:
        """Tell whether it names a certificate, on hold included."""
        entry = self.crl.get_revoked_certificate_by_serial_number(serial)
        return entry is not None and _reason(entry) is not x509.ReasonFlags.remove_from_crl


@dataclass(frozen=True, kw_only=True)
class Said:
    """A verified OCSP answer about one certificate. `good` is False also for one that is not known there."""

    this_update: datetime
    next_update: datetime
    serial: int
    good: bool
    revoked: bool


def read_crl(raw: bytes, authority: x509.Certificate, *, at: datetime) -> RevokedList:
    """Return a CRL that its authority signed and that is in force (RFC 5280 §5, §6.3.3).

    Raises IntegrityFailure `revocation-invalid` for another authority's, an altered, a partial or a stale
    one, or one that does not say when the next comes.
    """
    try:
        crl = (x509.load_pem_x509_crl if raw[:11] == b"-----BEGIN " else x509.load_der_x509_crl)(raw)
        extensions = crl.extensions
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _invalid("It cannot be read as a CRL.") from None
    if crl.issuer != authority.subject or not _may_sign_crls(authority):
        raise _invalid("The CRL is another authority's.")
    if not isinstance(crl.signature_hash_algorithm, _HASHES):
        raise _invalid("The CRL is signed with an algorithm that is too weak.")
    try:
        signed = crl.is_signature_valid(authority.public_key())  # type: ignore[arg-type]
    except (TypeError, UnsupportedAlgorithm):
        signed = False
    if not signed:
        raise _invalid("The CRL is not signed by its authority.")
    if any(one.critical and one.oid not in _MAY_BE_CRITICAL for one in extensions):
        # A delta CRL, or one for a part of the certificates: what it leaves out would look valid.
        raise _invalid("The CRL covers only a part of its authority's certificates.")
    if crl.next_update_utc is None:
        raise _invalid("The CRL does not say when the next one comes.")
    _in_force("CRL", crl.last_update_utc, crl.next_update_utc, at)
    return RevokedList(this_update=crl.last_update_utc, next_update=crl.next_update_utc, crl=crl)


def load_crl(raw: bytes) -> x509.CertificateRevocationList:
    """Return a CRL that was verified before it was stored."""
    return (x509.load_pem_x509_crl if raw[:11] == b"-----BEGIN " else x509.load_der_x509_crl)(raw)


def ocsp_request(leaf_serial: int, authority: x509.Certificate, *, nonce: bytes | None = None) -> bytes:
    """Return a question about one certificate (RFC 6960 §4.1)."""
    name, key = issuer_hashes(authority)
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
        name,
        key,
        leaf_serial,
        hashes.SHA1(),  # noqa: S303 - an identifier that all responders know, not a proof
    )
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)


def issuer_hashes(
    authority: x509.Certificate, algorithm: hashes.HashAlgorithm | None = None
) -> tuple[bytes, bytes]:
    """Return the hashes of an issuer's name and key, as OCSP's CertID carries them (RFC 6960 §4.1.1)."""
    hashed = algorithm or hashes.SHA1()  # noqa: S303 - an identifier that all responders know, not a proof
    name = hashes.Hash(hashed)
    name.update(authority.subject.public_bytes())
    # The builder hashes the name of who issued the certificate it is given, so only its key is taken.
    built = ocsp.OCSPRequestBuilder().add_certificate(authority, authority, hashed).build()
    return name.finalize(), built.issuer_key_hash


def read_ocsp(
    raw: bytes, *, serial: int, authority: x509.Certificate, at: datetime, nonce: bytes | None = None
) -> Said:
    """Return what an authority, or a responder that it delegated, says of one certificate (RFC 6960 §4.2).

    A responder may leave the nonce out, as those do that prepare their answers; another one than was sent is
    refused. Raises IntegrityFailure `revocation-invalid` for another certificate's answer, one of another
    responder, an altered or a stale one.
    """
    try:
        answer = ocsp.load_der_ocsp_response(raw)
        if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise _invalid(f"The responder answered {answer.response_status.name.lower()}.")
        name, key = issuer_hashes(authority, answer.hash_algorithm)
        about = (answer.serial_number, answer.issuer_name_hash, answer.issuer_key_hash)
        this, following = answer.this_update_utc, answer.next_update_utc
        status, extensions = answer.certificate_status, answer.extensions
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _invalid("It cannot be read as an OCSP answer about one certificate.") from None
    if about != (serial, name, key):
        raise _invalid("The OCSP answer is about another certificate.")
    signer = _responder(answer, authority, at)
    if not isinstance(answer.signature_hash_algorithm, _HASHES) or not _verifies(answer, signer):
        raise _invalid("The OCSP answer is not signed by its authority or by a responder of it.")
    try:
        echoed = extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    except x509.ExtensionNotFound:
        echoed = None
    if echoed is not None and nonce is not None and echoed != nonce:
        raise _invalid("The OCSP answer was made for another question.")
    following = following or this  # newer information is available at any time: it is fresh for no longer
    _in_force("OCSP answer", this, following + _SKEW, at)
    return Said(
        this_update=this,
        next_update=following,
        serial=serial,
        good=status is ocsp.OCSPCertStatus.GOOD,
        revoked=status is ocsp.OCSPCertStatus.REVOKED,
    )


def _responder(answer: ocsp.OCSPResponse, authority: x509.Certificate, at: datetime) -> x509.Certificate:
    """Return who signed: the authority itself, or a certificate of it that is for signing OCSP answers."""
    if answer.responder_name == authority.subject:
        return authority
    if answer.responder_key_hash == issuer_hashes(authority)[1]:
        return authority
    for candidate in answer.certificates:
        named = answer.responder_name == candidate.subject
        if (named or answer.responder_key_hash == issuer_hashes(candidate)[1]) and _delegated(
            candidate, authority, at
        ):
            return candidate
    raise _invalid("The OCSP answer comes from a responder that the authority has not delegated.")


def _delegated(candidate: x509.Certificate, authority: x509.Certificate, at: datetime) -> bool:
    try:
        candidate.verify_directly_issued_by(authority)
        usage = candidate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    if not isinstance(candidate.signature_hash_algorithm, _HASHES):
        return False
    in_force = candidate.not_valid_before_utc <= at <= candidate.not_valid_after_utc
    return in_force and ExtendedKeyUsageOID.OCSP_SIGNING in usage


def _verifies(answer: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    key, algorithm = signer.public_key(), answer.signature_hash_algorithm
    assert algorithm is not None
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(answer.signature, answer.tbs_response_bytes, ec.ECDSA(algorithm))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(answer.signature, answer.tbs_response_bytes, padding.PKCS1v15(), algorithm)
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _may_sign_crls(authority: x509.Certificate) -> bool:
    try:
        return authority.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign
    except x509.ExtensionNotFound:
        return True


def _reason(entry: x509.RevokedCertificate) -> x509.ReasonFlags | None:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        return None


def _in_force(what: str, first: datetime, last: datetime, at: datetime) -> None:
    if at < first - _SKEW:
        raise _invalid(f"The {what} is dated in the future; compare the clocks.")
    if at > last:
        raise _invalid(f"The {what} was to be replaced by {last:%Y-%m-%d %H:%M} UTC; it is stale.")


def _invalid(sentence: str) -> IntegrityFailure:
    return IntegrityFailure("revocation-invalid", sentence)
