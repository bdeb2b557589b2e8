"""What is left out of a version of a record, and what versions are tied to."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from hub.api.schemas.basics import (
    Moment,
    View,
    a_justification,
    a_number,
    a_recipient,
    a_text,
    an_agency,
    an_id,
    many,
    one_of,
)
from hub.entries import Priority
from hub.records.label import Classification, Handling, Tlp
from hub.records.lifecycle import RecordState
from hub.records.tearing import ORDERS_MAX

_RECIPIENTS_MAX = 200
_PATH_MAX = 400


def _paths(description: str, *, shortest: int, required: bool = False) -> fields.List[str]:
    bounds = validate.Length(min=shortest, max=ORDERS_MAX)
    path = a_text("subjects[0].names[1]", validate=validate.Length(min=1, max=_PATH_MAX))
    told = {"description": description}
    if required:
        return fields.List(path, required=True, validate=bounds, metadata=told)
    return fields.List(path, load_default=list, validate=bounds, metadata=told)


class LabelPartsBody(Schema):
    """The parts of its own label; what is absent is as in the master, or in the version before."""

    classification = one_of(Classification)
    tlp = one_of(Tlp)
    handling = fields.List(one_of(Handling), validate=validate.Length(max=len(Handling)))
    handling_note = a_text("Ask before acting on it", validate=validate.Length(min=1, max=1000))
    releasable_to = fields.List(an_agency(), validate=validate.Length(max=64))
    originator_control = fields.Boolean(metadata={"examples": [True]})


class TearBody(Schema):
    """Which parts are left out, and for whom."""

    leave_out = _paths(
        "Paths of parts: `grading`, `details.warrant`, `subjects[*].documents`, `narrative[2]` (the third "
        "paragraph).",
        shortest=1,
        required=True,
    )
    may_stay = _paths("Places that may say again what is left out; somebody has looked at them.", shortest=0)
    recipients = fields.List(
        a_recipient(),
        load_default=list,
        validate=validate.Length(max=_RECIPIENTS_MAX),
        metadata={"description": "Agencies and groups; needed unless `again` is given."},
    )
    label = fields.Nested(LabelPartsBody)
    again = an_id(metadata={"description": "The derived record whose next version this is."})
    priority = one_of(Priority, load_default=Priority.ROUTINE)


class UnaffectedBody(Schema):
    """Which version of the master was compared with a derived record, and why that needs no new one."""

    master_version = a_number(3, required=True, validate=validate.Range(1, 9999))
    justification = a_justification("A date was corrected that they never got")


class TieView(View):
    """What a version was derived from. `changed` are parts of the master that corrections changed since."""

    master_id = an_id(required=True)
    master_version = a_number(1, required=True)
    left_out = fields.List(a_text("narrative[1]"), required=True)
    may_stay = fields.List(a_text("details.relevance"), required=True)
    changed = fields.List(a_text("subjects[0]"), required=True)


class DerivedView(View):
    """The newest version of a record that was derived from this one."""

    record_id = an_id(required=True)
    version = a_number(1, required=True)
    state = one_of(RecordState, required=True)
    recipients = fields.List(an_agency(), required=True)
    tear_due_at = Moment()
    tie = fields.Nested(TieView, required=True)


class TiesView(View):
    """What a record was derived from, where it was, and what was derived from it."""

    record_id = an_id(required=True)
    version = a_number(1, required=True)
    derived_from = fields.Nested(TieView)
    derived = many(DerivedView)
