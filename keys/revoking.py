"""What our authority says of its certificates: CRLs and OCSP answers, signed with its own key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from hub.entries import CertificateRow
from hub.errors import Refused
from keys.authority import Authority

#: For clocks of partners that are behind.
_BACKDATED: Final = timedelta(minutes=5)
_REASONS: Final = {flag.value: flag for flag in x509.ReasonFlags}


def make_crl(
    authority: Authority, revoked: Sequence[CertificateRow], *, at: datetime, life: timedelta
) -> bytes:
    """Return a CRL in DER (RFC 5280 §5).

    Its number is the time in milliseconds, so that later ones have higher numbers.
    """
    at = at.replace(microsecond=0)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(at - _BACKDATED)
        .next_update(at + life)
        .add_extension(_key_identifier(authority), critical=False)
        .add_extension(x509.CRLNumber(int(at.timestamp() * 1000)), critical=False)
    )
    for row in revoked:
        assert row.revoked_at is not None
        entry = (
            x509.RevokedCertificateBuilder()
            .serial_number(int(row.serial, 16))
            .revocation_date(row.revoked_at.replace(microsecond=0))
        )
        reason = _REASONS.get(row.reason or "")
        if reason is not None and reason is not x509.ReasonFlags.unspecified:
            entry = entry.add_extension(x509.CRLReason(reason), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(authority.key, hashes.SHA256()).public_bytes(Encoding.DER)


#: Finds a certificate by the authority's id and its serial number in hex.
Lookup = Callable[[str, str], CertificateRow | None]


def answer_ocsp(
    authorities: Callable[[bytes, bytes, hashes.HashAlgorithm], tuple[str, Authority] | None],
    request_der: bytes,
    lookup: Lookup,
    *,
    at: datetime,
    life: timedelta,
) -> bytes:
    """Return the answer to an OCSP request about one certificate (RFC 6960 §4.2), signed by its authority.

    One that we never issued is `revoked` for no good reason known to us: it is answered `unknown`. A request
    about another authority is answered `unauthorized`. Raises Refused `request-invalid`.
    """
    try:
        request = ocsp.load_der_ocsp_request(request_der)
        asked = (request.issuer_name_hash, request.issuer_key_hash, request.hash_algorithm)
        serial, extensions = request.serial_number, request.extensions
    except Exception:  # noqa: BLE001 (the parser raises what its parts raise)
        raise Refused(
            "request-invalid", "This is no OCSP request about one certificate; expected DER."
        ) from None
    found = authorities(*asked)
    if found is None:
        unauthorized = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.UNAUTHORIZED)
        return unauthorized.public_bytes(Encoding.DER)
    authority_id, authority = found
    row = lookup(authority_id, f"{serial:x}")
    at = at.replace(microsecond=0)
    status, revoked_at, reason = ocsp.OCSPCertStatus.UNKNOWN, None, None
    if row is not None:
        status = ocsp.OCSPCertStatus.GOOD
        if row.revoked_at is not None:
            status, revoked_at = ocsp.OCSPCertStatus.REVOKED, row.revoked_at.replace(microsecond=0)
            reason = _REASONS.get(row.reason or "")
            reason = None if reason is x509.ReasonFlags.unspecified else reason
    builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
        issuer_name_hash=asked[0],
        issuer_key_hash=asked[1],
        serial_number=serial,
        algorithm=asked[2],
        cert_status=status,
        this_update=at - _BACKDATED,
        next_update=at + life,
        revocation_time=revoked_at,
        revocation_reason=reason,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, authority.certificate)
    try:
        nonce = extensions.get_extension_for_class(x509.OCSPNonce)
        builder = builder.add_extension(nonce.value, critical=False)
    except x509.ExtensionNotFound:
        pass
    return builder.sign(authority.key, hashes.SHA256()).public_bytes(Encoding.DER)


def _key_identifier(authority: Authority) -> x509.AuthorityKeyIdentifier:
    subject = authority.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(subject)
