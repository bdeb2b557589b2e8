"""What was derived follows its master at once: withdrawn with it, marked as due when it is corrected.

The recall of a derived record says nothing of its master, and not why that was withdrawn: those who got it
may not be meant to know. It goes by rule, in the transaction in which an officer releases the recall of its
master.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from hub.audit.events import Act, AuditEvent
from hub.entries import Priority, RecordRow, TearRow
from hub.errors import Refused
from hub.exchange.abreast import alone
from hub.exchange.approving import void
from hub.exchange.broker import Broker, Standing
from hub.exchange.drafting import described
from hub.exchange.hubless.translating import prepare_all, refuse_untranslated
from hub.exchange.preparing import prepare
from hub.exchange.readying import Queued, releasing
from hub.exchange.recalling import everyone_who_got
from hub.exchange.tearing import IN_FORCE, parts_changed
from hub.ports import UnitOfWork, View
from hub.records.actor import Actor, ActorKind
from hub.records.kinds import Action
from hub.records.lifecycle import RecordState
from hub.records.record import Record

_UNFINISHED: Final = frozenset({RecordState.DRAFT, RecordState.REJECTED})
#: What recipients are told, in the language of the record.
_RECALLED: Final = {
    "en": "Withdrawn by its originator.",
    "ru": "Отозвано отправителем.",
    "kk": "Жіберуші кері қайтарып алды.",
}


@dataclass(frozen=True, kw_only=True)
class Followers:
    """What follows a master's release: recalls that are ready, drafts they overtake, and what is now due.

    `changed` are the parts of the master that changed, by the derived record that they concern.
    """

    recalls: tuple[Queued, ...] = ()
    overtaken: tuple[RecordRow, ...] = ()
    changed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def followers(
    broker: Broker, standing: Standing, row: RecordRow, record: Record, *, at: datetime
) -> Followers:
    """Prepare what follows the release of a version of a master; of other records nothing does."""
    if row.version == 1:
        return Followers()
    with broker.store.read() as view:
        ties = view.tears.of_master(row.record_id)
        if row.action != Action.WITHDRAWAL.value:
            return Followers(
                changed={tie.record_id: parts_changed(broker, view, tie, record) for tie in ties}
            )
        derived = [found for tie in ties if (found := _in_force(view, tie)) is not None]
        everyone = {one.record_id: everyone_who_got(view, one.record_id) for one, _ in derived}
    recalls = tuple(
        _recall(broker, standing, row, one, newest, everyone[one.record_id], at=at) for one, newest in derived
    )
    overtaken = tuple(newest for _, newest in derived if newest.state in _UNFINISHED)
    return Followers(recalls=recalls, overtaken=overtaken)


def follow(broker: Broker, work: UnitOfWork, row: RecordRow, found: Followers, *, at: datetime) -> None:
    """Put what was prepared into the master's transaction, after its own rows.

    Raises Refused `conflict` where a derived record was released meanwhile: nothing that is in force may
    outlast its master.
    """
    work.stage(_overtake(broker, work, one, at) for one in found.overtaken)
    if row.version == 1:
        return
    left = [one for tie in work.tears.of_master(row.record_id) if (one := _in_force(work, tie)) is not None]
    if row.action == Action.WITHDRAWAL.value:
        if left:
            raise Refused("conflict", "A record that is derived from it was released meanwhile; look again.")
        return
    for derived, _newest in left:
        tie = work.tears.get(derived.record_id, derived.version)
        if tie is None:
            continue
        parts = sorted({*tie.changed, *found.changed.get(derived.record_id, ())})
        work.tears.note_changed(derived.record_id, derived.version, parts)
        work.dues.put_off(derived.originator, derived.record_id, "tear_due_at", at)
        work.stage(
            [
                broker.event(
                    Act.TEAR_OUTDATED,
                    broker.itself,
                    derived.record_id,
                    at,
                    version=str(derived.version),
                    master=row.record_id,
                    master_version=str(row.version),
                    parts=",".join(parts),
                )
            ]
        )


def _in_force(view: View, tie: TearRow) -> tuple[RecordRow, RecordRow] | None:
    """Return the version in force of a derived record, and its newest; None where nothing of it is."""
    versions = view.records.versions(tie.record_id)
    current = next((one for one in reversed(versions) if one.state in IN_FORCE), None)
    if current is None or current.action == Action.WITHDRAWAL.value:
        return None
    return current, versions[-1]


def _recall(
    broker: Broker,
    standing: Standing,
    master: RecordRow,
    current: RecordRow,
    newest: RecordRow,
    recipients: Sequence[str],
    *,
    at: datetime,
) -> Queued:
    """Return the recall of a derived record, from what its row says: its content may be erased."""
    reason = _RECALLED.get(current.language[:2], _RECALLED["en"])
    document: dict[str, object] = {
        "id": current.record_id,
        "version": newest.version + 1,
        "kind": current.kind,
        "action": Action.WITHDRAWAL.value,
        "label": dict(current.label),
        "legal_basis": {"agreement": current.agreement, "articles": list(current.articles)},
        "purpose": current.purpose,
        "conversation": current.conversation,
        "language": current.language,
        "subjects": [],
        "narrative": reason,
        "details": {"reason": reason},
    }
    if current.retain_until is not None:
        last = current.retain_until.astimezone(UTC) - timedelta(days=1)
        document["retain_until"] = last.date().isoformat()
    drafted = prepare(
        broker,
        standing,
        broker.itself,
        document,
        recipients=recipients,
        priority=Priority.URGENT,
        at=at,
    )
    drafted = replace(drafted, row=replace(drafted.row, created_at=at))
    prepared = prepare_all(broker, standing, drafted.record, recipients, at=at)
    refuse_untranslated(prepared)
    rule = Actor(kind=ActorKind.RULE, id=current.agreement, agency=broker.agency)
    made = alone(
        releasing(
            broker,
            standing,
            drafted.record,
            drafted.row,
            approver=rule,
            at=at,
            drafted=drafted,
            prepared=prepared,
        )
    )
    told = broker.event(
        Act.DRAFTED,
        broker.itself,
        current.record_id,
        at,
        action=Action.WITHDRAWAL.value,
        master=master.record_id,
        **described(drafted.row),
    )
    return replace(made, also=(told,))


def _overtake(broker: Broker, work: UnitOfWork, row: RecordRow, at: datetime) -> AuditEvent:
    """Give up the draft of a derived record's next version, which its recall overtakes."""
    work.records.advance(row, to=RecordState.DISCARDED)
    work.bodies.erase(row.body_id)
    told = void(work, row)
    return broker.event(Act.DISCARDED, broker.itself, row.record_id, at, version=str(row.version), **told)
