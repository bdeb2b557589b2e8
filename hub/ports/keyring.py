"""The keys of this hub's agency."""

from __future__ import annotations

from typing import Protocol

from hub.audit.notes import NoteSigner
from hub.envelope.keys import DecryptionKeys, PublicKeys, SigningKeys


class Keyring(Protocol):
    """The keys of this hub's agency. Callers never keep what they are handed beyond one step."""

    @property
    def agency(self) -> str: ...
    def signing(self) -> SigningKeys:
        """Return the current record-signing keys (both suites)."""
        ...

    def decryption(self) -> DecryptionKeys:
        """Return every record-decryption key still held, by key id, old ones included."""
        ...

    def public(self) -> PublicKeys:
        """Return the public halves, as they stand on our card."""
        ...

    def master_key(self) -> bytes:
        """Return the 32 bytes that wrap the keys of bodies at rest."""
        ...

    def log_signers(self) -> tuple[NoteSigner, ...]:
        """Return the keys that sign our log's checkpoints: all of them sign each."""
        ...

    def witness_signers(self) -> tuple[NoteSigner, ...]:
        """Return the keys that cosign others' checkpoints: all of them sign each."""
        ...
