"""Epochs: a log and a witness change their keys, and what the old ones signed stays proven.

A log's epoch is bound to tree sizes, which a clock cannot move. Epochs overlap while partners learn the new
keys: checkpoints bear the signatures of both sets then, and either set is enough for a reader.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.audit.checkpoints import Checkpoint, read_checkpoint, verify_checkpoint
from hub.audit.notes import NoteKey, read_note
from hub.errors import IntegrityFailure


@dataclass(frozen=True, kw_only=True)
class LogEpoch:
    """One set of a log's keys, and over which trees they signed: from `first` entries to `last`.

    `last` is None while they sign. What a `compromised` set signed is believed only where something else
    shows it too: a checkpoint by later keys that continues it, witnesses, or a time stamp.
    """

    keys: tuple[NoteKey, ...]
    first: int = 0
    last: int | None = None
    compromised: bool = False

    def __post_init__(self) -> None:
        if not self.keys or len({key.name for key in self.keys}) != 1:
            raise ValueError("an epoch has one or more keys, all of one name")
        if self.first < 0 or (self.last is not None and self.last < self.first):
            raise ValueError("an epoch ends at a size that is not below the one it began at")

    def covers(self, size: int) -> bool:
        """Tell whether its keys sign for trees of a size."""
        return self.first <= size and (self.last is None or size <= self.last)


@dataclass(frozen=True, kw_only=True)
class WitnessEpoch:
    """One set of a witness's keys, and until when their cosignatures count; None while they sign."""

    keys: tuple[NoteKey, ...]
    until: datetime | None = None
    compromised: bool = False

    def __post_init__(self) -> None:
        if not self.keys or len({key.name for key in self.keys}) != 1:
            raise ValueError("an epoch has one or more keys, all of one name")

    def covers(self, at: datetime) -> bool:
        """Tell whether a cosignature that states a time counts; none of a compromised set does."""
        return not self.compromised and (self.until is None or at <= self.until)


def verify_in_epochs(raw: bytes, epochs: Sequence[LogEpoch]) -> tuple[Checkpoint, LogEpoch]:
    """Return a checkpoint that every key of one epoch signed, over a tree of that epoch's sizes.

    Raises IntegrityFailure as `verify_checkpoint` does; also for keys whose time was over, or not yet come.
    """
    if not epochs:
        raise ValueError("a log is pinned by one or more epochs of its keys")
    size = read_checkpoint(read_note(raw)).size
    failure = IntegrityFailure(
        "checkpoint-signature-invalid", f"No keys of this log that are known here sign for {size} entries."
    )
    for epoch in reversed(epochs):
        if not epoch.covers(size):
            continue
        try:
            return verify_checkpoint(raw, epoch.keys), epoch
        except IntegrityFailure as error:
            failure = error
    raise failure
