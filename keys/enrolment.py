"""Client certificates for member systems, signed by the agency's own authority."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from hub.errors import Refused
from hub.records.ids import is_agency
from keys.authority import Authority, issue_client_leaf

_RSA_BITS_MIN: Final = 3072


@dataclass(frozen=True, kw_only=True)
class ClientCertificate:
    """What a member's system gets. `key_pem` is there only when the key was made here, and is kept nowhere.

    `thumbprint` is the SHA-256 of the certificate's DER (lowercase hex), by which the member is registered.
    """

    certificate_pem: str
    thumbprint: str
    key_pem: str | None = field(default=None, repr=False)


def issue_client_certificate(
    authority: Authority,
    *,
    member: str,
    at: datetime,
    csr_pem: bytes | None = None,
    revocation_url: str = "",
) -> ClientCertificate:
    """Issue the certificate of a member's system, for the key in its request or for a fresh one.

    Only the key is taken from a request; the names in it are not. Raises Refused `request-invalid`.
    """
    if not is_agency(member):
        raise Refused("request-invalid", "An agency's id looks like kz-mvd: lowercase parts and hyphens.")
    key = None
    public: CertificatePublicKeyTypes
    if csr_pem is None:
        key = ec.generate_private_key(ec.SECP256R1())
        public = key.public_key()
    else:
        public = requested_key(csr_pem)
    leaf = issue_client_leaf(
        authority, agency=member, public_key=public, at=at, revocation_url=revocation_url
    )
    return ClientCertificate(
        certificate_pem=leaf.public_bytes(Encoding.PEM).decode(),
        thumbprint=hashlib.sha256(leaf.public_bytes(Encoding.DER)).hexdigest(),
        key_pem=_plain_pem(key) if key else None,
    )


def requested_key(csr_pem: bytes) -> CertificatePublicKeyTypes:
    """Return the key of a request that proves it; raise Refused `request-invalid` for a weak one."""
    try:
        request = x509.load_pem_x509_csr(csr_pem)
        proven = request.is_signature_valid
        key = request.public_key()
    except Exception:  # noqa: BLE001 (the parser raises what its parts raise)
        raise Refused(
            "request-invalid", "The certificate request cannot be read; expected a PEM file of PKCS#10."
        ) from None
    if not proven:
        raise Refused("request-invalid", "The certificate request is not signed with its own key.")
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, (ec.SECP256R1, ec.SECP384R1)):
        return key
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= _RSA_BITS_MIN:
        return key
    raise Refused(
        "request-invalid",
        f"The key in a request is on P-256 or P-384, or RSA of {_RSA_BITS_MIN} bits or more.",
    )


def _plain_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
