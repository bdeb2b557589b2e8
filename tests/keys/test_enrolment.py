"""Certificates for members' systems: the names are ours to give, the key may be theirs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509 import verification
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import Refused
from hub.records.ids import is_agency
from keys.authority import AUTHORITY_LIFE, LEAF_LIFE, issue_hub_leaf, make_authority
from keys.enrolment import issue_client_certificate

NOW = datetime.now(UTC)
AUTHORITY = make_authority("kz-knb", at=NOW)


def request_for(key: CertificateIssuerPrivateKeyTypes, name: str = "anything") -> bytes:
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, name)]))
        .add_extension(
            x509.SubjectAlternativeName([x509.UniformResourceIdentifier("urn:hub:agency:kz-knb")]),
            critical=False,
        )
        .sign(key, algorithm)
        .public_bytes(Encoding.PEM)
    )


def uris(certificate_pem: str) -> list[str]:
    leaf = x509.load_pem_x509_certificate(certificate_pem.encode())
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return names.get_values_for_type(x509.UniformResourceIdentifier)


def verifier(at: datetime = NOW) -> verification.PolicyBuilder:
    return verification.PolicyBuilder().store(verification.Store([AUTHORITY.certificate])).time(at)


def test_a_fresh_key_comes_with_its_certificate() -> None:
    issued = issue_client_certificate(AUTHORITY, member="kz-mvd", at=NOW)
    leaf = x509.load_pem_x509_certificate(issued.certificate_pem.encode())
    assert issued.key_pem is not None
    key = load_pem_private_key(issued.key_pem.encode(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.public_key() == leaf.public_key()
    assert issued.thumbprint == hashlib.sha256(leaf.public_bytes(Encoding.DER)).hexdigest()
    assert issued.key_pem not in repr(issued)


def test_a_member_calls_and_never_answers() -> None:
    issued = issue_client_certificate(AUTHORITY, member="kz-mvd", at=NOW)
    leaf = x509.load_pem_x509_certificate(issued.certificate_pem.encode())
    verifier().build_client_verifier().verify(leaf, [])
    with pytest.raises(verification.VerificationError):
        verifier().build_server_verifier(x509.DNSName("kz-mvd")).verify(leaf, [])


@pytest.mark.parametrize(
    "make",
    [
        lambda: ec.generate_private_key(ec.SECP256R1()),
        lambda: ec.generate_private_key(ec.SECP384R1()),
        pytest.param(lambda: rsa.generate_private_key(65537, 3072), marks=pytest.mark.slow),
    ],
)
def test_a_requests_key_is_taken_and_its_names_are_not(
    make: Callable[[], CertificateIssuerPrivateKeyTypes],
) -> None:
    key = make()
    issued = issue_client_certificate(AUTHORITY, member="kz-mvd", at=NOW, csr_pem=request_for(key, "cis-atc"))
    leaf = x509.load_pem_x509_certificate(issued.certificate_pem.encode())
    assert leaf.public_key() == key.public_key()
    assert issued.key_pem is None
    assert uris(issued.certificate_pem) == ["urn:hub:agency:kz-mvd"]
    assert leaf.subject.rfc4514_string() == "CN=kz-mvd,O=kz-knb"
    verifier().build_client_verifier().verify(leaf, [])


@pytest.mark.parametrize(
    "make", [lambda: rsa.generate_private_key(65537, 2048), ed25519.Ed25519PrivateKey.generate]
)
def test_a_weak_or_strange_key_is_refused(make: Callable[[], CertificateIssuerPrivateKeyTypes]) -> None:
    key = make()
    with pytest.raises(Refused, match="request-invalid"):
        issue_client_certificate(AUTHORITY, member="kz-mvd", at=NOW, csr_pem=request_for(key))


def test_a_request_signed_by_another_key_is_refused() -> None:
    der = x509.load_pem_x509_csr(request_for(ec.generate_private_key(ec.SECP256R1()))).public_bytes(
        Encoding.DER
    )
    altered = x509.load_der_x509_csr(der[:-1] + bytes([der[-1] ^ 1])).public_bytes(Encoding.PEM)
    with pytest.raises(Refused, match="its own key"):
        issue_client_certificate(AUTHORITY, member="kz-mvd", at=NOW, csr_pem=altered)


@given(noise=st.binary(max_size=100))
def test_noise_is_no_request(noise: bytes) -> None:
    with pytest.raises(Refused, match="request-invalid"):
        issue_client_certificate(AUTHORITY, member="kz-mvd", at=NOW, csr_pem=noise)


def test_an_impossible_member_is_refused() -> None:
    with pytest.raises(Refused, match="request-invalid"):
        issue_client_certificate(AUTHORITY, member="KZ MVD", at=NOW)


def test_the_authority_lives_ten_years_and_a_leaf_one() -> None:
    authority = AUTHORITY.certificate
    assert authority.not_valid_after_utc - authority.not_valid_before_utc == AUTHORITY_LIFE
    leaf = x509.load_pem_x509_certificate(
        issue_client_certificate(AUTHORITY, member="kz-mvd", at=NOW).certificate_pem.encode()
    )
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc == LEAF_LIFE


def test_a_leaf_never_outlives_its_authority() -> None:
    late = NOW + AUTHORITY_LIFE - timedelta(days=30)
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    leaf = issue_hub_leaf(AUTHORITY, agency="kz-knb", host_names=["x"], public_key=key, at=late)
    assert leaf.not_valid_after_utc == AUTHORITY.certificate.not_valid_after_utc


def test_nothing_can_stand_between_the_authority_and_a_leaf() -> None:
    constraints = AUTHORITY.certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraints.critical, constraints.value.ca, constraints.value.path_length) == (True, True, 0)


def test_the_longest_agency_has_an_authority_too() -> None:
    longest = "a" * 16 + ("-" + "b" * 15) * 3
    assert is_agency(longest)
    issued = issue_client_certificate(make_authority(longest, at=NOW), member=longest, at=NOW)
    assert uris(issued.certificate_pem) == [f"urn:hub:agency:{longest}"]
