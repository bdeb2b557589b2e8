"""Column types: how times, enums, tuples and documents lie in both databases."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Final

import msgspec
from sqlalchemy import BigInteger, Dialect, Integer, Text, TypeDecorator

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_ENCODE: Final = msgspec.json.Encoder(order="sorted").encode

#: A 64-bit number that SQLite takes as the row's own number, so that the key costs no second tree.
Position: Final = BigInteger().with_variant(Integer(), "sqlite")


def encode(value: object) -> str:
    """Return compact JSON with sorted keys."""
    return _ENCODE(value).decode("utf-8")


class Moment(TypeDecorator[datetime]):
    """An aware time as whole microseconds since 1970: exact, ordered, and the same on both databases."""

    impl = BigInteger
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], int | None]:
        """Return what makes microseconds of a time; a naive one raises TypeError."""
        return _microseconds

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None]:
        """Return what makes an aware time of microseconds."""
        return _moment


def _microseconds(value: datetime | None) -> int | None:
    return None if value is None else (value - _EPOCH) // _MICROSECOND


def _moment(value: int | None) -> datetime | None:
    return None if value is None else _EPOCH + timedelta(microseconds=value)


class Choice(TypeDecorator[Enum]):
    """A member of a closed set, as its value."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: type[Enum]) -> None:
        super().__init__()
        self.kind = kind

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str | None]:
        """Return what reads a member's value."""
        values: Mapping[Enum | None, str | None] = {None: None} | {one: one.value for one in self.kind}
        return values.__getitem__

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Enum | None]:
        """Return what finds the member of a value."""
        members: Mapping[str | None, Enum | None] = {None: None} | {one.value: one for one in self.kind}
        return members.__getitem__


class Words(TypeDecorator[tuple[str, ...]]):
    """A tuple of short strings, as a JSON array."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Iterable[str] | None, dialect: Dialect) -> str | None:
        """Return JSON; most tuples are empty and cost nothing."""
        return encode(list(value)) if value else "[]"

    def process_result_value(self, value: Any | None, dialect: Dialect) -> tuple[str, ...]:
        """Return the tuple."""
        return () if value is None or value == "[]" else tuple(json.loads(value))


class Choices(TypeDecorator[frozenset[Enum]]):
    """A set of members, as a sorted JSON array of their values."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: type[Enum]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: Iterable[Enum] | None, dialect: Dialect) -> str | None:
        """Return JSON."""
        return encode(sorted(member.value for member in value or ()))

    def process_result_value(self, value: Any | None, dialect: Dialect) -> frozenset[Enum]:
        """Return the set."""
        return frozenset(self.kind(member) for member in json.loads(value or "[]"))


class Document(TypeDecorator[Mapping[str, object]]):
    """A small JSON object."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Mapping[str, object] | None, dialect: Dialect) -> str | None:
        """Return compact JSON."""
        return None if value is None else encode(dict(value))

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Mapping[str, object] | None:
        """Return the object."""
        return None if value is None else json.loads(value)


class Documents(TypeDecorator[tuple[Mapping[str, object], ...]]):
    """A few small JSON objects."""

    impl = Text
    cache_ok = True

    def process_bind_param(
        self, value: Iterable[Mapping[str, object]] | None, dialect: Dialect
    ) -> str | None:
        """Return compact JSON."""
        return encode([dict(one) for one in value or ()])

    def process_result_value(self, value: Any | None, dialect: Dialect) -> tuple[Mapping[str, object], ...]:
        """Return the objects."""
        return tuple(json.loads(value or "[]"))
