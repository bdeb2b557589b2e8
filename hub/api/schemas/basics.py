"""Fields that every shape is made of, and the two rules for shapes: unknown refused, absent never null."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any, Final

from marshmallow import Schema, ValidationError, fields, post_dump, validate

from hub.api.converters import AGENCY_PATTERN, DIGEST_PATTERN, ID_PATTERN
from hub.audit.justification import LENGTH
from hub.records.times import as_text

#: A group is expanded and shown before release: `@members`, `@partners`, `@agreement:ID`.
_RECIPIENT: Final = (
    r"^(@members|@partners|@agreement:[A-Za-z0-9][A-Za-z0-9._/-]{0,99}|" + AGENCY_PATTERN[1:-1] + r")$"
)
#: What an id looks like, for the documentation.
EXAMPLE_ID: Final = "019d4420-6b1c-7c3e-a5f4-2f1de6a9b710"
#: No control characters, no lines: reasons and justifications are read in lists and logs.
_SENTENCE: Final = r"^[^\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]*$"


class View(Schema):
    """What is given out. Optional keys that have no value are absent, never null."""

    @post_dump
    def _without_none(self, data: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        return {name: value for name, value in data.items() if value is not None}


class Whole(validate.Regexp):
    """A pattern that the whole text fits; Python's `$` alone would let a final newline pass."""

    def __call__(self, value: Any) -> Any:
        """Return the value, or raise ValidationError."""
        if re.fullmatch(self.regex, value) is None:
            raise ValidationError(str(self.error))
        return value


class Moment(fields.DateTime):
    """A time in UTC, written with a Z."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**_shown(kwargs, "2026-03-31T14:05:00Z"))

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else as_text(value)


class Hex(fields.String):
    """A SHA-256 as lowercase hex."""

    def __init__(self, **kwargs: Any) -> None:
        known = Whole(DIGEST_PATTERN, error="Expected a SHA-256 in lowercase hex.")
        super().__init__(validate=known, **_shown(kwargs, "9f86d081884c7d659a2feaa0c55ad015" * 2, "SHA-256"))

    def _serialize(self, value: bytes | str | None, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return value.hex() if isinstance(value, bytes) else value


def _shown(kwargs: dict[str, Any], example: object, title: str | None = None) -> dict[str, Any]:
    """Return the arguments of a field with an example, and what it is, for the documentation."""
    told = {"examples": [example]} | ({"title": title} if title else {})
    return kwargs | {"metadata": {**told, **kwargs.get("metadata", {})}}


def a_text(example: str, description: str | None = None, **kwargs: Any) -> fields.String:
    """Return the field of a text, with an example and what it is for the documentation."""
    metadata = {"description": description} if description else {}
    return fields.String(**_shown(kwargs | {"metadata": metadata}, example))


def a_number(example: int, description: str | None = None, **kwargs: Any) -> fields.Integer:
    """Return the field of a whole number, with an example and what it is for the documentation."""
    metadata = {"description": description} if description else {}
    return fields.Integer(**_shown(kwargs | {"metadata": metadata}, example))


def an_id(**kwargs: Any) -> fields.String:
    """Return the field of a UUIDv7."""
    known = Whole(ID_PATTERN, error="Expected a UUIDv7 in lowercase.")
    return fields.String(validate=known, **_shown(kwargs, EXAMPLE_ID, "UUIDv7"))


def an_agency(**kwargs: Any) -> fields.String:
    """Return the field of an agency's id."""
    known = Whole(AGENCY_PATTERN, error="Expected an agency id, like kz-mvd.")
    return fields.String(validate=known, **_shown(kwargs, "kz-mvd", "agency id"))


def a_recipient(**kwargs: Any) -> fields.String:
    """Return the field of a recipient: an agency or a group."""
    known = Whole(_RECIPIENT, error="Expected an agency id or a group, like @members.")
    return fields.String(validate=known, **_shown(kwargs, "cis-atc", "agency id or group"))


def a_sentence(example: str, *, most: int = 1000, **kwargs: Any) -> fields.String:
    """Return the field of one plain sentence: a reason, a justification."""
    return fields.String(
        validate=[
            validate.Length(min=3, max=most),
            Whole(_SENTENCE, error="Expected one line without control characters."),
        ],
        **_shown(kwargs, example),
    )


def a_justification(example: str) -> fields.String:
    """Return the field of why content is read; without a usable one the use case refuses, and logs that."""
    return fields.String(
        load_default=None,
        metadata={
            "examples": [example],
            "description": (
                f"Required: why it is read, in one line of {LENGTH.start} to {LENGTH.stop - 1} printable "
                "characters. The log keeps it."
            ),
        },
    )


class Choice(fields.Enum[Any]):
    """A closed set, written as its values; rows hold some of them as values already."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return value.value if isinstance(value, Enum) else value


def one_of(kind: type[Enum], **kwargs: Any) -> Choice:
    """Return the field of a closed set, written as its values."""
    return Choice(kind, by_value=fields.String, **kwargs)


def many(inner: type[Schema], **kwargs: Any) -> fields.List[Any]:
    """Return the field of a list of shapes that is always there."""
    return fields.List(fields.Nested(inner), required=True, **kwargs)


def a_cursor() -> fields.String:
    """Return the field that a page ends with."""
    return a_text("cmVjb3Jkczo0Mg", "The cursor to read on with; always there.", required=True)


def version_field(*, strict: bool = False) -> fields.Integer:
    """Return the field of a record's version; without it the highest is meant."""
    return a_number(
        1,
        "The version; without it the highest.",
        strict=strict,
        validate=validate.Range(min=1, max=2**31 - 1),
    )


def originator_field() -> fields.String:
    """Return the field that tells whose record an id means, where several originators sent one."""
    return an_agency(metadata={"description": "Whose record; without it our own, else the only one."})


class Page(Schema):
    """How a list is read on."""

    after = fields.String(
        validate=validate.Length(min=1, max=64),
        metadata={"description": "The `next` cursor of the page before; without it the list begins."},
    )
    limit = a_number(50, "At most so many items.", load_default=50, validate=validate.Range(min=1, max=1000))
