"""draft → approve: what an officer writes, and what a second one decides about it."""

from __future__ import annotations

from flask import request

from hub.api.callers import Door
from hub.api.describing import CONTENT_REFUSED, RECORD_REFUSED
from hub.api.editing import ETAG, IF_MATCH, etag, expected_revision
from hub.api.room import Answer, Call, Room
from hub.api.schemas.drafts import ApprovalBody, DraftBody, PreviewView, ReasonBody, RevisionBody
from hub.api.schemas.policy import ExplanationQuery, ExplanationView
from hub.api.schemas.records import RecordView, ReleaseView
from hub.audit.events import Act
from hub.audit.trail import writes, writes_nothing
from hub.config import Limits
from hub.exchange.broker import Broker
from hub.exchange.checks import checks_for
from hub.exchange.drafting import discard, draft, preview, revise
from hub.exchange.explaining import explain_record
from hub.exchange.hubless.asking import PartnerAnswer, losses_of
from hub.exchange.releasing import approve, reject
from hub.policy.checks import CHECKS, Answered
from hub.records.actor import Role

room = Room(
    "drafts", __name__, url_prefix="/api/v1", description="Drafted by one officer, released by another."
)


def _record_size(limits: Limits) -> int:
    return limits.record_max_bytes + limits.request_max_bytes


@room.operation(
    "POST",
    "/drafts",
    door=Door.OFFICER,
    roles=[Role.DRAFTER],
    body=DraftBody,
    size=_record_size,
    status=201,
    reply=RecordView,
    gives=[ETAG],
    refusals=RECORD_REFUSED,
    trail=writes(Act.DRAFTED),
)
def create_draft(call: Call) -> Answer:
    """Begin a draft.

    Groups among the recipients are expanded here; `GET /api/v1/drafts/{record_id}/preview` shows what the
    rules say of each.
    """
    row = draft(
        call.broker,
        call.actor,
        call.body["record"],
        recipients=call.body["recipients"],
        priority=call.body["priority"],
    )
    return Answer(body=row, headers=etag(row))


@room.operation(
    "PUT",
    "/drafts/<id:record_id>",
    door=Door.OFFICER,
    roles=[Role.DRAFTER],
    body=RevisionBody,
    size=_record_size,
    reply=RecordView,
    takes=[IF_MATCH],
    gives=[ETAG],
    refusals=[
        *RECORD_REFUSED,
        *CONTENT_REFUSED,
        "precondition-missing",
        "precondition-failed",
        "transition-invalid",
    ],
    trail=writes(Act.REVISED),
)
def edit_draft(call: Call, record_id: str) -> Answer:
    """Change a draft, or take a rejected one up again.

    Whoever edits becomes the author, so another officer must release it.
    """
    row = revise(
        call.broker,
        call.actor,
        record_id,
        expected_revision=expected_revision(call.broker, record_id, request.headers.get("If-Match")),
        document=call.body.get("record"),
        recipients=call.body.get("recipients"),
        priority=call.body.get("priority"),
    )
    return Answer(body=row, headers=etag(row))


@room.operation(
    "DELETE",
    "/drafts/<id:record_id>",
    door=Door.OFFICER,
    roles=[Role.DRAFTER],
    status=204,
    takes=[IF_MATCH],
    refusals=["precondition-missing", "precondition-failed", "transition-invalid", "conflict"],
    trail=writes(Act.DISCARDED),
)
def discard_draft(call: Call, record_id: str) -> Answer:
    """Give a draft up and erase its content."""
    discard(
        call.broker,
        call.actor,
        record_id,
        expected_revision=expected_revision(call.broker, record_id, request.headers.get("If-Match")),
    )
    return Answer()


@room.operation(
    "GET",
    "/drafts/<id:record_id>/preview",
    door=Door.OFFICER,
    roles=Role,
    reply=PreviewView,
    refusals=CONTENT_REFUSED,
    trail=writes_nothing(
        "recipients and what the rules say of them; the content is opened, not shown", opens=True
    ),
)
def preview_draft(call: Call, record_id: str) -> Answer:
    """Show every recipient, groups expanded, and what the rules say of it."""
    items = [
        {"recipient": verdict.recipient, "permitted": not verdict.reasons, "reasons": verdict.reasons}
        for verdict in preview(call.broker, record_id)
    ]
    checks = [
        {"check": check, "question": CHECKS[check].question, "source": CHECKS[check].source}
        for check in checks_for(call.broker, record_id)
    ]
    return Answer(body={"items": items, "checks": checks, "losses": _losses(call.broker, record_id)})


def _losses(broker: Broker, record_id: str) -> dict[str, object]:
    report = losses_of(broker, record_id)
    items = [
        {
            "recipient": one.agency,
            "lost": () if one.translated is None else one.translated.lost,
            "aside": () if one.translated is None else one.translated.aside,
            "asked": [{"code": name, "sentence": each.sentence} for name, each in one.questions.items()],
        }
        | ({} if one.translated is None else {"dialect": one.translated.dialect})
        for one in report.prepared
    ]
    return {"items": items} | ({} if report.digest is None else {"digest": report.digest.hex()})


@room.operation(
    "GET",
    "/records/<id:record_id>/explanation",
    door=Door.OFFICER,
    roles=Role,
    query=ExplanationQuery,
    reply=ExplanationView,
    refusals=[*CONTENT_REFUSED, "partner-unknown", "transition-invalid"],
    trail=writes_nothing("what the rules say of a record; its content is opened, not shown", opens=True),
)
def explain_record_to(call: Call, record_id: str) -> Answer:
    """Say why a record may go to an agency or not: each rule, its verdict, source and remedy."""
    told = explain_record(
        call.broker,
        record_id,
        call.query["to"],
        version=call.query.get("version"),
        originator=call.query.get("originator"),
        as_released=call.query["as_released"],
    )
    explained = told.explanation
    return Answer(
        body={
            "record_id": told.row.record_id,
            "version": told.row.version,
            "recipient": explained.recipient,
            "at": told.at,
            "permitted": told.permitted,
            "by_rule": told.by_rule,
            "withdrawal": told.recalled,
            "rules": explained.findings,
            "partner_rules": told.remarks,
        }
    )


@room.operation(
    "POST",
    "/drafts/<id:record_id>/approve",
    door=Door.OFFICER,
    roles=[Role.RELEASER],
    body=ApprovalBody,
    reply=ReleaseView,
    refusals=[
        "four-eyes",
        "policy-denied",
        "agreement-missing",
        "transition-invalid",
        "conflict",
        "attachment-missing",
        "label-lowered",
        "check-unanswered",
        "check-failed",
        "losses-unseen",
        "justification-missing",
        *CONTENT_REFUSED,
    ],
    trail=writes(Act.RELEASED, Act.ANSWERED, Act.LABEL_LOWERED, Act.CHECK_ANSWERED),
)
def approve_draft(call: Call, record_id: str) -> Answer:
    """Release a draft as the second officer.

    The decision names the digest and the recipients that were read; it is refused when either has changed.
    A correction whose label asks for less than that of the version before takes `lowered_because`; the checks
    that the preview names take `answers`. Where a recipient has no hub, `losses` is the digest of the loss
    report in the preview, and what its rules ask there takes `partner_answers`.
    """
    losses = call.body.get("losses")
    release = approve(
        call.broker,
        call.actor,
        record_id,
        digest=bytes.fromhex(call.body["digest"]),
        recipients=call.body["recipients"],
        lowered_because=call.body.get("lowered_because"),
        answers=[Answered(**one) for one in call.body["answers"]],
        losses=None if losses is None else bytes.fromhex(losses),
        partner_answers=[PartnerAnswer(**one) for one in call.body["partner_answers"]],
    )
    return Answer(body=release)


@room.operation(
    "POST",
    "/drafts/<id:record_id>/reject",
    door=Door.OFFICER,
    roles=[Role.RELEASER],
    body=ReasonBody,
    status=204,
    refusals=["four-eyes", "transition-invalid"],
    trail=writes(Act.REJECTED),
)
def reject_draft(call: Call, record_id: str) -> Answer:
    """Send a draft back to its author with a reason."""
    reject(call.broker, call.actor, record_id, reason=call.body["reason"])
    return Answer()
