"""Private keys in a token, behind the seam that those in files stand behind too."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from hub.envelope.keys import point
from hub.errors import OurFault, Refused
from hub.records.ids import new_id
from keys.algorithms import PrivateKey, key_id_of
from keys.inventory import KeyEntry, Where, store_invalid
from keys.policy import RULES
from keys.purposes import ALGORITHMS, Purpose
from keys.sealing import Sealer, write_private
from keys.states import KeyState
from keys.token.making import Use, destroy_key, make_key, public_key
from keys.token.private_key import TokenKey
from keys.token.session import Token

_AGREE: Final = frozenset({Purpose.DECRYPT_P256})
_UNCOMPRESSED: Final = b"\x04"


@dataclass(frozen=True)
class TokenKeys:
    """Implements `keys.stores.KeyStore` over a token.

    Of each key a sealed file keeps the public half. The hub starts with it while the token is away, and
    nobody who can write to store.json alone can have partners seal to another key.
    """

    token: Token
    directory: Path
    sealer: Sealer

    def make(self, purpose: Purpose, *, at: datetime) -> KeyEntry:
        """Make a key in the token; raise Refused `key-not-allowed` and what the token raises."""
        if Where.TOKEN not in RULES[purpose].places:
            raise Refused("key-not-allowed", f"Keys for {purpose.value} lie in files, not in a token.")
        key_id = new_id()
        name = f"{purpose.value}-{key_id}"
        made = make_key(self.token, key_id=token_id(key_id), name=name, use=use_of(purpose))
        public, algorithm = point(made), ALGORITHMS[purpose]
        entry = KeyEntry(
            key_id=key_id,
            purpose=purpose,
            state=KeyState.NEXT,
            made_at=at,
            since=at,
            where=Where.TOKEN,
            kid=key_id_of(algorithm, public),
            public=public,
        )
        sealed = self.sealer.seal(self._bound(purpose), entry.file_name, public)
        write_private(self.directory / entry.file_name, sealed)
        return entry

    def load(self, entry: KeyEntry) -> PrivateKey:
        """Return a key that works through the token, without asking the token; raise `key-store-invalid`."""
        return TokenKey(
            self.token,
            key_id=token_id(entry.key_id),
            name=f"{entry.purpose.value}-{entry.key_id}",
            public=self.public(entry),
        )

    def destroy(self, entry: KeyEntry) -> None:
        """Destroy a key in the token, then what is kept of it here."""
        destroy_key(self.token, key_id=token_id(entry.key_id))
        (self.directory / entry.file_name).unlink(missing_ok=True)

    def public(self, entry: KeyEntry) -> ec.EllipticCurvePublicKey:
        """Return the public half that was sealed when the key was made."""
        try:
            sealed = (self.directory / entry.file_name).read_bytes()
            raw = self.sealer.open(self._bound(entry.purpose), entry.file_name, sealed)
            return public_key(_UNCOMPRESSED + raw)
        except OSError as error:
            raise OurFault(
                "key-store-invalid", f"{entry.file_name} cannot be read: {error.strerror}."
            ) from None
        except ValueError as error:
            raise store_invalid(self.directory, error) from None

    @staticmethod
    def _bound(purpose: Purpose) -> str:
        """Return what the file is sealed for: never the same as the private key's file of that purpose."""
        return f"{purpose.value} public"


def token_id(key_id: str) -> bytes:
    """Return under which id (CKA_ID) a key lies in its token."""
    return uuid.UUID(key_id).bytes


def use_of(purpose: Purpose) -> Use:
    """Return what a key for a purpose may do."""
    return Use.AGREE if purpose in _AGREE else Use.SIGN
