"""deliver: what a policy keeps from one recipient of a correction is held for a person; the others get it.

An entry of the queue is held, as by the agreements, and so is a member's delivery, which the member cannot
collect. Whoever may release it to that recipient lets it go.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from hub.audit.events import Act, AuditEvent
from hub.audit.justification import justified
from hub.entries import Delivery, Direction, OutboxEntry, RecordRow
from hub.errors import Refused
from hub.exchange.access import Kept, kept_from, permit_doing
from hub.exchange.accounts import actor_of
from hub.exchange.approving import Given
from hub.exchange.broker import Broker
from hub.exchange.contents import find_row
from hub.exchange.readying import Queued
from hub.exchange.upkeep import take_up
from hub.exchange.weighing import KEPT, SUSPENDED
from hub.policy.access import Doing
from hub.policy.decision import Reason, require
from hub.policy.four_eyes import may_approve
from hub.policy.rulebook import rule_named
from hub.ports import UnitOfWork, View
from hub.records.actor import Actor
from hub.records.kinds import Action
from hub.records.lifecycle import DeliveryState, EntryState, RecordState

_IN_FORCE: Final = frozenset({RecordState.RELEASED, RecordState.ANSWERED})
_STOPPED: Final = frozenset({EntryState.HELD, EntryState.DEAD})
#: Why an entry is dead that a newer version of its record has overtaken.
_OVERTAKEN: Final = "superseded"


@dataclass(frozen=True, kw_only=True)
class HeldFrom:
    """A recipient from whom a version is held, and by which code; a member's has no entry."""

    recipient: str
    version: int
    code: str | None = None
    entry_id: str | None = None


def kept_from_some(broker: Broker, view: View, row: RecordRow, actor: Actor, given: Sequence[Given]) -> Kept:
    """Return from whom the rules keep a correction, by the word of any officer who has approved it."""
    if row.action != Action.CORRECTION.value:
        return {}
    kept: dict[str, tuple[Reason, ...]] = {}
    for one in (actor, *_others(broker, view, given[:-1])):
        for recipient, reasons in kept_from(broker, view, row, one).items():
            kept[recipient] = tuple(dict.fromkeys((*kept.get(recipient, ()), *reasons)))
    return kept


def _others(broker: Broker, view: View, given: Iterable[Given]) -> Iterable[Actor]:
    for one in given:
        account = view.directory.officer(one.row.by.removeprefix("officer:"))
        if account is not None:
            yield actor_of(account, agency=broker.agency)


def hold_back(broker: Broker, queued: Queued, kept: Kept, *, at: datetime) -> Queued:
    """Return a release with what goes to some recipients held, and an event for each that says why."""
    if not kept:
        return queued
    row = queued.row
    entries = [
        replace(one, state=EntryState.HELD, reason=kept[one.recipient][0].code)
        if one.recipient in kept
        else one
        for one in queued.entries
    ]
    deliveries = [
        replace(one, state=DeliveryState.HELD, reason=kept[one.member][0].code) if one.member in kept else one
        for one in queued.deliveries
    ]
    told = [
        _held_event(broker, one.envelope_id, one.recipient, row, kept, at, entry=one.entry_id)
        for one in entries
        if one.recipient in kept
    ] + [
        _held_event(broker, row.record_id, one.member, row, kept, at, delivery=one.delivery_id)
        for one in queued.deliveries
        if one.member in kept
    ]
    return replace(queued, entries=tuple(entries), deliveries=tuple(deliveries), also=(*queued.also, *told))


def _held_event(
    broker: Broker, subject: str, recipient: str, row: RecordRow, kept: Kept, at: datetime, **told: str
) -> AuditEvent:
    rules = [name for reason in kept[recipient] if (name := rule_named(reason)) is not None]
    told |= {"rules": " ".join(rules)} if rules else {}
    return broker.event(
        Act.HELD,
        broker.itself,
        subject,
        at,
        recipient=recipient,
        record=row.record_id,
        version=str(row.version),
        code=kept[recipient][0].code,
        **told,
    )


def end_overtaken(broker: Broker, work: UnitOfWork, row: RecordRow, *, at: datetime) -> None:
    """Give up what is held of earlier corrections for those who get this version: it would wait behind them.

    What a suspension holds is taken up in its order, and a first version too: nobody has it yet.
    """
    _end_held_back(broker, work, row, at)
    ended = [
        one
        for one in work.outbox.of_record(row.record_id)
        if one.state is EntryState.HELD
        and one.reason != SUSPENDED
        and one.recipient in row.recipients
        and one.version is not None
        and 1 < one.version < row.version
    ]
    work.outbox.settle(
        None,
        [
            # What a policy keeps from its recipient stays kept: no operator puts it back.
            replace(one, state=EntryState.DEAD, reason=one.reason if one.reason in KEPT else _OVERTAKEN)
            for one in ended
        ],
    )
    work.stage(
        broker.event(
            Act.DIED,
            broker.itself,
            one.envelope_id,
            at,
            entry=one.entry_id,
            recipient=one.recipient,
            code=_OVERTAKEN,
        )
        for one in ended
    )


def _end_held_back(broker: Broker, work: UnitOfWork, row: RecordRow, at: datetime) -> None:
    ended = [
        one
        for one in work.deliveries.held_back(row.record_id)
        if one.state is DeliveryState.HELD and one.member in row.recipients and one.version < row.version
    ]
    for one in ended:
        work.deliveries.advance(one.delivery_id, to=DeliveryState.DEAD)
        told = {"delivery": one.delivery_id, "recipient": one.member, "version": str(one.version)}
        work.stage([broker.event(Act.DIED, broker.itself, row.record_id, at, code=_OVERTAKEN, **told)])


def held_from(view: View, record_id: str) -> Sequence[HeldFrom]:
    """Return from whom the version in force of our own record is held by a policy."""
    row = _in_force(view, record_id)
    if row is None or row.action != Action.CORRECTION.value:
        return []
    entries = [
        HeldFrom(recipient=one.recipient, version=row.version, code=one.reason, entry_id=one.entry_id)
        for one in _held_entries(view, row)
    ]
    members = [
        HeldFrom(recipient=one.member, version=row.version, code=one.reason)
        for one in _held_deliveries(view, row)
    ]
    return [*entries, *members]


def deliver(broker: Broker, actor: Actor, record_id: str, to: str, *, justification: str | None) -> HeldFrom:
    """Let the version in force go to a recipient from whom a policy held it; return what was held.

    It takes an officer who may release it to that recipient now, and wrote nothing of it. Raises Refused
    `justification-missing`, `role-missing`, `four-eyes`, `clearance-missing`, what the policy answers,
    `not-found` where nothing is held from them, and `partner-suspended`.
    """
    why = justified(justification)
    at = broker.clock.now()
    with broker.store.read() as view:
        row = _refuse_others(broker, view, actor, record_id, to)
        held = _held(view, record_id, to)
    if held.entry_id is not None:
        told = {"record": record_id, "version": str(row.version)}
        take_up(broker, actor, held.entry_id, justification=why, told=told)
        return held
    with broker.store.work() as work:
        # Not the record: a release of the next version takes these first, and then the record.
        work.deliveries.held_back(
            record_id
        )  # who lets it go, or follows it, meanwhile is waited for, and read
        row = _refuse_others(broker, work, actor, record_id, to)
        held = _held(work, record_id, to)
        for one in (each for each in _held_deliveries(work, row) if each.member == to):
            work.deliveries.advance(one.delivery_id, to=DeliveryState.WAITING)
            told = {"recipient": to, "version": str(row.version), "delivery": one.delivery_id}
            work.stage([broker.event(Act.RESUMED, actor, record_id, at, justification=why, **told)])
        work.commit()
    return held


def _refuse_others(broker: Broker, view: View, actor: Actor, record_id: str, to: str) -> RecordRow:
    find_row(view, record_id)
    row = _in_force(view, record_id)
    if row is None or to not in row.recipients:
        raise Refused("not-found", f"Nothing of record {record_id} is held from {to}.")
    for author in {row.author, *row.editors}:
        require(may_approve(actor, author))
    require(permit_doing(broker, view, row, actor, Doing.RELEASE, recipient=to))
    return row


def _held(view: View, record_id: str, to: str) -> HeldFrom:
    for one in held_from(view, record_id):
        if one.recipient == to:
            return one
    raise Refused("not-found", f"Nothing of record {record_id} is held from {to}.")


def _in_force(view: View, record_id: str) -> RecordRow | None:
    versions = view.records.versions(record_id)
    ours = [one for one in versions if one.direction is Direction.OUT and one.state in _IN_FORCE]
    return ours[-1] if ours else None


def _held_entries(view: View, row: RecordRow) -> Sequence[OutboxEntry]:
    """Return the entries that a policy holds; one whose life has ended meanwhile is held all the same."""
    entries = [one for one in view.outbox.of_record(row.record_id) if one.version == row.version]
    going = {one.recipient for one in entries if one.state not in _STOPPED or one.reason not in KEPT}
    return [one for one in entries if one.recipient not in going]


def _held_deliveries(view: View, row: RecordRow) -> Sequence[Delivery]:
    """Return the deliveries of a version that a policy holds from members."""
    back = view.deliveries.held_back(row.record_id)
    return [one for one in back if one.state is DeliveryState.HELD and one.version == row.version]
