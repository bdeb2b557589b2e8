"""A time stamping authority: `openssl ts -reply` behind HTTP, with a root and a leaf.

The configuration has no `certs`: OpenSSL 3.0 writes that set in the wrong order. So the root signs the leaf.
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

_DAY = timedelta(days=1)
_REPLY = ("-reply", "-queryfile", "request.tsq", "-config", "tsa.cnf", "-section", "tsa")


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _certificate(
    subject: str,
    issuer: str,
    key: ec.EllipticCurvePrivateKey,
    by: ec.EllipticCurvePrivateKey,
    at: datetime,
    *,
    stamps: bool,
) -> x509.Certificate:
    """Return the certificate of one that stamps, or of an authority."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - _DAY)
        .not_valid_after(at + 3650 * _DAY)
        .add_extension(x509.BasicConstraints(ca=not stamps, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
    )
    if stamps:
        purposes = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(purposes, critical=True)
    return builder.sign(by, hashes.SHA256())


@dataclass(frozen=True, kw_only=True)
class Tsa:
    """An authority's folder: what `openssl ts` needs to answer, and the root to check with."""

    folder: Path
    root: x509.Certificate
    name: str

    @property
    def root_pem(self) -> Path:
        return self.folder / "root.pem"

    def reply(self, request: bytes) -> bytes:
        """Return the answer to a request in DER."""
        (self.folder / "request.tsq").write_bytes(request)
        return self._openssl(*_REPLY)

    def token(self, message: bytes) -> bytes:
        """Return a TimeStampToken over a message."""
        (self.folder / "message").write_bytes(message)
        query = self._openssl("-query", "-data", "message", "-sha256", "-cert")
        (self.folder / "request.tsq").write_bytes(query)
        return self._openssl(*_REPLY, "-token_out")

    def agrees(self, token: bytes, message: bytes) -> bool:
        """Tell whether `openssl ts -verify` takes a token for a message."""
        (self.folder / "message").write_bytes(message)
        (self.folder / "token.der").write_bytes(token)
        told = subprocess.run(
            [
                "openssl",
                "ts",
                "-verify",
                "-data",
                "message",
                "-in",
                "token.der",
                "-token_in",
                "-CAfile",
                "root.pem",
            ],
            cwd=self.folder,
            capture_output=True,
            timeout=30,
        )
        return told.returncode == 0 and b"Verification: OK" in told.stdout

    def _openssl(self, *arguments: str) -> bytes:
        (self.folder / "answer").unlink(missing_ok=True)
        subprocess.run(
            ["openssl", "ts", *arguments, "-out", "answer"],
            cwd=self.folder,
            check=True,
            capture_output=True,
            timeout=30,
        )
        return (self.folder / "answer").read_bytes()


def make_tsa(folder: Path, name: str = "Test Time Authority", *, at: datetime | None = None) -> Tsa:
    """Make an authority whose root signed the certificate that stamps."""
    folder.mkdir(parents=True)
    at = at or datetime.now(UTC)
    root_key, leaf_key = _key(), _key()
    root = _certificate(f"{name} Root", f"{name} Root", root_key, root_key, at, stamps=False)
    leaf = _certificate(name, f"{name} Root", leaf_key, root_key, at, stamps=True)
    (folder / "root.pem").write_bytes(root.public_bytes(Encoding.PEM))
    (folder / "leaf.pem").write_bytes(leaf.public_bytes(Encoding.PEM))
    (folder / "leaf.key").write_bytes(
        leaf_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    (folder / "serial").write_text("01\n")
    (folder / "tsa.cnf").write_text(
        """
[tsa]
serial = ./serial
crypto_device = builtin
signer_cert = ./leaf.pem
signer_key = ./leaf.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
"""
    )
    return Tsa(folder=folder, root=root, name=name)


@dataclass(kw_only=True)
class TsaServer:
    """The authority behind HTTP. `status` other than 200, or `answer`, makes it misbehave."""

    tsa: Tsa
    url: str
    status: int = 200
    answer: bytes | None = None
    asked: list[bytes] = field(default_factory=list)


@contextmanager
def tsa_server(tsa: Tsa) -> Iterator[TsaServer]:
    """Serve an authority on a free port of the loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == "application/timestamp-query"
            state.asked.append(body)
            answer = state.answer if state.answer is not None else tsa.reply(body)
            self.send_response(state.status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state = TsaServer(tsa=tsa, url=f"http://127.0.0.1:{server.server_port}/tsa")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
