"""Keys and certificates as partners without a hub bring their own: an authority each, and its leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hub.errors import Refused

_DAYS: Final = timedelta(days=2)
_RSA_BITS: Final = 3072
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True, kw_only=True)
class Paper:
    """A certificate, its key, and the authority that issued it; its own where it is one."""

    certificate: x509.Certificate
    key: Key = field(repr=False)
    authority: x509.Certificate

    @property
    def certificates_pem(self) -> bytes:
        """Return the certificate and what issued it, in PEM."""
        chain = dict.fromkeys((self.certificate, self.authority))
        return b"".join(one.public_bytes(Encoding.PEM) for one in chain)

    @property
    def key_pem(self) -> bytes:
        """Return the key in PEM, in clear."""
        return as_pem(self.key)


def as_pem(key: Key | ed25519.Ed25519PrivateKey) -> bytes:
    """Return a key in PEM, in clear."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def for_mail(agency: str) -> Paper:
    """Return what an agency signs and opens S/MIME with: self-signed, and pinned by the other side."""
    return _issue(agency, None, names=(), agrees=True)


def for_as4(agency: str) -> Paper:
    """Return what an agency signs and opens AS4 messages with, which take RSA: self-signed, and pinned."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS)
    return _issue(agency, None, names=(), key=key, enciphers=True)


def for_tls(name: str) -> Paper:
    """Return a leaf for TLS, issued by an authority made for it alone."""
    return _issue(name, _issue(f"{name} root", None, names=(), is_authority=True), names=(name,))


def _issue(
    name: str,
    issuer: Paper | None,
    *,
    names: Sequence[str],
    key: Key | None = None,
    agrees: bool = False,
    enciphers: bool = False,
    is_authority: bool = False,
) -> Paper:
    key, now = key or ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    above = issuer.certificate.subject if issuer else subject
    signing = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(above)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + _DAYS)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(_usage(agrees=agrees, enciphers=enciphers, is_authority=is_authority), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False
        )
    )
    if names:
        both = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
        builder = builder.add_extension(both, critical=False).add_extension(
            x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), critical=False
        )
    made = builder.sign(signing, hashes.SHA256())
    return Paper(certificate=made, key=key, authority=issuer.certificate if issuer else made)


def _usage(*, agrees: bool, enciphers: bool, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=False,
        key_encipherment=enciphers,
        data_encipherment=False,
        key_agreement=agrees,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )


@dataclass(frozen=True, kw_only=True)
class Drawer:
    """What one end's seal and carrier are handed, from memory (`adapters.contract.Materials`)."""

    us: str
    them: str
    state: Path
    keys: Mapping[str, PrivateKeyTypes] = field(repr=False)
    chains: Mapping[str, Sequence[x509.Certificate]]

    def private_key(self, name: str) -> PrivateKeyTypes:
        """Return a key of this end."""
        if name not in self.keys:
            raise Refused("adapter-invalid", f"No key is held under the name {name}.")
        return self.keys[name]

    def certificates(self, name: str) -> Sequence[x509.Certificate]:
        """Return certificates of this end, or that it pinned."""
        if name not in self.chains:
            raise Refused("adapter-invalid", f"No certificates are held under the name {name}.")
        return self.chains[name]

    def secret(self, name: str) -> bytes:
        """Refuse: no end of the demo has a password."""
        raise Refused("adapter-invalid", f"Nothing secret is held under the name {name}.")

    def folder(self) -> Path:
        """Return a folder of its own for state that must last."""
        self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self.state
