"""A real SMTP submission server (aiosmtpd) with TLS and AUTH; each address has a Maildir."""

from __future__ import annotations

import mailbox
import ssl
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from demo.ports import free_ports
from tests.transport.foreign import root


@dataclass
class Post:
    """Where it listens, whom it believes, and what it answers instead of taking a message."""

    port: int
    folder: Path
    authority: x509.Certificate
    user: str = "hub"
    password: bytes = b"a password"
    answer: str | None = None
    taken: list[bytes] = field(default_factory=list)

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:
        """Deliver a message to each recipient that has a Maildir."""
        if self.answer is not None:
            return self.answer
        self.taken.append(envelope.original_content)
        for address in envelope.rcpt_tos:
            mailbox.Maildir(self.folder / address, create=False).add(envelope.original_content)
        return "250 OK"

    def let_in(
        self, server: object, session: object, envelope: object, mechanism: str, given: Any
    ) -> AuthResult:
        """Compare name and password."""
        fits = isinstance(given, LoginPassword) and given.login == self.user.encode()
        # `handled=False` has the server itself answer what is wrong.
        return AuthResult(success=fits and given.password == self.password, handled=False)


class _Listening(Controller):
    """aiosmtpd's own way to listen, with STARTTLS where TLS does not begin at once."""

    def __init__(self, post: Post, context: ssl.SSLContext, *, implicit: bool) -> None:
        self._post, self._context, self._implicit = post, context, implicit
        super().__init__(
            post, hostname="127.0.0.1", port=post.port, ssl_context=context if implicit else None
        )

    def factory(self) -> SMTP:
        with warnings.catch_warnings():
            # TLS that begins at once is none to this server.
            warnings.simplefilter("ignore", UserWarning)
            return self._made()

    def _made(self) -> SMTP:
        return SMTP(
            self._post,
            hostname="localhost",
            authenticator=self._post.let_in,
            auth_required=True,
            auth_require_tls=not self._implicit,
            tls_context=None if self._implicit else self._context,
            require_starttls=not self._implicit,
            data_size_limit=64 * 1024 * 1024,
        )


@contextmanager
def smtp_server(folder: Path, *, implicit: bool) -> Iterator[Post]:
    """Run a server with a certificate for `localhost`."""
    issuer = root()
    leaf, key = issuer.issue([x509.DNSName("localhost")])
    path = folder / "server.pem"
    path.write_bytes(
        leaf.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    (port,) = free_ports(1)
    post = Post(port=port, folder=folder, authority=issuer.certificate)
    listening = _Listening(post, context, implicit=implicit)
    listening.start()
    try:
        yield post
    finally:
        listening.stop()
