"""What the rules say of a record and a recipient."""

from __future__ import annotations

from marshmallow import Schema, fields

from hub.api.schemas.basics import (
    Moment,
    View,
    a_number,
    a_text,
    an_agency,
    an_id,
    many,
    one_of,
    originator_field,
    version_field,
)
from hub.api.schemas.drafts import RuleReasonView
from hub.policy.access import Doing
from hub.policy.explanation import Verdict


class ExplanationQuery(Schema):
    """Whom it would go to, and as of when."""

    to = an_agency(required=True)
    version = version_field()
    originator = originator_field()
    officer = a_text("bolat", "An officer, of whom it is asked what they may do with it now.")
    as_released = fields.Boolean(
        load_default=False,
        metadata={"description": "As of its release, with the agreements of that time."},
    )


class JudgedView(View):
    """Whether an officer, or a member's system, may do something with the record now."""

    who = a_text("officer:bolat", required=True)
    doing = one_of(Doing, required=True)
    permitted = fields.Boolean(required=True, metadata={"examples": [True]})
    allowed_by = a_text("policy rule readers-read", "The rules of the policy that permit it.")
    reasons = many(RuleReasonView)


class RuleFindingView(View):
    """One rule: what came of it, where it is written, and what would change it."""

    code = a_text("language-not-agreed", required=True)
    rule = a_text("The language is agreed.", required=True)
    verdict = one_of(Verdict, required=True)
    told = a_text("fr; agreed: en, kk, ru.", required=True)
    source = a_text("cis-1999, version 1, art. 5(1)(a)", required=True)
    remedy = a_text("a translation into an agreed language", "What would change a failed rule's verdict.")


class PartnerRuleView(View):
    """What the own rules of a partner without a hub say: they refuse it, or an officer answers first."""

    refuses = fields.Boolean(required=True, metadata={"examples": [True]})
    code = a_text("kind-not-carried", required=True)
    sentence = a_text("This partner does not take this kind of record.", required=True)


class ExplanationView(View):
    """Every rule, in the order in which people read them."""

    record_id = an_id(required=True)
    version = a_number(1, required=True)
    recipient = an_agency(required=True)
    at = Moment(required=True)
    permitted = fields.Boolean(required=True, metadata={"examples": [False]})
    by_rule = fields.Boolean(required=True, metadata={"examples": [False]})
    withdrawal = fields.Boolean(required=True, metadata={"examples": [False]})
    rules = many(RuleFindingView)
    partner_rules = many(PartnerRuleView)
    people = many(JudgedView)
