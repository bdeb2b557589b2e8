"""A foreign certificate authority, as a government runs one for several agencies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.transport.agencies import Shown, shown

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
BOTH = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)


def named(common: str, organization: str = "Ministry") -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(not ca, False, False, False, False, ca, ca, False, False)


@dataclass
class Issuer:
    """An authority with its key, which issues whatever a test asks for."""

    certificate: x509.Certificate
    key: Key
    above: list[x509.Certificate] = field(default_factory=list)

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def issue(
        self,
        names: Sequence[x509.GeneralName] | None,
        *,
        key: Key | None = None,
        subject: x509.Name | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        usages: Sequence[x509.ObjectIdentifier] | None = BOTH,
        ca: bool = False,
        path_length: int | None = None,
        algorithm: hashes.HashAlgorithm | None = None,
        serial: int | None = None,
    ) -> tuple[x509.Certificate, Key]:
        own = key or ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        issuer_key = self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject or named("leaf"))
            .issuer_name(self.certificate.subject)
            .public_key(own.public_key())
            .serial_number(serial or x509.random_serial_number())
            .not_valid_before(start or now - timedelta(minutes=5))
            .not_valid_after(end or now + timedelta(days=90))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=path_length), critical=True)
            .add_extension(usage(ca=ca), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_key), critical=False
            )
        )
        if usages is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage(list(usages)), critical=False)
        if names is not None:
            builder = builder.add_extension(x509.SubjectAlternativeName(list(names)), critical=False)
        return builder.sign(self.key, algorithm or hashes.SHA256()), own

    def shown(self, names: Sequence[x509.GeneralName] | None, **told: object) -> Shown:
        """Return a leaf as a caller shows it."""
        leaf, key = self.issue(names, **told)  # type: ignore[arg-type]
        return shown(leaf, key)  # type: ignore[arg-type]

    def below(self, common: str, *, path_length: int | None = 0) -> Issuer:
        """Return an authority that this one issued."""
        certificate, key = self.issue(
            None, subject=named(common), usages=None, ca=True, path_length=path_length
        )
        return Issuer(certificate, key, [self.certificate, *self.above])


def root(common: str = "Foreign Root", key: Key | None = None, organization: str = "Ministry") -> Issuer:
    """Return a self-signed authority."""
    own = key or ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    name = named(common, organization)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage(ca=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
        .sign(own, hashes.SHA256())
    )
    return Issuer(certificate, own)


@cache
def ministry() -> Issuer:
    """Return the issuing authority of a ministry, below its root."""
    return root().below("Foreign Issuing CA")
