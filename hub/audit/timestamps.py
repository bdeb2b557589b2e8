"""Time stamps of an outside authority over checkpoints (RFC 3161), checked by `rfc3161-client`.

What is stamped is the signed note that the log published, without the lines of witnesses: the stamp then
proves that the log's signatures existed at that time, also when their algorithm is broken later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from rfc3161_client import TimeStampResponse, VerificationError, VerifierBuilder, decode_timestamp_response

from hub.errors import IntegrityFailure

#: A token with a chain of RSA-4096 certificates takes about 8 KiB.
TIMESTAMP_MAX_BYTES: Final = 64 * 1024

#: PKIStatusInfo of a granted request (RFC 3161 §2.4.2), in DER: what stands before the token in an answer.
_GRANTED: Final = bytes.fromhex("3003020100")


@dataclass(frozen=True, kw_only=True)
class VerifiedTimestamp:
    """What a time stamp says once it verified: when, and whose certificate (RFC 4514 text) says so."""

    at: datetime
    tsa_subject: str


def verify_timestamp(token: bytes, message: bytes, roots: Sequence[x509.Certificate]) -> VerifiedTimestamp:
    """Return when a message existed, as an authority under one of `roots` states.

    `token` is a TimeStampToken in DER, as `openssl ts -verify -token_in` takes it. Its certificates must
    have been valid at the time that it states; whether one was revoked is not asked here. Raises
    IntegrityFailure `timestamp-invalid`.
    """
    response = _decoded(token)
    if not roots:
        raise _invalid("There is no root certificate to check it against.")
    try:
        VerifierBuilder(roots=list(roots)).build().verify_message(response, message)
        signer = _signer(response)
    except (VerificationError, ValueError) as error:
        raise _invalid(f"{_sentence(error)}") from None
    return VerifiedTimestamp(
        at=response.tst_info.gen_time.astimezone(UTC), tsa_subject=signer.subject.rfc4514_string()
    )


def stated_time(token: bytes) -> datetime:
    """Return the time that a token states, without checking it; IntegrityFailure `timestamp-invalid`."""
    return _decoded(token).tst_info.gen_time.astimezone(UTC)


def _decoded(token: bytes) -> TimeStampResponse:
    """Read a token. The library reads answers, so the token is put back into one."""
    if len(token) > TIMESTAMP_MAX_BYTES:
        raise _invalid(f"A time stamp has at most {TIMESTAMP_MAX_BYTES} bytes; this has {len(token)}.")
    body = _GRANTED + token
    length = len(body).to_bytes(4, "big").lstrip(b"\0")
    head = b"\x30" + (length if len(body) < 128 else bytes([0x80 | len(length)]) + length)
    try:
        response = decode_timestamp_response(head + body)
        response.tst_info.gen_time  # noqa: B018 - reads the inner content, which fails late otherwise
        return response
    except ValueError:
        raise _invalid("It is not a TimeStampToken in DER (RFC 3161).") from None


def _signer(response: TimeStampResponse) -> x509.Certificate:
    """Return the certificate that signed, which the library has just matched in the same way."""
    (info,) = response.signed_data.signer_infos
    for der in response.signed_data.certificates:
        certificate = x509.load_der_x509_certificate(der)
        if certificate.issuer == info.issuer and certificate.serial_number == info.serial_number:
            return certificate
    raise VerificationError("its signer's certificate is not in it")


def _sentence(error: Exception) -> str:
    return f"It does not verify: {' '.join(str(error).split())[:200]}."


def _invalid(sentence: str) -> IntegrityFailure:
    return IntegrityFailure("timestamp-invalid", f"The time stamp proves nothing. {sentence}")
