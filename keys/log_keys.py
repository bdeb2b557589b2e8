"""The keys of a log and of a witness, from their seeds: two algorithms each, both always used."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from hub.audit.names import log_name, witness_name
from hub.audit.notes import NoteAlgorithm, NoteSigner


def log_signers(agency: str, *, ed25519: bytes, ml_dsa_44: bytes) -> tuple[NoteSigner, ...]:
    """Return what signs an agency's checkpoints: a plain Ed25519 note signature and an ML-DSA-44 one."""
    name = log_name(agency)
    return (
        _ed25519(name, NoteAlgorithm.ED25519, ed25519),
        _ml_dsa_44(name, ml_dsa_44),
    )


def witness_signers(agency: str, *, ed25519: bytes, ml_dsa_44: bytes) -> tuple[NoteSigner, ...]:
    """Return what cosigns others' checkpoints: both kinds of C2SP cosignatures."""
    name = witness_name(agency)
    return (
        _ed25519(name, NoteAlgorithm.COSIGNATURE_ED25519, ed25519),
        _ml_dsa_44(name, ml_dsa_44),
    )


def _ed25519(name: str, algorithm: NoteAlgorithm, seed: bytes) -> NoteSigner:
    return NoteSigner.of(name, algorithm, Ed25519PrivateKey.from_private_bytes(seed))


def _ml_dsa_44(name: str, seed: bytes) -> NoteSigner:
    return NoteSigner.of(name, NoteAlgorithm.COSIGNATURE_ML_DSA_44, MLDSA44PrivateKey.from_seed_bytes(seed))
