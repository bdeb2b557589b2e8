"""`hub ca`: an authority as its custodians use it, and as openssl sees what it writes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from tests.cli.conftest import Officers
from tests.cli.walk import hub, json_of, refused
from tests.transport.foreign import Issuer, ministry

pytestmark = pytest.mark.slow


def done(*words: str) -> dict[str, Any]:
    return json_of(hub(*words, "--json"))


def openssl(*words: str) -> str:
    told = subprocess.run(["openssl", *words], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    return told.stdout + told.stderr


def a_request(folder: Path) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    made = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    path = folder / "member.csr"
    path.write_bytes(made.public_bytes(Encoding.PEM))
    return str(path)


class _Asked:
    """Stands for a key of which only the public half is known."""

    def __init__(self, request: x509.CertificateSigningRequest) -> None:
        self._request = request

    def public_key(self) -> object:
        return self._request.public_key()


def enrol_and_revoke(officers: Officers, folder: Path) -> dict[str, Any]:
    """Ask, issue by another, turn down, revoke; return what was revoked."""
    officers.add("askar", "custodian")
    officers.add("dinara", "custodian")
    csr = a_request(folder)

    def act(name: str, *words: str) -> dict[str, Any]:
        return json_of(officers.act(name, *words, "--json"))

    def asked(member: str) -> str:
        return str(act("askar", "ca", "request", member, "--csr", csr, "--scope", "collect:*")["request"])

    wanted = asked("kz-nbk")
    assert [one["request"] for one in done("ca", "requests")["requests"]] == [wanted]
    refused(officers.act("askar", "ca", "issue", wanted, "--out", str(folder / "own")), "four-eyes")
    assert not (folder / "own").exists()
    act("dinara", "ca", "issue", wanted, "--out", str(folder / "nbk"))
    act("dinara", "ca", "reject", asked("kz-border"))
    leaf = x509.load_pem_x509_certificate((folder / "nbk" / "certificate.pem").read_bytes())
    return done("ca", "revoke", f"{leaf.serial_number:x}", "--reason", "keyCompromise")


def succeed(folder: Path, *members: str) -> None:
    """Make the next authority, let it issue, these members' certificates too, and retire the one before."""
    early = hub("ca", "switch")
    assert (early.exit_code, "`hub ca init` makes one" in early.stderr) == (66, True)
    following = done("ca", "init")["id"]
    handed = folder / f"{following[:8]}.pem"
    done("ca", "show", "--out", str(handed))
    assert done("ca", "switch")["id"] == following
    present, next_one = x509.load_pem_x509_certificates(handed.read_bytes())
    leaf = x509.load_pem_x509_certificate((Path(os.environ["TEST_HOME"]) / "keys" / "tls.pem").read_bytes())
    leaf.verify_directly_issued_by(next_one)
    assert present != next_one
    for member in members:
        done("member", "renew", member, "--out", str(folder / f"{member}-renewed"))
    assert len(done("ca", "retire", "--yes")["retired"]) == 1
    done("ca", "proxy", "--out", str(folder / "nginx-tls"), "--host-name", "hub.knb.example")
    assert (folder / "nginx-tls" / "key.pem").stat().st_mode & 0o077 == 0


def go_abroad(folder: Path) -> Issuer:
    """Let the hub have its certificate from a ministry."""
    issuer = ministry()
    done("ca", "foreign-request", "--out", str(folder / "hub.csr"), "--host-name", "hub.knb.example")
    wanted = x509.load_pem_x509_csr((folder / "hub.csr").read_bytes())
    names = wanted.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    leaf, _ = issuer.issue(list(names), key=_Asked(wanted))  # type: ignore[arg-type]
    (folder / "hub.pem").write_bytes(leaf.public_bytes(Encoding.PEM))
    chain = b"".join(one.public_bytes(Encoding.PEM) for one in (issuer.certificate, *issuer.above))
    (folder / "chain.pem").write_bytes(chain)
    done("ca", "foreign-install", str(folder / "hub.pem"), "--chain", str(folder / "chain.pem"))
    return issuer


@pytest.mark.usefixtures("paired")
def test_what_a_second_custodian_issued_is_revoked_and_openssl_agrees(
    officers: Officers, tmp_path: Path
) -> None:
    revoked = enrol_and_revoke(officers, tmp_path)
    done("ca", "crl", "--out", str(tmp_path / "our.crl"))
    authority, leaf = str(tmp_path / "nbk" / "authority.pem"), str(tmp_path / "nbk" / "certificate.pem")
    shown = openssl("crl", "-in", str(tmp_path / "our.crl"), "-noout", "-text", "-CAfile", authority)
    assert "verify OK" in shown
    assert revoked["serial"].upper() in shown
    question, answer = str(tmp_path / "question.der"), str(tmp_path / "answer.der")
    openssl("ocsp", "-issuer", authority, "-cert", leaf, "-reqout", question)
    done("ca", "ocsp", question, "--out", answer)
    told = openssl("ocsp", "-reqin", question, "-respin", answer, "-CAfile", authority, "-issuer", authority)
    assert "Response verify OK" in told
    asked = ["-issuer", authority, "-cert", leaf, "-respin", answer, "-CAfile", authority, "-no_nonce"]
    assert "revoked" in openssl("ocsp", *asked)
    refused(hub("ca", "revoke", revoked["serial"]), "transition-invalid")
    done("ca", "certificate", revoked["serial"], "--out", str(tmp_path / "again.pem"))
    assert (tmp_path / "again.pem").read_bytes() == Path(leaf).read_bytes()
    assert revoked["serial"] in hub("ca", "list").stdout


@pytest.mark.usefixtures("paired")
def test_one_authority_follows_another(tmp_path: Path) -> None:
    before = done("ca", "show")
    succeed(tmp_path)
    assert done("ca", "show") != before
    assert done("ca", "expiring")["endings"]


@pytest.mark.usefixtures("paired")
def test_a_hub_answers_with_a_foreign_certificate(tmp_path: Path) -> None:
    go_abroad(tmp_path)
    chain = str(tmp_path / "chain.pem")
    leaf = x509.load_pem_x509_certificate((tmp_path / "hub.pem").read_bytes())
    endings = done("ca", "expiring")["endings"]
    assert f"{leaf.not_valid_after_utc:%Y-%m-%dT%H:%M:%S}" in str(endings)
    refused(hub("ca", "foreign-install", str(tmp_path / "hub.pem"), "--chain", chain), "not-found")
    done("ca", "foreign-request", "--out", str(tmp_path / "next.csr"))
    refused(hub("ca", "foreign-install", chain, "--chain", chain), "request-invalid")
