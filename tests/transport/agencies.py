"""Agencies with real keys and certificates, made once for a test session."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from demo.ports import free_ports
from hub.entries import MemberRow, PartnerRow, PartnerStatus
from hub.envelope.suites import Suite
from hub.federation.card import Card, fingerprint, make_card
from keys.authority import Authority, issue_client_leaf, issue_hub_leaf
from keys.file_store import create_store
from keys.keyring import FileKeyring

UNLOCK = b"a secret for tests, of enough bytes"
_ROOM = TemporaryDirectory(prefix="hub-test-")
HOSTS = ("localhost", "127.0.0.1")


@cache
def keyring(agency: str) -> FileKeyring:
    """Return an agency's keyring, made on first use."""
    directory = Path(mkdtemp(dir=_ROOM.name)) / "keys"
    create_store(directory, agency=agency, host_names=HOSTS, unlock=UNLOCK, at=datetime.now(UTC))
    return FileKeyring.open(directory, agency=agency, unlock=UNLOCK)


def card_of(agency: str, *, url: str | None = "https://127.0.0.1:8443") -> Card:
    """Return an agency's card, unsigned."""
    keys = keyring(agency)
    return Card(
        agency=agency,
        name=agency.upper(),
        url=url,
        issued_at=datetime.now(UTC),
        tls_ca_pem=keys.tls_files().authority_pem,
        public=keys.public(),
        suites=(Suite.HYBRID_1, Suite.CLASSIC_1),
        mailbox=True,
        log_keys=tuple(signer.key for signer in keys.log_signers()),
        witness_keys=tuple(signer.key for signer in keys.witness_signers()),
    )


def partner_row(
    agency: str,
    *,
    url: str | None = "https://127.0.0.1:8443",
    status: PartnerStatus = PartnerStatus.ACTIVE,
    via: str | None = None,
) -> PartnerRow:
    """Return the row of a pinned partner."""
    raw = make_card(card_of(agency, url=url), keyring(agency).signing())
    return PartnerRow(
        agency=agency,
        card=raw,
        fingerprint=fingerprint(raw),
        status=status,
        suites=("hybrid-1",),
        url=url,
        via=via,
        pinned_at=datetime.now(UTC),
        pinned_by="local:test",
    )


@dataclass(frozen=True)
class Shown:
    """A leaf with its key in one PEM file, as a caller shows it."""

    path: Path
    der: bytes

    @property
    def thumbprint(self) -> str:
        """Return the SHA-256 of the certificate."""
        return sha256(self.der).hexdigest()


def shown(leaf: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Shown:
    """Write a leaf and its key where `ssl` can read them."""
    path = Path(mkdtemp(dir=_ROOM.name)) / "leaf.pem"
    path.write_bytes(
        leaf.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return Shown(path=path, der=leaf.public_bytes(Encoding.DER))


@cache
def hub_leaf(agency: str, *, under: str | None = None) -> Shown:
    """Return a hub's leaf for an agency, issued by its own authority or `under` another one's."""
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = issue_hub_leaf(
        keyring(under or agency).authority(),
        agency=agency,
        host_names=HOSTS,
        public_key=key.public_key(),
        at=datetime.now(UTC),
    )
    return shown(leaf, key)


@cache
def member_leaf(member: str, *, of: str) -> Shown:
    """Return a client certificate that an agency issued for its member."""
    key = ec.generate_private_key(ec.SECP256R1())
    authority = keyring(of).authority()
    return shown(
        issue_client_leaf(authority, agency=member, public_key=key.public_key(), at=datetime.now(UTC)), key
    )


def odd_leaf(
    authority: Authority, names: list[x509.GeneralName] | None, *, start: datetime, end: datetime
) -> Shown:
    """Return a leaf that the authority's own code would not issue."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = authority.certificate
    issuer_key = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    usages = [x509.oid.ExtendedKeyUsageOID.SERVER_AUTH, x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH]
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "odd")]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_key), critical=False
        )
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    )
    if names is not None:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return shown(builder.sign(authority.key, hashes.SHA256()), key)


def member_row(agency: str, leaf: Shown, *, status: PartnerStatus = PartnerStatus.ACTIVE) -> MemberRow:
    """Return the row of a registered member."""
    return MemberRow(
        agency=agency,
        name=agency.upper(),
        certificate_thumbprint=leaf.thumbprint,
        scopes=(),
        status=status,
        added_at=datetime.now(UTC),
    )


def calling(server: str, leaf: Shown | None) -> ssl.SSLContext:
    """Return a context that calls an agency's hub with a leaf, or with none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(cadata=keyring(server).tls_files().authority_pem)
    if leaf is not None:
        context.load_cert_chain(leaf.path)
    return context


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    return free_ports(1)[0]
