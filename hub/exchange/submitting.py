"""submit: a member's system hands records in; what flows by rule is released, the rest waits for a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hub.audit.events import Act
from hub.entries import (
    Priority,
)
from hub.errors import HubError, Refused
from hub.exchange.abreast import Way, abreast
from hub.exchange.attachments import attach
from hub.exchange.broker import Broker, Standing
from hub.exchange.drafting import described, refuse_known, refuse_unanswerable, refuse_unless_drafter
from hub.exchange.hubless.translating import judged, prepare_all
from hub.exchange.log.stalling import refuse_stalled
from hub.exchange.preparing import Drafted, new_identity, preparing
from hub.exchange.readying import Queued, releasing
from hub.exchange.recipients import judge_all, judge_rule
from hub.exchange.releasing import queue, wake
from hub.exchange.witness.holding import refuse_unwitnessed
from hub.policy.decision import Deny, Reason
from hub.ports import UnitOfWork
from hub.records.actor import Actor, ActorKind
from hub.records.lifecycle import RecordState

#: A batch is judged anew so often where partners, members or agreements are changed meanwhile.
_JUDGED_AT_MOST: Final = 5


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One record that a member's system hands in."""

    document: Mapping[str, object]
    recipients: Sequence[str]
    priority: Priority = Priority.ROUTINE


@dataclass(frozen=True, kw_only=True)
class Submitted:
    """What became of a submission: released by rule, or waiting for an officer and why."""

    record_id: str
    version: int
    state: RecordState
    envelope_ids: tuple[str, ...] = ()
    held_because: tuple[Reason, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Judged:
    """A batch as it was judged by one standing: what goes by rule, what waits, and what is said of each."""

    standing: Standing
    at: datetime
    drafted: Sequence[Drafted]
    waiting: Sequence[Drafted]
    queued: Sequence[Queued]
    results: Sequence[Submitted]


def submit(
    broker: Broker,
    actor: Actor,
    items: Sequence[Submission],
    *,
    also: Callable[[UnitOfWork, Sequence[Submitted]], None] | None = None,
) -> Sequence[Submitted]:
    """Take records from a member's system: release what flows by rule, keep the rest as drafts.

    One durable commit for all of them, or none: the first invalid one refuses the batch and names its index.
    `also` adds to the same transaction: the answer that an idempotency key is remembered with. Where a
    partner, member or agreement was changed meanwhile, all is judged anew; raises Refused `conflict` where
    that goes on.
    """
    refuse_unless_drafter(actor)
    for _ in range(_JUDGED_AT_MOST):
        batch = _judge(broker, actor, items)
        if _keep(broker, actor, batch, also):
            wake(broker, batch.queued)
            return batch.results
    raise Refused("conflict", "What may go to whom is being changed again and again; hand it in later.")


def _judge(broker: Broker, actor: Actor, items: Sequence[Submission]) -> _Judged:
    at = broker.clock.now()
    standing = broker.standing()
    ways = (_submit_one(broker, standing, actor, item, at, index) for index, item in enumerate(items))
    ends = abreast(ways)
    queued = [ready for _, ready, _ in ends if ready is not None]
    if queued:
        refuse_stalled(broker)
        refuse_unwitnessed(broker)
    return _Judged(
        standing=standing,
        at=at,
        drafted=[drafted for drafted, _, _ in ends],
        waiting=[drafted for drafted, ready, _ in ends if ready is None],
        queued=queued,
        results=[result for _, _, result in ends],
    )


def _keep(
    broker: Broker,
    actor: Actor,
    batch: _Judged,
    also: Callable[[UnitOfWork, Sequence[Submitted]], None] | None,
) -> bool:
    """Store a batch; False, and nothing is stored, where something goes by rules that have changed since."""
    at, waiting, queued = batch.at, batch.waiting, batch.queued
    with broker.store.work() as work:
        if queued and broker.standings.of(work).generation != batch.standing.generation:
            return False
        refuse_known(work, batch.drafted)
        for drafted in waiting:
            refuse_unanswerable(work, drafted.record)
            attach(work, broker, actor, drafted.record)
        work.bodies.add([d.body for d in waiting])
        work.records.add([d.row for d in waiting] + [q.row for q in queued])
        work.stage(broker.event(Act.DRAFTED, actor, d.row.record_id, at, **described(d.row)) for d in waiting)
        queue(broker, work, queued)
        if also is not None:
            also(work, batch.results)
        work.commit()
    return True


def _submit_one(
    broker: Broker, standing: Standing, actor: Actor, item: Submission, at: datetime, index: int
) -> Way[tuple[Drafted, Queued | None, Submitted]]:
    try:
        return (yield from _submitting(broker, standing, actor, item, at))
    except HubError as error:
        error.details["index"] = index
        raise


def _submitting(
    broker: Broker, standing: Standing, actor: Actor, item: Submission, at: datetime
) -> Way[tuple[Drafted, Queued | None, Submitted]]:
    drafted = yield from preparing(
        broker,
        standing,
        actor,
        new_identity(item.document),
        recipients=item.recipients,
        priority=item.priority,
        at=at,
    )
    yield
    row, record = drafted.row, drafted.record
    verdicts = judge_all(standing, record, row.recipients, agency=broker.agency, at=at)
    prepared = prepare_all(broker, standing, record, row.recipients, at=at)
    verdicts = judged(verdicts, prepared)
    reasons = tuple(reason for verdict in verdicts for reason in verdict.reasons)
    by_rule = judge_rule(standing, record, row.recipients, agency=broker.agency, at=at)
    if isinstance(by_rule, Deny):
        reasons += by_rule.reasons
    if record.version > 1 or record.in_reply_to is not None or record.attachments:
        reasons += (
            Reason(
                code="four-eyes",
                sentence="An answer, a correction, a withdrawal or an attachment takes an officer's release.",
                clause="",
            ),
        )
    if any(one.questions or not one.lossless for one in prepared):
        reasons += (
            Reason(
                code="losses-unseen",
                sentence="A partner's format cannot carry all of it, or its rules ask; an officer decides.",
            ),
        )
    if reasons:
        return (
            drafted,
            None,
            Submitted(record_id=row.record_id, version=row.version, state=row.state, held_because=reasons),
        )
    rule = Actor(kind=ActorKind.RULE, id=record.legal_basis.agreement, agency=broker.agency)
    yield
    ready = yield from releasing(
        broker, standing, record, row, approver=rule, at=at, drafted=drafted, prepared=prepared
    )
    return (
        drafted,
        ready,
        Submitted(
            record_id=row.record_id,
            version=row.version,
            state=RecordState.RELEASED,
            envelope_ids=ready.release.envelope_ids,
        ),
    )
