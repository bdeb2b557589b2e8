"""Two sides with keys and certificates, as `openssl cms` takes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from adapters.seals.smime import SmimeSeal
from adapters.seals.smime.pins import Pins

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
NOW = datetime(2026, 6, 1, tzinfo=UTC)
_FROM, _UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2126, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Party:
    """A certificate and its key."""

    name: str
    key: Key = field(repr=False)
    certificate: x509.Certificate

    def write(self, folder: Path) -> None:
        """Write both as PEM."""
        (folder / f"{self.name}.crt").write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        (folder / f"{self.name}.key").write_bytes(key_pem(self.key))

    def to(
        self, *others: Party, pins: Pins | None = None, bound: bool = True, at: datetime = NOW
    ) -> SmimeSeal:
        """Return the seal between us and a partner; all of its certificates may sign."""
        return SmimeSeal(
            key=self.key,
            certificate=self.certificate,
            recipients=[other.certificate for other in others],
            pins=pins or Pins(ends=[other.certificate for other in others]),
            max_bytes=1 << 20,
            recipient_bound=bound,
            now=lambda: at,
        )


def key_pem(key: Key) -> bytes:
    """Return a key as PEM, in clear."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def ec_key() -> Key:
    """Make a P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


def rsa_key(bits: int = 2048) -> Key:
    """Make an RSA key."""
    return rsa.generate_private_key(65537, bits)


def party(
    name: str,
    key: Key,
    *,
    issuer: Party | None = None,
    authority: bool = False,
    since: datetime = _FROM,
    until: datetime = _UNTIL,
) -> Party:
    """Make a certificate: self-signed, or issued."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuing = key if issuer is None else issuer.key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_usage(key, authority), critical=True)
    )
    return Party(name=name, key=key, certificate=builder.sign(issuing, hashes.SHA256()))


def _usage(key: Key, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=not authority and isinstance(key, rsa.RSAPrivateKey),
        data_encipherment=False,
        key_agreement=not authority and isinstance(key, ec.EllipticCurvePrivateKey),
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )
