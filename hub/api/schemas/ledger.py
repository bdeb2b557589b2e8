"""What the ledger counts of a quarter: requests and records by partner, and figures on illicit transport."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from hub.api.schemas.basics import (
    View,
    Whole,
    a_justification,
    a_number,
    a_text,
    an_agency,
    an_id,
    many,
    one_of,
)
from hub.records.kinds import Kind

_QUARTER = r"^(19|20|21)[0-9]{2}-Q[1-4]$"
_NAMED_MAX = 200


def _quarter(*, required: bool = False) -> fields.String:
    known = Whole(_QUARTER, error="Expected a quarter, like 2026-Q4.")
    return a_text("2026-Q4", validate=known, required=required)


class LedgerQuery(Schema):
    """Which quarter, the present one where it is absent, and which partner, where only one is meant."""

    quarter = _quarter()
    partner = an_agency()


class KindCountView(View):
    """How many records of a kind, each once however many versions it has."""

    kind = one_of(Kind, required=True)
    records = a_number(12, required=True)


class GroundCountView(View):
    """How many requests were refused on a ground."""

    ground = a_text("no-such-data", required=True)
    requests = a_number(1, required=True)


class RequestsView(View):
    """The requests that one side made of the other in the quarter, and what has come of them by now."""

    made = a_number(9, required=True)
    full = a_number(4, required=True)
    partly = a_number(1, required=True, attribute="partial", data_key="partial")
    refused = a_number(1, required=True)
    grounds = many(GroundCountView)
    forwarded = a_number(0, required=True)
    postponed = a_number(1, required=True)
    withdrawn = a_number(0, required=True)
    in_time = a_number(5, "Answered by the day that was asked for.", required=True)
    late = a_number(1, "Answered after it.", required=True)
    outstanding = a_number(3, "Without a final answer.", required=True)
    overdue = a_number(1, "Of these, past their day.", required=True)
    median_days = a_text("6.5", "How many days half of the final answers took at most.")


class ReciprocityView(View):
    """One partner's page of the ledger. `asked` are our requests to it, `asked_of_us` its requests to us."""

    partner = an_agency(required=True)
    sent = many(KindCountView)
    received = many(KindCountView)
    asked = fields.Nested(RequestsView, required=True)
    asked_of_us = fields.Nested(RequestsView, required=True)
    recalled_sent = a_number(1, "Withdrawals of ours.", required=True)
    recalled_received = a_number(0, "Withdrawals of theirs.", required=True)
    undelivered = a_number(0, "Envelopes that it has not acknowledged.", required=True)


class LedgerView(View):
    """The ledger of a quarter, partner by partner."""

    quarter = _quarter(required=True)
    items = many(ReciprocityView)


class TransportBody(Schema):
    """Whose figures are compiled, and why their reports are read."""

    quarter = _quarter(required=True)
    partners = fields.List(
        an_agency(),
        load_default=list,
        validate=validate.Length(max=_NAMED_MAX),
        metadata={"description": "Domestic bodies with hubs of their own, whose reports came and count too."},
    )
    own = fields.List(
        an_id(),
        load_default=list,
        validate=validate.Length(max=_NAMED_MAX),
        metadata={"description": "Reports of our own that count too."},
    )
    justification = a_justification("quarterly report")


class TransportDraftBody(TransportBody):
    """What is compiled, and for which partner; the agreement where several let such reports go there."""

    to = an_agency(required=True)
    agreement = a_text("cis-1999", validate=validate.Length(min=1, max=100))


class DeliveredView(View):
    """Whose figures count, and from which record; `older` are records of the same quarter that do not."""

    agency = an_agency(required=True)
    record_id = an_id(required=True)
    older = fields.List(an_id(), required=True)


class FigureView(View):
    """The sum for one sort of goods; `persons` is absent where nobody told of any."""

    goods = a_text("arms", required=True)
    unit = a_text("pieces", required=True)
    direction = a_text("transit")
    cases = a_number(3, required=True)
    persons = a_number(4)
    quantity = a_text("4.5", required=True)


class TransportView(View):
    """The figures of a quarter, who delivered them, and who was to and did not."""

    quarter = _quarter(required=True)
    delivered = many(DeliveredView)
    missing = fields.List(an_agency(), required=True)
    totals = many(FigureView)
