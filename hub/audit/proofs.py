"""Proofs in a file (C2SP tlog-proof): an entry's index, its way to the root, and the signed checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from hub.audit.checkpoints import DECIMAL, Checkpoint, verify_checkpoint
from hub.audit.encoding import b64, unb64
from hub.audit.merkle import HASH_BYTES, SIZE_MAX, check_inclusion
from hub.audit.notes import NoteKey, read_note
from hub.errors import IntegrityFailure

#: The most bytes of a proof before its checkpoint: 63 hashes, an index, and 16 KiB of extra data in Base64.
PREFIX_MAX_BYTES: Final = 32 * 1024
#: The most hashes of a proof: one for each level of the largest tree.
HASHES_MAX: Final = 63

_HEADER: Final = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, kw_only=True)
class Proof:
    """That an entry is in a log, for whoever has the entry and pins the log; nothing is verified yet.

    `extra` is whatever its maker added. No signature and no hash covers it.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes = field(repr=False)
    extra: bytes | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.index < SIZE_MAX:
            raise ValueError("the index is a whole number, below the largest tree's size")
        if len(self.hashes) > HASHES_MAX or any(len(one) != HASH_BYTES for one in self.hashes):
            raise ValueError(f"there are at most {HASHES_MAX} hashes of {HASH_BYTES} bytes")


def write_proof(
    index: int, proof: Sequence[bytes], checkpoint_note: bytes, extra: bytes | None = None
) -> bytes:
    """Return the proof as a file, by convention named `*.tlog-proof`."""
    made = Proof(index=index, hashes=tuple(proof), checkpoint=checkpoint_note, extra=extra)
    lines = [_HEADER]
    if made.extra is not None:
        lines.append(f"extra {b64(made.extra)}")
    lines += [f"index {made.index}", *map(b64, made.hashes), "", ""]
    return "\n".join(lines).encode("ascii") + made.checkpoint


def read_proof(raw: bytes) -> Proof:
    """Return the proof of a file's bytes: only the one spelling that `write_proof` gives is taken."""
    prefix, _, checkpoint = raw.partition(b"\n\n")
    if len(prefix) > PREFIX_MAX_BYTES:
        raise _unreadable(f"it has {len(prefix)} bytes before its checkpoint; at most {PREFIX_MAX_BYTES}")
    try:
        header, *lines = prefix.decode("ascii").split("\n")
        if header != _HEADER:
            raise ValueError(f"its first line is not {_HEADER}")
        extra = _told("extra", lines.pop(0)) if lines and lines[0].startswith("extra") else None
        index = _told("index", lines.pop(0) if lines else "")
        if DECIMAL.fullmatch(index) is None:
            raise ValueError("the index is a whole number without leading zeroes")
        proof = Proof(
            index=int(index),
            hashes=tuple(unb64(line, size=HASH_BYTES) for line in lines),
            checkpoint=checkpoint,
            extra=None if extra is None else unb64(extra),
        )
    except UnicodeDecodeError:
        raise _unreadable("its lines before the checkpoint are not ASCII") from None
    except ValueError as error:
        raise _unreadable(str(error)) from None
    # What follows the empty line is a note, or it is no proof.
    read_note(checkpoint)
    return proof


def verify_proof(proof: Proof, *, leaf_hash: bytes, keys: Sequence[NoteKey]) -> Checkpoint:
    """Return the checkpoint, signed by every pinned key of the log, that a leaf is proven to be under.

    Whether enough witnesses cosigned it is the caller's to weigh.
    """
    checkpoint = verify_checkpoint(proof.checkpoint, keys)
    check_inclusion(
        leaf_hash=leaf_hash,
        index=proof.index,
        size=checkpoint.size,
        proof=proof.hashes,
        root=checkpoint.root,
    )
    return checkpoint


def _told(word: str, line: str) -> str:
    name, space, told = line.partition(" ")
    if name != word or not space:
        raise ValueError(f"a line is not {word}, a space, and its value")
    return told


def _unreadable(reason: str) -> IntegrityFailure:
    return IntegrityFailure("log-proof-invalid", f"The proof cannot be read: {reason}.")
