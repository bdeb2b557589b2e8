"""Fields of which schemas are made: each says in plain words what it expects, and never repeats what came.

It is one long file on purpose: one small class a form, each standing on those above it, and schemas are
written from all of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from enum import Enum
from typing import Any, ClassVar, Final

from marshmallow import Schema, ValidationError, fields, missing

from hub.records.ids import AGENCY, ID
from hub.records.text import normalise
from hub.records.times import as_text, as_time

#: A list is given up after so many wrong members: a hostile record could hold a hundred thousand.
MAX_WRONG_IN_LIST: Final = 20

_TOLD: Final[dict[type, str]] = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a decimal number",
    list: "a list",
    dict: "an object",
    type(None): "null",
}


def told(value: object) -> str:
    """Name the JSON type of a value, for sentences that must not repeat it."""
    return _TOLD.get(type(value), "something that JSON does not have")


def wrong(expected: str, actual: str) -> ValidationError:
    """Build the error that says what was expected and what came instead."""
    return ValidationError(f"expected {expected}; {actual}")


def _messages(expected: str) -> dict[str, str | list[Any] | dict[Any, Any]]:
    return {
        "required": f"is missing; expected {expected}",
        "null": f"is null; expected {expected}, or nothing at all",
    }


class Plain(fields.Field[Any]):
    """The base of every field here: checks stand in `_deserialize` alone, so nothing else need run.

    Marshmallow's hooks for validators cost more than most of these checks, and a record has a hundred fields.
    """

    expected: str

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        """Return the checked value; leave what is absent or null to marshmallow."""
        if value is missing or value is None:
            return super().deserialize(value, attr, data, **kwargs)
        return self._deserialize(value, attr, data, **kwargs)

    def reader(self) -> Callable[[Any], Any]:
        """Return what reads a value that is right, as `_deserialize` does.

        Of any other it raises ValidationError, KeyError or TypeError, and need not tell all that is wrong:
        the object is read again then.
        """
        return lambda value: self._deserialize(value, None, None)


class Text(Plain, fields.String):
    """One line of text, or several with `lines`; kept in NFC."""

    def __init__(
        self, longest: int = 400, *, lines: bool = False, empty: bool = False, required: bool = False
    ):
        self.longest, self.shortest, self.lines = longest, 0 if empty else 1, lines
        what = "text, also of several lines" if lines else "one line of text"
        self.expected = f"{what}, {self.shortest} to {longest:,} characters"
        super().__init__(required=required, error_messages=_messages(self.expected))

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> str:
        if not isinstance(value, str):
            raise wrong(self.expected, f"it is {told(value)}")
        if len(value) > self.longest:
            raise wrong(self.expected, f"it has {len(value):,}")
        try:
            text = normalise(value, lines=self.lines)
        except ValueError as error:
            raise wrong(self.expected, str(error)) from None
        if not self.shortest <= len(text) <= self.longest:
            raise wrong(self.expected, f"it has {len(text):,} once normalised")
        return text

    def reader(self) -> Callable[[Any], str]:
        """Return what reads a text; one that is ASCII has nothing to normalise but its blanks."""
        shortest, longest, other = self.shortest, self.longest, super().reader()

        def read(value: Any) -> str:
            if type(value) is str and len(value) <= longest and value.isascii() and value.isprintable():
                text = value.strip()
                if len(text) >= shortest:
                    return text
            read: str = other(value)
            return read

        return read


class Code(Plain, fields.String):
    """Text of one fixed form. Subclasses say which, and may check more than the form."""

    pattern: ClassVar[re.Pattern[str]]
    expected: str

    def __init__(self, *, required: bool = False) -> None:
        super().__init__(required=required, error_messages=_messages(self.expected))

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> str:
        if not isinstance(value, str):
            raise wrong(self.expected, f"it is {told(value)}")
        if self.pattern.fullmatch(value) is None:
            raise wrong(self.expected, "it has another form")
        return self.checked(value)

    def checked(self, value: str) -> str:
        """Return the value in its one form; raise through `wrong` when more than its form is amiss."""
        return value

    def reader(self) -> Callable[[Any], str]:
        """Return what reads a value of the form."""
        fits, checked = self.pattern.fullmatch, self.checked
        only_form = type(self).checked is Code.checked

        def read(value: Any) -> str:
            if type(value) is not str or fits(value) is None:
                raise KeyError
            return value if only_form else checked(value)

        return read


class Id(Code):
    """A UUIDv7."""

    pattern = ID
    expected = "an id (UUIDv7, lowercase)"


class Agency(Code):
    """The name of an agency."""

    pattern = AGENCY
    expected = "the id of an agency, like kz-knb"


class Slug(Code):
    """A short name made of lowercase letters, digits, hyphens and points."""

    pattern = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")
    expected = "a short name of lowercase letters, digits, hyphens and points, like unsc-1267"


class Key(Code):
    """A name by which subjects of one record refer to one another."""

    pattern = re.compile(r"[a-z][a-z0-9-]{0,31}")
    expected = "a key inside this record, like person-1"


class Digest(Code):
    """A SHA-256 in hexadecimal."""

    pattern = re.compile(r"[0-9a-f]{64}")
    expected = "a SHA-256 as 64 lowercase hexadecimal digits"


class MediaType(Code):
    """A media type without parameters."""

    pattern = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,99}")
    expected = "a media type, like application/pdf"


class Language(Code):
    """A language, with a script or region where it matters (BCP 47)."""

    pattern = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?")
    expected = "a language code, like ru, kk or uz-Cyrl"


class Url(Code):
    """A web address. The host is kept as told: nothing here ever opens it."""

    pattern = re.compile(r"https?://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?(/[!-~]*)?(?<=.{8})")
    expected = "a web address with http or https, up to 500 characters"

    def checked(self, value: str) -> str:
        if len(value) > 500:
            raise wrong(self.expected, f"it has {len(value):,}")
        return value


class Time(Code):
    """A moment, kept in UTC."""

    pattern = re.compile(r"[0-9TZ:.+-]{20,32}")
    expected = "a time with its offset, like 2026-03-31T14:05:00Z"

    def checked(self, value: str) -> str:
        try:
            return as_text(as_time(value))
        except ValueError:
            raise wrong(self.expected, "there is no such time from 1900 to 2199") from None


def _on_calendar(text: str) -> bool:
    try:
        date.fromisoformat(text + "-01-01"[len(text) - 4 :] if len(text) < 10 else text)
    except ValueError:
        return False
    return True


class Date(Code):
    """A day."""

    pattern = re.compile(r"(18|19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}")
    expected = "a date, like 2026-03-31"

    def checked(self, value: str) -> str:
        if not _on_calendar(value):
            raise wrong(self.expected, "there is no such day")
        return value


class PartialDate(Date):
    """A day, a month or a year, as much of it as is known."""

    pattern = re.compile(r"(18|19|20|21)[0-9]{2}(-[0-9]{2}(-[0-9]{2})?)?")
    expected = "a date as far as it is known: 1971, 1971-03 or 1971-03-31"


class Quarter(Code):
    """A quarter of a year."""

    pattern = re.compile(r"(19|20|21)[0-9]{2}-Q[1-4]")
    expected = "a quarter, like 2026-Q1"


class Choice(Plain, fields.String):
    """One of a closed set of words."""

    def __init__(self, options: type[Enum] | Iterable[str], *, required: bool = False) -> None:
        values = [option.value if isinstance(option, Enum) else option for option in options]
        self.options = frozenset(values)
        self.expected = f"one of {', '.join(values)}" if len(values) > 1 else values[0]
        super().__init__(required=required, error_messages=_messages(self.expected))

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> str:
        if not isinstance(value, str):
            raise wrong(self.expected, f"it is {told(value)}")
        if value not in self.options:
            raise wrong(self.expected, "it is none of them")
        return value

    def reader(self) -> Callable[[Any], str]:
        """Return what reads one of the words."""
        return {option: option for option in self.options}.__getitem__


class Count(Plain, fields.Integer):
    """A whole number within bounds."""

    def __init__(self, lowest: int, highest: int, *, required: bool = False) -> None:
        self.lowest, self.highest = lowest, highest
        self.expected = f"a whole number from {lowest:,} to {highest:,}"
        super().__init__(required=required, error_messages=_messages(self.expected))

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> int:
        if type(value) is not int:
            raise wrong(self.expected, f"it is {told(value)}")
        if not self.lowest <= value <= self.highest:
            raise wrong(self.expected, "it lies outside")
        return value


class Flag(Plain, fields.Boolean):
    """True or false, not a word or number that could mean them."""

    expected = "true or false"

    def __init__(self, *, required: bool = False) -> None:
        super().__init__(required=required, error_messages=_messages(self.expected))

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> bool:
        if type(value) is not bool:
            raise wrong(self.expected, f"it is {told(value)}")
        return value


class Part(Plain, fields.Nested):
    """An object with fields of its own."""

    def __init__(self, schema: type[Schema], *, required: bool = False) -> None:
        self.expected = f"an object ({schema.__name__})"
        super().__init__(schema, required=required, error_messages=_messages(self.expected))

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, partial: Any = None, **_: Any
    ) -> dict[str, Any]:
        loaded: dict[str, Any] = self.schema.load(value)
        return loaded

    def reader(self) -> Callable[[Any], dict[str, Any]]:
        """Return what reads the object; its schema is one of ours."""
        schema: Any = self.schema
        right: Callable[[Any], dict[str, Any]] = schema.load_right
        return right


class Many(Plain, fields.List[Any]):
    """A list with bounds, which are checked before anything in it is."""

    def __init__(
        self,
        inner: fields.Field[Any],
        longest: int,
        *,
        shortest: int = 0,
        required: bool = False,
        absent_is_empty: bool = False,
    ) -> None:
        self.longest, self.shortest = longest, shortest
        self.expected = f"a list of {shortest:,} to {longest:,}"
        default = list if absent_is_empty else missing
        super().__init__(
            inner, required=required, load_default=default, error_messages=_messages(self.expected)
        )

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any
    ) -> list[Any]:
        if not isinstance(value, list):
            raise wrong(self.expected, f"it is {told(value)}")
        if not self.shortest <= len(value) <= self.longest:
            raise wrong(self.expected, f"it has {len(value):,}")
        kept, errors = [], {}
        for place, each in enumerate(value):
            try:
                kept.append(self.inner.deserialize(each))
            except ValidationError as error:
                errors[place] = error.messages
                if len(errors) == MAX_WRONG_IN_LIST:
                    break
        if errors:
            raise ValidationError(errors)
        return kept

    def reader(self) -> Callable[[Any], list[Any]]:
        """Return what reads a list; none of its members may be wrong."""
        shortest, longest = self.shortest, self.longest
        inner: Any = self.inner
        read_each: Callable[[Any], Any] = inner.reader()

        def read(value: Any) -> list[Any]:
            if type(value) is not list or not shortest <= len(value) <= longest:
                raise KeyError
            return [read_each(each) for each in value]

        return read
