"""The keys of this hub's agency."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from hub.audit.notes import NoteKey, NoteSigner
from hub.envelope.keys import DecryptionKeys, PublicKeys, SigningKeys
from hub.envelope.vault import MasterKeys


@dataclass(frozen=True, kw_only=True)
class NoteKeySet:
    """One set of keys of our log, or of our witness: an Ed25519 and an ML-DSA-44 key, made together.

    `signers` is empty once the private halves are destroyed. `until` is since when they sign no more.
    """

    keys: tuple[NoteKey, ...]
    signers: tuple[NoteSigner, ...] = field(default=(), repr=False)
    until: datetime | None = None
    compromised: bool = False

    @property
    def text(self) -> str:
        """Return the keys as one text, by which the log's tables and entries name the set."""
        return " ".join(key.vkey for key in self.keys)


class Keyring(Protocol):
    """The keys of this hub's agency. Callers never keep what they are handed beyond one step."""

    @property
    def agency(self) -> str: ...
    def signing(self) -> SigningKeys:
        """Return the current record-signing keys (both suites)."""
        ...

    def signing_known(self, kids: Collection[str]) -> SigningKeys | None:
        """Return the newest pair that could sign for us and whose ids are among these, if there is one.

        Kept pairs count too, with which nothing but a card is signed any more: a partner whose pin is older
        than our rotation follows by it.
        """
        ...

    def decryption(self) -> DecryptionKeys:
        """Return every record-decryption key still held, by key id, old ones included."""
        ...

    def public(self) -> PublicKeys:
        """Return the public halves, as they stand on our card."""
        ...

    def public_ever(self) -> PublicKeys:
        """Return the public halves of every key that was ever in use: what old evidence is verified with."""
        ...

    def given_up(self) -> Mapping[str, datetime]:
        """Return the ids of the signing keys that others may have, the last first, and since when we know.

        Nothing that they signed counts, unless it is proven to be older than that.
        """
        ...

    def master_key(self) -> MasterKeys:
        """Return what wraps the keys of bodies at rest, and what still unwraps older ones.

        Whoever reads a body first and asks then has the key that the body was wrapped by.
        """
        ...

    def log_signers(self) -> tuple[NoteSigner, ...]:
        """Return the present keys of our log; which sign a checkpoint, the log itself says."""
        ...

    def log_key_sets(self) -> tuple[NoteKeySet, ...]:
        """Return every set of keys that our log ever had, oldest first; the last may not be in use yet."""
        ...

    def witness_signers(self) -> tuple[NoteSigner, ...]:
        """Return the keys that cosign others' checkpoints: all of them sign each, two sets in an overlap."""
        ...

    def witness_key_sets(self) -> tuple[NoteKeySet, ...]:
        """Return every set of keys that our witness ever had, oldest first; the last one is on our card."""
        ...
