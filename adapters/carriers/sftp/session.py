"""One connection to an SFTP server whose key is pinned, and what is done with files over it.

SSH is asyncssh's. Nothing is taken from this machine's own SSH: no configuration, agent, known hosts or
password. Nothing that the server says of a file is believed beyond the bytes that were read.
"""

from __future__ import annotations

import asyncio
import posixpath
import stat
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import asyncssh

from hub.errors import PeerFault

#: No list of files is longer: what lies beyond comes when these are gone.
MAX_FILES: Final = 10_000
_BLOCK: Final = 64 * 1024
_UNFINISHED: Final = ".unfinished-"
_KEX: Final = ("mlkem768x25519-sha256", "curve25519-sha256", "ecdh-sha2-nistp384", "ecdh-sha2-nistp256")
_CIPHERS: Final = ("aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com")
_SIGNATURES: Final = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "rsa-sha2-512",
    "rsa-sha2-256",
)


@dataclass(frozen=True, kw_only=True)
class Server:
    """Where the server is, which keys it may show, and who we are there."""

    host: str
    port: int
    user: str
    key: asyncssh.SSHKey = field(repr=False)
    host_keys: Sequence[asyncssh.SSHKey]
    timeout_s: int


@dataclass(frozen=True, kw_only=True)
class Found:
    """A regular file in a listing."""

    name: str
    size: int
    changed_at: float


class Session:
    """Files over one connection. A path never goes through a link that this side can see."""

    def __init__(self, client: asyncssh.SFTPClient) -> None:
        self._client = client

    async def list(self, folder: str) -> Sequence[Found]:
        """Return a folder's regular files, those changed first before others; none where it is missing."""
        found: list[Found] = []
        try:
            async for entry in self._client.scandir(folder):
                name, attributes = str(entry.filename), entry.attrs
                if attributes.permissions is None or not stat.S_ISREG(attributes.permissions):
                    continue
                found.append(Found(name=name, size=attributes.size or 0, changed_at=attributes.mtime or 0))
                if len(found) == MAX_FILES:
                    break
        except asyncssh.SFTPNoSuchFile:
            return []
        return sorted(found, key=lambda one: (one.changed_at, one.name))

    async def size(self, path: str) -> int | None:
        """Return the size of a regular file; None for anything else and for what is not there."""
        try:
            attributes = await self._client.lstat(path)
        except asyncssh.SFTPNoSuchFile:
            return None
        if attributes.permissions is None or not stat.S_ISREG(attributes.permissions):
            return None
        return attributes.size or 0

    async def read(self, path: str, *, max_bytes: int) -> bytes | None:
        """Return what a regular file holds; None where there is none, or it is larger."""
        size = await self.size(path)
        if size is None or size > max_bytes:
            return None
        try:
            async with self._client.open(path, "rb") as file:
                content: bytes = await file.read(max_bytes + 1)
        except asyncssh.SFTPNoSuchFile:
            return None
        return content if len(content) <= max_bytes else None

    async def put(self, path: str, content: bytes, *, digest: str) -> None:
        """Write a file whole and durably before it has its name; go on where an earlier try was cut off."""
        folder, name = posixpath.split(path)
        await self._client.makedirs(folder, exist_ok=True)
        unfinished = posixpath.join(folder, f"{_UNFINISHED}{digest[:16]}-{name}")
        start = await self._resume(unfinished, content)
        async with self._client.open(unfinished, "r+b" if start else "wb") as file:
            await file.seek(start)
            while start < len(content):
                await file.write(content[start : start + _BLOCK])
                start += _BLOCK
            await self._sync(file)
        try:
            await self._client.posix_rename(unfinished, path)
        except asyncssh.SFTPOpUnsupported:
            await self.remove(path)
            await self._client.rename(unfinished, path)

    async def remove(self, path: str) -> None:
        """Remove a file if it is there; a link goes, not what it leads to."""
        try:
            await self._client.remove(path)
        except asyncssh.SFTPNoSuchFile:
            return

    async def _resume(self, unfinished: str, content: bytes) -> int:
        """Return up to where an unfinished file holds our bytes: its last block is compared before use."""
        size = await self.size(unfinished)
        if size is None:
            await self.remove(unfinished)  # whatever has the name, a link among them
            return 0
        if not 0 < size <= len(content):
            return 0
        start = max(0, size - _BLOCK)
        async with self._client.open(unfinished, "rb") as file:
            await file.seek(start)
            there: bytes = await file.read(_BLOCK)
        return size if there == content[start:size] else 0

    @staticmethod
    async def _sync(file: asyncssh.SFTPClientFile) -> None:
        try:
            await file.fsync()
        except asyncssh.SFTPOpUnsupported:
            return  # not offered: the server's own habit has to do, as docs/carriers.md says


@asynccontextmanager
async def session(server: Server) -> AsyncIterator[Session]:
    """Connect, and give up what takes longer than the time limit as a whole.

    Raises PeerFault `server-key-mismatch`, `partner-unreachable` or `partner-misbehaved`.
    """
    try:
        async with asyncio.timeout(server.timeout_s):
            connection = await _connect(server)
            try:
                async with connection.start_sftp_client() as client:
                    yield Session(client)
            finally:
                connection.abort()
    except asyncssh.HostKeyNotVerifiable:
        raise PeerFault(
            "server-key-mismatch", "The SFTP server showed another host key than those that are pinned."
        ) from None
    except asyncssh.PermissionDenied:
        raise _unreachable("it does not take our key") from None
    except TimeoutError:
        raise _unreachable(f"it took longer than {server.timeout_s} s") from None
    except (asyncssh.SFTPNoConnection, asyncssh.SFTPConnectionLost, asyncssh.ConnectionLost):
        raise _unreachable("the connection was lost") from None
    except asyncssh.SFTPBadMessage:
        raise PeerFault("partner-misbehaved", "The SFTP server's answer cannot be read.") from None
    except asyncssh.SFTPError as error:
        raise _unreachable(f"it refused an operation on a file (status {error.code})") from None
    except (asyncssh.Error, OSError) as error:
        raise _unreachable(type(error).__name__) from None


async def _connect(server: Server) -> asyncssh.SSHClientConnection:
    return await asyncssh.connect(
        server.host,
        server.port,
        username=server.user,
        client_keys=[server.key],
        known_hosts=(list(server.host_keys), [], []),
        config=None,
        agent_path=None,
        password=None,
        preferred_auth="publickey",
        kex_algs=_KEX,
        encryption_algs=_CIPHERS,
        signature_algs=_SIGNATURES,
        server_host_key_algs=[name for name in _SIGNATURES if _fits(name, server.host_keys)],
        compression_algs=["none"],
        connect_timeout=server.timeout_s,
        login_timeout=server.timeout_s,
    )


def _fits(signature: str, keys: Sequence[asyncssh.SSHKey]) -> bool:
    """Tell whether one of the pinned keys makes such signatures."""
    kinds = {key.get_algorithm() for key in keys}
    return signature in kinds or (signature.startswith("rsa-") and "ssh-rsa" in kinds)


def _unreachable(why: str) -> PeerFault:
    return PeerFault("partner-unreachable", f"The SFTP server cannot be used now: {why}.")
