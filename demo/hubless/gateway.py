"""A partner's AS4 gateway: what our hub posts over mutual TLS is handed to the partner's carrier."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.contract import Called

_HOST: Final = "127.0.0.1"
_MESSAGE_MAX_BYTES: Final = 1 << 20
_WAIT_S: Final = 20.0
PATH: Final = "/as4"


class Gateway(ThreadingHTTPServer):
    """Serves while it is started; whom one of `callers` issued a certificate for may call.

    A message is kept and answered with 202: its receipt comes with the next try, once the end has read it.
    """

    daemon_threads = True

    def __init__(self, port: int, certificates: Path, callers: Sequence[x509.Certificate]) -> None:
        super().__init__((_HOST, port), _Handler, bind_and_activate=False)
        self.carrier: Called | None = None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates)
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(
            cadata="".join(one.public_bytes(Encoding.PEM).decode() for one in callers)
        )
        # The handshake is made by the thread of the connection, so one that stalls holds up none but itself.
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self.serve_forever, name="as4-gateway", daemon=True)

    @property
    def url(self) -> str:
        """Return where messages are taken."""
        return f"https://localhost:{self.server_address[1]}{PATH}"

    def start(self) -> None:
        """Listen."""
        self.server_bind()
        self.server_activate()
        self._thread.start()

    def stop(self) -> None:
        """Stop listening."""
        if self._thread.is_alive():
            self.shutdown()
            self._thread.join(10)
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of callers that go away or show no certificate."""


class _Handler(BaseHTTPRequestHandler):
    timeout = _WAIT_S
    server: Gateway

    def do_GET(self) -> None:
        """Say that it is here."""
        self._say(405, "", b"")

    def do_POST(self) -> None:
        """Take a message."""
        carrier, size = self.server.carrier, int(self.headers.get("Content-Length") or 0)
        if carrier is None or self.path != PATH or size > _MESSAGE_MAX_BYTES:
            self._say(404, "", b"")
            return
        body = self.rfile.read(size)
        reply = carrier.receive(self.headers.get("Content-Type") or "", body, decide=lambda _: None)
        self._say(reply.status, reply.media_type, reply.body)

    def log_message(self, *_: object) -> None:
        """Say nothing on the console."""

    def _say(self, status: int, media_type: str, body: bytes) -> None:
        self.send_response(status)
        if media_type:
            self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
