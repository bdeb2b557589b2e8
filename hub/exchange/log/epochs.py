"""Which keys sign our log, and which signed it when: the log's tables say so, the key store knows the keys.

The tables name only keys that the key store has on record, or they were altered. A key store knows more than
a database that was set back: keys that came later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final

from hub.audit.checkpoints import Checkpoint, verify_checkpoint
from hub.audit.epochs import LogEpoch, WitnessEpoch, verify_in_epochs
from hub.audit.notes import NoteKey, NoteSigner
from hub.errors import IntegrityFailure, OurFault
from hub.ports import EpochRow, Keyring, Log, NoteKeySet

_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class OwnKeys:
    """The keys of our own log: by epochs, as far as the database tells, and all sets that there ever were.

    `given_up` are sets that somebody else may have: they speak against nothing any more. `switches` are by
    the number of a checkpoint: the sets that all must have signed it.
    """

    epochs: tuple[LogEpoch, ...]
    sets: tuple[tuple[NoteKey, ...], ...] = ()
    given_up: tuple[tuple[NoteKey, ...], ...] = ()
    switches: Mapping[int, tuple[tuple[NoteKey, ...], ...]] = field(default_factory=dict)

    def verify(self, raw: bytes) -> Checkpoint:
        """Return a checkpoint that the keys of its epoch signed; IntegrityFailure for any other."""
        return verify_in_epochs(raw, self.epochs)[0]

    def verify_row(self, number: int, raw: bytes) -> Checkpoint:
        """Return a stored checkpoint; where keys change, the old and the new ones must have signed it."""
        head = self.verify(raw)
        for keys in self.switches.get(number, ()):
            verify_checkpoint(raw, keys)
        return head

    def recognise(self, raw: bytes) -> Checkpoint:
        """Return a checkpoint that we signed at any time, though the database does not know of those keys.

        For what speaks against the database: published files, and what witnesses show.
        """
        try:
            return self.verify(raw)
        except IntegrityFailure as failure:
            for keys in reversed(self.sets):
                try:
                    return verify_checkpoint(raw, keys)
                except IntegrityFailure:
                    continue
            raise failure from None


def own_keys(log: Log, keyring: Keyring) -> OwnKeys:
    """Return the keys of our own log; IntegrityFailure `log-damaged` for ones that were never ours."""
    found = log.epochs()  # first: whatever keys they name, the key store had before
    sets = keyring.log_key_sets()
    rows = found or [_began(sets)]
    return OwnKeys(
        epochs=_epochs(rows, sets),
        sets=tuple(one.keys for one in sets if not one.compromised),
        given_up=tuple(one.keys for one in sets if one.compromised),
        switches=_switches(rows, sets),
    )


def own_witness_epochs(keyring: Keyring) -> tuple[WitnessEpoch, ...]:
    """Return the epochs of our own witness; the last one has the keys that stand on our card."""
    return tuple(
        WitnessEpoch(keys=one.keys, until=one.until, compromised=one.compromised)
        for one in keyring.witness_key_sets()
    )


def present_sets(log: Log, keyring: Keyring) -> tuple[NoteKeySet, ...]:
    """Return the sets of keys that sign now; more than one while they change."""
    found = log.epochs()
    sets = keyring.log_key_sets()
    rows = found or [_began(sets)]
    return tuple(_known(text, sets) for text in rows[-1].sets)


def signers_of(sets: Sequence[NoteKeySet]) -> tuple[NoteSigner, ...]:
    """Return what signs for these sets; OurFault `key-store-invalid` where a private half is not there."""
    if any(not one.signers for one in sets):
        raise OurFault(
            "key-store-invalid", "A private key that signs the log is not in the key store; restore it."
        )
    return tuple(signer for one in sets for signer in one.signers)


def epoch_rows(log: Log, keyring: Keyring) -> list[EpochRow]:
    """Return the changes of keys, the beginning included also where it was never written down."""
    return [*log.epochs()] or [_began(keyring.log_key_sets())]


def _began(sets: Sequence[NoteKeySet]) -> EpochRow:
    """Return the row of a log whose keys never changed: it has those that were made first."""
    return EpochRow(number=1, checkpoint=0, size=0, at=_BEGINNING, sets=(sets[0].text,))


def _epochs(rows: Sequence[EpochRow], sets: Sequence[NoteKeySet]) -> tuple[LogEpoch, ...]:
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for row in rows:
        for text in first.keys() - last.keys() - set(row.sets):
            last[text] = row.size
        for text in row.sets:
            first.setdefault(text, row.size)
    found = [(_known(text, sets), text) for text in first]
    return tuple(
        LogEpoch(keys=one.keys, first=first[text], last=last.get(text), compromised=one.compromised)
        for one, text in found
    )


def _switches(
    rows: Sequence[EpochRow], sets: Sequence[NoteKeySet]
) -> dict[int, tuple[tuple[NoteKey, ...], ...]]:
    found: dict[int, tuple[tuple[NoteKey, ...], ...]] = {}
    for before, row in pairwise(rows):
        texts = dict.fromkeys((*before.sets, *row.sets))
        found[row.checkpoint] = found.get(row.checkpoint, ()) + tuple(_known(one, sets).keys for one in texts)
    return found


def _known(text: str, sets: Sequence[NoteKeySet]) -> NoteKeySet:
    for one in sets:
        if one.text == text:
            return one
    raise IntegrityFailure(
        "log-damaged",
        "The log's tables name keys that the key store never had; see the runbook, A log that forked.",
    )
