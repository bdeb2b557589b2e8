"""CRLs and OCSP answers that are not to be believed, each with its reason."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import IntegrityFailure
from hub.federation.answers import ocsp_request, read_crl, read_ocsp
from hub.transport.revocation import HttpRevocationClient
from tests.servers.openssl import openssl, responder
from tests.transport.foreign import Issuer, named, root

NOW = datetime.now(UTC)
CA = root("Answering CA")
OTHER = root("Answering CA")  # the same name, another key


def crl(
    *serials: int,
    issuer: Issuer = CA,
    start: datetime = NOW - timedelta(minutes=10),
    end: datetime = NOW + timedelta(days=1),
    algorithm: hashes.HashAlgorithm | None = None,
    extension: x509.ExtensionType | None = None,
) -> bytes:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(start)
        .next_update(end)
    )
    for serial in serials:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(NOW)
        builder = builder.add_revoked_certificate(entry.build())
    if extension is not None:
        builder = builder.add_extension(extension, critical=True)
    return builder.sign(issuer.key, algorithm or hashes.SHA256()).public_bytes(Encoding.DER)


def refused(raw: bytes, authority: Issuer = CA, at: datetime = NOW) -> str:
    with pytest.raises(IntegrityFailure) as raised:
        read_crl(raw, authority.certificate, at=at)
    assert raised.value.code == "revocation-invalid"
    return raised.value.sentence


def test_a_list_of_the_authority_says_who_is_revoked() -> None:
    read = read_crl(crl(5, 7), CA.certificate, at=NOW)
    assert [read.revokes(serial) for serial in (5, 6, 7)] == [True, False, True]


def test_a_list_signed_by_another_with_the_same_name_is_refused() -> None:
    assert "not signed" in refused(crl(5, issuer=OTHER))


def test_a_list_of_another_authority_is_refused() -> None:
    assert "another authority" in refused(crl(5, issuer=root("Elsewhere")))


def test_a_stale_list_is_refused() -> None:
    assert "stale" in refused(crl(5), at=NOW + timedelta(days=1, seconds=1))


def test_a_list_of_the_future_is_refused_and_clocks_may_differ_a_little() -> None:
    raw = crl(5, start=NOW)
    assert read_crl(raw, CA.certificate, at=NOW - timedelta(minutes=4)).revokes(5)
    assert "future" in refused(raw, at=NOW - timedelta(minutes=6))


def signed_with_sha1(folder: Path) -> bytes:
    """Return a list that openssl signs with SHA-1, which cryptography would not."""
    (folder / "ca.pem").write_bytes(CA.certificate.public_bytes(Encoding.PEM))
    secret = CA.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "ca.key").write_bytes(secret)
    (folder / "index.txt").write_text("")
    (folder / "ca.cnf").write_text(
        "[ca]\ndefault_ca = one\n[one]\ndatabase = index.txt\ncertificate = ca.pem\nprivate_key = ca.key\n"
        "default_crl_days = 1\ndefault_md = sha1\n"
    )
    command = [openssl(), "ca", "-gencrl", "-config", "ca.cnf", "-out", "list.pem"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return (folder / "list.pem").read_bytes()


def test_a_list_signed_with_sha1_is_refused(tmp_path: Path) -> None:
    assert "too weak" in refused(signed_with_sha1(tmp_path))


def test_a_list_of_changes_alone_is_refused() -> None:
    assert "part" in refused(crl(5, extension=x509.DeltaCRLIndicator(1)))


def test_a_list_of_some_certificates_alone_is_refused() -> None:
    point = x509.IssuingDistributionPoint(
        full_name=None,
        relative_name=None,
        only_contains_user_certs=False,
        only_contains_ca_certs=True,
        only_some_reasons=None,
        indirect_crl=False,
        only_contains_attribute_certs=False,
    )
    assert "part" in refused(crl(5, extension=point))


@given(raw=st.binary(max_size=200))
def test_noise_is_no_answer(raw: bytes) -> None:
    assert "read" in refused(raw)
    with pytest.raises(IntegrityFailure):
        read_ocsp(raw, serial=1, authority=CA.certificate, at=NOW)


@pytest.mark.parametrize("place", range(20, 200, 9))
def test_no_byte_of_a_list_can_be_altered(place: int) -> None:
    raw = bytearray(crl(5, 7))
    raw[place % len(raw)] ^= 1
    refused(bytes(raw))


# OCSP, by a real responder.


def ask(url: str, serial: int, *, authority: Issuer = CA) -> bytes:
    client = HttpRevocationClient(timeout_s=10)
    return client.ask(url, ocsp_request(serial, authority.certificate), authorities=(), max_bytes=65536)


def said(raw: bytes, serial: int, at: datetime = NOW) -> tuple[bool, bool]:
    read = read_ocsp(raw, serial=serial, authority=CA.certificate, at=at)
    return read.good, read.revoked


def denied(raw: bytes, serial: int, at: datetime | None = None) -> str:
    with pytest.raises(IntegrityFailure) as raised:
        read_ocsp(raw, serial=serial, authority=CA.certificate, at=at or datetime.now(UTC))
    assert raised.value.code == "revocation-invalid"
    return raised.value.sentence


@pytest.mark.slow
def test_a_real_responder_is_understood() -> None:
    with responder(CA, {0xA5: False, 0xA6: True}) as there:
        at = datetime.now(UTC)
        assert said(ask(there.url, 0xA5), 0xA5, at) == (True, False)
        assert said(ask(there.url, 0xA6), 0xA6, at) == (False, True)
        assert said(ask(there.url, 0xA7), 0xA7, at) == (False, False)


@pytest.mark.slow
def test_a_responder_of_an_authority_below_another_is_understood() -> None:
    below = CA.below("Issuing")
    with responder(below, {0xA5: False}) as there:
        read = read_ocsp(
            ask(there.url, 0xA5, authority=below),
            serial=0xA5,
            authority=below.certificate,
            at=datetime.now(UTC),
        )
    assert read.good


@pytest.mark.slow
def test_an_answer_about_another_certificate_is_refused() -> None:
    with responder(CA, {0xA5: False}) as there:
        assert "another certificate" in denied(ask(there.url, 0xA5), 0xA6)


@pytest.mark.slow
def test_an_old_answer_that_is_replayed_is_refused() -> None:
    with responder(CA, {0xA5: False}, minutes=1) as there:
        raw = ask(there.url, 0xA5)
    assert said(raw, 0xA5, datetime.now(UTC)) == (True, False)
    assert "stale" in denied(raw, 0xA5, datetime.now(UTC) + timedelta(minutes=10))


@pytest.mark.slow
def test_a_delegated_responder_is_believed_and_no_other() -> None:
    delegated, key = CA.issue(None, subject=named("OCSP"), usages=[ExtendedKeyUsageOID.OCSP_SIGNING])
    with responder(CA, {0xA5: False}, signer=Issuer(delegated, key)) as there:
        assert said(ask(there.url, 0xA5), 0xA5, datetime.now(UTC)) == (True, False)
    leaf, key = CA.issue(None, subject=named("OCSP"))
    with responder(CA, {0xA5: False}, signer=Issuer(leaf, key)) as there:
        assert "not delegated" in denied(ask(there.url, 0xA5), 0xA5)
    with responder(CA, {0xA5: False}, signer=root("Stranger")) as there:
        assert "not delegated" in denied(ask(there.url, 0xA5), 0xA5)
