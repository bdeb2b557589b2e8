"""Files at rest: private keys sealed under the unlock secret, written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hub.errors import OurFault
from keys.secret import overwrite, passing

_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_KEY_BYTES: Final = 32
#: What Argon2id may be told by a store's file: a bound, so that a swapped file cannot eat the memory.
_MEMORY_KIB_MAX: Final = 1024 * 1024
_PASSES_MAX: Final = 16


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What Argon2id costs each who tries a secret."""

    memory_kib: int
    passes: int


#: For 32 random bytes, which nobody can guess: some hundredths of a second.
RANDOM_COST: Final = Cost(memory_kib=19 * 1024, passes=2)
#: For what a person remembers: about a second, and 256 MiB, for each guess (docs/benchmarks.md). That is four
#: times the memory of the second choice of RFC 9106, section 4; its first, 2 GiB, does not fit everywhere.
PASSPHRASE_COST: Final = Cost(memory_kib=256 * 1024, passes=4)


@dataclass(frozen=True, kw_only=True)
class Derivation:
    """How the unlock secret becomes a key; the cost is chosen by what sort of secret it is."""

    salt: bytes
    memory_kib: int = RANDOM_COST.memory_kib
    passes: int = RANDOM_COST.passes

    @classmethod
    def fresh(cls, cost: Cost = RANDOM_COST) -> Derivation:
        """Return a derivation with a salt of its own."""
        return cls(salt=os.urandom(16), memory_kib=cost.memory_kib, passes=cost.passes)

    def __post_init__(self) -> None:
        if (
            len(self.salt) < 16
            or not 8 <= self.memory_kib <= _MEMORY_KIB_MAX
            or not 1 <= self.passes <= _PASSES_MAX
        ):
            raise ValueError("Argon2id wants a salt of 16 bytes and a cost within the bounds")

    def derive(self, unlock: bytes | bytearray) -> bytearray:
        """Return the 32 bytes that all keys of a store hang on, in memory that can be overwritten."""
        argon = Argon2id(
            salt=self.salt, length=_KEY_BYTES, iterations=self.passes, lanes=1, memory_cost=self.memory_kib
        )
        key = bytearray(_KEY_BYTES)
        # It takes any buffer, whatever its annotation says: no copy that could not be overwritten.
        argon.derive_into(cast(bytes, unlock), key)
        return key


@dataclass(frozen=True, kw_only=True)
class Sealer:
    """Seals and opens the files of one store: a key for each purpose, each file's name bound in."""

    agency: str
    key: bytes | bytearray = field(repr=False)

    def seal(self, purpose: str, name: str, secret: bytes | bytearray) -> bytes:
        """Return a secret encrypted for one file name."""
        nonce = os.urandom(_NONCE_BYTES)
        with self.subkey(purpose) as key:
            return nonce + AESGCM(key).encrypt(nonce, secret, self._bound(name))

    def open(self, purpose: str, name: str, sealed: bytes) -> bytearray:
        """Return the secret; raise OurFault `key-store-invalid` for a wrong secret or an altered file."""
        nonce, encrypted = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        secret = bytearray(max(len(encrypted) - _TAG_BYTES, 0))
        try:
            with self.subkey(purpose) as key:
                AESGCM(key).decrypt_into(nonce, encrypted, self._bound(name), secret)
        except (InvalidTag, ValueError):
            raise OurFault(
                "key-store-invalid",
                f"{name} does not open: the unlock secret is another one, or the file was altered.",
            ) from None
        return secret

    @contextmanager
    def opened(self, purpose: str, name: str, sealed: bytes) -> Iterator[bytearray]:
        """Yield what `open` returns; it is overwritten when the block ends."""
        secret = self.open(purpose, name, sealed)
        try:
            yield secret
        finally:
            overwrite(secret)

    @contextmanager
    def subkey(self, purpose: str) -> Iterator[bytearray]:
        """Yield the 32 bytes that belong to one purpose alone; they are overwritten when the block ends."""
        info = f"hub-keys/1 {purpose}".encode()
        with passing(_KEY_BYTES) as key:
            HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=info).derive_into(self.key, key)
            yield key

    def _bound(self, name: str) -> bytes:
        return f"hub-keys/1|{self.agency}|{name}".encode()


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner reads; after a crash it is there whole, or as it was."""
    fresh = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Make the names in a directory durable."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
