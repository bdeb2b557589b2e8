"""The queue: what waits, is held or was given up, and what an operator does about it."""

from __future__ import annotations

from hub.api.callers import Door
from hub.api.cursors import cursor, position
from hub.api.describing import ACCESS_REFUSED
from hub.api.room import Answer, Call, Room
from hub.api.schemas.drafts import ReasonBody
from hub.api.schemas.queue import CountsView, EntriesQuery, EntriesView
from hub.api.schemas.records import EntryView
from hub.audit.events import Act
from hub.audit.trail import writes, writes_nothing
from hub.exchange.upkeep import counts, drop, resume
from hub.records.actor import Role

room = Room("queue", __name__, url_prefix="/api/v1", description="What waits, is held, or was given up.")

_PLACE = "queue"


@room.operation(
    "GET", "/queue/counts", door=Door.OFFICER, roles=Role, reply=CountsView, trail=writes_nothing("numbers")
)
def count_entries(call: Call) -> Answer:
    """Count entries, lane by lane and state by state."""
    return Answer(body={"items": [one for lane in counts(call.broker).values() for one in lane]})


@room.operation(
    "GET",
    "/queue/entries",
    door=Door.OFFICER,
    roles=Role,
    query=EntriesQuery,
    reply=EntriesView,
    trail=writes_nothing("ids, agencies, kinds, labels and states, and no content"),
)
def list_entries(call: Call) -> Answer:
    """List entries, oldest first; held, refused and dead ones stay visible."""
    after = position(_PLACE, call.query.get("after"))
    with call.broker.store.read() as view:
        rows = view.outbox.page(
            after=after,
            limit=min(call.query["limit"], call.broker.limits.page_max),
            lane=call.query.get("lane"),
            state=call.query.get("state"),
        )
    return Answer(body={"items": rows, "next": cursor(_PLACE, rows[-1].position if rows else after)})


@room.operation(
    "POST",
    "/queue/entries/<id:entry_id>/resume",
    door=Door.OFFICER,
    roles=[Role.OPERATOR],
    reply=EntryView,
    refusals=["transition-invalid", "partner-suspended", *ACCESS_REFUSED],
    trail=writes(Act.RESUMED),
)
def resume_entry(call: Call, entry_id: str) -> Answer:
    """Put a held, refused or dead entry back in its lane; the same sealed bytes go out.

    What the policy of this hub keeps from its recipient is let go by `POST /records/{record_id}/deliver`.
    """
    return Answer(body=resume(call.broker, call.actor, entry_id))


@room.operation(
    "POST",
    "/queue/entries/<id:entry_id>/drop",
    door=Door.OFFICER,
    roles=[Role.OPERATOR],
    body=ReasonBody,
    reply=EntryView,
    refusals=["transition-invalid"],
    trail=writes(Act.DIED),
)
def drop_entry(call: Call, entry_id: str) -> Answer:
    """Give an entry up, with a reason; it stays visible as dead and can be resumed."""
    return Answer(body=drop(call.broker, call.actor, entry_id, reason=call.body["reason"]))
