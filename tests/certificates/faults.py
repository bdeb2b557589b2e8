"""Every fault that a certificate can have, with its codes when it calls and when it answers."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from hub.federation.names import agency_uri
from keys.authority import make_authority
from tests.servers.openssl import openssl
from tests.transport.agencies import Shown, shown
from tests.transport.foreign import Issuer, named

PEER = "cis-atc"
DAY = timedelta(days=1)


def names(*agencies: str) -> list[x509.GeneralName]:
    host = x509.DNSName("localhost")
    return [host, *(x509.UniformResourceIdentifier(agency_uri(agency)) for agency in agencies)]


@dataclass(frozen=True)
class Fault:
    """What is wrong, how it is made, and what becomes of it. `calls` and `answers` are codes."""

    name: str
    make: Callable[[Issuer], Shown]
    calls: frozenset[str]
    answers: frozenset[str]


def of(name: str, make: Callable[[Issuer], Shown], *codes: str, answers: str | None = None) -> Fault:
    both = frozenset(codes)
    return Fault(name, make, both, both if answers is None else frozenset({answers}))


def now() -> datetime:
    return datetime.now(UTC)


def self_signed(_: Issuer) -> Shown:
    key = ec.generate_private_key(ec.SECP256R1())
    own = Issuer(make_authority(PEER, at=now(), key=key).certificate, key)
    return own.shown(names(PEER), key=key, subject=own.certificate.subject)


def another_chain(_: Issuer) -> Shown:
    key = ec.generate_private_key(ec.SECP256R1())
    return Issuer(make_authority("sco-rats", at=now(), key=key).certificate, key).shown(names(PEER))


def same_subject(_: Issuer) -> Shown:
    key = ec.generate_private_key(ec.SECP256R1())
    return Issuer(make_authority(PEER, at=now(), key=key).certificate, key).shown(names(PEER))


def weak_rsa(issuer: Issuer) -> Shown:
    return issuer.shown(names(PEER), key=rsa.generate_private_key(public_exponent=65537, key_size=1024))


def weak_curve(issuer: Issuer) -> Shown:
    return issuer.shown(names(PEER), key=ec.generate_private_key(ec.SECP192R1()))


def authority_as_leaf(issuer: Issuer) -> Shown:
    return shown(issuer.certificate, issuer.key)  # type: ignore[arg-type]


def leaf_that_may_issue(issuer: Issuer) -> Shown:
    return issuer.shown(names(PEER), ca=True, path_length=0)


def below_its_path_length(issuer: Issuer) -> Shown:
    below = issuer.below("Below")
    leaf, key = below.issue(names(PEER), subject=named("leaf", PEER))
    made = shown(leaf, key)  # type: ignore[arg-type]
    with made.path.open("ab") as chain:
        chain.write(below.certificate.public_bytes(Encoding.PEM))
    return made


def signed_with_sha1(issuer: Issuer) -> Shown:
    """Return a leaf that openssl signs with SHA-1; cryptography would not."""
    folder = Path(mkdtemp(prefix="hub-sha1-"))
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(named("leaf", PEER))
    (folder / "leaf.csr").write_bytes(request.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    (folder / "ca.pem").write_bytes(issuer.certificate.public_bytes(Encoding.PEM))
    (folder / "ca.key").write_bytes(
        issuer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    (folder / "more").write_text(
        "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
        "extendedKeyUsage=clientAuth,serverAuth\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
        f"subjectAltName=DNS:localhost,URI:{agency_uri(PEER)}\n"
    )
    command = [openssl(), "x509", "-req", "-sha1", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key"]
    command += ["-CAcreateserial", "-days", "30", "-extfile", "more", "-out", "leaf.pem"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    leaf = x509.load_pem_x509_certificate((folder / "leaf.pem").read_bytes())
    return shown(leaf, key)


def plain(**told: object) -> Callable[[Issuer], Shown]:
    """Return what issues a leaf in the partner's name that differs in one thing."""

    def make(issuer: Issuer) -> Shown:
        return issuer.shown(names(PEER), subject=named("leaf", PEER), **told)

    return make


def with_names(*agencies: str) -> Callable[[Issuer], Shown]:
    return lambda issuer: issuer.shown(names(*agencies), subject=named("leaf", PEER))


EKU = ExtendedKeyUsageOID
#: TLS 1.3 has no signature for such a curve, so that nothing is shown at all.
MISSING = "certificate-missing"
UNKNOWN, UNFIT, WEAK, EXPIRED = (
    "certificate-unknown",
    "certificate-unfit",
    "certificate-weak",
    "certificate-expired",
)

FAULTS = [
    of(
        "expired",
        lambda i: plain(start=now() - timedelta(minutes=4), end=now() - timedelta(minutes=1))(i),
        EXPIRED,
    ),
    of("not yet valid", lambda i: plain(start=now() + DAY, end=now() + 9 * DAY)(i), EXPIRED),
    of("for signing code", plain(usages=[EKU.CODE_SIGNING]), UNFIT),
    of("for signing OCSP", plain(usages=[EKU.OCSP_SIGNING]), UNFIT),
    Fault("for answering alone", plain(usages=[EKU.SERVER_AUTH]), frozenset({UNFIT}), frozenset({UNKNOWN})),
    of("for calling alone", plain(usages=[EKU.CLIENT_AUTH]), answers=UNFIT),
    of("another agency's name", with_names("sco-rats"), UNKNOWN),
    of("no name", lambda i: i.shown(None, subject=named("leaf", PEER)), UNKNOWN),
    of("two agencies' names", with_names(PEER, "sco-rats"), UNKNOWN),
    of(
        "a name outside the constraints",
        lambda i: i.shown(names(PEER), subject=named("leaf", "other")),
        UNFIT,
    ),
    of("self-signed", self_signed, UNKNOWN),
    of("of another authority", another_chain, UNKNOWN),
    of("of an authority with the same name", same_subject, UNKNOWN),
    of("RSA of 1024 bits", weak_rsa, WEAK),
    of("a curve of 192 bits", weak_curve, MISSING, answers="partner-unreachable"),
    of("signed with SHA-1", signed_with_sha1, WEAK),
    of("the authority itself", authority_as_leaf, UNFIT, UNKNOWN),
    of("a leaf that may issue", leaf_that_may_issue, UNFIT, UNKNOWN),
    of("below an authority that may have none below", below_its_path_length, UNFIT),
]
