"""tear: versions of a record with parts left out, and what they are tied to."""

from __future__ import annotations

from dataclasses import replace

from hub.api.callers import Door
from hub.api.describing import ACCESS_REFUSED, CONTENT_REFUSED, RECORD_REFUSED
from hub.api.editing import ETAG, etag
from hub.api.room import Answer, Call, Room
from hub.api.schemas.records import RecordView, VersionQuery
from hub.api.schemas.tears import TearBody, TiesView, TieView, UnaffectedBody
from hub.audit.events import Act
from hub.audit.trail import writes, writes_nothing
from hub.exchange.contents import find_row
from hub.exchange.tear_standing import let_stand
from hub.exchange.tearing import tear_record
from hub.exchange.tears import ties_of
from hub.records.actor import Role

room = Room("tears", __name__, url_prefix="/api/v1", description="Versions of a record with parts left out.")


@room.operation(
    "POST",
    "/records/<id:record_id>/tears",
    door=Door.OFFICER,
    roles=[Role.DRAFTER],
    body=TearBody,
    status=201,
    reply=RecordView,
    gives=[ETAG],
    refusals=[
        *ACCESS_REFUSED,
        *RECORD_REFUSED,
        *CONTENT_REFUSED,
        "transition-invalid",
        "tear-invalid",
        "tear-leaks",
        "tear-outdated",
    ],
    trail=writes(Act.DRAFTED, Act.TORN),
)
def tear(call: Call, record_id: str) -> Answer:
    """Draft a record of its own that is one of ours without some parts.

    Nothing in it names the record it was derived from. Another officer releases it; a label that asks for
    less than the master's takes `lowered_because` then. With `again` it is the next version of a record that
    was derived before.
    """
    told = call.body.get("label")
    label = None if told is None else {name: _plain(value) for name, value in told.items()}
    row = tear_record(
        call.broker,
        call.actor,
        record_id,
        leave_out=call.body["leave_out"],
        recipients=call.body["recipients"],
        label=label,
        may_stay=call.body["may_stay"],
        again=call.body.get("again"),
        priority=call.body["priority"],
    )
    return Answer(body=row, headers=etag(row))


@room.operation(
    "POST",
    "/records/<id:record_id>/unaffected",
    door=Door.OFFICER,
    roles=[Role.DRAFTER],
    body=UnaffectedBody,
    reply=TieView,
    refusals=[*ACCESS_REFUSED, "conflict", "justification-missing", "transition-invalid", "tear-invalid"],
    trail=writes(Act.TEAR_STANDS),
)
def state_unaffected(call: Call, record_id: str) -> Answer:
    """State that a derived record needs no new version although its master was corrected.

    It is due no more, until the master is corrected again.
    """
    tie = let_stand(
        call.broker,
        call.actor,
        record_id,
        master_version=call.body["master_version"],
        justification=call.body["justification"],
    )
    return Answer(body=replace(tie, changed=()))


@room.operation(
    "GET",
    "/records/<id:record_id>/tears",
    door=Door.OFFICER,
    roles=Role,
    query=VersionQuery,
    reply=TiesView,
    refusals=["conflict"],
    trail=writes_nothing("ids, versions, states and paths, and no content"),
)
def get_ties(call: Call, record_id: str) -> Answer:
    """Show what a record was derived from and what was left out, and what was derived from it."""
    with call.broker.store.read() as view:
        row = find_row(view, record_id, call.query.get("version"), originator=call.query.get("originator"))
        ties = ties_of(view, row)
    body: dict[str, object] = {
        "record_id": row.record_id,
        "version": row.version,
        "derived": [{**vars(one), "tie": tie} for one, tie in ties.derived],
    }
    return Answer(body=body if ties.master is None else {**body, "derived_from": ties.master})


def _plain(value: object) -> object:
    """Return a part of a label as a record's document writes it."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return getattr(value, "value", value)
