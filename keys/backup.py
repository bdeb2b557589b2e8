"""A backup of all keys that lie in files: one encrypted file, opened by m of n shares of its secret.

    {"format": "hub-key-backup/1", "header": {...}, "nonce": ..., "ciphertext": ..., "checksum": ...}

It holds the files of the key store as they are, and the unlock secret that opens them, so that a custodian
needs nothing else. The header can be read by everybody: whose it is, which keys are in it, and which are not
because they never leave their token. It is bound to the ciphertext.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hub.envelope.canonical import canonical
from hub.errors import IntegrityFailure, OurFault
from hub.records.ids import new_id
from hub.records.times import as_text, as_time
from keys.inventory import STORE, KeyEntry, Where, read_inventory
from keys.secret import passing
from keys.shares import ShareSet, combine, split

FORMAT: Final = "hub-key-backup/1"
BACKUP_MAX_BYTES: Final = 16 * 1024 * 1024
_SECRET_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_INFO: Final = b"hub-key-backup/1"


@dataclass(frozen=True, kw_only=True)
class BackupHeader:
    """What everybody may read of a backup. `keys` are those in it, `absent` those in a token."""

    backup_id: str
    agency: str
    made_at: datetime
    shares: int
    threshold: int
    share_set: int
    keys: tuple[Mapping[str, str], ...]
    absent: tuple[Mapping[str, str], ...]

    def as_document(self) -> dict[str, object]:
        """Return the header as the file holds it."""
        return {
            "backup_id": self.backup_id,
            "agency": self.agency,
            "made_at": as_text(self.made_at),
            "shares": self.shares,
            "threshold": self.threshold,
            "share_set": self.share_set,
            "keys": [dict(one) for one in self.keys],
            "absent": [dict(one) for one in self.absent],
        }

    @classmethod
    def load(cls, told: Mapping[str, Any]) -> BackupHeader:
        """Return the header of a file; raise ValueError, KeyError or TypeError."""
        return cls(
            backup_id=str(told["backup_id"]),
            agency=str(told["agency"]),
            made_at=as_time(told["made_at"]),
            shares=int(told["shares"]),
            threshold=int(told["threshold"]),
            share_set=int(told["share_set"]),
            keys=tuple(told["keys"]),
            absent=tuple(told["absent"]),
        )


@dataclass(frozen=True, kw_only=True)
class Backup:
    """A backup as its file has it: the header, and what only the shares open."""

    header: BackupHeader
    nonce: bytes
    ciphertext: bytes = field(repr=False)

    @property
    def checksum(self) -> str:
        """Return the SHA-256 (hex) of all of it: what the protocol names and two people compare."""
        return hashlib.sha256(canonical(self._body())).hexdigest()

    def as_bytes(self) -> bytes:
        """Return the file."""
        return (json.dumps({**self._body(), "checksum": self.checksum}, indent=1) + "\n").encode()

    def _body(self) -> dict[str, object]:
        return {
            "format": FORMAT,
            "header": self.header.as_document(),
            "nonce": _text(self.nonce),
            "ciphertext": _text(self.ciphertext),
        }


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What a backup opens to: the key store's files by name, the unlock secret, and hub.toml."""

    files: Mapping[str, bytes] = field(repr=False)
    unlock: bytes = field(repr=False)
    config: str


def make_backup(
    directory: Path,
    *,
    agency: str,
    unlock: bytes | bytearray,
    config: str,
    shares: int,
    threshold: int,
    at: datetime,
) -> tuple[Backup, ShareSet]:
    """Return a backup of a key store, and the shares of its secret, which is kept nowhere.

    Whoever calls holds the store's lock. Raises Refused `request-invalid` for impossible numbers of shares.
    """
    inventory = read_inventory(directory, agency=agency)
    secret = os.urandom(_SECRET_BYTES)
    made = split(secret, shares=shares, threshold=threshold)
    held = [entry for entry in inventory.entries if entry.held]
    header = BackupHeader(
        backup_id=new_id(),
        agency=agency,
        made_at=at,
        shares=shares,
        threshold=threshold,
        share_set=made.identifier,
        keys=tuple(_listed(entry) for entry in held if entry.where is Where.FILE),
        absent=tuple(_listed(entry) for entry in held if entry.where is not Where.FILE),
    )
    files = {
        path.relative_to(directory).as_posix(): _text(path.read_bytes())
        for path in sorted(directory.rglob("*"))
        if _is_kept(path)
    }
    payload = json.dumps({"files": files, "unlock": _text(bytes(unlock)), "config": config}).encode()
    nonce = os.urandom(_NONCE_BYTES)
    with _key(secret) as key:
        ciphertext = AESGCM(key).encrypt(nonce, payload, canonical(header.as_document()))
    return Backup(header=header, nonce=nonce, ciphertext=ciphertext), made


def read_backup(raw: bytes) -> Backup:
    """Return the backup of a file, without opening it; raise IntegrityFailure `backup-invalid`."""
    try:
        if len(raw) > BACKUP_MAX_BYTES:
            raise ValueError(f"it has more than {BACKUP_MAX_BYTES} bytes")
        told = json.loads(raw)
        if told["format"] != FORMAT:
            raise ValueError(f"its format is not {FORMAT}")
        backup = Backup(
            header=BackupHeader.load(told["header"]),
            nonce=base64.b64decode(told["nonce"], validate=True),
            ciphertext=base64.b64decode(told["ciphertext"], validate=True),
        )
        if told["checksum"] != backup.checksum:
            raise ValueError("its checksum is another: the medium is damaged, or somebody changed it")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"{error}" if isinstance(error, ValueError) else "a member is missing or of another kind"
        raise IntegrityFailure("backup-invalid", f"The file is no backup of keys: {reason}.") from None
    return backup


def open_backup(backup: Backup, shares: Sequence[str]) -> Contents:
    """Return what a backup holds; raise Refused `share-foreign`, `shares-too-few`.

    Raises IntegrityFailure `backup-invalid` where enough right shares do not open it: it was changed.
    """
    header = backup.header
    secret = combine(shares, identifier=header.share_set, threshold=header.threshold)
    try:
        with _key(secret) as key:
            payload = AESGCM(key).decrypt(backup.nonce, backup.ciphertext, canonical(header.as_document()))
    except (InvalidTag, ValueError):
        raise IntegrityFailure(
            "backup-invalid",
            "The shares do not open this backup: they are of another one, or it was changed.",
        ) from None
    told = json.loads(payload)
    files = {name: base64.b64decode(text) for name, text in told["files"].items()}
    if STORE not in files or not all(map(_is_below, files)):
        raise OurFault("internal", "The backup opens, and holds no key store.")
    return Contents(files=files, unlock=base64.b64decode(told["unlock"]), config=told["config"])


def _is_below(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and path.as_posix() == name


def _is_kept(path: Path) -> bool:
    """Tell whether a file belongs to the store: no lock, and nothing half written."""
    return path.is_file() and not path.name.startswith(".") and path.suffix != ".lock"


def _listed(entry: KeyEntry) -> dict[str, str]:
    told = entry.as_document()
    return {
        name: told[name] for name in ("id", "purpose", "state", "made_at", "where", "kid") if name in told
    }


@contextmanager
def _key(secret: bytes) -> Iterator[bytearray]:
    with passing(_SECRET_BYTES) as key:
        HKDF(algorithm=SHA256(), length=_SECRET_BYTES, salt=None, info=_INFO).derive_into(secret, key)
        yield key


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
