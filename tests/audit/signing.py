"""Logs and witnesses with keys that are the same in every run."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from hub.audit.checkpoints import Checkpoint, cosign, sign_checkpoint
from hub.audit.merkle import Frontier, hash_leaf
from hub.audit.notes import Note, NoteAlgorithm, NoteKey, NoteSigner, read_note
from tests.audit import naive

NOW = datetime(2026, 11, 22, 9, 0, 0, tzinfo=UTC)


@cache
def signer(name: str, algorithm: NoteAlgorithm, seed: str = "") -> NoteSigner:
    """Return a signer whose key comes from its name."""
    secret = sha256(f"{name} {algorithm.name} {seed}".encode()).digest()
    if algorithm is NoteAlgorithm.COSIGNATURE_ML_DSA_44:
        return NoteSigner.of(name, algorithm, MLDSA44PrivateKey.from_seed_bytes(secret))
    return NoteSigner.of(name, algorithm, Ed25519PrivateKey.from_private_bytes(secret))


def log_signers(name: str = "kz-knb/log") -> list[NoteSigner]:
    """Return the two keys of a log."""
    return [signer(name, NoteAlgorithm.ED25519), signer(name, NoteAlgorithm.COSIGNATURE_ML_DSA_44)]


def witness_signers(name: str) -> list[NoteSigner]:
    """Return the two keys of a witness."""
    return [
        signer(name, NoteAlgorithm.COSIGNATURE_ED25519),
        signer(name, NoteAlgorithm.COSIGNATURE_ML_DSA_44),
    ]


def keys(signers: list[NoteSigner]) -> tuple[NoteKey, ...]:
    """Return what a verifier pins."""
    return tuple(one.key for one in signers)


def checkpoint(size: int = 5, origin: str = "kz-knb/log") -> Checkpoint:
    """Return the checkpoint of the first entries of `naive.entries`."""
    frontier = Frontier().extended(map(hash_leaf, naive.entries(size)))
    return Checkpoint(origin=origin, size=size, root=frontier.root())


def signed(size: int = 5, origin: str = "kz-knb/log", at: datetime = NOW) -> bytes:
    """Return that checkpoint, signed by its log."""
    return sign_checkpoint(checkpoint(size, origin), log_signers(origin), at)


def cosigned(*witnesses: str, size: int = 5, at: datetime = NOW) -> Note:
    """Return that checkpoint, signed by its log and cosigned by witnesses."""
    note = read_note(signed(size))
    return note.with_signatures(
        line for name in witnesses for line in cosign(note, witness_signers(name), at)
    )
