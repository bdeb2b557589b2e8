"""The servers between us and such partners: an SFTP drop, a mail server with Maildirs, a gateway for AS4.

They stand for what agencies run already: both sides are clients of the first two, the gateway is a partner's.
"""

from __future__ import annotations

import asyncio
import mailbox
import ssl
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import asyncssh
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519

from demo.hubless.gateway import Gateway
from demo.hubless.papers import Paper, as_pem, for_tls
from demo.ports import free_ports

_HOST: Final = "127.0.0.1"
_MESSAGE_MAX_BYTES: Final = 1 << 20


class Servers:
    """All servers in threads of their own, while the block runs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._gateways: list[Gateway] = []
        self.drop = folder / "drop"
        self.mail = folder / "mail"
        self.sftp_port, self.smtp_port = free_ports(2)
        self.host_key = asyncssh.import_private_key(as_pem(ed25519.Ed25519PrivateKey.generate()))
        self.tls: Paper = for_tls("localhost")
        self._accounts: list[asyncssh.SSHKey] = []
        self._tls_file = folder / "smtp.pem"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="servers", daemon=True)
        self._closing: list[Callable[[], None]] = []

    def account(self, key: ed25519.Ed25519PrivateKey) -> None:
        """Let somebody in who has a key; called before the servers listen."""
        self._accounts.append(asyncssh.import_private_key(as_pem(key)))

    def maildir(self, address: str) -> Path:
        """Return an address's Maildir; it is made when it is asked for."""
        path = self.mail / address
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            mailbox.Maildir(path)
        return path

    def gateway(self, agency: str, tls: Paper, callers: Sequence[x509.Certificate]) -> Gateway:
        """Return a partner's AS4 gateway, which listens when the others do."""
        (port,) = free_ports(1)
        made = Gateway(port, _kept(self._folder / f"{agency}-gateway.pem", tls), callers)
        self._gateways.append(made)
        return made

    def __enter__(self) -> Self:
        """Return itself; `listen` starts all."""
        return self

    def listen(self) -> None:
        """Listen, once all have their accounts."""
        self.drop.mkdir(parents=True, exist_ok=True)
        _kept(self._tls_file, self.tls)
        for gateway in self._gateways:
            gateway.start()
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(20)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening."""
        for gateway in self._gateways:
            gateway.stop()
        if not self._thread.is_alive():
            return
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(20)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _listen(self) -> None:
        allowed = "".join(key.export_public_key().decode() for key in self._accounts)
        drop = str(self.drop).encode()
        sftp = await asyncssh.listen(
            _HOST,
            self.sftp_port,
            server_host_keys=[self.host_key],
            authorized_client_keys=asyncssh.import_authorized_keys(allowed),
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=drop),
            allow_scp=False,
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._tls_file)
        smtp = await asyncio.start_server(
            self._submitted, _HOST, self.smtp_port, ssl=context, limit=_MESSAGE_MAX_BYTES
        )
        self._closing += [sftp.close, smtp.close]

    async def _close(self) -> None:
        """Stop taking connections, and end those that are open."""
        for close in self._closing:
            close()
        ending = asyncio.all_tasks() - {asyncio.current_task()}
        for task in ending:
            task.cancel()
        if ending:
            await asyncio.wait(ending, timeout=5)

    async def _submitted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take messages of one connection (RFC 5321), each into the Maildir of its recipient."""
        recipients: list[str] = []
        writer.write(b"220 localhost\r\n")
        try:
            while line := (await reader.readline()).decode("ascii").strip():
                verb, _, rest = line.partition(" ")
                match verb.upper():
                    case "RCPT":
                        recipients.append(rest.partition("<")[2].partition(">")[0])
                        writer.write(b"250 OK\r\n")
                    case "DATA":
                        writer.write(b"354 Go on\r\n")
                        message = await reader.readuntil(b"\r\n.\r\n")
                        for address in recipients:
                            await asyncio.to_thread(self._deliver, address, message)
                        recipients.clear()
                        writer.write(b"250 Delivered\r\n")
                    case "QUIT":
                        writer.write(b"221 Bye\r\n")
                        break
                    case _:
                        writer.write(b"250 OK\r\n")
                await writer.drain()
        finally:
            writer.close()

    def _deliver(self, address: str, message: bytes) -> None:
        """Take away the dots that were put in front of lines (RFC 5321 §4.5.2), and deliver."""
        text = message.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")
        mailbox.Maildir(self.maildir(address)).add(text)


def _kept(path: Path, paper: Paper) -> Path:
    """Write a key and its certificates into a file that nobody else reads."""
    path.touch(mode=0o600)
    path.write_bytes(paper.key_pem + paper.certificates_pem)
    return path
