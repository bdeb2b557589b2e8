"""Parcels as files on an SFTP server, each with a manifest, written last, and a receipt that answers it.

```toml
[carrier]
name = "sftp"
host = "sftp.example.org"
user = "kz-knb"
host_keys = ["ssh-ed25519 AAAA…"]   # pinned: no other key is ever taken
key = "sftp"                        # ours, by the name under which the hub holds it
```

Whatever is cut off between two files, the next try makes good: a parcel counts once its manifest is there and
fits it, a receipt is written before its parcel is removed, and a parcel that is answered is not put again.
"""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final, TypeVar

import asyncssh
from cryptography.hazmat.primitives import serialization

from adapters.carriers.names import as_name, is_name
from adapters.carriers.sftp.manifests import MANIFEST_MAX_BYTES, Manifest, read_manifest, write_manifest
from adapters.carriers.sftp.session import Server, Session, session
from adapters.carriers.verdicts import is_other, read_verdict, write_verdict
from adapters.contract import Health, Materials, Parcel, PartnerReceipt, Verdict
from adapters.profiles import invalid, only, text, whole
from hub.errors import HubError, IntegrityFailure

_PARCEL: Final = ".parcel"
_MANIFEST: Final = ".manifest"
_RECEIPT: Final = ".receipt"
_RECEIPT_MAX_BYTES: Final = 16 * 1024
_DONE = TypeVar("_DONE")


def _now() -> datetime:
    return datetime.now(UTC)


class SftpCarrier:
    """One end of a drop. Each end names itself and the other; names are those of agencies."""

    def __init__(
        self,
        server: Server,
        *,
        folder: str,
        us: str,
        them: str,
        max_bytes: int,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self._server = server
        self._inbox = posixpath.join(folder, f"to-{us}")
        self._outbox = posixpath.join(folder, f"to-{them}")
        self._given = posixpath.join(folder, f"receipts-for-{them}")
        self._gotten = posixpath.join(folder, f"receipts-for-{us}")
        self._max_bytes = max_bytes
        self._now = now
        self._pulled: dict[str, bytes] = {}

    def push(self, parcel: Parcel) -> None:
        """Put a parcel; raise IntegrityFailure `envelope-id-reused` where other bytes have its id."""
        as_name(parcel.parcel_id)
        self._run(lambda files: self._push(files, parcel))

    def pull(self, *, limit: int) -> Sequence[Parcel]:
        """Return parcels that fit their manifests, those finished first before the others."""
        return self._run(lambda files: self._pull(files, limit))

    def acknowledge(self, parcel_id: str, verdict: Verdict) -> None:
        """Put the receipt, then remove manifest and parcel; other bytes that took its place wait."""
        as_name(parcel_id)
        self._run(lambda files: self._acknowledge(files, parcel_id, verdict))

    def receipts(self, *, limit: int) -> Sequence[PartnerReceipt]:
        """Return receipts that wait for us; what is no receipt is left, and told of by `health`."""
        return self._run(lambda files: self._receipts(files, limit))

    def settle(self, parcel_id: str) -> None:
        """Remove a receipt and what is left of its parcel."""
        as_name(parcel_id)
        self._run(lambda files: self._settle(files, parcel_id))

    def health(self) -> Health:
        """Tell whether the server can be reached, and what lies in the drop that nobody can use."""
        try:
            return self._run(self._look)
        except HubError as error:
            return Health(well=False, sentence=error.sentence)

    def _run(self, work: Callable[[Session], Awaitable[_DONE]]) -> _DONE:
        async def run() -> _DONE:
            async with session(self._server) as files:
                return await work(files)

        return asyncio.run(run())

    async def _push(self, files: Session, parcel: Parcel) -> None:
        name, digest = parcel.parcel_id, sha256(parcel.content).hexdigest()
        if await files.size(_at(self._gotten, name, _RECEIPT)) is not None:
            return  # it was answered already, and the receipt waits to be settled
        there = await self._manifest(files, self._outbox, name)
        if there is not None and there.digest != digest:
            raise IntegrityFailure("envelope-id-reused", "Another parcel with this id is in the drop.")
        path = _at(self._outbox, name, _PARCEL)
        if there is None or await files.size(path) != len(parcel.content):
            await files.put(path, parcel.content, digest=digest)
        if there is None:
            manifest = write_manifest(parcel, at=self._now())
            await files.put(_at(self._outbox, name, _MANIFEST), manifest, digest=sha256(manifest).hexdigest())

    async def _pull(self, files: Session, limit: int) -> Sequence[Parcel]:
        found: list[Parcel] = []
        self._pulled.clear()
        for name in await _names(files, self._inbox, _MANIFEST):
            if len(found) == limit:
                break
            content = await self._whole(files, name)
            if content is not None:
                found.append(Parcel(parcel_id=name, content=content))
                self._pulled[name] = sha256(content).digest()
        return found

    async def _whole(self, files: Session, name: str) -> bytes | None:
        """Return a parcel's bytes once they are those that its manifest names."""
        manifest = await self._manifest(files, self._inbox, name)
        path = _at(self._inbox, name, _PARCEL)
        if manifest is None or await files.size(path) != manifest.size:
            return None
        content = await files.read(path, max_bytes=self._max_bytes)
        return content if content is not None and manifest.describes(content) else None

    async def _manifest(self, files: Session, folder: str, name: str) -> Manifest | None:
        raw = await files.read(_at(folder, name, _MANIFEST), max_bytes=MANIFEST_MAX_BYTES)
        return read_manifest(name, raw)

    async def _acknowledge(self, files: Session, name: str, verdict: Verdict) -> None:
        receipt = _at(self._given, name, _RECEIPT)
        parcel = await files.read(_at(self._inbox, name, _PARCEL), max_bytes=self._max_bytes)
        if is_other(parcel, self._pulled.get(name)):
            return
        if parcel is not None and await files.size(receipt) is None:
            raw = write_verdict(name, parcel, verdict)
            await files.put(receipt, raw, digest=sha256(raw).hexdigest())
        await self._clear(files, self._inbox, name)

    async def _receipts(self, files: Session, limit: int) -> Sequence[PartnerReceipt]:
        found: list[PartnerReceipt] = []
        for name in await _names(files, self._gotten, _RECEIPT):
            if len(found) == limit:
                break
            receipt = await self._receipt(files, name)
            if receipt is not None:
                found.append(receipt)
        return found

    async def _receipt(self, files: Session, name: str) -> PartnerReceipt | None:
        raw = await files.read(_at(self._gotten, name, _RECEIPT), max_bytes=_RECEIPT_MAX_BYTES)
        return read_verdict(name, raw)

    async def _settle(self, files: Session, name: str) -> None:
        await self._clear(files, self._outbox, name)
        await files.remove(_at(self._gotten, name, _RECEIPT))

    async def _clear(self, files: Session, folder: str, name: str) -> None:
        for ending in (_MANIFEST, _PARCEL):
            await files.remove(_at(folder, name, ending))

    async def _look(self, files: Session) -> Health:
        sizes = {one.name: one.size for one in await files.list(self._inbox)}
        large = sum(1 for size in sizes.values() if size > self._max_bytes)
        if large:
            return Health(well=False, sentence=f"{large} parcels have more than {self._max_bytes:,} bytes.")
        unfit = 0
        for name in await _names(files, self._inbox, _MANIFEST):
            manifest = await self._manifest(files, self._inbox, name)
            unfit += manifest is None or sizes.get(name + _PARCEL) != manifest.size
        if unfit:
            return Health(well=False, sentence=f"{unfit} manifests do not fit their parcels.")
        for name in await _names(files, self._gotten, _RECEIPT):
            if await self._receipt(files, name) is None:
                return Health(well=False, sentence="A file among the receipts is none and is left.")
        return Health(well=True, sentence="The SFTP server answers, with the host key that is pinned.")


async def _names(files: Session, folder: str, ending: str) -> Sequence[str]:
    """Return the ids of the files with an ending, in the order in which they were written."""
    names = [one.name.removesuffix(ending) for one in await files.list(folder) if one.name.endswith(ending)]
    return [name for name in names if is_name(name)]


def _at(folder: str, name: str, ending: str) -> str:
    return posixpath.join(folder, name + ending)


def make(options: Mapping[str, Any], materials: Materials) -> SftpCarrier:
    """Make our end of the drop that a profile names."""
    only(options, "host", "port", "user", "path", "host_keys", "key", "timeout_s", "max_parcel_bytes")
    server = Server(
        host=text(options, "host", default=""),
        port=whole(options, "port", lowest=1, highest=65535, default=22),
        user=text(options, "user", default=materials.us),
        key=_our_key(materials, text(options, "key", default="sftp")),
        host_keys=_host_keys(options),
        timeout_s=whole(options, "timeout_s", lowest=1, highest=3600, default=120),
    )
    return SftpCarrier(
        server,
        folder=text(options, "path", default="."),
        us=materials.us,
        them=materials.them,
        max_bytes=whole(options, "max_parcel_bytes", lowest=1024, highest=1 << 30, default=32 * 1024 * 1024),
    )


def _our_key(materials: Materials, name: str) -> asyncssh.SSHKey:
    key = materials.private_key(name)
    try:
        raw = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return asyncssh.import_private_key(raw)
    except (ValueError, TypeError, NotImplementedError, asyncssh.KeyImportError):
        raise invalid(f"key: {name} is no key that SSH can use") from None


def _host_keys(options: Mapping[str, Any]) -> Sequence[asyncssh.SSHKey]:
    lines = options.get("host_keys")
    if not isinstance(lines, list) or not lines:
        raise invalid("host_keys: expected the server's public keys, at least one")
    try:
        return [asyncssh.import_public_key(str(line)) for line in lines]
    except (ValueError, asyncssh.KeyImportError):
        raise invalid("host_keys: one of them is no public key of SSH") from None
