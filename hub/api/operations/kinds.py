"""What can be exchanged: kinds, a filled example of each, and a check that stores nothing."""

from __future__ import annotations

from hub.api.callers import Door
from hub.api.room import Answer, Call, Room
from hub.api.schemas.drafts import CheckView, DocumentBody, DocumentView, KindsView
from hub.audit.trail import writes_nothing
from hub.errors import Refused
from hub.exchange.preparing import fill_in
from hub.records.kinds import MEANS, Kind
from hub.records.record import check_record
from hub.records.template import template

room = Room("kinds", __name__, url_prefix="/api/v1", description="What can be exchanged.")


@room.operation(
    "GET", "/kinds", door=Door.INSIDE, reply=KindsView, trail=writes_nothing("what can be exchanged")
)
def list_kinds(call: Call) -> Answer:
    """List the kinds of record."""
    return Answer(body={"items": [{"kind": kind, "means": means} for kind, means in MEANS.items()]})


@room.operation(
    "GET",
    "/kinds/<string:kind>/template",
    door=Door.INSIDE,
    reply=DocumentView,
    trail=writes_nothing("an example"),
)
def get_template(call: Call, kind: str) -> Answer:
    """Get a filled, valid example of a kind.

    Change what differs and check it with `POST /api/v1/records/check`.
    """
    try:
        return Answer(body={"record": template(Kind(kind))})
    except ValueError:
        raise Refused("not-found", "There is no kind of that name; `GET /api/v1/kinds` lists them.") from None


@room.operation(
    "POST",
    "/records/check",
    door=Door.INSIDE,
    body=DocumentBody,
    size=lambda limits: limits.record_max_bytes + limits.request_max_bytes,
    reply=CheckView,
    trail=writes_nothing("what the caller sent, and nothing is stored"),
)
def check(call: Call) -> Answer:
    """Check a record and store nothing.

    Says what is wrong and where, in plain words. What the hub fills in for a draft may be absent here too.
    """
    at = call.broker.clock.now()
    problems = check_record(fill_in(call.body["record"], agency=call.broker.agency, at=at))
    return Answer(body={"valid": not problems, "problems": problems})
