"""Members: a certificate is written and registered together, or neither."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.cli.walk import hub, json_of, refused
from tests.enrolling import allow_alone


def add(out: Path, *words: str, scope: str = "collect:*") -> dict[str, object]:
    return json_of(hub("member", "add", "kz-mvd", "--scope", scope, "--out", str(out), *words, "--json"))


def members() -> list[str]:
    return [one["agency"] for one in json_of(hub("member", "list", "--json"))["members"]]


@pytest.fixture
def homes(homes: Path) -> Path:
    """Homes whose console may admit members alone, as these tests do."""
    allow_alone(homes / "kz-knb")
    return homes


@pytest.fixture
def csr(tmp_path: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    path = tmp_path / "kz-mvd.csr"
    path.write_bytes(request.public_bytes(serialization.Encoding.PEM))
    return path


def test_bundle_is_private_and_its_certificate_is_the_one_registered(homes: Path, tmp_path: Path) -> None:
    out = tmp_path / "kz-mvd"
    document = add(out)
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    assert {p.name for p in out.iterdir()} == {"certificate.pem", "key.pem", "authority.pem"}
    assert {stat.S_IMODE(p.stat().st_mode) for p in out.iterdir()} == {0o600}
    leaf = x509.load_pem_x509_certificate((out / "certificate.pem").read_bytes())
    der = leaf.public_bytes(serialization.Encoding.DER)
    assert hashlib.sha256(der).hexdigest() == document["certificate_thumbprint"]
    key = serialization.load_pem_private_key((out / "key.pem").read_bytes(), None)
    assert key.public_key() == leaf.public_key()
    leaf.verify_directly_issued_by(x509.load_pem_x509_certificate((out / "authority.pem").read_bytes()))


def test_member_with_a_request_keeps_its_key_to_itself(homes: Path, tmp_path: Path, csr: Path) -> None:
    out = tmp_path / "kz-mvd"
    add(out, "--csr", str(csr))
    assert {p.name for p in out.iterdir()} == {"certificate.pem", "authority.pem"}
    request = x509.load_pem_x509_csr(csr.read_bytes())
    leaf = x509.load_pem_x509_certificate((out / "certificate.pem").read_bytes())
    assert leaf.public_key() == request.public_key()


def test_folder_that_is_there_is_left_alone_and_nobody_is_added(homes: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("x")
    result = hub("member", "add", "kz-mvd", "--scope", "collect:*", "--out", str(tmp_path))
    refused(result, "file-exists")
    assert (tmp_path / "kept").read_text() == "x"
    assert members() == []


@pytest.mark.parametrize(
    ("agency", "scope"),
    [("kz-mvd", "collect:nonsense"), ("Not An Agency", "collect:*"), ("kz-knb", "collect:*")],
)
def test_refused_member_leaves_no_key_behind(homes: Path, tmp_path: Path, agency: str, scope: str) -> None:
    out = tmp_path / "out"
    result = hub("member", "add", agency, "--scope", scope, "--out", str(out))
    assert result.exit_code == 65
    assert not out.exists()
    assert members() == []


def test_renewed_certificate_replaces_the_one_before(homes: Path, tmp_path: Path) -> None:
    before = add(tmp_path / "one")["certificate_thumbprint"]
    document = json_of(hub("member", "renew", "kz-mvd", "--out", str(tmp_path / "two"), "--json"))
    assert document["certificate_thumbprint"] != before
    listed = json_of(hub("member", "list", "--json"))["members"][0]
    assert listed["certificate_thumbprint"] == document["certificate_thumbprint"]


def test_scopes_are_set_as_asked(homes: Path, tmp_path: Path) -> None:
    add(tmp_path / "one")
    words = ("--scope", "submit:border-hit", "--scope", "collect:travel-ban")
    document = json_of(hub("member", "scopes", "kz-mvd", *words, "--json"))
    assert document["scopes"] == ["collect:travel-ban", "submit:border-hit"]


def test_suspended_member_is_shown_so_until_it_is_resumed(homes: Path, tmp_path: Path) -> None:
    add(tmp_path / "one")
    assert hub("member", "suspend", "kz-mvd").exit_code == 0
    assert "suspended" in hub("member", "list").stdout
    assert hub("member", "resume", "kz-mvd").exit_code == 0
    assert "suspended" not in hub("member", "list").stdout


def test_key_made_here_comes_with_the_advice_to_delete_it(homes: Path, tmp_path: Path, csr: Path) -> None:
    words = ("member", "add", "kz-mvd", "--scope", "collect:*")
    assert "delete it here" in hub(*words, "--out", str(tmp_path / "one")).stdout
    second = ("member", "renew", "kz-mvd", "--csr", str(csr), "--out", str(tmp_path / "two"))
    assert "delete it here" not in hub(*second).stdout


def test_unknown_member_is_told(homes: Path) -> None:
    refused(hub("member", "suspend", "kz-mvd"), "not-found")


def test_the_console_alone_admits_nobody_unless_it_is_told_that_it_may(homes: Path, tmp_path: Path) -> None:
    told = homes / "kz-knb" / "hub.toml"
    told.write_text(told.read_text().replace("unsafe_member_enrolment_alone = true\n", ""))
    out = tmp_path / "kz-mvd"
    result = hub("member", "add", "kz-mvd", "--scope", "collect:*", "--out", str(out))
    refused(result, "four-eyes")
    assert "hub ca request" in result.stderr
    assert members() == []
    assert not out.exists()
