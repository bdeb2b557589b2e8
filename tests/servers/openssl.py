"""Real responders: `openssl ocsp -port`, and a plain web server that hands out a CRL."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import mkdtemp

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from demo.ports import free_ports
from tests.transport.foreign import Issuer


class OpensslMissing(AssertionError):
    """Says what to install."""


def openssl() -> str:
    """Return where the program is."""
    found = shutil.which("openssl")
    if found is None:
        raise OpensslMissing("These tests need the program openssl: install Debian's package `openssl`.")
    return found


@dataclass
class Responder:
    """An OCSP responder of an authority; `index` is what `openssl ca` would keep."""

    folder: Path
    url: str
    process: subprocess.Popen[bytes]


def index_line(serial: int, *, revoked: bool = False) -> str:
    """Return a line of an authority's index: valid or revoked, its end, when it was revoked, serial, name."""
    digits = f"{serial:X}"
    digits = digits if len(digits) % 2 == 0 else "0" + digits
    end = "491231235959Z"
    state = ("R", end, "260101000000Z,keyCompromise") if revoked else ("V", end, "")
    return "\t".join([*state, digits, "unknown", "/CN=leaf"])


@contextmanager
def responder(
    issuer: Issuer,
    serials: Mapping[int, bool],
    *,
    signer: Issuer | None = None,
    signer_certificate: x509.Certificate | None = None,
    minutes: int | None = 60,
) -> Iterator[Responder]:
    """Run `openssl ocsp -port`; `serials` says of each whether it is revoked.

    `signer` signs instead of the authority, with `signer_certificate`.
    """
    folder = Path(mkdtemp(prefix="hub-ocsp-"))
    (port,) = free_ports(1)
    key = (signer or issuer).key
    certificate = signer_certificate or (signer or issuer).certificate
    (folder / "ca.pem").write_bytes(issuer.certificate.public_bytes(Encoding.PEM))
    (folder / "signer.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "signer.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    lines = [index_line(serial, revoked=revoked) for serial, revoked in serials.items()]
    (folder / "index.txt").write_text("".join(f"{line}\n" for line in lines))
    command = [openssl(), "ocsp", "-port", str(port), "-index", "index.txt", "-CA", "ca.pem"]
    command += ["-rsigner", "signer.pem", "-rkey", "signer.key"]
    command += [] if minutes is None else ["-nmin", str(minutes)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        _wait(folder, process)
        yield Responder(folder=folder, url=f"http://127.0.0.1:{port}/", process=process)
    finally:
        process.kill()
        process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def _wait(folder: Path, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 20
    while "waiting for OCSP client connections" not in (folder / "log").read_text():
        if process.poll() is not None or time.monotonic() > until:
            raise OpensslMissing(f"openssl ocsp did not start: {(folder / 'log').read_text()[-500:]}")
        time.sleep(0.02)


@dataclass
class Web:
    """A plain web server whose pages a test rewrites; `asked` counts requests by path."""

    url: str
    pages: dict[str, bytes | int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


@contextmanager
def web() -> Iterator[Web]:
    """Serve pages over plain HTTP."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(self.path)
            page = state.pages.get(self.path, 404)
            body = b"" if isinstance(page, int) else page
            self.send_response(page if isinstance(page, int) else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state = Web(url=f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
