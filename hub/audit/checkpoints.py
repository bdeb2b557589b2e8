"""Checkpoints (C2SP tlog-checkpoint): a log's signed head, and what witnesses sign of it (tlog-cosignature).

Three kinds of signature stand under one. An Ed25519 note signature covers the text. Cosignatures also cover
a time: the Ed25519 one with the whole text, the ML-DSA-44 one with the signer's name, origin, size and root.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from hub.audit.encoding import b64, unb64
from hub.audit.merkle import HASH_BYTES, SIZE_MAX
from hub.audit.notes import (
    NAME_MAX_BYTES,
    Note,
    NoteAlgorithm,
    NoteKey,
    NoteSignature,
    NoteSigner,
    read_note,
)
from hub.errors import IntegrityFailure

#: A whole number as every format of the log writes it.
DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,18}")

_STAMP_BYTES: Final = 8
_LABEL: Final = b"subtree/v1\n\x00"
# The last second that a datetime can hold.
_STAMP_MAX: Final = int(datetime.max.replace(tzinfo=UTC, microsecond=0).timestamp())


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """What a log states: so many entries, and the root over them.

    Other logs may add extension lines. Nothing here reads them, and ML-DSA-44 signatures do not cover them.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        lines = (self.origin, *self.extensions)
        if not all(lines) or any("\n" in line for line in lines):
            raise ValueError("the origin and the extension lines are not empty, and one line each")
        if len(self.origin.encode()) > NAME_MAX_BYTES:
            raise ValueError(f"the origin has at most {NAME_MAX_BYTES} bytes")
        if not 0 <= self.size <= SIZE_MAX:
            raise ValueError(f"the size is 0 to {SIZE_MAX}")
        if len(self.root) != HASH_BYTES:
            raise ValueError(f"the root has {HASH_BYTES} bytes")

    @property
    def text(self) -> str:
        """Return the text that is signed."""
        return "\n".join((self.origin, str(self.size), b64(self.root), *self.extensions, ""))


@dataclass(frozen=True, kw_only=True)
class Cosignature:
    """A signature that verified: whose, how, and the time that it states; None where it states no time."""

    name: str
    algorithm: NoteAlgorithm
    at: datetime | None


def read_checkpoint(note: Note) -> Checkpoint:
    """Return the checkpoint in a note's text, verified by nobody yet."""
    try:
        origin, size, root, *extensions = note.text.removesuffix("\n").split("\n")
        if DECIMAL.fullmatch(size) is None:
            raise ValueError("the size is a whole number without leading zeroes")
        return Checkpoint(
            origin=origin, size=int(size), root=unb64(root, size=HASH_BYTES), extensions=tuple(extensions)
        )
    except ValueError as error:
        raise IntegrityFailure(
            "checkpoint-invalid", f"The note is not a log's checkpoint: {error}."
        ) from None


def sign_checkpoint(checkpoint: Checkpoint, signers: Sequence[NoteSigner], at: datetime) -> bytes:
    """Return a log's checkpoint, signed by each of its keys, which bear its origin as their name."""
    if checkpoint.extensions:
        raise ValueError("a checkpoint of ours has no extension lines: ML-DSA-44 signatures leave them out")
    if any(signer.key.name != checkpoint.origin for signer in signers):
        raise ValueError("a log's keys bear its origin as their name")
    signatures = tuple(_sign(checkpoint, signer, at) for signer in signers)
    return Note(text=checkpoint.text, signatures=signatures).as_bytes()


def cosign(note: Note, signers: Sequence[NoteSigner], at: datetime) -> tuple[NoteSignature, ...]:
    """Return a witness's signatures under a checkpoint whose growth it has checked; all state one time."""
    if any(signer.key.algorithm is NoteAlgorithm.ED25519 for signer in signers):
        raise ValueError("a witness signs with cosignature keys: an Ed25519 note signature states no time")
    checkpoint = read_checkpoint(note)
    return tuple(_sign(checkpoint, signer, at) for signer in signers)


def verify_checkpoint(raw: bytes, keys: Sequence[NoteKey]) -> Checkpoint:
    """Return a log's checkpoint that every one of its pinned keys has signed, and that is that log's.

    One signature is not enough where a classical and a post-quantum key are pinned, and a signature line of a
    pinned key that does not verify spoils the note, whatever else stands there.
    """
    if not keys or len({key.name for key in keys}) != 1:
        raise ValueError("a log is pinned by one or more keys of one name")
    note = read_note(raw)
    checkpoint = read_checkpoint(note)
    if checkpoint.origin != keys[0].name:
        raise IntegrityFailure(
            "checkpoint-origin-mismatch", "The checkpoint's first line is not the name of the pinned log."
        )
    for key in keys:
        lines = [signature for signature in note.signatures if signature.is_by(key)]
        if not lines:
            raise _unproven(key, "is missing")
        if not all(_verify(checkpoint, key, line) for line in lines):
            raise _unproven(key, "does not verify")
    return checkpoint


def verified_cosignatures(note: Note, keys: Sequence[NoteKey]) -> tuple[Cosignature, ...]:
    """Return the signatures under a checkpoint that are by known keys; those of others are passed over.

    A line that names a known key and does not verify spoils the note (C2SP signed-note, "Signatures").
    """
    checkpoint = read_checkpoint(note)
    found = []
    for key in keys:
        for line in note.signatures:
            if not line.is_by(key):
                continue
            verified = _verify(checkpoint, key, line)
            if verified is None:
                raise IntegrityFailure(
                    "cosignature-invalid", f"The {_kind(key)} signature of {key.name} does not verify."
                )
            found.append(verified)
    return tuple(found)


def _sign(checkpoint: Checkpoint, signer: NoteSigner, at: datetime) -> NoteSignature:
    key = signer.key
    if at.tzinfo is None or (stamp := int(at.timestamp())) <= 0:
        raise ValueError("a signature states an aware time after 1970")
    raw = signer.sign(_message(checkpoint, key, stamp))
    if key.algorithm is not NoteAlgorithm.ED25519:
        raw = stamp.to_bytes(_STAMP_BYTES) + raw
    return NoteSignature(name=key.name, key_id=key.key_id, raw=raw)


def _verify(checkpoint: Checkpoint, key: NoteKey, line: NoteSignature) -> Cosignature | None:
    """Return what a line of a key's name and id proves, or None when it proves nothing."""
    stamp, raw = 0, line.raw
    if key.algorithm is not NoteAlgorithm.ED25519:
        stamp, raw = int.from_bytes(raw[:_STAMP_BYTES]), raw[_STAMP_BYTES:]
    if stamp > _STAMP_MAX or not key.verifies(raw, _message(checkpoint, key, stamp)):
        return None
    at = datetime.fromtimestamp(stamp, UTC) if stamp else None
    return Cosignature(name=key.name, algorithm=key.algorithm, at=at)


def _message(checkpoint: Checkpoint, key: NoteKey, stamp: int) -> bytes:
    """Return what a key signs of a checkpoint, with the POSIX time that the signature states."""
    match key.algorithm:
        case NoteAlgorithm.ED25519:
            return checkpoint.text.encode()
        case NoteAlgorithm.COSIGNATURE_ED25519:
            return f"cosignature/v1\ntime {stamp}\n{checkpoint.text}".encode()
        case NoteAlgorithm.COSIGNATURE_ML_DSA_44:
            # The whole tree: the subtree from entry 0 to the size.
            return (
                _LABEL
                + _counted(key.name)
                + stamp.to_bytes(8)
                + _counted(checkpoint.origin)
                + bytes(8)
                + checkpoint.size.to_bytes(8)
                + checkpoint.root
            )


def _counted(text: str) -> bytes:
    data = text.encode()
    return len(data).to_bytes(1) + data


def _kind(key: NoteKey) -> str:
    return "ML-DSA-44" if key.algorithm is NoteAlgorithm.COSIGNATURE_ML_DSA_44 else "Ed25519"


def _unproven(key: NoteKey, what: str) -> IntegrityFailure:
    return IntegrityFailure(
        "checkpoint-signature-invalid", f"The {_kind(key)} signature of the log {key.name} {what}."
    )
