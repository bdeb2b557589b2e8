"""A WSGI application of somebody else's behind mutual TLS on a free port of this machine, in a thread."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.transport.foreign import Issuer, Key, root


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_: Any, **__: Any) -> None:
        """Say nothing."""


@cache
def partner_authority() -> Issuer:
    """Return the authority of the partner's server and of its clients."""
    return root("Partner Root")


@cache
def client_leaf() -> tuple[x509.Certificate, Key]:
    """Return the certificate that the partner gave us, and its key."""
    return partner_authority().issue([x509.DNSName("kz-knb")])


@dataclass(frozen=True, kw_only=True)
class Served:
    """Where it is served."""

    url: str


@contextmanager
def served(application: Any, issuer: Issuer | None = None) -> Iterator[Served]:
    """Serve to callers with a certificate of the partner's authority."""
    certificate, key = (issuer or partner_authority()).issue([x509.IPAddress(ip_address("127.0.0.1"))])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=partner_authority().pem)
    with TemporaryDirectory() as folder:
        pair = Path(folder, "pair.pem")
        pair.write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            + certificate.public_bytes(Encoding.PEM)
        )
        context.load_cert_chain(pair)
    server = make_server(
        "127.0.0.1", 0, application, threaded=True, request_handler=_Quiet, ssl_context=context
    )
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield Served(url=f"https://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
