"""What waits for a member, and what it says it did with it."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from hub.api.schemas.basics import View, a_cursor, an_id, many
from hub.api.schemas.documents import a_document
from hub.api.schemas.drafts import RuleReasonView
from hub.api.schemas.records import DeliveryView, RecordView


class CollectedView(View):
    """One delivery with its record; the content is absent where it was withdrawn, erased or is withheld."""

    delivery = fields.Nested(DeliveryView, required=True)
    row = fields.Nested(RecordView, required=True)
    record = a_document()
    withheld = fields.List(
        fields.Nested(RuleReasonView),
        metadata={"description": "Why the rules of this moment keep the content back."},
    )


class InboxView(View):
    """One page of a member's inbox."""

    items = many(CollectedView)
    next = a_cursor()


class AcknowledgementBody(Schema):
    """What the member did with deliveries."""

    deliveries = fields.List(an_id(), required=True, validate=validate.Length(min=1, max=200))
    status = fields.String(required=True, validate=validate.OneOf(["delivered", "opened", "actioned"]))


class AcknowledgedView(View):
    """Those deliveries that changed; a repeat changes none."""

    changed = fields.List(an_id(), required=True)
