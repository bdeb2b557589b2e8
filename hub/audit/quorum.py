"""The quorum: how many of which witnesses must have cosigned a checkpoint before anyone relies on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.audit.checkpoints import verified_cosignatures
from hub.audit.epochs import WitnessEpoch
from hub.audit.notes import Note, NoteAlgorithm, NoteKey


@dataclass(frozen=True, kw_only=True)
class Quorum:
    """So many of these witnesses, each by its name and with the keys that are pinned for it."""

    needed: int
    witnesses: Mapping[str, tuple[NoteKey, ...]]

    def __post_init__(self) -> None:
        if not 0 <= self.needed <= len(self.witnesses):
            raise ValueError(f"{self.needed} of {len(self.witnesses)} witnesses can never be")
        for name, keys in self.witnesses.items():
            if not keys or any(key.name != name for key in keys):
                raise ValueError("a witness has one or more keys, all of its own name")
        keys = self._keys()
        if any(key.algorithm is NoteAlgorithm.ED25519 for key in keys):
            raise ValueError(
                "a witness signs with cosignature keys: an Ed25519 note signature states no time"
            )
        if len({key.public for key in keys}) != len(keys):
            raise ValueError("two witnesses, or two names of one, share a key")

    def _keys(self) -> tuple[NoteKey, ...]:
        return tuple(key for keys in self.witnesses.values() for key in keys)


@dataclass(frozen=True, kw_only=True)
class QuorumVerdict:
    """Whether enough witnesses cosigned: which, stating what time, and which of the known ones did not."""

    met: bool
    cosigned: Mapping[str, datetime]
    missing: tuple[str, ...]


def weigh(quorum: Quorum, note: Note) -> QuorumVerdict:
    """Return whether a checkpoint has its quorum of witnesses; the log's own signatures are not looked at.

    A witness counts once, and only when each of its pinned keys has signed the same statement: the same
    checkpoint at the same time. So whoever breaks one of two algorithms can neither forge a cosignature nor
    move its time. Raises IntegrityFailure when a signature of a known key does not verify.
    """
    cosigned = {}
    for name, keys in quorum.witnesses.items():
        at = _agreed(keys, note)
        if at is not None:
            cosigned[name] = at
    return QuorumVerdict(
        met=len(cosigned) >= quorum.needed,
        cosigned=cosigned,
        missing=tuple(name for name in quorum.witnesses if name not in cosigned),
    )


def weigh_in_epochs(
    needed: int, witnesses: Mapping[str, Sequence[WitnessEpoch]], note: Note
) -> QuorumVerdict:
    """Weigh as `weigh` does where witnesses have changed their keys.

    A cosignature counts by the keys whose time it states, so that those of before go on counting.
    """
    every = [key for epochs in witnesses.values() for epoch in epochs for key in epoch.keys]
    if len({key.public for key in every}) != len(every):
        raise ValueError("two witnesses, or two epochs of one, share a key")
    cosigned = {}
    for name, epochs in witnesses.items():
        stated = [at for epoch in epochs if (at := _agreed(epoch.keys, note)) and epoch.covers(at)]
        if stated:
            cosigned[name] = min(stated)
    return QuorumVerdict(
        met=len(cosigned) >= needed,
        cosigned=cosigned,
        missing=tuple(name for name in witnesses if name not in cosigned),
    )


def _agreed(keys: Sequence[NoteKey], note: Note) -> datetime | None:
    """Return the earliest time that every key of a witness has signed, or None when there is none."""
    stated = [{signed.at for signed in verified_cosignatures(note, (key,)) if signed.at} for key in keys]
    return min(set.intersection(*stated), default=None)
