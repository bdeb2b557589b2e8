"""The policy on officers and members, compartments of records, and what a policy holds from one recipient."""

from __future__ import annotations

from enum import Enum

from marshmallow import Schema, fields, validate

from hub.api.schemas.basics import (
    Hex,
    Moment,
    View,
    a_justification,
    a_number,
    a_text,
    an_agency,
    an_id,
    many,
    one_of,
    originator_field,
)
from hub.api.schemas.records import CompartmentView
from hub.policy.rulebook import MAX_BYTES


class Which(Enum):
    """Which text is meant."""

    IN_FORCE = "in-force"
    SHIPPED = "shipped"
    SCHEMA = "schema"


class PolicyQuery(Schema):
    """Which text: that in force, the one that is shipped, or the schema of what a policy can speak of."""

    which = one_of(Which, load_default=Which.IN_FORCE)


class PolicyBody(Schema):
    """The text of a policy, in Cedar."""

    source = a_text(
        '@id("nobody") forbid (principal, action, resource);',
        required=True,
        validate=validate.Length(min=1, max=MAX_BYTES),
    )


class PolicyRuleView(View):
    """One rule of a policy, and what it says of itself."""

    name = a_text("need-to-know", required=True)
    line = a_number(4, required=True)
    forbids = fields.Boolean(required=True, metadata={"examples": [True]})
    reason = a_text("Nobody reads.", required=True)


class PolicyView(View):
    """A policy's text; who proposed and approved it, where custodians did."""

    source = a_text('@id("nobody") forbid (principal, action, resource);', required=True)
    digest = Hex(required=True)
    rules = many(PolicyRuleView)
    version = a_number(2)
    proposed_by = a_text("officer:dana")
    proposed_at = Moment()
    approved_by = a_text("officer:erlan")
    approved_at = Moment()


class PolicyProposalView(PolicyView):
    """A policy that waits for another custodian, and the lines that it changes of the one in force."""

    changes = fields.List(
        a_text('+@id("nobody") forbid (principal, action, resource);'),
        required=True,
        metadata={"description": "A unified diff."},
    )


class CompartmentBody(Schema):
    """Which compartment, and why."""

    compartment = a_text("almaty", required=True, validate=validate.Length(min=1, max=64))
    justification = a_justification("case 2026/17")
    originator = originator_field()


class CompartmentsView(View):
    """All compartments of a record."""

    record_id = an_id(required=True)
    compartments = many(CompartmentView)


class DeliverBody(Schema):
    """Whom it goes to after all, and why."""

    to = an_agency(required=True)
    justification = a_justification("order 7 was lifted")


class DeliverView(View):
    """What was let go."""

    record_id = an_id(required=True)
    version = a_number(2, required=True)
    recipient = an_agency(required=True)
