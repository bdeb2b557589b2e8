"""Records as they stand, and what became of them. No content is in here."""

from __future__ import annotations

from marshmallow import Schema, fields

from hub.api.schemas.basics import (
    Hex,
    Moment,
    Page,
    View,
    a_cursor,
    a_number,
    a_text,
    an_agency,
    an_id,
    many,
    one_of,
    originator_field,
    version_field,
)
from hub.entries import Direction, Priority
from hub.records.kinds import Action, Kind, Purpose
from hub.records.label import Classification, Tlp
from hub.records.lifecycle import DeliveryState, EntryState, ReceiptStatus, RecordState


class LabelView(View):
    """The originator's label."""

    classification = one_of(Classification, required=True)
    tlp = one_of(Tlp, required=True)
    handling = fields.List(a_text("H1"), required=True)
    releasable_to = fields.List(an_agency(), required=True)
    originator_control = fields.Boolean(required=True, metadata={"examples": [False]})


class RecordView(View):
    """One version of a record without its content."""

    record_id = an_id(required=True)
    version = a_number(1, required=True)
    kind = one_of(Kind, required=True)
    action = one_of(Action, required=True)
    direction = one_of(Direction, required=True)
    originator = an_agency(required=True)
    state = one_of(RecordState, required=True)
    label = fields.Nested(LabelView, required=True)
    digest = Hex(required=True)
    conversation = an_id(required=True)
    in_reply_to = an_id()
    language = a_text("ru", required=True)
    purpose = one_of(Purpose, required=True)
    agreement = a_text("cis-1999", required=True)
    recipients = fields.List(an_agency(), required=True)
    priority = one_of(Priority, required=True)
    author = a_text("officer:aigerim", required=True)
    created_at = Moment(required=True)
    reply_due_at = Moment()
    retain_until = Moment()
    revision = a_number(1, "Its ETag is this number in quotes.", required=True)


class CompartmentView(View):
    """One compartment that a record is confined to; `lift_by` has proposed to lift it."""

    compartment = a_text("almaty", required=True)
    confined_by = a_text("officer:dana", required=True)
    confined_at = Moment(required=True)
    lift_by = a_text("officer:dana")
    lift_at = Moment()


class KeptReasonView(View):
    """One rule that keeps a record from somebody."""

    code = a_text("policy-forbids", required=True)
    sentence = a_text("Nothing goes to RATS for now. (Policy rule not-to-rats.)", required=True)
    clause = a_text("policy rule not-to-rats")


class HeldRecipientView(View):
    """A recipient from whom the policy of this hub holds the version in force."""

    recipient = an_agency(required=True)
    version = a_number(2, required=True)
    code = a_text("policy-forbids")
    entry_id = an_id()


class RecordStandingView(RecordView):
    """One version of a record without its content, and whom the policy of this hub keeps it from.

    That is for officers alone. `kept_outside` is what keeps officers from it who are in none of its
    compartments: nothing where the policy in force does not ask for them.
    """

    compartments = fields.List(fields.Nested(CompartmentView))
    kept_outside = fields.List(fields.Nested(KeptReasonView))
    held_from = fields.List(fields.Nested(HeldRecipientView))


class RecordsQuery(Page):
    """Which records."""

    state = one_of(RecordState)
    kind = one_of(Kind)
    conversation = an_id()


class OriginatorQuery(Schema):
    """Whose record, where several originators sent one with this id."""

    originator = originator_field()


class VersionQuery(Schema):
    """Which version; without it the highest."""

    version = version_field()
    originator = originator_field()


class RecordsView(View):
    """One page of records."""

    items = many(RecordView)
    next = a_cursor()


class ReleaseView(View):
    """The second officer's decision."""

    record_id = an_id(required=True)
    version = a_number(1, required=True)
    digest = Hex(required=True)
    recipients = fields.List(an_agency(), required=True)
    approver = a_text("officer:daniyar", required=True)
    at = Moment(required=True)
    envelope_ids = fields.List(an_id(), required=True)


class HeldFromView(View):
    """A recipient from whom a correction is held, and why."""

    recipient = an_agency(required=True)
    reasons = many(KeptReasonView)


class DecisionView(View):
    """What became of a decision: a release, or a draft that other officers must approve too."""

    record_id = an_id(required=True)
    version = a_number(1)
    digest = Hex()
    recipients = fields.List(an_agency())
    approver = a_text("officer:daniyar")
    at = Moment()
    envelope_ids = fields.List(an_id())
    released = fields.Boolean(required=True, metadata={"examples": [True]})
    approved_by = fields.List(a_text("officer:daniyar"), required=True)
    approvals_needed = a_number(1, "How many officers must approve it.", required=True)
    held_from = many(HeldFromView)


class EntryView(View):
    """One sealed envelope on its way to one partner."""

    entry_id = an_id(required=True)
    lane = an_agency(required=True)
    recipient = an_agency(required=True)
    envelope_id = an_id(required=True)
    record_id = an_id()
    priority = one_of(Priority, required=True)
    state = one_of(EntryState, required=True)
    created_at = Moment(required=True)
    next_at = Moment(required=True)
    expires_at = Moment(required=True)
    attempts = a_number(0, required=True)
    retries = a_number(0, required=True)
    reason = a_text("partner-unreachable", "The code of what holds it.")


class ReceiptView(View):
    """A verified receipt; `raw` is the signed statement itself."""

    receipt_id = an_id(required=True)
    envelope_id = an_id(required=True)
    by = an_agency(required=True)
    to = an_agency(required=True)
    status = one_of(ReceiptStatus, required=True)
    at = Moment(required=True)
    member = an_agency()
    reason = a_text("policy-denied")
    raw = fields.Function(
        lambda row: row.raw.decode(),
        required=True,
        metadata={"type": "string", "examples": ['{"payload":"e30","signatures":[]}']},
    )


class DeliveryView(View):
    """A record on its way to one member."""

    delivery_id = an_id(required=True)
    member = an_agency(required=True)
    record_id = an_id(required=True)
    version = a_number(1, required=True)
    kind = one_of(Kind, required=True)
    state = one_of(DeliveryState, required=True)
    at = Moment(required=True)
    envelope_id = an_id()
    reason = a_text("policy-forbids", "The code of the rule that held it from the member.")


class ArrivalView(View):
    """One envelope that came in, with the receipt it was given."""

    originator = an_agency(required=True)
    envelope_id = an_id(required=True)
    peer = an_agency(required=True, metadata={"description": "Who handed it over."})
    hops = fields.List(an_agency(), required=True)
    received_at = Moment(required=True)
    status = one_of(ReceiptStatus, required=True)


class HistoryView(View):
    """All that is known of one record; everything but content."""

    versions = many(RecordView)
    releases = many(ReleaseView)
    entries = many(EntryView)
    receipts = many(ReceiptView)
    deliveries = many(DeliveryView)
    inbox = many(ArrivalView)
