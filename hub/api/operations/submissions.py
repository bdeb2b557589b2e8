"""submit: a member's system hands in records, a batch at a time, once however often it asks."""

from __future__ import annotations

from typing import Final

from flask import Response, request

from hub.api.callers import Door
from hub.api.describing import RECORD_REFUSED
from hub.api.replaying import IDEMPOTENCY_KEY, once
from hub.api.room import Answer, Call, Room
from hub.api.schemas.drafts import SubmissionBody, SubmissionView
from hub.api.scopes import Way
from hub.audit.events import Act
from hub.audit.trail import writes
from hub.exchange.submitting import Submission, submit

_VIEW: Final = SubmissionView()

room = Room("submissions", __name__, url_prefix="/api/v1", description="Records from members' systems.")


@room.operation(
    "POST",
    "/records",
    door=Door.SYSTEM,
    way=Way.SUBMIT,
    body=SubmissionBody,
    size=lambda limits: limits.batch_max_bytes,
    reply=SubmissionView,
    takes=[IDEMPOTENCY_KEY],
    refusals=[*RECORD_REFUSED, "idempotency-key-reused"],
    trail=writes(Act.DRAFTED, Act.RELEASED, or_nothing="a repeat gets the first answer"),
)
def submit_records(call: Call) -> Answer | Response:
    """Submit records.

    The batch is committed whole or not at all. What every recipient's agreement lets flow by rule is
    released at once; the rest waits as drafts for an officer and says why in `held_because`. Give an
    `Idempotency-Key` and a repeat gets the first answer.
    """
    items = [
        Submission(document=item["record"], recipients=item["recipients"], priority=item["priority"])
        for item in call.body["records"]
    ]
    for item in items:
        call.who.need(Way.SUBMIT, str(item.document.get("kind")))
    return once(
        call,
        request.headers.get("Idempotency-Key"),
        schema=_VIEW,
        work=lambda remember: {"items": submit(call.broker, call.actor, items, also=remember)},
    )
