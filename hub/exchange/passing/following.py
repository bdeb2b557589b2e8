"""correct and withdraw, onward: what an originator changes reaches everyone to whom we passed its record.

No officer decides again: the correction or withdrawal is the originator's own, signed by it, for those who
have the record already. What cannot follow is taken back.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from hub.entries import PassageRow, Priority, RecordRow
from hub.envelope.passing import as_object
from hub.errors import HubError, Refused
from hub.exchange import approving
from hub.exchange.abreast import alone
from hub.exchange.attachments import attach, secrets_for
from hub.exchange.broker import Broker, Standing
from hub.exchange.consenting import granted_by
from hub.exchange.contents import read_content, read_signed
from hub.exchange.log.stalling import refuse_stalled
from hub.exchange.passing.passing_on import kept_until, passing_event
from hub.exchange.passing.written import Held, attached_to, details_of, label_of, refuse_unpassable
from hub.exchange.preparing import Drafted, prepare
from hub.exchange.readying import Queued, releasing
from hub.exchange.releasing import queue, wake
from hub.exchange.witness.holding import refuse_unwitnessed
from hub.ports import UnitOfWork, View
from hub.records.actor import Actor, ActorKind
from hub.records.kinds import Action
from hub.records.lifecycle import RecordState

#: The rule by which what an originator changes follows, as releases name it.
RULE: Final = "onward"
_AT_ONCE: Final = 50
_WENT: Final = frozenset({RecordState.RELEASED, RecordState.ANSWERED})
#: What keeps a next version from being passed on for good: it is too large, or its consent was erased here.
_CANNOT_FOLLOW: Final = frozenset({"transition-invalid", "record-too-large", "content-erased"})
_UNRELEASED: Final = frozenset({RecordState.DRAFT, RecordState.REJECTED})

log = logging.getLogger("hub.passing")


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """What was looked at: the newest version of the record and of the consent, and their states."""

    record: tuple[int, RecordState] | None
    consent: tuple[int, RecordState] | None


@dataclass(frozen=True, kw_only=True)
class _Due:
    """The next version of a passage, ready to be stored; `version` is that of the record in it."""

    drafted: Drafted
    queued: Queued
    newest: RecordRow
    version: int


def follow_passages(broker: Broker) -> int:
    """Send on what changed since it was passed on, and take back what may not stay; return how many went.

    What fails stays marked and is tried again; it keeps no other from following. Raises OurFault
    `log-stalled` while nothing may be released.
    """
    went, after = 0, ""
    while behind := _behind(broker, after):
        refuse_stalled(broker)
        went += sum(_follow_logged(broker, passage) for passage in behind)
        after = behind[-1].passage_id
    return went


def _behind(broker: Broker, after: str) -> Sequence[PassageRow]:
    with broker.store.read() as view:
        return view.passages.behind(broker.agency, after=after, limit=_AT_ONCE)


def _follow_logged(broker: Broker, passage: PassageRow) -> bool:
    try:
        return _follow(broker, passage)
    except HubError as error:
        log.warning("passage %s does not follow yet: %s", passage.passage_id, error.code)
        return False


def _follow(broker: Broker, passage: PassageRow) -> bool:
    at = broker.clock.now()
    with broker.store.read() as view:
        seen = _look(view, passage)
        due = _due(broker, view, broker.standings.of(view), passage, at)
    with broker.store.work() as work:
        done = replace(passage, behind=False, version=passage.version if due is None else due.version)
        work.passages.put(done)
        if _look(work, passage) != seen:
            work.passages.put(replace(done, behind=True))
        if due is not None:
            _send(broker, work, done, due, at)
        work.commit()
    if due is not None:
        wake(broker, [due.queued])
    return due is not None


def _look(view: View, passage: PassageRow) -> _Seen:
    record = view.records.get(passage.record_id, originator=passage.originator)
    consent = view.records.get(passage.consent_id, originator=passage.originator)
    return _Seen(
        record=None if record is None else (record.version, record.state),
        consent=None if consent is None else (consent.version, consent.state),
    )


def _due(broker: Broker, view: View, standing: Standing, passage: PassageRow, at: datetime) -> _Due | None:
    """Return what must go to those who have the record through us, or None where they are told of all."""
    versions = view.records.versions(passage.passage_id, originator=broker.agency)
    went = [one for one in versions if one.state in _WENT]
    record = view.records.get(passage.record_id, originator=passage.originator)
    if not went or went[-1].action == Action.WITHDRAWAL.value or record is None:
        return None
    last = went[-1]
    if record.action == Action.WITHDRAWAL.value:
        signed = as_object(read_signed(broker, view, record))
        told = _recall(record, "Its originator withdrew it.", signed=signed)
    elif why := _not_to_stay(broker, view, passage, last, record):
        told = _recall(record, why)
    elif record.version <= passage.version:
        return None
    else:
        refuse_unwitnessed(broker)
        try:
            told = _correction(broker, view, passage, last, record)
            return _made(broker, view, standing, versions[-1], last, told, record.version, at)
        except Refused as refusal:
            if refusal.code not in _CANNOT_FOLLOW:
                raise
            told = _recall(record, "Its next version cannot be passed on.")
    return _made(broker, view, standing, versions[-1], last, told, record.version, at)


def _not_to_stay(
    broker: Broker, view: View, passage: PassageRow, last: RecordRow, record: RecordRow
) -> str | None:
    """Return why what was passed on is taken back: the consent was, or we may not keep the record either.

    A consent whose day has passed does not: what came in time stays, and is corrected.
    """
    if record.state is RecordState.WITHDRAWN:
        return "It was taken back from the hub that passed it on."
    consent = view.records.get(passage.consent_id, originator=passage.originator)
    if consent is None:
        return None
    try:
        granted = granted_by(read_content(broker, view, consent)) or ()
    except Refused:  # it was erased: nothing was taken back with it
        return None
    named = {one.pass_to for one in granted if one.record_id == passage.record_id}
    held = set(last.recipients) - {passage.originator}
    return None if held <= named else "Its originator took back its consent."


def _correction(
    broker: Broker, view: View, passage: PassageRow, last: RecordRow, row: RecordRow
) -> Mapping[str, object]:
    record = read_content(broker, view, row)
    refuse_unpassable(record)
    held = Held(row=row, record=record)
    return {
        "action": Action.CORRECTION.value,
        "label": label_of(record, last.recipients),
        "purpose": row.purpose,
        "language": row.language,
        "details": details_of(broker, view, held, passage.consent_id),
        **kept_until(record),
        **attached_to(record),
    }


def _recall(
    record: RecordRow, reason: str, *, signed: Mapping[str, object] | None = None
) -> Mapping[str, object]:
    named = {"originator": record.originator, "id": record.record_id, "version": record.version}
    details = {"reason": reason, "record": named} | ({} if signed is None else {"signed": signed})
    return {"action": Action.WITHDRAWAL.value, "narrative": reason, "details": details}


def _made(
    broker: Broker,
    view: View,
    standing: Standing,
    newest: RecordRow,
    last: RecordRow,
    told: Mapping[str, object],
    version: int,
    at: datetime,
) -> _Due:
    """Make the next version of a passage, for all its recipients, signed and sealed."""
    kept = _kept(broker, view, last)
    drafted = prepare(
        broker,
        standing,
        broker.itself,
        {**kept, **told, "version": newest.version + 1},
        recipients=last.recipients,
        priority=Priority.URGENT if told["action"] == Action.WITHDRAWAL.value else last.priority,
        at=at,
    )
    rule = Actor(kind=ActorKind.RULE, id=RULE, agency=broker.agency)
    queued = alone(
        releasing(
            broker,
            standing,
            drafted.record,
            drafted.row,
            approver=rule,
            at=at,
            secrets=secrets_for(view, broker, drafted.record),
            drafted=drafted,
        )
    )
    return _Due(drafted=drafted, queued=queued, newest=newest, version=version)


def _kept(broker: Broker, view: View, last: RecordRow) -> Mapping[str, object]:
    """Return what the next version of a passage says as the last did; of an erased one its row still tells.

    Who has the record through us is told of every change, also where we keep it no more.
    """
    try:
        kept = dict(read_content(broker, view, last).document)
    except Refused as refusal:
        if refusal.code != "content-erased":
            raise
        return {
            "kind": last.kind,
            "id": last.record_id,
            "conversation": last.conversation,
            "label": last.label,
            "legal_basis": {"agreement": last.agreement, "articles": list(last.articles)},
            "purpose": last.purpose,
            "language": last.language,
            "subjects": [],
            "narrative": "",
        }
    for name in ("created_at", "review_on", "retain_until", "attachments"):
        kept.pop(name, None)
    return kept


def _send(broker: Broker, work: UnitOfWork, passage: PassageRow, due: _Due, at: datetime) -> None:
    """Put the next version into the transaction; a draft that a person has begun gives way to it."""
    row = due.queued.row
    newest = work.records.get(passage.passage_id, originator=broker.agency)
    if newest is None or (newest.version, newest.state) != (due.newest.version, due.newest.state):
        raise Refused("conflict", "The passage was changed meanwhile.")
    if newest.state in _UNRELEASED:
        work.records.advance(newest, to=RecordState.DISCARDED)
        work.bodies.erase(newest.body_id)
        approving.void(work, newest)
    work.records.add([row])
    attach(work, broker, broker.itself, due.drafted.record)
    queue(broker, work, [due.queued])
    rule = Actor(kind=ActorKind.RULE, id=RULE, agency=broker.agency)
    work.stage([passing_event(broker, rule, row, passage, at)])
