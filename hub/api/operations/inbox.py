"""collect and acknowledge: members' systems take what was routed to them."""

from __future__ import annotations

from functools import partial

from hub.api.callers import Door
from hub.api.cursors import cursor, position
from hub.api.describing import CONTENT_REFUSED
from hub.api.room import Answer, Call, Room
from hub.api.schemas.basics import Page
from hub.api.schemas.inbox import AcknowledgedView, AcknowledgementBody, InboxView
from hub.api.scopes import Way
from hub.audit.events import Act
from hub.audit.trail import writes
from hub.exchange.routing import acknowledge, collect
from hub.records.lifecycle import DeliveryState

room = Room("inbox", __name__, url_prefix="/api/v1", description="What was routed to a member.")

_PLACE = "inbox"


@room.operation(
    "GET",
    "/inbox",
    door=Door.SYSTEM,
    way=Way.COLLECT,
    query=Page,
    reply=InboxView,
    refusals=[*CONTENT_REFUSED, "conflict"],
    trail=writes(Act.DISCLOSED, Act.WITHHELD, or_nothing="nothing is there, or it was withdrawn or erased"),
)
def collect_inbox(call: Call) -> Answer:
    """Collect records, oldest first, with their content.

    Keep `next` and give it as `after` the next time, until a page is empty: nothing is skipped or repeated.
    The disclosure is logged before the content leaves. What the rules of this moment do not let the member
    have comes without content, and `withheld` says why; ask again from before it when that has changed.
    """
    after = position(_PLACE, call.query.get("after"))
    found = collect(
        call.broker,
        call.actor.agency,
        after=after,
        limit=min(call.query["limit"], call.broker.limits.page_max),
        covered=partial(call.who.covers, Way.COLLECT),
    )
    items = [
        {
            "delivery": one.delivery,
            "row": one.row,
            "record": one.record and one.record.document,
            "withheld": one.withheld or None,
        }
        for one in found
    ]
    return Answer(
        body={"items": items, "next": cursor(_PLACE, found[-1].delivery.position if found else after)}
    )


@room.operation(
    "POST",
    "/inbox/acknowledgements",
    door=Door.SYSTEM,
    way=Way.COLLECT,
    body=AcknowledgementBody,
    reply=AcknowledgedView,
    refusals=["not-found", "transition-invalid"],
    trail=writes(Act.DELIVERED),
)
def acknowledge_deliveries(call: Call) -> Answer:
    """Say that records were delivered, opened or actioned; each originator gets a signed receipt."""
    status = DeliveryState(call.body["status"])
    changed = acknowledge(
        call.broker,
        call.actor,
        call.body["deliveries"],
        status,
        covered=partial(call.who.covers, Way.COLLECT),
    )
    return Answer(body={"changed": [delivery.delivery_id for delivery in changed]})
