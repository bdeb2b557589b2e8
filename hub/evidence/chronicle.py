"""The exporter's log as far as the bundle shows it: checkpoints, witnesses, time stamps, entries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, cast

from hub.audit.checkpoints import Checkpoint, read_checkpoint
from hub.audit.epochs import LogEpoch, verify_in_epochs
from hub.audit.leaves import Leaf, check_disclosure, read_leaf
from hub.audit.merkle import check_consistency, check_inclusion, hash_leaf
from hub.audit.names import log_name, witness_name
from hub.audit.notes import Note, read_note
from hub.audit.proofs import read_proof
from hub.audit.quorum import QuorumVerdict, weigh_in_epochs
from hub.audit.timestamps import verify_timestamp
from hub.errors import HubError, IntegrityFailure
from hub.evidence.anchors import Anchors
from hub.evidence.bundle import Bundle
from hub.evidence.findings import Clock, Moment, Notebook, Signature, Standing, Topic
from hub.evidence.parts import CheckpointPart, EntryPart, Shown

_LOG_ALGORITHMS: Final = ("Ed25519", "ML-DSA-44")


@dataclass(frozen=True, kw_only=True)
class ProvenCheckpoint:
    """A checkpoint that the log signed, and who else says when it was there.

    `cosigned`: the quorum is met, and by at least one witness. `dated` is when as many witnesses as needed
    had cosigned it, or when the time was stamped; None where neither is shown.
    """

    checkpoint: Checkpoint
    epoch: LogEpoch
    quorum_met: bool
    cosigned: bool
    confirmed: tuple[tuple[datetime, str], ...]
    dated: datetime | None


@dataclass(frozen=True, kw_only=True)
class ProvenEntry:
    """An entry that is in the log; `said` are its fields as far as they are disclosed and committed to.

    `dated` is the earliest time by which a quorum of witnesses, or a time stamp, proves that it was there.
    """

    index: int
    leaf: Leaf
    shown: Shown
    said: Mapping[str, object] = field(default_factory=dict)
    dated: datetime | None = None

    @property
    def act(self) -> str:
        """Return what was done; empty when it is not disclosed."""
        return str(self.said.get("act", ""))

    @property
    def who(self) -> str:
        """Return who did it, as `officer:bolat`; empty when it is not disclosed."""
        actor = self.said.get("actor")
        if not isinstance(actor, Mapping):
            return ""
        return f"{actor.get('kind')}:{actor.get('id')}"

    @property
    def subject(self) -> str:
        """Return what it was done to; empty when it is not disclosed."""
        return str(self.said.get("subject", ""))

    @property
    def details(self) -> Mapping[str, str]:
        """Return its ids, digests and codes; empty when they are not disclosed."""
        details = self.said.get("details")
        if not isinstance(details, Mapping):
            return {}
        return {str(name): str(value) for name, value in details.items()}


def check_log(bundle: Bundle, anchors: Anchors, notes: Notebook) -> Sequence[ProvenEntry]:
    """Verify checkpoints and entries with the anchors' keys; return the entries that are in the log."""
    anchor = anchors.agencies[bundle.exporter]
    if bundle.origin != log_name(bundle.exporter):
        notes.disproven(Topic.LOG, "log-of-another", origin=bundle.origin, exporter=bundle.exporter)
        return ()
    if not anchor.log_keys:
        notes.not_shown(Topic.LOG, "log-keys-unknown", exporter=bundle.exporter)
        return ()
    if not bundle.entries:
        notes.not_shown(Topic.LOG, "no-entries", exporter=bundle.exporter)
        return ()
    checkpoints = _check_checkpoints(bundle, anchors, anchor.log, notes)
    if checkpoints is None:
        return ()
    entries = _check_entries(bundle, checkpoints, notes)
    _tell_quorum(bundle, checkpoints, anchors, notes)
    if not any(clock.what == "time-stamp" for clock in notes.clocks):
        notes.note(Topic.LIMIT, Standing.NOT_CHECKED, "no-timestamp")
    notes.moments += [_moment(entry, checkpoints) for entry in entries if entry.said]
    return entries


def _check_checkpoints(
    bundle: Bundle, anchors: Anchors, epochs: Sequence[LogEpoch], notes: Notebook
) -> Sequence[ProvenCheckpoint] | None:
    proven: list[ProvenCheckpoint] = []
    for number, part in enumerate(bundle.checkpoints, start=1):
        try:
            one = _check_checkpoint(bundle, part, epochs, anchors, notes)
            _check_growth(proven[-1].checkpoint if proven else None, one.checkpoint, part)
        except HubError as error:
            notes.disproven(Topic.LOG, "checkpoint-false", number=number, why=error.sentence, code=error.code)
            return None
        proven.append(one)
        size = one.checkpoint.size
        notes.proven(Topic.LOG, "checkpoint-signed", size=size, origin=bundle.origin)
        notes.signatures.append(
            Signature(
                over=f"{bundle.origin} {size}",
                what="checkpoint",
                by=bundle.origin,
                algorithms=_LOG_ALGORITHMS,
            )
        )
    if len(proven) > 1:
        notes.proven(Topic.LOG, "checkpoints-consistent", count=len(proven))
    _tell_compromised(proven, notes)
    return proven


def _tell_compromised(proven: Sequence[ProvenCheckpoint], notes: Notebook) -> None:
    """Say of keys that somebody else may have had whether anything but them speaks for what they signed.

    A later checkpoint, by other keys or with its quorum, is consistent with it and speaks for it.
    """
    for number, one in enumerate(proven):
        if one.epoch.compromised and not any(
            later.cosigned or not later.epoch.compromised for later in proven[number:]
        ):
            notes.not_shown(Topic.LOG, "log-keys-compromised", size=one.checkpoint.size)


def _check_checkpoint(
    bundle: Bundle, part: CheckpointPart, epochs: Sequence[LogEpoch], anchors: Anchors, notes: Notebook
) -> ProvenCheckpoint:
    note = part.note.encode()
    checkpoint, epoch = verify_in_epochs(note, epochs)
    if checkpoint.origin != bundle.origin:
        raise IntegrityFailure("checkpoint-signature-invalid", "It is the checkpoint of another log.")
    whole = read_note(note + part.cosignatures.encode())
    if read_checkpoint(whole) != checkpoint:
        raise IntegrityFailure("note-invalid", "The lines of the witnesses do not follow the checkpoint.")
    verdict = _weigh(anchors, bundle.exporter, whole)
    confirmed = [(at, name) for name, at in verdict.cosigned.items()]
    for at, name in sorted(confirmed):
        notes.clocks.append(Clock(at=at, by=name, what="cosigned"))
        notes.signatures.append(
            Signature(
                over=f"{bundle.origin} {checkpoint.size}",
                what="cosignature",
                by=name,
                algorithms=_LOG_ALGORITHMS,
                claims_at=at,
            )
        )
    times = sorted(at for at, _name in confirmed)
    enough = max(1, anchors.needed)
    stamps = _check_timestamps(part, checkpoint, anchors, notes)
    confirmed += stamps
    return ProvenCheckpoint(
        checkpoint=checkpoint,
        epoch=epoch,
        quorum_met=verdict.met,
        cosigned=bool(verdict.cosigned) and verdict.met,
        confirmed=tuple(sorted(confirmed)),
        dated=min([*times[enough - 1 : enough], *(at for at, _name in stamps)], default=None),
    )


def _weigh(anchors: Anchors, exporter: str, note: Note) -> QuorumVerdict:
    """Weigh the anchors' witnesses without the exporter's own, which is no other party."""
    others = [name for name in anchors.witnesses if name != exporter]
    witnesses = {witness_name(name): anchors.agencies[name].witness for name in others}
    verdict = weigh_in_epochs(min(anchors.needed, len(others)), witnesses, note)
    return replace(verdict, met=verdict.met and len(others) >= anchors.needed)


def _check_timestamps(
    part: CheckpointPart, checkpoint: Checkpoint, anchors: Anchors, notes: Notebook
) -> list[tuple[datetime, str]]:
    found = []
    for token in part.timestamps:
        if not anchors.tsa_roots:
            notes.note(Topic.LIMIT, Standing.NOT_CHECKED, "timestamp-no-roots", size=checkpoint.size)
            continue
        stamp = verify_timestamp(token, part.note.encode(), anchors.tsa_roots)
        found.append((stamp.at, stamp.tsa_subject))
        notes.proven(
            Topic.TIME,
            "timestamp",
            size=checkpoint.size,
            at=stamp.at,
            by=stamp.tsa_subject,
        )
        notes.clocks.append(Clock(at=stamp.at, by=stamp.tsa_subject, what="time-stamp"))
    return found


def _check_growth(before: Checkpoint | None, after: Checkpoint, part: CheckpointPart) -> None:
    if before is None:
        if part.consistency:
            raise IntegrityFailure("log-inconsistent", "The first checkpoint follows no other one.")
        return
    if after.size <= before.size:
        raise IntegrityFailure("log-inconsistent", "The checkpoints do not stand in the order of their size.")
    check_consistency(
        old_size=before.size,
        old_root=before.root,
        size=after.size,
        root=after.root,
        proof=part.consistency,
    )


def _check_entries(
    bundle: Bundle, checkpoints: Sequence[ProvenCheckpoint], notes: Notebook
) -> Sequence[ProvenEntry]:
    proven: list[ProvenEntry] = []
    for number, part in enumerate(bundle.entries, start=1):
        try:
            entry = _check_entry(part, bundle.checkpoints[part.checkpoint], checkpoints[part.checkpoint])
            if proven and entry.index <= proven[-1].index:
                raise IntegrityFailure("log-entry-invalid", "The entries do not stand in the log's order.")
        except HubError as error:
            notes.disproven(Topic.LOG, "entry-false", number=number, why=error.sentence, code=error.code)
            continue
        times = [one.dated for one in checkpoints if one.dated and one.checkpoint.size > entry.index]
        proven.append(replace(entry, dated=min(times, default=None)))
    if proven:
        notes.proven(
            Topic.LOG,
            "entries-included",
            count=len(proven),
            first=proven[0].index,
            last=proven[-1].index,
            origin=bundle.origin,
        )
    return proven


def _check_entry(part: EntryPart, under: CheckpointPart, proven: ProvenCheckpoint) -> ProvenEntry:
    raw = part.leaf.encode()
    leaf = read_leaf(raw)
    closing = (under.note + under.cosignatures).encode()
    proof = read_proof(part.proof.encode() + closing)
    if proof.extra is not None or proof.checkpoint != closing:
        raise IntegrityFailure("log-proof-invalid", "The proof has more before its checkpoint than it may.")
    check_inclusion(
        leaf_hash=hash_leaf(raw),
        index=proof.index,
        size=proven.checkpoint.size,
        proof=proof.hashes,
        root=proven.checkpoint.root,
    )
    for disclosure in part.disclosed:
        check_disclosure(leaf, disclosure)
    said = {disclosure.field: disclosure.value for disclosure in part.disclosed}
    return ProvenEntry(index=proof.index, leaf=leaf, shown=part.shown, said=said)


def _tell_quorum(
    bundle: Bundle, checkpoints: Sequence[ProvenCheckpoint], anchors: Anchors, notes: Notebook
) -> None:
    """Say of each checkpoint that entries hang on whether enough witnesses cosigned it."""
    if anchors.needed == 0:
        notes.note(Topic.LIMIT, Standing.NOT_CHECKED, "no-quorum-asked", exporter=bundle.exporter)
        return
    for number in sorted({entry.checkpoint for entry in bundle.entries}):
        one = checkpoints[number]
        told = {
            "size": one.checkpoint.size,
            "needed": anchors.needed,
            "witnesses": ", ".join(name for _at, name in one.confirmed) or "–",
        }
        # A later checkpoint that is cosigned and consistent with this one proves it too.
        if any(later.quorum_met for later in checkpoints[number:]):
            notes.proven(Topic.WITNESS, "quorum-met", **told)
        else:
            notes.not_shown(Topic.WITNESS, "quorum-missing", **told)


def _moment(entry: ProvenEntry, checkpoints: Sequence[ProvenCheckpoint]) -> Moment:
    confirmed = [
        confirmation
        for one in checkpoints
        if one.checkpoint.size > entry.index
        for confirmation in one.confirmed
    ]
    earliest = min(confirmed)[0] if confirmed else None
    justification = entry.said.get("justification")
    return Moment(
        index=entry.index,
        at=str(entry.said.get("at", "")),
        act=entry.act,
        who=entry.who,
        subject=entry.subject,
        details=entry.details,
        justification=cast("str | None", justification),
        before=earliest,
        by=tuple(sorted({name for at, name in confirmed if at == earliest})),
    )
