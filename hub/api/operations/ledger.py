"""The ledger: what went to and came from each partner, and the quarter's figures on illicit transport."""

from __future__ import annotations

from collections.abc import Mapping

from hub.api.callers import Door
from hub.api.describing import ACCESS_REFUSED, CONTENT_REFUSED, RECORD_REFUSED
from hub.api.editing import ETAG, etag
from hub.api.room import Answer, Call, Room
from hub.api.schemas.ledger import (
    LedgerQuery,
    LedgerView,
    TransportBody,
    TransportDraftBody,
    TransportView,
)
from hub.api.schemas.records import RecordView
from hub.audit.events import Act
from hub.audit.trail import writes, writes_nothing
from hub.exchange.ledger.counting import ledger
from hub.exchange.ledger.figures import Reciprocity, Requests, quarter_at, quarter_of
from hub.exchange.ledger.transport import Compiled, compile_transport, draft_report
from hub.records.actor import Role

room = Room("ledger", __name__, url_prefix="/api/v1", description="What a quarter's numbers are.")
_COMPILING = (*ACCESS_REFUSED, *CONTENT_REFUSED, "partner-unknown", "conflict", "justification-missing")


@room.operation(
    "GET",
    "/ledger",
    door=Door.OFFICER,
    roles=Role,
    query=LedgerQuery,
    reply=LedgerView,
    refusals=["partner-unknown"],
    trail=writes_nothing("numbers of records by kind and outcome, and no content"),
)
def show_ledger(call: Call) -> Answer:
    """Count what went to and came from each partner in a quarter, and how requests were answered."""
    told = call.query.get("quarter")
    quarter = quarter_at(call.broker.clock.now()) if told is None else quarter_of(told)
    found = ledger(call.broker, quarter, partner=call.query.get("partner"))
    return Answer(body={"quarter": str(quarter), "items": [_page(one) for one in found]})


@room.operation(
    "POST",
    "/ledger/transport",
    door=Door.OFFICER,
    roles=[Role.READER],
    body=TransportBody,
    reply=TransportView,
    refusals=_COMPILING,
    trail=writes(Act.CONSULTED, or_nothing="nobody delivered anything"),
)
def compile_figures(call: Call) -> Answer:
    """Compile the quarter's figures on illicit transport from the members' reports, and name who is missing.

    Each report that is read is logged with the justification.
    """
    return Answer(body=_figures(_compiled(call)))


@room.operation(
    "POST",
    "/ledger/transport/drafts",
    door=Door.OFFICER,
    roles=[Role.DRAFTER],
    body=TransportDraftBody,
    status=201,
    reply=RecordView,
    gives=[ETAG],
    refusals=[
        *_COMPILING,
        *RECORD_REFUSED,
        "agreement-missing",
        "third-party-rule",
        "transition-invalid",
    ],
    trail=writes(Act.CONSULTED, Act.DRAFTED),
)
def draft_figures(call: Call) -> Answer:
    """Draft the report of a quarter's figures for a partner, with the strictest label of all that is in it.

    It takes the role reader, too: the reports are read anew, and that is logged. A second officer
    releases it.
    """
    row = draft_report(
        call.broker,
        call.actor,
        _compiled(call),
        recipient=call.body["to"],
        agreement=call.body.get("agreement"),
    )
    return Answer(body=row, headers=etag(row))


def _compiled(call: Call) -> Compiled:
    return compile_transport(
        call.broker,
        call.actor,
        quarter_of(call.body["quarter"]),
        justification=call.body["justification"],
        partners=call.body["partners"],
        own=call.body["own"],
    )


def _figures(compiled: Compiled) -> Mapping[str, object]:
    return {
        "quarter": str(compiled.quarter),
        "delivered": [
            {"agency": one.agency, "record_id": one.row.record_id, "older": one.also}
            for one in compiled.delivered
        ],
        "missing": compiled.missing,
        "totals": [
            {
                "goods": sort.goods,
                "unit": sort.unit,
                "direction": sort.direction or None,
                "cases": figures.cases,
                "persons": figures.persons,
                "quantity": format(figures.quantity, "f"),
            }
            for sort, figures in compiled.totals.items()
        ],
    }


def _page(one: Reciprocity) -> Mapping[str, object]:
    return {
        **vars(one),
        "sent": _by_kind(one.sent),
        "received": _by_kind(one.received),
        "asked": _requests(one.asked),
        "asked_of_us": _requests(one.asked_of_us),
    }


def _by_kind(counted: Mapping[str, int]) -> list[Mapping[str, object]]:
    return [{"kind": kind, "records": count} for kind, count in counted.items()]


def _requests(side: Requests) -> Mapping[str, object]:
    return {
        **vars(side),
        "refused": sum(side.refused.values()),
        "grounds": [{"ground": ground, "requests": count} for ground, count in side.refused.items()],
        "median_days": None if side.median_days is None else str(side.median_days),
    }
