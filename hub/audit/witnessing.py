"""How a witness answers a log that asks for its cosignature (C2SP tlog-witness, `add-checkpoint`).

Nothing here remembers or signs: the use case stores what was cosigned, atomically, before it answers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from hub.audit.checkpoints import DECIMAL, Checkpoint, read_checkpoint, verify_checkpoint
from hub.audit.encoding import b64, unb64
from hub.audit.merkle import EMPTY_ROOT, HASH_BYTES, SIZE_MAX, check_consistency
from hub.audit.notes import NOTE_MAX_BYTES, Note, NoteKey, read_note
from hub.errors import IntegrityFailure, Refused

#: The most consistency proof lines (C2SP tlog-witness).
PROOF_MAX: Final = 63
REQUEST_MAX_BYTES: Final = NOTE_MAX_BYTES + 64 * 64
#: The media type in which a witness says which size it has cosigned last.
SIZE_TYPE: Final = "text/x.tlog.size"

_OLD: Final = "old "


@dataclass(frozen=True, kw_only=True)
class AddCheckpoint:
    """A request for a cosignature: the size that was cosigned last, the proof from there, the note."""

    old_size: int
    proof: tuple[bytes, ...]
    note: Note

    def as_bytes(self) -> bytes:
        """Return the request's body."""
        lines = [f"old {self.old_size}", *map(b64, self.proof), ""]
        return "".join(f"{line}\n" for line in lines).encode() + self.note.as_bytes()

    @property
    def checkpoint(self) -> Checkpoint:
        """Return what the note says; nothing is verified yet."""
        return read_checkpoint(self.note)


@dataclass(frozen=True, kw_only=True)
class Remembered:
    """The latest checkpoint that a witness cosigned for a log."""

    size: int = 0
    root: bytes = EMPTY_ROOT


class Verdict(Enum):
    """What a witness answers, by HTTP status."""

    COSIGN = 200
    MALFORMED = 400
    UNTRUSTED = 403
    UNKNOWN = 404
    STALE = 409
    INCONSISTENT = 422


class Contradiction(Enum):
    """How a signed checkpoint contradicts the one that was cosigned.

    FORK is proof against the log: two roots of one size, both signed by it. UNPROVEN may be that, or a proof
    that someone spoiled.
    """

    FORK = "fork"
    UNPROVEN = "unproven"


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What a witness answers, and whether the log has contradicted itself. The code is of `hub.codes`."""

    verdict: Verdict
    code: str | None = None
    sentence: str = ""
    contradiction: Contradiction | None = None


def read_request(raw: bytes) -> AddCheckpoint:
    """Read the body of `add-checkpoint`; raise Refused `witness-request-invalid` for a malformed one."""
    head, blank, note = raw.partition(b"\n\n")
    if not blank or len(raw) > REQUEST_MAX_BYTES:
        raise _malformed("it has an old size line, proof lines, an empty line and a checkpoint")
    try:
        first, *lines = head.decode("ascii").split("\n")
        if not first.startswith(_OLD):
            raise ValueError("its first line is `old` and a size")
        if len(lines) > PROOF_MAX:
            raise ValueError(f"it has at most {PROOF_MAX} proof lines")
        request = AddCheckpoint(
            old_size=_size(first.removeprefix(_OLD)),
            proof=tuple(unb64(line, size=HASH_BYTES) for line in lines),
            note=read_note(note),
        )
        read_checkpoint(request.note)
    except IntegrityFailure as failure:
        raise Refused("witness-request-invalid", failure.sentence) from None
    except ValueError as error:  # UnicodeDecodeError is one
        raise _malformed("it is not ASCII" if isinstance(error, UnicodeDecodeError) else str(error)) from None
    return request


def judge(request: AddCheckpoint, *, keys: Sequence[NoteKey], remembered: Remembered) -> Judgement:
    """Decide what a witness answers, in the order that C2SP tlog-witness lays down.

    `keys` are the log's as pinned, none for a log that is not witnessed here; each of them must have signed.
    """
    checkpoint = request.checkpoint
    if not keys:
        return Judgement(
            verdict=Verdict.UNKNOWN,
            code="witness-log-unknown",
            sentence=f"The log {checkpoint.origin} is not witnessed here.",
        )
    try:
        verify_checkpoint(request.note.as_bytes(), keys)
    except IntegrityFailure as failure:
        return Judgement(verdict=Verdict.UNTRUSTED, code=failure.code, sentence=failure.sentence)
    if request.old_size > checkpoint.size:
        return Judgement(
            verdict=Verdict.MALFORMED,
            code="witness-request-invalid",
            sentence=f"The old size {request.old_size} is above the checkpoint's, {checkpoint.size}.",
        )
    forked = checkpoint.size == remembered.size and checkpoint.root != remembered.root
    if request.old_size != remembered.size:
        return Judgement(
            verdict=Verdict.STALE,
            code="witness-size-stale",
            sentence=f"The latest cosigned size is {remembered.size}, not {request.old_size}.",
            contradiction=Contradiction.FORK if forked else None,
        )
    try:
        check_consistency(
            old_size=remembered.size,
            old_root=remembered.root,
            size=checkpoint.size,
            root=checkpoint.root,
            proof=request.proof,
        )
    except IntegrityFailure as failure:
        return Judgement(
            verdict=Verdict.INCONSISTENT,
            code=failure.code,
            sentence=failure.sentence,
            contradiction=Contradiction.FORK if forked else Contradiction.UNPROVEN,
        )
    return Judgement(verdict=Verdict.COSIGN)


def origin_hash(origin: str) -> str:
    """Return what stands for an origin in the monitoring address: its SHA-256 in lowercase hex."""
    return hashlib.sha256(origin.encode()).hexdigest()


def size_line(size: int) -> bytes:
    """Return the body of a 409: the size of the latest cosigned checkpoint."""
    return f"{size}\n".encode()


def read_size(raw: bytes) -> int:
    """Read the body of a 409; raise ValueError for any other spelling of a size."""
    text = raw.decode("ascii")
    if not text.endswith("\n"):
        raise ValueError("a size is a decimal and a newline")
    return _size(text[:-1])


def _size(text: str) -> int:
    if DECIMAL.fullmatch(text) is None or int(text) > SIZE_MAX:
        raise ValueError(f"a size is a decimal number up to {SIZE_MAX} without leading zeroes")
    return int(text)


def _malformed(reason: str) -> Refused:
    return Refused("witness-request-invalid", f"The request for a cosignature is malformed: {reason}.")
