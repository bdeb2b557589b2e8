"""What our authority says of its certificates, as openssl reads it."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from hub.entries import CertificateRow
from hub.errors import IntegrityFailure, Refused
from hub.federation.answers import issuer_hashes, ocsp_request, read_crl, read_ocsp
from keys.authority import Authority, issue_client_leaf, issue_hub_leaf, make_authority
from keys.revoking import answer_ocsp, make_crl
from tests.servers.openssl import openssl

NOW = datetime.now(UTC)
LIFE = timedelta(days=2)
AUTHORITY = make_authority("kz-knb", at=NOW - timedelta(hours=1))


def leaf(agency: str = "kz-mvd") -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    return issue_client_leaf(
        AUTHORITY,
        agency=agency,
        public_key=key.public_key(),
        at=NOW,
        revocation_url="http://hub.knb.example",
    )


def row(certificate: x509.Certificate, *, revoked: bool, reason: str = "keyCompromise") -> CertificateRow:
    return CertificateRow(
        thumbprint="",
        authority="A",
        serial=f"{certificate.serial_number:x}",
        agency="kz-mvd",
        use="member",
        not_before=NOW,
        not_after=NOW + LIFE,
        raw=b"",
        issued_at=NOW,
        issued_by="",
        revoked_at=NOW if revoked else None,
        reason=reason if revoked else None,
    )


def answer(request: bytes, *rows: CertificateRow, authority: Authority = AUTHORITY) -> bytes:
    def named(name: bytes, key: bytes, algorithm: hashes.HashAlgorithm) -> tuple[str, Authority] | None:
        same = issuer_hashes(authority.certificate, algorithm) == (name, key)
        return ("A", authority) if same else None

    by_serial = {one.serial: one for one in rows}
    return answer_ocsp(named, request, lambda _, serial: by_serial.get(serial), at=NOW, life=LIFE)


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([openssl(), *map(str, command)], capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "ca.pem").write_bytes(AUTHORITY.certificate.public_bytes(Encoding.PEM))
    return tmp_path


def test_openssl_verifies_our_list_and_finds_who_is_on_it(folder: Path) -> None:
    good, bad = leaf(), leaf()
    raw = make_crl(AUTHORITY, [row(bad, revoked=True)], at=NOW, life=LIFE)
    (folder / "list.crl").write_bytes(raw)
    read = run(
        "crl",
        "-inform",
        "DER",
        "-in",
        folder / "list.crl",
        "-CAfile",
        folder / "ca.pem",
        "-out",
        folder / "list.pem",
    )
    assert "verify OK" in read.stderr
    for certificate, expected in ((good, 0), (bad, 2)):
        (folder / "leaf.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        checked = run(
            "verify", "-x509_strict", "-crl_check", "-CRLfile", folder / "list.pem",
            "-CAfile", folder / "ca.pem", folder / "leaf.pem",
        )  # fmt: skip
        assert checked.returncode == expected, checked.stderr
    crl = read_crl(raw, AUTHORITY.certificate, at=NOW)
    assert (crl.revokes(bad.serial_number), crl.revokes(good.serial_number)) == (True, False)


@pytest.mark.parametrize("revoked", [False, True])
def test_openssl_verifies_our_answer_to_its_own_question(folder: Path, revoked: bool) -> None:
    certificate = leaf()
    (folder / "leaf.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    asked = run(
        "ocsp", "-issuer", folder / "ca.pem", "-cert", folder / "leaf.pem",
        "-reqout", folder / "question.der", "-no_nonce",
    )  # fmt: skip
    assert asked.returncode == 0, asked.stderr
    said = answer((folder / "question.der").read_bytes(), row(certificate, revoked=revoked))
    (folder / "answer.der").write_bytes(said)
    checked = run(
        "ocsp", "-issuer", folder / "ca.pem", "-cert", folder / "leaf.pem",
        "-respin", folder / "answer.der", "-CAfile", folder / "ca.pem",
    )  # fmt: skip
    assert "Response verify OK" in checked.stderr
    assert ("revoked" if revoked else "good") in checked.stdout


def test_openssl_holds_our_authority_to_its_constraints(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    stranger = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "cis-atc")]))
        .issuer_name(AUTHORITY.certificate.subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW)
        .not_valid_after(NOW + LIFE)
        .sign(AUTHORITY.key, hashes.SHA256())
    )
    (folder / "leaf.pem").write_bytes(stranger.public_bytes(Encoding.PEM))
    assert (
        "permitted subtree violation"
        in run("verify", "-CAfile", folder / "ca.pem", folder / "leaf.pem").stderr
    )
    hub = issue_hub_leaf(
        AUTHORITY, agency="kz-knb", host_names=["a.example"], public_key=key.public_key(), at=NOW
    )
    (folder / "leaf.pem").write_bytes(hub.public_bytes(Encoding.PEM))
    for purpose in ("sslserver", "sslclient"):
        fine = run(
            "verify", "-x509_strict", "-purpose", purpose, "-CAfile", folder / "ca.pem", folder / "leaf.pem"
        )
        assert fine.returncode == 0, fine.stderr
    refused = run("verify", "-purpose", "codesign", "-CAfile", folder / "ca.pem", folder / "leaf.pem")
    assert refused.returncode != 0


def test_a_leaf_says_where_its_revocation_is_told() -> None:
    points = leaf().extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    assert "http://hub.knb.example/ca/crl/" in points[0].full_name[0].value  # type: ignore[index]
    access = leaf().extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    assert access[0].access_location.value == "http://hub.knb.example/ca/ocsp"


def test_our_answer_repeats_the_nonce_and_another_one_is_refused() -> None:
    certificate = leaf()
    nonce = b"n" * 16
    request = ocsp_request(certificate.serial_number, AUTHORITY.certificate, nonce=nonce)
    said = answer(request, row(certificate, revoked=False))
    read = read_ocsp(
        said, serial=certificate.serial_number, authority=AUTHORITY.certificate, at=NOW, nonce=nonce
    )
    assert (read.good, read.revoked) == (True, False)
    with pytest.raises(IntegrityFailure) as raised:
        read_ocsp(
            said, serial=certificate.serial_number, authority=AUTHORITY.certificate, at=NOW, nonce=b"o" * 16
        )
    assert raised.value.code == "revocation-invalid"


def test_a_certificate_that_we_never_issued_is_not_good() -> None:
    request = ocsp_request(1234, AUTHORITY.certificate)
    read = read_ocsp(answer(request), serial=1234, authority=AUTHORITY.certificate, at=NOW)
    assert (read.good, read.revoked) == (False, False)


def test_a_question_about_another_authority_is_not_answered() -> None:
    other = make_authority("cis-atc", at=NOW)
    said = answer(ocsp_request(1, other.certificate))
    assert ocsp.load_der_ocsp_response(said).response_status is ocsp.OCSPResponseStatus.UNAUTHORIZED


def test_what_is_no_question_is_refused() -> None:
    with pytest.raises(Refused) as raised:
        answer(b"noise")
    assert raised.value.code == "request-invalid"
