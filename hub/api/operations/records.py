"""Records as they stand: lists, what became of one, its content, and what follows it."""

from __future__ import annotations

from dataclasses import replace

from hub.api.callers import Caller, Door
from hub.api.cursors import cursor, position
from hub.api.describing import ACCESS_REFUSED, CONTENT_REFUSED, RECORD_REFUSED
from hub.api.editing import ETAG, etag
from hub.api.room import Answer, Call, Room
from hub.api.schemas.drafts import (
    AnswerBody,
    DocumentBody,
    ErasureBody,
    ErasureConfirmationBody,
    ErasureView,
    ReadBody,
    ReadView,
    ReasonBody,
)
from hub.api.schemas.records import (
    HistoryView,
    OriginatorQuery,
    RecordsQuery,
    RecordStandingView,
    RecordsView,
    RecordView,
    VersionQuery,
)
from hub.audit.events import Act
from hub.audit.trail import writes, writes_nothing
from hub.entries import Direction, RecordRow
from hub.errors import Refused
from hub.exchange.confining import confinements_of, kept_outside
from hub.exchange.contents import find_row
from hub.exchange.correcting import correct, withdraw
from hub.exchange.delivering import held_from
from hub.exchange.drafting import answer
from hub.exchange.erasing import confirm_erasure, propose_erasure
from hub.exchange.routing import read_record
from hub.exchange.upkeep import trace
from hub.limits import Limits
from hub.ports import View
from hub.records.actor import Role

room = Room("records", __name__, url_prefix="/api/v1", description="Records as they stand, and what follows.")

_PLACE = "records"
_ERASURE_REFUSED = ("four-eyes", "policy-denied", "transition-invalid", "content-erased", "conflict")


def _record_size(limits: Limits) -> int:
    return limits.record_max_bytes + limits.request_max_bytes


@room.operation(
    "GET",
    "/records",
    door=Door.OFFICER,
    roles=Role,
    query=RecordsQuery,
    reply=RecordsView,
    trail=writes_nothing("ids, agencies, kinds, labels and states, and no content"),
)
def list_records(call: Call) -> Answer:
    """List records without their content, oldest first.

    Read on with `after` = `next`; nothing is skipped or repeated, whatever is added meanwhile.
    """
    after = position(_PLACE, call.query.get("after"))
    state, kind = call.query.get("state"), call.query.get("kind")
    with call.broker.store.read() as view:
        rows = view.records.page(
            after=after,
            limit=min(call.query["limit"], call.broker.limits.page_max),
            state=state,
            kind=kind.value if kind else None,
            conversation=call.query.get("conversation"),
        )
    return Answer(body={"items": rows, "next": cursor(_PLACE, rows[-1].position if rows else after)})


@room.operation(
    "GET",
    "/records/<id:record_id>",
    door=Door.INSIDE,
    roles=Role,
    query=VersionQuery,
    reply=RecordStandingView,
    gives=[ETAG],
    refusals=["conflict"],
    trail=writes_nothing("ids, agencies, kinds, labels and states, and no content"),
)
def get_record(call: Call, record_id: str) -> Answer:
    """Get one version of a record without its content; a system sees what it submitted itself.

    Officers also see its compartments, and from whom the policy of this hub holds it.
    """
    with call.broker.store.read() as view:
        row = find_row(view, record_id, call.query.get("version"), originator=call.query.get("originator"))
        first = view.records.versions(record_id, originator=row.originator)[0]
        _refuse_stranger(call.who, first)
        kept = {} if call.who.is_system else _kept(call, view, row)
    return Answer(body={**vars(row), **kept}, headers=etag(row))


@room.operation(
    "GET",
    "/records/<id:record_id>/history",
    door=Door.INSIDE,
    roles=Role,
    query=OriginatorQuery,
    reply=HistoryView,
    refusals=["conflict"],
    trail=writes_nothing("ids, agencies, kinds, labels and states, and no content"),
)
def get_history(call: Call, record_id: str) -> Answer:
    """Trace one record: versions, releases, entries, receipts and deliveries.

    A system sees what it submitted itself, and not what the policy of this hub holds from members.
    """
    life = trace(call.broker, record_id, originator=call.query.get("originator"))
    _refuse_stranger(call.who, life.versions[0])
    if call.who.is_system:
        life = replace(life, deliveries=tuple(one for one in life.deliveries if not one.held_back))
    return Answer(body=life)


@room.operation(
    "POST",
    "/records/<id:record_id>/read",
    door=Door.OFFICER,
    roles=[Role.READER],
    body=ReadBody,
    reply=ReadView,
    refusals=[*ACCESS_REFUSED, *CONTENT_REFUSED, "conflict", "justification-missing"],
    trail=writes(Act.CONSULTED),
)
def read_content(call: Call, record_id: str) -> Answer:
    """Read a record's content.

    The read and its justification are logged before the content leaves; the first read of a received
    record tells its originator that it was opened.
    """
    record = read_record(
        call.broker,
        call.actor,
        record_id,
        call.body.get("version"),
        justification=call.body["justification"],
        purpose=call.body.get("purpose"),
        originator=call.body.get("originator"),
    )
    means = {} if record.grading is None else {"grading_means": record.grading.means}
    return Answer(body={"record": record.document, **means})


@room.operation(
    "POST",
    "/records/<id:record_id>/answers",
    door=Door.OFFICER,
    roles=[Role.DRAFTER],
    body=AnswerBody,
    size=_record_size,
    status=201,
    reply=RecordView,
    gives=[ETAG],
    refusals=[*ACCESS_REFUSED, *RECORD_REFUSED, "conflict", "transition-invalid"],
    trail=writes(Act.DRAFTED),
)
def answer_record(call: Call, record_id: str) -> Answer:
    """Draft an answer to a received record, for its originator and in its conversation."""
    row = answer(
        call.broker,
        call.actor,
        record_id,
        call.body["record"],
        originator=call.body.get("originator"),
        priority=call.body["priority"],
    )
    return Answer(body=row, headers=etag(row))


@room.operation(
    "POST",
    "/records/<id:record_id>/corrections",
    door=Door.OFFICER,
    roles=[Role.DRAFTER],
    body=DocumentBody,
    size=_record_size,
    status=201,
    reply=RecordView,
    gives=[ETAG],
    refusals=[*RECORD_REFUSED, *CONTENT_REFUSED, "policy-denied", "transition-invalid"],
    trail=writes(Act.DRAFTED),
)
def correct_record(call: Call, record_id: str) -> Answer:
    """Draft the next version of a released record, for everyone who ever got it."""
    row = correct(call.broker, call.actor, record_id, call.body["record"])
    return Answer(body=row, headers=etag(row))


@room.operation(
    "POST",
    "/records/<id:record_id>/withdrawals",
    door=Door.OFFICER,
    roles=[Role.DRAFTER],
    body=ReasonBody,
    status=201,
    reply=RecordView,
    gives=[ETAG],
    refusals=[*RECORD_REFUSED, *CONTENT_REFUSED, "policy-denied", "transition-invalid"],
    trail=writes(Act.DRAFTED),
)
def withdraw_record(call: Call, record_id: str) -> Answer:
    """Draft the recall of a released record, for everyone who ever got it."""
    row = withdraw(call.broker, call.actor, record_id, reason=call.body["reason"])
    return Answer(body=row, headers=etag(row))


@room.operation(
    "POST",
    "/records/<id:record_id>/erasure",
    door=Door.OFFICER,
    roles=[Role.CUSTODIAN],
    body=ErasureBody,
    status=202,
    reply=ErasureView,
    refusals=[*_ERASURE_REFUSED, "justification-missing"],
    trail=writes(Act.ERASURE_PROPOSED),
)
def propose_record_erasure(call: Call, record_id: str) -> Answer:
    """Ask for a record's content to be destroyed, in all its versions; a second officer must confirm."""
    row = propose_erasure(
        call.broker,
        call.actor,
        record_id,
        justification=call.body["justification"],
        originator=call.body.get("originator"),
    )
    return Answer(body=row)


@room.operation(
    "POST",
    "/records/<id:record_id>/erasure/confirm",
    door=Door.OFFICER,
    roles=[Role.CUSTODIAN, Role.AUDITOR],
    body=ErasureConfirmationBody,
    reply=ErasureView,
    refusals=_ERASURE_REFUSED,
    trail=writes(Act.ERASED),
)
def confirm_record_erasure(call: Call, record_id: str) -> Answer:
    """Destroy the content of a record whose erasure another officer has proposed. There is no way back."""
    done = confirm_erasure(call.broker, call.actor, record_id, originator=call.body.get("originator"))
    return Answer(body=done.row)


def _kept(call: Call, view: View, row: RecordRow) -> dict[str, object]:
    """Return whom the policy of this hub keeps a record from."""
    ours = row.direction is Direction.OUT
    return {
        "compartments": confinements_of(view, row.originator, row.record_id),
        "kept_outside": kept_outside(call.broker, view, row),
        "held_from": held_from(view, row.record_id) if ours else (),
    }


def _refuse_stranger(caller: Caller, row: RecordRow) -> None:
    """Let a system see only what it submitted as version 1; of others it is not told that they exist."""
    if caller.is_system and row.author != str(caller.actor):
        raise Refused("not-found", f"There is no record {row.record_id} here.")
