"""What callers hand in: drafts, decisions about them, submissions, and what follows a record."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from hub.api.schemas.basics import (
    Hex,
    Moment,
    View,
    a_justification,
    a_number,
    a_recipient,
    a_sentence,
    a_text,
    an_agency,
    an_id,
    many,
    one_of,
    originator_field,
    version_field,
)
from hub.api.schemas.documents import a_document
from hub.audit.justification import LENGTH
from hub.entries import Priority
from hub.policy.checks import Check
from hub.records.kinds import Kind, Purpose
from hub.records.lifecycle import RecordState

_RECIPIENTS_MAX = 200


def _recipients(*, required: bool) -> fields.List[str]:
    return fields.List(
        a_recipient(),
        required=required,
        validate=validate.Length(min=1, max=_RECIPIENTS_MAX),
        metadata={"description": "Agencies, and groups: `@members`, `@partners`, `@agreement:ID`."},
    )


class KindView(View):
    """A kind of record."""

    kind = one_of(Kind, required=True)
    means = a_text("An entry of a sanctions list, passed on so that its measures are applied.", required=True)


class KindsView(View):
    """All kinds."""

    items = many(KindView)


class DocumentView(View):
    """A record with its content."""

    record = a_document(required=True)


class GradingView(View):
    """What each grade of a grading means in its own scale, in words."""

    source = a_text("usually reliable", required=True)
    information = a_text("possibly true", required=True)
    handling = a_text("may be passed to law enforcement abroad")


class ReadView(DocumentView):
    """A record with its content, and what its grading means, where it has one."""

    grading_means = fields.Nested(GradingView)


class DocumentBody(Schema):
    """A record, whole."""

    record = a_document(required=True)


class FindingView(View):
    """What is wrong and where."""

    path = a_text("subjects[0].names[1].text", required=True)
    sentence = a_text("expected at most 200 characters; it has 214", required=True)


class CheckView(View):
    """What a check found; the record is valid when there are no problems."""

    valid = fields.Boolean(required=True, metadata={"examples": [False]})
    problems = many(FindingView)


class DraftBody(DocumentBody):
    """A record and who is to get it. What the hub knows is filled in: id, version, originator, times."""

    recipients = _recipients(required=True)
    priority = one_of(Priority, load_default=Priority.ROUTINE)


class RevisionBody(Schema):
    """What to change in a draft; what is absent stays."""

    record = a_document()
    recipients = _recipients(required=False)
    priority = one_of(Priority)


class AnswerBody(DocumentBody):
    """An answer; it goes to whom asked, and stands in the same conversation."""

    priority = one_of(Priority, load_default=Priority.ROUTINE)
    originator = originator_field()


class ReasonBody(Schema):
    """Why."""

    reason = a_sentence("The person was confused with a namesake.", most=LENGTH[-1], required=True)


class CheckAnswerBody(Schema):
    """What the releaser answers to a check that the preview names; yes lets the record go."""

    check = one_of(Check, required=True)
    met = fields.Boolean(required=True, metadata={"examples": [True]})
    why = a_sentence("Article 256 of our code, § 129a of theirs.", most=LENGTH[-1], required=True)


class PartnerAnswerBody(Schema):
    """What the releaser answers to what a partner's own rules ask; yes lets the record go."""

    recipient = an_agency(required=True)
    code = a_text("language-not-agreed", required=True, validate=validate.Length(max=64))
    met = fields.Boolean(required=True, metadata={"examples": [True]})
    why = a_sentence("A translation is attached.", most=LENGTH[-1], required=True)


class ApprovalBody(Schema):
    """The second decision: names the digest, the recipients and the losses that were read."""

    digest = Hex(required=True)
    recipients = fields.List(an_agency(), required=True, validate=validate.Length(min=1, max=_RECIPIENTS_MAX))
    lowered_because = a_sentence("Its source was published on 3 May.", most=LENGTH[-1])
    answers = fields.List(
        fields.Nested(CheckAnswerBody), load_default=list, validate=validate.Length(max=len(Check))
    )
    losses = Hex()
    partner_answers = fields.List(
        fields.Nested(PartnerAnswerBody), load_default=list, validate=validate.Length(max=_RECIPIENTS_MAX)
    )


class SignedBody(Schema):
    """What the officer signed elsewhere, with a key that is registered here."""

    statement = a_text("eyJhZ3JlZW1lbnRzIjpbXX0", "As it was handed out, base64url.", required=True)
    secret = a_text("c2VjcmV0", "As it was handed out with the statement.", required=True)
    signature = a_text(
        "eyJhbGciOiJFUzI1NiJ9..c2lnbmF0dXJl",
        "A compact JWS over the statement, without its payload (RFC 7515, appendix F).",
        required=True,
    )


class ReleaseBody(ApprovalBody):
    """The second decision with the officer's own signature, or the password that opens their key here."""

    password = a_text(
        "a long sentence of your own",
        "Opens the officer's signing key, where that lies here.",
        validate=validate.Length(min=1, max=1024),
    )
    signed = fields.Nested(SignedBody)


class StatementView(View):
    """What the officer signs: the bytes that `statement` holds, by ES256."""

    statement = a_text("eyJhZ3JlZW1lbnRzIjpbXX0", "Canonical JSON, base64url.", required=True)
    secret = a_text("c2VjcmV0", "Derives the salts; comes back with the signature.", required=True)
    typ = a_text("hub-approval+jws", "For the protected header.", required=True)
    kid = a_text("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", "The officer's key now.")


class ReadBody(Schema):
    """Why the content is read; the log keeps it."""

    justification = a_justification("Border check in case 26-114")
    purpose = one_of(
        Purpose,
        metadata={"description": "What it is read for; other than the record's own purpose is refused."},
    )
    version = version_field(strict=True)
    originator = originator_field()


class ErasureBody(Schema):
    """Why the content is to be destroyed; the log keeps it."""

    justification = a_justification("The retention period has ended, order 26-7")
    originator = originator_field()


class ErasureConfirmationBody(Schema):
    """Whose record is meant, where several originators sent one with this id."""

    originator = originator_field()


class ErasureView(View):
    """What was proposed, and what was destroyed once it was confirmed."""

    record_id = an_id(required=True)
    originator = an_agency(required=True)
    justification = a_text("The retention period has ended, order 26-7", required=True)
    proposed_by = a_text("officer:dana", required=True)
    proposed_at = Moment(required=True)
    confirmed_by = a_text("officer:erlan")
    confirmed_at = Moment()


class SubmissionBody(Schema):
    """A batch: committed whole or not at all."""

    records = many(DraftBody, validate=validate.Length(min=1, max=200))


class RuleReasonView(View):
    """One rule that was not met."""

    code = a_text("agreement-missing", required=True)
    sentence = a_text("No agreement with de-bka allows designation.", required=True)
    clause = a_text("cis-1999 art. 5", "The agreement and the articles that decide.")


class SubmittedView(View):
    """What became of one submitted record: released by rule, or a draft that waits for an officer."""

    record_id = an_id(required=True)
    version = a_number(1, required=True)
    state = one_of(RecordState, required=True)
    envelope_ids = fields.List(an_id(), required=True)
    held_because = many(RuleReasonView)


class SubmissionView(View):
    """What became of a batch, in its order."""

    items = many(SubmittedView)


class VerdictView(View):
    """What the rules say of one recipient of a draft."""

    recipient = an_agency(required=True)
    permitted = fields.Boolean(required=True)
    reasons = many(RuleReasonView)


class AskedCheckView(View):
    """What a machine cannot decide: the releaser answers it."""

    check = one_of(Check, required=True)
    question = a_text("Is the act an offence under the laws of both sides?", required=True)
    source = a_text("Constitution of the ICPO-INTERPOL, art. 3", required=True)


class AskedByPartnerView(View):
    """What a partner's own rules ask before a release."""

    code = a_text("language-not-agreed", required=True)
    sentence = a_text("The record is not in a language of this partner.", required=True)


class LossView(View):
    """What one recipient without a hub would get, and the places of the record that its format cannot carry.

    `aside` are those that only a reader of our extension of the format sees.
    """

    recipient = an_agency(required=True)
    dialect = a_text("stix-2.1/1")
    lost = fields.List(a_text("subjects[0].look"), required=True)
    aside = fields.List(a_text("grading"), required=True)
    asked = many(AskedByPartnerView)


class LossesView(View):
    """The loss report; a release names its digest, where there is one."""

    digest = Hex()
    items = many(LossView)


class PreviewView(View):
    """Every recipient, whether the rules permit it, what is asked of a person, and what formats lose."""

    items = many(VerdictView)
    checks = many(AskedCheckView)
    losses = fields.Nested(LossesView, required=True)
    approved_by = fields.List(a_text("officer:daniyar"), required=True)
    approvals_needed = a_number(1, "How many officers must approve it.", required=True)
