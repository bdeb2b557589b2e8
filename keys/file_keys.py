"""Private keys in files: each sealed under the unlock secret, for its purpose and its name alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hub.errors import OurFault
from hub.records.ids import new_id
from keys.algorithms import PrivateKey, fresh_secret, key_id_of, private_of, public_of
from keys.inventory import KeyEntry, Where, store_invalid
from keys.purposes import ALGORITHMS, Purpose
from keys.sealing import Sealer, write_private
from keys.states import KeyState


@dataclass(frozen=True, kw_only=True)
class FileKeys:
    """Implements `keys.stores.KeyStore` over the sealed files of one directory."""

    directory: Path
    sealer: Sealer

    def make(self, purpose: Purpose, *, at: datetime) -> KeyEntry:
        """Make a key in a file of its own."""
        return self.keep(purpose, fresh_secret(ALGORITHMS[purpose]), at=at)

    def keep(self, purpose: Purpose, secret: bytes, *, at: datetime) -> KeyEntry:
        """Seal the secret bytes of a key that was made elsewhere, and return its entry."""
        algorithm = ALGORITHMS[purpose]
        public = public_of(algorithm, private_of(algorithm, secret))
        entry = KeyEntry(
            key_id=new_id(),
            purpose=purpose,
            state=KeyState.NEXT,
            made_at=at,
            since=at,
            where=Where.FILE,
            kid=key_id_of(algorithm, public),
            public=public,
        )
        sealed = self.sealer.seal(purpose.value, entry.file_name, secret)
        write_private(self.directory / entry.file_name, sealed)
        return entry

    def load(self, entry: KeyEntry) -> PrivateKey:
        """Open a key's file; raise OurFault `key-store-invalid` when it is missing or was altered."""
        try:
            sealed = (self.directory / entry.file_name).read_bytes()
            with self.sealer.opened(entry.purpose.value, entry.file_name, sealed) as secret:
                return private_of(ALGORITHMS[entry.purpose], secret)
        except OSError as error:
            raise OurFault(
                "key-store-invalid", f"The key in {entry.file_name} cannot be read: {error.strerror}."
            ) from None
        except ValueError as error:
            raise store_invalid(self.directory, error) from None

    def destroy(self, entry: KeyEntry) -> None:
        """Remove a key's file. What a disk or a snapshot keeps of it stays sealed under the unlock secret."""
        (self.directory / entry.file_name).unlink(missing_ok=True)
