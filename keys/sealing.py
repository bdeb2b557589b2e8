"""Files at rest: private keys sealed under the unlock secret, written whole or not at all."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hub.errors import OurFault

_NONCE_BYTES: Final = 12
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

    def derive(self, unlock: bytes | bytearray) -> bytes:
        """Return the 32 bytes that all keys of a store hang on."""
        argon = Argon2id(
            salt=self.salt, length=32, iterations=self.passes, lanes=1, memory_cost=self.memory_kib
        )
        # It takes any buffer, whatever its annotation says: no copy that could not be overwritten.
        return argon.derive(cast(bytes, unlock))


@dataclass(frozen=True, kw_only=True)
class Sealer:
    """Seals and opens the files of one store: a key for each purpose, each file's name bound in."""

    agency: str
    key: bytes = field(repr=False)

    def seal(self, purpose: str, name: str, secret: bytes) -> bytes:
        """Return a secret encrypted for one file name."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + AESGCM(self.subkey(purpose)).encrypt(nonce, secret, self._bound(name))

    def open(self, purpose: str, name: str, sealed: bytes) -> bytes:
        """Return the secret; raise OurFault `key-store-invalid` for a wrong secret or an altered file."""
        try:
            return AESGCM(self.subkey(purpose)).decrypt(
                sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], self._bound(name)
            )
        except (InvalidTag, ValueError):
            raise OurFault(
                "key-store-invalid",
                f"{name} does not open: the unlock secret is another one, or the file was altered.",
            ) from None

    def subkey(self, purpose: str) -> bytes:
        """Return the 32 bytes that belong to one purpose alone."""
        info = f"hub-keys/1 {purpose}".encode()
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(self.key)

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
