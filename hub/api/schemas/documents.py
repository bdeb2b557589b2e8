"""Records as the API takes and gives them: the document itself, checked by its own room."""

from __future__ import annotations

from typing import Any, Final

from marshmallow import fields

from hub.api.schemas.basics import EXAMPLE_ID
from hub.records.kinds import Kind
from hub.records.template import template

#: The same at each start, so that the specification is too.
_FIXED: Final = {
    "id": EXAMPLE_ID,
    "conversation": EXAMPLE_ID,
    "created_at": "2026-03-31T14:05:00Z",
    "review_on": "2027-03-31",
    "retain_until": "2031-03-31",
}


def example_record() -> dict[str, object]:
    """Return a filled record for the documentation."""
    return {**template(Kind.DESIGNATION), **_FIXED}


def a_document(**kwargs: Any) -> fields.Dict:
    """Return the field of a record's document."""
    return fields.Dict(
        metadata={
            "description": "The record; `GET /api/v1/kinds/{kind}/template` gives a filled one of each kind.",
            "examples": [example_record()],
        },
        **kwargs,
    )
