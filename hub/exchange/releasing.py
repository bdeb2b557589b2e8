"""approve → permit → translate → sign → seal → queue: the second decision, and all that follows from it.

Signing and sealing happen before the transaction opens: the write lock is held for rows alone.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from hub.audit.events import Act, AuditEvent
from hub.audit.justification import justified
from hub.entries import PassageRow, RecordRow, Release
from hub.envelope.approvals import SECRET_BYTES
from hub.envelope.manifest import AttachmentSecret
from hub.errors import Refused
from hub.exchange import approving
from hub.exchange.access import Kept, permit_release, refuse_passed
from hub.exchange.approving import Given, Signature
from hub.exchange.attachments import secrets_for
from hub.exchange.broker import Broker, Standing
from hub.exchange.checks import answered, asked_of
from hub.exchange.consenting import refuse_unfounded
from hub.exchange.contents import find_row, read_content
from hub.exchange.delivering import end_overtaken, hold_back, kept_from_some
from hub.exchange.denying import log_denial
from hub.exchange.following import Followers, follow, followers
from hub.exchange.hubless.asking import PartnerAnswer, answered_partners, refuse_other_losses
from hub.exchange.hubless.translating import Prepared, judged, prepare_all, refuse_untranslated
from hub.exchange.log.stalling import refuse_stalled
from hub.exchange.lowering import lowered, lowering
from hub.exchange.passing.passing_on import passed_by, passing_event, refuse_moved
from hub.exchange.passing.reported import await_others
from hub.exchange.readying import Queued, release
from hub.exchange.recalling import refuse_beyond_recall
from hub.exchange.recipients import judge_all, refuse_denied
from hub.exchange.settling import mark_answered, supersede, tied
from hub.exchange.tearing import refuse_outdated
from hub.exchange.witness.holding import refuse_unwitnessed
from hub.policy.access import Doing
from hub.policy.checks import Answered
from hub.policy.decision import require
from hub.policy.four_eyes import may_approve
from hub.ports import UnitOfWork
from hub.records.actor import Actor
from hub.records.kinds import Action
from hub.records.lifecycle import RecordState
from hub.records.record import Record


@dataclass(frozen=True, kw_only=True)
class Approved:
    """What became of a decision: released, or still a draft that others must approve too.

    `given` are all that have approved it, the first before the others, and `needed` how many must. `kept` is
    from whom a correction is held, and why.
    """

    given: tuple[str, ...]
    needed: int
    release: Release | None = None
    kept: Kept = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class _Prepared:
    """A decision that the rules allow: what it becomes once it is stored."""

    row: RecordRow
    given: tuple[Given, ...]
    needed: int
    also: tuple[AuditEvent, ...]
    queued: Queued | None
    following: Followers


@dataclass(frozen=True, kw_only=True)
class _Decision:
    """What an officer decided, as they said it."""

    digest: bytes
    recipients: Sequence[str]
    reason: str | None
    answers: Sequence[Answered]
    losses: bytes | None
    partner_answers: Sequence[PartnerAnswer]

    @property
    def signed_answers(self) -> Sequence[Mapping[str, object]]:
        """Return what was answered and seen, as the officer signs it."""
        checks = [{"check": one.check.value, "met": one.met, "why": one.why} for one in self.answers]
        asked = [vars(one) for one in self.partner_answers]
        return [*checks, *asked, *([] if self.losses is None else [{"losses": self.losses.hex()}])]


@dataclass(frozen=True, kw_only=True)
class _Weighed:
    """A decision that the rules allow. `before` are the approvals that count already."""

    standing: Standing
    row: RecordRow
    record: Record
    secrets: tuple[AttachmentSecret, ...]
    before: tuple[Given, ...]
    prepared: Sequence[Prepared]
    also: tuple[AuditEvent, ...]
    passage: PassageRow | None = None


def approve(
    broker: Broker,
    actor: Actor,
    record_id: str,
    *,
    digest: bytes,
    recipients: Sequence[str],
    lowered_because: str | None = None,
    answers: Sequence[Answered] = (),
    losses: bytes | None = None,
    partner_answers: Sequence[PartnerAnswer] = (),
    sign: Signature | None = None,
) -> Approved:
    """Release a draft: the second officer names the digest and the recipients that were read.

    `sign` is their own signature, or what opens their key. Where several officers must approve, it goes with
    the last of them. `lowered_because` says why the label asks for less than that of the version before,
    where it does. `answers` are given to the checks that the agreements ask for, `partner_answers` to what
    the rules of partners without a hub ask; they are logged with it. `losses` is the digest of the loss
    report that was read, where there are such partners.

    Raises Refused `label-lowered`, `tear-outdated`, `check-unanswered`, `check-failed`, `losses-unseen`,
    `four-eyes`, `role-missing`, `approval-unsigned`, `approval-invalid`, `policy-denied`,
    `transition-invalid`, and `conflict` when the draft is no longer the one that was read. Every refusal is
    logged. Raises OurFault `log-stalled`, and Refused `quorum-missing` for all but a withdrawal, which must
    reach everyone. What was derived from a record follows its correction or withdrawal at once.
    """
    refuse_stalled(broker)
    at = broker.clock.now()
    try:
        ready = _prepare_release(
            broker,
            actor,
            record_id,
            _Decision(
                digest=digest,
                recipients=recipients,
                reason=lowered_because,
                answers=answers,
                losses=losses,
                partner_answers=partner_answers,
            ),
            sign,
            at=at,
        )
    except Refused as refusal:
        log_denial(broker, actor, refusal, operation="approve", subject=record_id)
        raise
    row, queued = ready.row, ready.queued
    kept: Kept = {}
    with broker.store.work() as work:
        current = find_row(work, record_id)
        if current.version != row.version:
            raise Refused("conflict", "The draft was changed while it was being released.")
        require(permit_release(broker, work, row, actor))
        # Also where it stays a draft: two that approve at once are then told apart by its revision.
        work.records.replace(row if queued is None else queued.row, expected_revision=row.revision)
        approving.refuse_ended(broker, work, row, ready.given)
        approving.keep(broker, work, row, ready.given)
        if queued is None:
            told = approving.approved_event(broker, actor, row, ready.given, of=ready.needed, at=at)
            work.stage([told, *ready.also])
        else:
            refuse_outdated(work, row, held=True)
            kept = kept_from_some(broker, work, row, actor, ready.given)
            queued = hold_back(broker, queued, kept, at=at)
            recalls = ready.following.recalls
            work.records.add([one.row for one in recalls])
            queue(broker, work, [queued, *recalls])
            follow(broker, work, row, ready.following, at=at)
        work.commit()
    if queued is not None:
        wake(broker, [queued, *ready.following.recalls])
    return Approved(
        given=tuple(one.row.by for one in ready.given),
        needed=ready.needed,
        release=None if queued is None else queued.release,
        kept=kept,
    )


def ask_statement(
    broker: Broker,
    actor: Actor,
    record_id: str,
    *,
    digest: bytes,
    recipients: Sequence[str],
    lowered_because: str | None = None,
    answers: Sequence[Answered] = (),
    losses: bytes | None = None,
    partner_answers: Sequence[PartnerAnswer] = (),
) -> tuple[bytes, bytes]:
    """Return what the officer signs elsewhere to release a draft, and its secret; both come back with it.

    Raises what `approve` raises of a decision that the rules do not allow; nothing is stored but a refusal.
    """
    at, secret = broker.clock.now(), os.urandom(SECRET_BYTES)
    seen = _Decision(
        digest=digest,
        recipients=recipients,
        reason=lowered_because,
        answers=answers,
        losses=losses,
        partner_answers=partner_answers,
    )
    try:
        weighed = _weigh(broker, actor, record_id, seen, at=at)
    except Refused as refusal:
        log_denial(broker, actor, refusal, operation="approve", subject=record_id)
        raise
    stated = approving.state(weighed.standing, actor, weighed.row, seen.signed_answers, at=at, secret=secret)
    return stated.payload, secret


def _prepare_release(
    broker: Broker,
    actor: Actor,
    record_id: str,
    seen: _Decision,
    sign: Signature | None,
    *,
    at: datetime,
) -> _Prepared:
    weighed = _weigh(broker, actor, record_id, seen, at=at)
    standing, row = weighed.standing, weighed.row
    mine = approving.give(broker, standing, actor, row, seen.signed_answers, sign, at=at)
    given, needed = (*weighed.before, mine), approving.needed(broker, standing, row)
    queued, following = None, Followers()
    if len(given) >= needed:
        following = followers(broker, standing, row, weighed.record, at=at)
        made = release(
            broker,
            standing,
            weighed.record,
            row,
            approver=actor,
            at=at,
            secrets=weighed.secrets,
            prepared=weighed.prepared,
            given=given,
        )
        told = _passing_told(broker, actor, row, weighed.passage, at)
        queued = replace(made, also=(*weighed.also, *told), passage=weighed.passage)
    return _Prepared(
        row=row, given=given, needed=needed, also=weighed.also, queued=queued, following=following
    )


def _passing_told(
    broker: Broker, actor: Actor, row: RecordRow, passage: PassageRow | None, at: datetime
) -> tuple[AuditEvent, ...]:
    return () if passage is None else (passing_event(broker, actor, row, passage, at),)


def _weigh(broker: Broker, actor: Actor, record_id: str, seen: _Decision, *, at: datetime) -> _Weighed:
    """Ask every rule about a decision: who decides, over what was read, and with which answers."""
    with broker.store.read() as view:
        standing = broker.standings.of(view)
        row = find_row(view, record_id)
        _require_another_officer(actor, row)
        if row.state is not RecordState.DRAFT:
            raise Refused(
                "transition-invalid", f"Only a draft is released; this record is {row.state.value}."
            )
        if row.digest != seen.digest or tuple(sorted(seen.recipients)) != row.recipients:
            raise Refused(
                "conflict", "The draft or its recipients are not those that were read; read it again."
            )
        require(permit_release(broker, view, row, actor))
        record = read_content(broker, view, row)
        refuse_beyond_recall(view, row, record)
        if row.action != Action.WITHDRAWAL.value:
            refuse_passed(broker, view, record, actor, Doing.RELEASE, recipients=row.recipients)
        refuse_outdated(view, row)
        refuse_unfounded(view, row, record)
        passage = passed_by(broker, view, standing, row, record, at=at)
        secrets = secrets_for(view, broker, record)
        parts = lowered(view, row)
        before = approving.standing_approvals(broker, view, standing, row)
    if str(actor) in {one.row.by for one in before}:
        raise Refused("four-eyes", f"{actor.id} has approved it already; another officer must.")
    also = lowering(broker, actor, row, parts, reason=seen.reason, at=at)
    if row.action != Action.WITHDRAWAL.value:
        refuse_unwitnessed(broker)
    prepared = prepare_all(broker, standing, record, row.recipients, at=at)
    verdicts = judge_all(standing, record, row.recipients, agency=broker.agency, at=at)
    verdicts = judged(verdicts, prepared)
    if row.version == 1:
        # What corrects or recalls must not wait for one partner that is denied: its entry is held instead.
        refuse_denied(verdicts)
    asked = asked_of(standing, record, row.recipients, agency=broker.agency, at=at)
    also += answered(broker, actor, row, asked, seen.answers, at=at)
    refuse_untranslated(prepared)
    refuse_other_losses(prepared, seen.losses)
    also += answered_partners(broker, actor, row, prepared, seen.partner_answers, at=at)
    return _Weighed(
        standing=standing,
        row=row,
        record=record,
        secrets=tuple(secrets),
        before=tuple(before),
        prepared=prepared,
        also=tuple(also),
        passage=passage,
    )


def _require_another_officer(actor: Actor, row: RecordRow) -> None:
    """Raise Refused `four-eyes` or `role-missing` unless a releaser who never wrote in it decides."""
    for author in {row.author, *row.editors}:
        require(may_approve(actor, author))


def reject(broker: Broker, actor: Actor, record_id: str, *, reason: str) -> None:
    """Send a draft back to its author with a reason; without one, Refused `justification-missing`."""
    why, at = justified(reason), broker.clock.now()
    with broker.store.work() as work:
        row = find_row(work, record_id)
        _require_another_officer(actor, row)
        work.records.advance(row, to=RecordState.REJECTED)
        told = approving.void(work, row)
        work.stage([broker.event(Act.REJECTED, actor, record_id, at, justification=why, **told)])
        work.commit()


def queue(broker: Broker, work: UnitOfWork, items: Sequence[Queued]) -> None:
    """Put all that a release made into the transaction: envelopes, entries, deliveries and the leaf."""
    for item in items:
        # First: whoever changes these rows now may wait for what is locked from here on.
        if item.row.version > 1:
            end_overtaken(broker, work, item.row, at=item.release.at)
    work.bodies.add([body for item in items for body in item.bodies])
    work.records.add_releases([item.release for item in items])
    work.hubless.add_parcels([one for item in items for one in item.parcels])
    work.outbox.queue([entry for item in items for entry in item.entries])
    work.deliveries.add([delivery for item in items for delivery in item.deliveries])
    for item in items:
        if item.row.version > 1:
            supersede(work, item.row)
            await_others(work, item.row)
    work.stage([event for item in items for event in (item.event, *item.also)])
    for item in items:
        if item.passage is not None:
            refuse_moved(work, item.passage)
            work.passages.put(item.passage)
    for answer, asked in mark_answered(work, [item.row for item in items]):
        event = next(item.event for item in items if item.row is answer)
        work.stage([tied(broker, event, asked)])


def wake(broker: Broker, items: Sequence[Queued]) -> None:
    """Tell the dispatcher which lanes have something new."""
    for lane in {entry.lane for item in items for entry in item.entries}:
        broker.wake(lane)
