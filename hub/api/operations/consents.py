"""The third-party rule: ask an originator, answer one who asks, and pass on what was consented to."""

from __future__ import annotations

from datetime import date

from hub.api.callers import Door
from hub.api.describing import ACCESS_REFUSED, CONTENT_REFUSED, RECORD_REFUSED
from hub.api.editing import ETAG, etag
from hub.api.room import Answer, Call, Room
from hub.api.schemas.consents import (
    ConsentAnswerBody,
    ConsentAskBody,
    ConsentsView,
    OnwardsView,
    PassOnBody,
    UnheededsView,
)
from hub.api.schemas.records import RecordView
from hub.audit.events import Act
from hub.audit.trail import writes, writes_nothing
from hub.errors import Refused
from hub.exchange.consenting import Answered, answer_consent, ask_consent
from hub.exchange.contents import find_row
from hub.exchange.dues.heeding import unheeded
from hub.exchange.passing.passing_on import pass_on
from hub.exchange.passing.reported import onward_of
from hub.records.actor import Role

room = Room(
    "consents",
    __name__,
    url_prefix="/api/v1",
    description="An originator's consent to pass its record on, and what is passed on with it.",
)
_REFUSALS = (*ACCESS_REFUSED, *RECORD_REFUSED, *CONTENT_REFUSED, "transition-invalid")


@room.operation(
    "POST",
    "/records/<id:record_id>/consent-requests",
    door=Door.OFFICER,
    roles=[Role.DRAFTER],
    body=ConsentAskBody,
    status=201,
    reply=RecordView,
    gives=[ETAG],
    refusals=_REFUSALS,
    trail=writes(Act.DRAFTED),
)
def ask(call: Call, record_id: str) -> Answer:
    """Draft a request to the originator of a record that came; a second officer releases it."""
    row = ask_consent(
        call.broker,
        call.actor,
        record_id,
        pass_to=call.body["pass_to"],
        aim=call.body["aim"],
        reply_by=call.body.get("reply_by"),
        originator=call.body.get("originator"),
    )
    return Answer(body=row, headers=etag(row))


@room.operation(
    "POST",
    "/records/<id:record_id>/consent",
    door=Door.OFFICER,
    roles=[Role.DRAFTER],
    body=ConsentAnswerBody,
    status=201,
    reply=RecordView,
    gives=[ETAG],
    refusals=_REFUSALS,
    trail=writes(Act.DRAFTED),
)
def answer(call: Call, record_id: str) -> Answer:
    """Draft the answer to a request for consent to pass our record on; a second officer releases it.

    What was granted is taken back by withdrawing the answer.
    """
    row = answer_consent(
        call.broker,
        call.actor,
        record_id,
        _answered(call),
        pass_to=call.body["pass_to"],
        originator=call.body.get("originator"),
    )
    return Answer(body=row, headers=etag(row))


@room.operation(
    "GET",
    "/consents",
    door=Door.OFFICER,
    roles=Role,
    reply=ConsentsView,
    trail=writes_nothing("ids and days, and no content"),
)
def list_consents(call: Call) -> Answer:
    """List what originators have consented to: which record, to whom, through which day."""
    today = call.broker.clock.now().date()
    ending = [(one, date.fromisoformat(one.until)) for one in call.broker.standing().consents]
    return Answer(body={"items": [{**vars(one), "until": end} for one, end in ending if end >= today]})


@room.operation(
    "GET",
    "/unheeded",
    door=Door.OFFICER,
    roles=Role,
    reply=UnheededsView,
    trail=writes_nothing("ids, agencies, kinds and times of records, and no content"),
)
def list_unheeded(call: Call) -> Answer:
    """List who has not followed a correction or a withdrawal, also by way of hubs that pass records on.

    A correction that the policy of this hub holds from somebody is `held`, for the `reason`.
    """
    broker = call.broker
    with broker.store.read() as view:
        found = unheeded(view, broker.limits, agency=broker.agency, at=broker.clock.now())
    return Answer(body={"items": found})


@room.operation(
    "GET",
    "/records/<id:record_id>/passages",
    door=Door.OFFICER,
    roles=Role,
    reply=OnwardsView,
    trail=writes_nothing("ids, agencies, versions and times, and no content"),
)
def list_passages(call: Call, record_id: str) -> Answer:
    """List who has a record of ours by way of hubs that passed it on, and what they have acknowledged."""
    broker = call.broker
    with broker.store.read() as view:
        row = find_row(view, record_id, originator=broker.agency)
        found = onward_of(view, broker.standings.of(view), row)
    return Answer(body={"items": found})


@room.operation(
    "POST",
    "/records/<id:record_id>/passages",
    door=Door.OFFICER,
    roles=[Role.DRAFTER],
    body=PassOnBody,
    status=201,
    reply=RecordView,
    gives=[ETAG],
    refusals=[*_REFUSALS, "consent-missing", "consent-ended", "agreement-missing"],
    trail=writes(Act.DRAFTED),
)
def pass_record_on(call: Call, record_id: str) -> Answer:
    """Draft the passage of a record that came to further partners; a second officer releases it.

    It carries the record and the originator's consent as the originator signed them, and goes to the
    originator too. What the originator corrects or withdraws follows by itself.
    """
    row = pass_on(
        call.broker,
        call.actor,
        record_id,
        to=call.body["to"],
        under=call.body.get("under"),
        originator=call.body.get("originator"),
    )
    return Answer(body=row, headers=etag(row))


def _answered(call: Call) -> Answered:
    """Return what is said; it is either granted through a day, or refused and why."""
    until, explained = call.body.get("grant_until"), call.body.get("refuse")
    limited = bool(call.body.get("conditions") or call.body["pass_to"])
    if (until is None) is (explained is None) or (explained is not None and limited):
        raise Refused(
            "request-invalid", "Expected grant_until, with conditions and pass_to if need be, or refuse."
        )
    return Answered(until=until, conditions=call.body.get("conditions"), explained=explained)
