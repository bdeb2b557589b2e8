"""What is asked of an originator, what it consents to, and to whom its record is passed on."""

from __future__ import annotations

from datetime import date

from marshmallow import Schema, ValidationError, fields, validate

from hub.api.schemas.basics import (
    Moment,
    View,
    a_number,
    a_sentence,
    a_text,
    an_agency,
    an_id,
    many,
    one_of,
    originator_field,
)
from hub.exchange.passing.reported import Proof

_AGENCIES_MAX = 64
_LONGEST = 4000
_LAST_DAY = date(2199, 12, 31)


def _agencies(description: str, *, shortest: int) -> fields.List[str]:
    bounds = validate.Length(min=shortest, max=_AGENCIES_MAX)
    told = {"description": description}
    if shortest:
        return fields.List(an_agency(), required=True, validate=bounds, metadata=told)
    return fields.List(an_agency(), load_default=list, validate=bounds, metadata=told)


def _day(description: str, example: str) -> fields.Date:
    return fields.Date(validate=_not_too_late, metadata={"description": description, "examples": [example]})


def _not_too_late(day: date) -> None:
    if day > _LAST_DAY:
        raise ValidationError(f"Expected a day up to {_LAST_DAY.isoformat()}.")


class ConsentAskBody(Schema):
    """To whom a record that came would go on, and what for."""

    pass_to = _agencies(
        "Members of this hub that would be shown it, or partners that would get it.", shortest=1
    )
    aim = a_sentence("Check it against their files", most=_LONGEST, required=True)
    reply_by = _day("By when an answer is asked for.", "2027-01-31")
    originator = originator_field()


class ConsentAnswerBody(Schema):
    """Granted through a day, perhaps on conditions; or, without `grant_until`, refused and why."""

    grant_until = _day("Through this day (UTC); without it, the answer is no.", "2027-11-30")
    conditions = a_sentence("No copies", most=_LONGEST)
    pass_to = _agencies("Only these of those that were asked for; none means all of them.", shortest=0)
    refuse = a_sentence("The source would be known", most=_LONGEST)
    originator = originator_field()


class PassOnBody(Schema):
    """To which partners a record that came goes on, and under which agreement of ours with them."""

    to = _agencies("Partners that the originator's consent names.", shortest=1)
    under = a_text("kz-de", "Without it, the agreement that the record came under.")
    originator = originator_field()


class ConsentView(View):
    """That an originator lets its record be passed on to one agency, through a day."""

    originator = an_agency(required=True)
    record_id = an_id(required=True)
    pass_to = an_agency(required=True)
    until = fields.Date(required=True, metadata={"examples": ["2027-11-30"]})
    consent_id = an_id(required=True)


class OnwardView(View):
    """Who has our record by way of a hub that passed it on; without `version` it was taken back.

    `current` tells that the last of it was acknowledged, `at` when what was acknowledged last was.
    """

    who = an_agency(required=True)
    passer = an_agency(required=True)
    passage_id = an_id(required=True)
    version = a_number(2, "That of our record which was passed on last.")
    current = fields.Boolean(required=True)
    at = Moment()
    proof = one_of(Proof)


class OnwardsView(View):
    """All who have a record of ours by way of others."""

    items = many(OnwardView)


class UnheededView(View):
    """A change that somebody who had the record has not followed; `via` is who passed it on to them."""

    originator = an_agency(required=True)
    record_id = an_id(required=True)
    version = a_number(2, required=True)
    action = a_text("withdrawal", required=True)
    kind = a_text("spontaneous-information", required=True)
    who = an_agency(required=True)
    via = an_agency()
    since = Moment(required=True)
    stands = a_text("pending", required=True)
    reason = a_text("partner-unreachable")
    level = fields.Function(
        lambda row: row.level.name.lower(), required=True, metadata={"type": "string", "examples": ["due"]}
    )


class UnheededsView(View):
    """Who has not followed, partners first, the longest first."""

    items = many(UnheededView)


class ConsentsView(View):
    """All consents that hold here today."""

    items = many(ConsentView)
