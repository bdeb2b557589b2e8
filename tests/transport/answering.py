"""A TLS server in this process that answers as a test says, to call from our client."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.transport.agencies import Shown, keyring


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    caller: str | None


@dataclass(frozen=True)
class Said:
    """One answer. `raw` replaces all of it, byte by byte when there is a pause."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    raw: bytes | None = None
    pause_s: float = 0.0


class Answering:
    """The server's address, what it was asked, and how many connections it had."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.asked: list[Asked] = []
        self.connections = 0

    @property
    def url(self) -> str:
        """Return how to call it."""
        return f"https://127.0.0.1:{self.port}"


@contextmanager
def answering(
    leaf: Shown, answer: Callable[[Asked], Said], *, takes: str | None = None, weak: bool = False
) -> Iterator[Answering]:
    """Serve with a leaf, a `weak` one too; `takes` names the agency whose authority callers come from."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if weak:
        context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(leaf.path)
    if takes is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=keyring(takes).tls_files().authority_pem)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # headers and body go apart: waiting for the first costs 40 ms

        def setup(self) -> None:
            self.request = context.wrap_socket(self.request, server_side=True)
            state.connections += 1
            super().setup()

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            certificate = self.connection.getpeercert() or {}
            names = [name for kind, name in certificate.get("subjectAltName", ()) if kind == "URI"]
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.command, self.path, headers, body, names[0] if names else None)
            state.asked.append(asked)
            said = answer(asked)
            if said.raw is not None:
                for octet in said.raw if said.pause_s else ():
                    self.wfile.write(bytes([octet]))
                    time.sleep(said.pause_s)
                if not said.pause_s:
                    self.wfile.write(said.raw)
                self.close_connection = True
                return
            self.send_response(said.status)
            for name, value in {"Content-Length": str(len(said.body)), **said.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(said.body)

        do_GET = do_POST = do_PUT = do_HEAD = answer

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """Say nothing: the tests break connections on purpose."""

    server = Server(("127.0.0.1", 0), Handler)
    state = Answering(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
