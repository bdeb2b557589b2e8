"""Parcels as files in a folder that both sides reach: a mount, a synchronised drop, a medium that is carried.

A parcel is a file under its id, written whole and synced before it has that name. A receipt is written before
its parcel is removed, so whatever is cut off, the parcel comes again and is acknowledged again. Nothing found
in the folder is trusted: links are not followed, other files are left alone, what is too large is not read.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from adapters.carriers import durable
from adapters.carriers.names import as_name
from adapters.carriers.verdicts import is_other, read_verdict, write_verdict
from adapters.contract import Health, Materials, Parcel, PartnerReceipt, Verdict
from adapters.profiles import only, text, whole
from hub.errors import IntegrityFailure, PeerFault


class FolderCarrier:
    """One end of a drop folder. Each end names itself and the other; names are those of agencies."""

    def __init__(self, folder: Path, *, us: str, them: str, max_bytes: int) -> None:
        self._inbox = folder / f"to-{us}"
        self._outbox = folder / f"to-{them}"
        self._given = folder / f"receipts-for-{them}"
        self._gotten = folder / f"receipts-for-{us}"
        self._max_bytes = max_bytes
        self._pulled: dict[str, bytes] = {}

    def push(self, parcel: Parcel) -> None:
        """Write a parcel; raise IntegrityFailure `envelope-id-reused` where other bytes have its id."""
        path = self._outbox / as_name(parcel.parcel_id)
        if (self._gotten / parcel.parcel_id).exists():
            return  # it was answered already, and the receipt waits to be settled
        there = self._content(path)
        if there is None:
            _write(path, parcel.content)
        elif there != parcel.content:
            raise IntegrityFailure("envelope-id-reused", "Another parcel with this id is in the folder.")

    def pull(self, *, limit: int) -> Sequence[Parcel]:
        """Return parcels that wait for us, those written first before the others."""
        found: list[Parcel] = []
        self._pulled.clear()
        for path in _files(self._inbox):
            if len(found) == limit:
                break
            content = self._content(path)
            if content is not None:
                found.append(Parcel(parcel_id=path.name, content=content))
                self._pulled[path.name] = sha256(content).digest()
        return found

    def acknowledge(self, parcel_id: str, verdict: Verdict) -> None:
        """Write the receipt, then remove the parcel; other bytes that took its place meanwhile wait."""
        path = self._given / as_name(parcel_id)
        parcel = self._content(self._inbox / parcel_id)
        if is_other(parcel, self._pulled.get(parcel_id)):
            return
        if self._content(path) is None and parcel is not None:
            _write(path, write_verdict(parcel_id, parcel, verdict))
        _remove(self._inbox / parcel_id)

    def receipts(self, *, limit: int) -> Sequence[PartnerReceipt]:
        """Return receipts that wait for us; what is no receipt is left, and told of by `health`."""
        found: list[PartnerReceipt] = []
        for path in _files(self._gotten):
            if len(found) == limit:
                break
            receipt = read_verdict(path.name, self._content(path))
            if receipt is not None:
                found.append(receipt)
        return found

    def settle(self, parcel_id: str) -> None:
        """Remove a receipt; its parcel is gone already, or goes with it."""
        _remove(self._outbox / as_name(parcel_id))
        _remove(self._gotten / parcel_id)

    def health(self) -> Health:
        """Tell whether the folder can be written, and what in it is too large to be read."""
        try:
            for folder in (self._outbox, self._given):
                folder.mkdir(parents=True, exist_ok=True)
                if not os.access(folder, os.W_OK):
                    return Health(well=False, sentence="The folder cannot be written.")
        except OSError as error:
            return Health(well=False, sentence=f"The folder cannot be reached ({error.strerror}).")
        large = sum(1 for path in _files(self._inbox) if _size(path) > self._max_bytes)
        strange = sum(
            1 for path in _files(self._gotten) if read_verdict(path.name, self._content(path)) is None
        )
        if strange:
            return Health(well=False, sentence=f"{strange} files are no receipts and are left.")
        if large:
            return Health(
                well=False, sentence=f"{large} parcels have more than {self._max_bytes:,} bytes and are left."
            )
        return Health(well=True, sentence="The folder can be written.")

    def _content(self, path: Path) -> bytes | None:
        return durable.content(path, self._max_bytes)


def make(options: Mapping[str, Any], materials: Materials) -> FolderCarrier:
    """Make our end of the drop folder that a profile names."""
    only(options, "path", "max_parcel_bytes")
    return FolderCarrier(
        Path(text(options, "path", default="")),
        us=materials.us,
        them=materials.them,
        max_bytes=whole(options, "max_parcel_bytes", lowest=1024, highest=1 << 30, default=32 * 1024 * 1024),
    )


def _size(path: Path) -> int:
    """Return the size of a regular file; 0 for anything else, and for what is gone meanwhile."""
    try:
        found = path.lstat()
    except OSError:
        return 0
    return found.st_size if stat.S_ISREG(found.st_mode) else 0


def _files(folder: Path) -> Iterator[Path]:
    try:
        yield from durable.files(folder)
    except OSError as error:
        raise PeerFault("partner-unreachable", f"The folder cannot be read ({error.strerror}).") from None


def _write(path: Path, content: bytes) -> None:
    try:
        durable.write(path, content)
    except OSError as error:
        raise PeerFault("partner-unreachable", f"The folder cannot be written ({error.strerror}).") from None


def _remove(path: Path) -> None:
    try:
        durable.remove(path)
    except OSError as error:
        raise PeerFault("partner-unreachable", f"The folder cannot be written ({error.strerror}).") from None
