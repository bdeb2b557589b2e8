"""The keys of this hub's agency."""

from __future__ import annotations

from typing import Protocol

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
