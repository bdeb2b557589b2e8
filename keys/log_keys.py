"""The keys of a log and of a witness, from their seeds: two algorithms each, both always used.

They change together, so that the first key of one algorithm belongs to the first of the other, and so on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from hub.audit.names import log_name, witness_name
from hub.audit.notes import NoteAlgorithm, NoteKey, NoteSigner
from hub.ports.keyring import NoteKeySet
from keys.algorithms import PrivateKey, public_of
from keys.inventory import Inventory, KeyEntry
from keys.purposes import ALGORITHMS, Purpose
from keys.states import KeyState


@dataclass(frozen=True, kw_only=True)
class NotePair:
    """The two purposes that sign notes under one name."""

    ed25519: Purpose
    ml_dsa_44: Purpose
    name: Callable[[str], str]
    algorithm: NoteAlgorithm

    @property
    def purposes(self) -> tuple[Purpose, Purpose]:
        """Return both purposes."""
        return self.ed25519, self.ml_dsa_44


LOG: Final = NotePair(
    ed25519=Purpose.LOG_ED25519,
    ml_dsa_44=Purpose.LOG_ML_DSA_44,
    name=log_name,
    algorithm=NoteAlgorithm.ED25519,
)
WITNESS: Final = NotePair(
    ed25519=Purpose.WITNESS_ED25519,
    ml_dsa_44=Purpose.WITNESS_ML_DSA_44,
    name=witness_name,
    algorithm=NoteAlgorithm.COSIGNATURE_ED25519,
)


def key_sets(
    inventory: Inventory, pair: NotePair, privates: Mapping[str, PrivateKey]
) -> tuple[NoteKeySet, ...]:
    """Return every set of keys that the inventory has for a log or a witness, oldest first.

    A key whose fellow is not made yet belongs to no set. Raises ValueError where more than one has none.
    """
    name = pair.name(inventory.agency)
    together = [inventory.of(purpose) for purpose in pair.purposes]
    if abs(len(together[0]) - len(together[1])) > 1:
        raise ValueError(f"the keys of {name} are not as many of one algorithm as of the other")
    return tuple(_key_set(name, pair, entries, privates) for entries in zip(*together, strict=False))


def _key_set(
    name: str, pair: NotePair, entries: Sequence[KeyEntry], privates: Mapping[str, PrivateKey]
) -> NoteKeySet:
    algorithms = (pair.algorithm, NoteAlgorithm.COSIGNATURE_ML_DSA_44)
    keys = []
    for entry, algorithm in zip(entries, algorithms, strict=True):
        # What is on record counts only where the private half is gone: others may have written there.
        private = privates.get(entry.key_id)
        public = entry.public if private is None else public_of(ALGORITHMS[entry.purpose], private)
        if public is None:
            raise ValueError(f"the public half of the key {entry.key_id} is not on record")
        keys.append(NoteKey(name=name, algorithm=algorithm, public=public))
    held = [privates.get(entry.key_id) for entry in entries]
    signers: tuple[NoteSigner, ...] = ()
    if isinstance(held[0], bytes) and isinstance(held[1], bytes):
        signers = (_ed25519(name, pair.algorithm, held[0]), _ml_dsa_44(name, held[1]))
    ended = [entry.used_until for entry in entries if entry.used_until is not None]
    return NoteKeySet(
        keys=tuple(keys),
        signers=signers,
        until=min(ended) if ended else None,
        compromised=any(entry.state is KeyState.COMPROMISED for entry in entries),
    )


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
