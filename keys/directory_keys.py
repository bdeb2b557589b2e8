"""Our keys in the directory of agencies, each pair in a file sealed under the unlock secret.

keys/directory/entry.sealed        signs our own entry: ECDSA on P-256 and ML-DSA-65, both needed
keys/directory/root.sealed         signs roots and lists of participants, with two algorithms as well
keys/directory/publishing.sealed   signs which documents are current: ECDSA alone, and a bounded harm if lost

Root keys may lie in a file elsewhere, on a medium that is brought when they are needed. It opens in this
hub alone: it is sealed as the others are.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from securesystemslib.signer import CryptoSigner, Signer

from hub.errors import OurFault, Refused
from keys.sealing import Sealer, write_private

FOLDER: Final = "directory"
_ENTRY: Final = "directory-entry"
_ROOT: Final = "directory-root"
_PUBLISHING: Final = "directory-publishing"
_SEED_BYTES: Final = 32
_FILE_MAX_BYTES: Final = 4096


class FileDirectoryKeys:
    """Implements `hub.ports.DirectoryKeys`. Keys are read when they are asked for and not kept."""

    def __init__(self, folder: Path, sealer: Sealer) -> None:
        self._folder = folder
        self._sealer = sealer

    def __repr__(self) -> str:
        return f"FileDirectoryKeys(agency={self._sealer.agency!r})"

    def entry(self) -> Sequence[Signer]:
        """Return what signs our own entry; nothing before `make_entry`."""
        return self._pair(_ENTRY, self._path(_ENTRY))

    def root(self, outside: Path | None = None) -> Sequence[Signer]:
        """Return what signs roots and lists of participants; nothing when we hold no root keys here.

        Raises OurFault `key-store-invalid` for a file that does not open.
        """
        if outside is not None and not outside.exists():
            raise OurFault("key-store-invalid", f"There is no root key at {outside}.")
        return self._pair(_ROOT, outside or self._path(_ROOT))

    def publishing(self) -> Sequence[Signer]:
        """Return what signs which documents are current; nothing when we are no founder."""
        with self._opened(_PUBLISHING, self._path(_PUBLISHING)) as secret:
            return () if secret is None else (_ecdsa(secret),)

    def make_entry(self) -> None:
        """Make fresh keys for our entry; those before them are gone."""
        self._write(_ENTRY, self._path(_ENTRY), _fresh_pair())

    def make_root(self, outside: Path | None = None) -> None:
        """Make fresh root keys, and a publishing key.

        Raises Refused `file-exists` for a file outside that is there already.
        """
        if outside is not None and outside.exists():
            raise Refused("file-exists", f"{outside} is there already; keys are never written over.")
        self._write(_ROOT, outside or self._path(_ROOT), _fresh_pair())
        self._write(_PUBLISHING, self._path(_PUBLISHING), _fresh_ecdsa())

    def _path(self, purpose: str) -> Path:
        return self._folder / f"{purpose.removeprefix('directory-')}.sealed"

    def _pair(self, purpose: str, path: Path) -> Sequence[Signer]:
        with self._opened(purpose, path) as secret:
            if secret is None:
                return ()
            seed, ecdsa = memoryview(secret)[:_SEED_BYTES], memoryview(secret)[_SEED_BYTES:]
            return (_ecdsa(ecdsa), CryptoSigner(MLDSA65PrivateKey.from_seed_bytes(seed)))

    @contextmanager
    def _opened(self, purpose: str, path: Path) -> Iterator[bytearray | None]:
        """Yield what a file holds, until the end of the block; None where there is no file."""
        try:
            with path.open("rb") as file:
                sealed = file.read(_FILE_MAX_BYTES)
        except FileNotFoundError:
            yield None
            return
        except OSError as error:
            raise OurFault("key-store-invalid", f"{path} cannot be read: {error.strerror}.") from None
        with self._sealer.opened(purpose, purpose, sealed) as secret:
            yield secret

    def _write(self, purpose: str, path: Path, secret: bytes) -> None:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        try:
            write_private(path, self._sealer.seal(purpose, purpose, secret))
        except OSError as error:
            raise OurFault("key-store-invalid", f"{path} cannot be written: {error.strerror}.") from None


def _fresh_pair() -> bytes:
    return os.urandom(_SEED_BYTES) + _fresh_ecdsa()


def _fresh_ecdsa() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def _ecdsa(secret: bytearray | memoryview) -> Signer:
    key = load_der_private_key(secret, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise OurFault("key-store-invalid", "A key of the directory is not on P-256.")
    return CryptoSigner(key)
