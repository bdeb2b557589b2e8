"""Cosign other agencies' logs: what is consistent is remembered before it is answered (C2SP tlog-witness)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from hub.audit.checkpoints import cosign
from hub.audit.events import Act, AuditEvent
from hub.audit.names import log_name
from hub.audit.notes import Note, NoteKey
from hub.audit.witnessing import (
    AddCheckpoint,
    Judgement,
    Remembered,
    Verdict,
    judge,
    origin_hash,
    read_request,
)
from hub.errors import OurFault, Refused
from hub.exchange.broker import Broker, Standing
from hub.exchange.denying import log_denial
from hub.exchange.relying import relied_on, stage_relying
from hub.ports import ForkRow, UnitOfWork, WitnessedRow
from hub.records.actor import Actor

#: How often a request is judged again that another one overtook. Each time one of them gets its answer.
_TRIES: Final = 8


@dataclass(frozen=True, kw_only=True)
class WitnessAnswer:
    """What a log is answered: our signature lines, or the size that it must go on from."""

    verdict: Verdict
    lines: bytes = field(default=b"", repr=False)
    size: int = 0
    code: str | None = None
    sentence: str = ""


def add_checkpoint(broker: Broker, actor: Actor, raw: bytes) -> WitnessAnswer:
    """Answer a log's request for a cosignature; what is cosigned is durable when this returns.

    Anyone who may call may bring a log's checkpoint: it is the log's signature that counts. A refusal leaves
    an entry; a size that is stale does not, being an ordinary step. Raises Refused `witness-request-invalid`.
    """
    try:
        request = read_request(raw)
    except Refused as refusal:
        log_denial(broker, actor, refusal, operation="add-checkpoint")
        raise
    for _ in range(_TRIES):
        answer = _answer(broker, actor, request, raw)
        if answer is not None:
            return answer
    raise OurFault("storage-unavailable", "Other requests for the same log came first too often; ask again.")


def witnessed_note(broker: Broker, hashed_origin: str) -> bytes:
    """Return the latest checkpoint that we cosigned for a log, with our lines; Refused `not-found`."""
    with broker.store.read() as view:
        row = view.witnessing.witnessed_by_hash(hashed_origin)
    if row is None:
        raise Refused("not-found", "No log of that origin was ever cosigned here.")
    return row.note


def _answer(broker: Broker, actor: Actor, request: AddCheckpoint, raw: bytes) -> WitnessAnswer | None:
    """Judge a request and do what follows; None when another one changed what it was judged by."""
    at = broker.clock.now()
    origin = request.checkpoint.origin
    with broker.store.read() as view:
        standing = broker.standings.of(view)
        agency, keys = _log_of(standing, origin)
        before = view.witnessing.witnessed(origin)
    known = Remembered() if before is None else Remembered(size=before.size, root=before.root)
    judgement = judge(request, keys=keys, remembered=known)
    if judgement.verdict is not Verdict.COSIGN:
        _note_refusal(broker, actor, request, raw, judgement, before, at)
        return WitnessAnswer(
            verdict=judgement.verdict, size=known.size, code=judgement.code, sentence=judgement.sentence
        )
    row, lines = _cosigned(broker, request, agency, keys, at)
    with broker.store.work() as work:
        if not work.witnessing.advance(row, before=before):
            return None
        if before is None:
            partner = standing.partner(agency)
            told = {"size": str(row.size), "root": row.root.hex(), **relied_on(partner)}
            stage_relying(broker, work, [partner], [broker.event(Act.WITNESSED, actor, origin, at, **told)])
        work.commit()
    return WitnessAnswer(verdict=Verdict.COSIGN, lines=lines, size=row.size)


def _log_of(standing: Standing, origin: str) -> tuple[str, tuple[NoteKey, ...]]:
    """Return whose log has this origin, and the keys on the pinned card; none where traffic is stopped."""
    agency = origin.partition("/")[0]
    partner = standing.partners.get(agency)
    if partner is None or not partner.active or log_name(agency) != origin:
        return agency, ()
    return agency, partner.card.log_keys


def _cosigned(
    broker: Broker, request: AddCheckpoint, agency: str, keys: tuple[NoteKey, ...], at: datetime
) -> tuple[WitnessedRow, bytes]:
    """Return what to remember, and our lines. Of the log's note, only lines that were verified are kept."""
    checkpoint = request.checkpoint
    ours = cosign(request.note, broker.keyring.witness_signers(), at)
    theirs = tuple(line for line in request.note.signatures if any(line.is_by(key) for key in keys))
    row = WitnessedRow(
        origin=checkpoint.origin,
        origin_hash=origin_hash(checkpoint.origin),
        agency=agency,
        size=checkpoint.size,
        root=checkpoint.root,
        at=at,
        note=Note(text=request.note.text, signatures=theirs).with_signatures(ours).as_bytes(),
    )
    return row, "".join(line.line for line in ours).encode()


def _note_refusal(
    broker: Broker,
    actor: Actor,
    request: AddCheckpoint,
    raw: bytes,
    judgement: Judgement,
    before: WitnessedRow | None,
    at: datetime,
) -> None:
    """Keep what contradicts a cosigned checkpoint, and log the refusal, together."""
    events: list[AuditEvent] = []
    with broker.store.work() as work:
        if judgement.contradiction is not None and before is not None:
            events += _keep(broker, work, actor, request, raw, judgement, before, at)
        if judgement.verdict is not Verdict.STALE:
            origin = request.checkpoint.origin
            told = {"code": judgement.code or "internal", "operation": "add-checkpoint"}
            events.append(broker.event(Act.REFUSED, actor, origin, at, **told))
        if events:
            work.stage(events)
            work.commit()


def _keep(
    broker: Broker,
    work: UnitOfWork,
    actor: Actor,
    request: AddCheckpoint,
    raw: bytes,
    judgement: Judgement,
    before: WitnessedRow,
    at: datetime,
) -> list[AuditEvent]:
    checkpoint, kind = request.checkpoint, judgement.contradiction
    if kind is None:
        return []
    row = ForkRow(
        origin=checkpoint.origin,
        size=checkpoint.size,
        root=checkpoint.root,
        kind=kind,
        reported_by=actor.agency,
        at=at,
        request=raw,
        known=before.note,
    )
    if not work.witnessing.add_fork(row, most=broker.limits.witness_forks_max):
        return []
    return [
        broker.event(
            Act.FORK_SEEN,
            actor,
            checkpoint.origin,
            at,
            kind=kind.value,
            size=str(checkpoint.size),
            root=checkpoint.root.hex(),
            known_size=str(before.size),
            known_root=before.root.hex(),
        )
    ]
