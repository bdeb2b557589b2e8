"""draft → approve: what an officer writes, and what a second one decides about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request

from hub.api.callers import Door
from hub.api.describing import ACCESS_REFUSED, CONTENT_REFUSED, RECORD_REFUSED
from hub.api.editing import ETAG, IF_MATCH, etag, expected_revision
from hub.api.room import Answer, Call, Room
from hub.api.schemas.drafts import (
    ApprovalBody,
    DraftBody,
    PreviewView,
    ReasonBody,
    ReleaseBody,
    RevisionBody,
    StatementView,
)
from hub.api.schemas.policy import ExplanationQuery, ExplanationView
from hub.api.schemas.records import DecisionView, RecordView
from hub.audit.events import Act
from hub.audit.trail import writes, writes_nothing
from hub.envelope.approvals import APPROVAL_TYPE
from hub.envelope.encoding import b64u, unb64u
from hub.errors import Refused
from hub.exchange.approving import ByPassword, Detached, Signature, approvals_of
from hub.exchange.broker import Broker
from hub.exchange.checks import checks_for
from hub.exchange.drafting import discard, draft, preview, revise
from hub.exchange.explaining import explain_record
from hub.exchange.hubless.asking import PartnerAnswer, losses_of
from hub.exchange.officer_keys import own_key
from hub.exchange.releasing import approve, ask_statement, reject
from hub.limits import Limits
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
        for verdict in preview(call.broker, record_id, call.actor)
    ]
    checks = [
        {"check": check, "question": CHECKS[check].question, "source": CHECKS[check].source}
        for check in checks_for(call.broker, record_id)
    ]
    given, needed = approvals_of(call.broker, record_id)
    body = {"items": items, "checks": checks, "losses": _losses(call.broker, record_id)}
    return Answer(body={**body, "approved_by": given, "approvals_needed": needed})


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
        officer=call.query.get("officer"),
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
            "people": told.people,
        }
    )


_DECISION_REFUSED = [
    "four-eyes",
    "agreement-missing",
    "transition-invalid",
    "conflict",
    "attachment-missing",
    "label-lowered",
    "tear-outdated",
    "check-unanswered",
    "check-failed",
    "losses-unseen",
    "justification-missing",
    *ACCESS_REFUSED,
    *CONTENT_REFUSED,
]


def _decision(call: Call) -> dict[str, Any]:
    losses = call.body.get("losses")
    return {
        "digest": bytes.fromhex(call.body["digest"]),
        "recipients": call.body["recipients"],
        "lowered_because": call.body.get("lowered_because"),
        "answers": [Answered(**one) for one in call.body["answers"]],
        "losses": None if losses is None else bytes.fromhex(losses),
        "partner_answers": [PartnerAnswer(**one) for one in call.body["partner_answers"]],
    }


@room.operation(
    "POST",
    "/drafts/<id:record_id>/statement",
    door=Door.OFFICER,
    roles=[Role.RELEASER],
    body=ApprovalBody,
    reply=StatementView,
    refusals=_DECISION_REFUSED,
    trail=writes_nothing("what is to be signed: digests; the content is opened, not shown", opens=True),
)
def ask_for_statement(call: Call, record_id: str) -> Answer:
    """Ask what to sign for a release, where the signing key is not at the hub.

    The decision is weighed as for the release itself. The statement has digests of content and label, and a
    salted digest of each recipient: of AGENCY it is SHA-256 over the canonical JSON array of the base64url of
    HMAC-SHA256(secret, AGENCY), and AGENCY. It is good for some minutes.
    """
    statement, secret = ask_statement(call.broker, call.actor, record_id, **_decision(call))
    with call.broker.store.read() as view:
        key = own_key(view, call.actor.id)
    body = {"statement": b64u(statement), "secret": b64u(secret), "typ": APPROVAL_TYPE}
    return Answer(body=body if key is None else {**body, "kid": key.kid})


def _signature(told: Mapping[str, Any]) -> Signature | None:
    if (signed := told.get("signed")) is not None:
        if "password" in told:
            raise Refused("request-invalid", "Either a password or a signature is given, not both.")
        try:
            return Detached(
                statement=unb64u(signed["statement"]),
                secret=unb64u(signed["secret"]),
                signature=signed["signature"],
            )
        except ValueError as error:
            raise Refused("approval-invalid", f"The signed statement cannot be read: {error}.") from None
    return ByPassword(password=told["password"]) if "password" in told else None


@room.operation(
    "POST",
    "/drafts/<id:record_id>/approve",
    door=Door.OFFICER,
    roles=[Role.RELEASER],
    body=ReleaseBody,
    reply=DecisionView,
    refusals=[*_DECISION_REFUSED, "approval-unsigned", "approval-invalid", "credentials-invalid"],
    trail=writes(
        Act.RELEASED,
        Act.APPROVED,
        Act.ANSWERED,
        Act.LABEL_LOWERED,
        Act.CHECK_ANSWERED,
        Act.DRAFTED,
        Act.DISCARDED,
        Act.TEAR_OUTDATED,
        Act.PASSED_ON,
        Act.HELD,
        Act.DIED,
    ),
)
def approve_draft(call: Call, record_id: str) -> Answer:
    """Release a draft as the second officer.

    The decision names the digest and the recipients that were read; it is refused when either has changed.
    A correction whose label asks for less than that of the version before takes `lowered_because`; the checks
    that the preview names take `answers`. Where a recipient has no hub, `losses` is the digest of the loss
    report in the preview, and what its rules ask there takes `partner_answers`. An officer who has a signing
    key gives the `password` that opens it, or what they `signed` elsewhere. Where several officers are
    needed, it goes out with the last of them. What was derived from a record that is withdrawn goes with it.
    A correction that the policy of this hub keeps from some recipients goes to the others: `held_from` says
    from whom it is held, until `POST /api/v1/records/{record_id}/deliver`.
    """
    done = approve(call.broker, call.actor, record_id, **_decision(call), sign=_signature(call.body))
    stands = {
        "released": done.release is not None,
        "approved_by": done.given,
        "approvals_needed": done.needed,
        "held_from": [{"recipient": who, "reasons": why} for who, why in done.kept.items()],
    }
    told = {"record_id": record_id} if done.release is None else dict(vars(done.release))
    return Answer(body={**told, **stands})


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
