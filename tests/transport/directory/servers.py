"""Web servers for a directory: an honest one, and those that do not play along."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType


@dataclass(frozen=True, kw_only=True)
class Trickle:
    """An answer without an end: a part, and another after a pause."""

    part: bytes
    pause_s: float


@contextmanager
def served(
    folder: Path, *, endless: Mapping[str, Trickle] = MappingProxyType({}), answers: int = 200
) -> Iterator[str]:
    """Serve a folder; some files never end, or all are answered with another status."""
    stopping = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = folder / self.path.lstrip("/")
            if path.name in endless:
                self.send_response(200)
                self.end_headers()
                self._trickle(endless[path.name])
            elif answers != 200:
                self.send_response(answers)
                self.send_header("Location", "http://127.0.0.1:1/")
                self.end_headers()
            elif path.is_file():
                self.send_response(200)
                self.end_headers()
                self.wfile.write(path.read_bytes())
            else:
                self.send_error(404)

        def _trickle(self, told: Trickle) -> None:
            try:
                while not stopping.wait(told.pause_s):
                    self.wfile.write(told.part)
                    self.wfile.flush()
            except OSError:
                return

        def log_message(self, *_args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        stopping.set()
        server.shutdown()
        server.server_close()


@contextmanager
def silent() -> Iterator[str]:
    """Listen, and never answer."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
