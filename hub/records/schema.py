"""The base of every schema here: unknown fields refused, plain sentences, rules across fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, ClassVar, Final

from marshmallow import RAISE, Schema, ValidationError, missing, validates_schema
from marshmallow.decorators import VALIDATES_SCHEMA
from marshmallow.error_store import ErrorStore

from hub.records.fields import Plain

#: Each unknown field is told of, up to here: marshmallow copies what it found so far for each further error.
MAX_STRAY_FIELDS: Final = 50


class Object(Schema):
    """An object of a record. It is loaded whole: neither `many`, `partial` nor other `unknown` are meant.

    Of marshmallow's way to load, the steps that no object here has are left out: hooks before and after,
    validators of single fields, and visits to absent fields (of a person's twenty most are). And an object
    that is right, as nearly all are, is loaded without gathering what is wrong; any other is loaded again to
    tell all of it. A record is loaded at every hub that it passes. The results are the same, as a test shows.
    """

    class Meta:
        """Refuse unknown fields; keep the generic class names out of marshmallow's global registry."""

        unknown = RAISE
        register = False

    error_messages: dict[str, str] = {  # noqa: RUF012 - marshmallow declares it so
        "type": "expected an object",
        "unknown": "is not a field here",
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._awaited = tuple(
            name
            for name, field in self.load_fields.items()
            if field.required or field.load_default is not missing
        )
        self._readers = {name: field._deserialize for name, field in self.load_fields.items()}
        self._rules = [getattr(self, name) for name, *_ in self._hooks[VALIDATES_SCHEMA]]

    def load(self, data: Any, **_: Any) -> dict[str, Any]:
        """Return the object as it is kept; raise ValidationError that tells everything that is wrong."""
        try:
            return self.load_right(data)
        except (ValidationError, KeyError, TypeError):
            return self._load_telling(data)

    @cached_property
    def _quick(self) -> Mapping[str, Callable[[Any], Any]]:
        return {name: _reader(field) for name, field in self.load_fields.items()}

    def load_right(self, data: Any) -> dict[str, Any]:
        """Return the object if nothing about it is wrong; else raise for the first thing that is."""
        if type(data) is not dict:
            raise KeyError
        readers = self._quick
        loaded = {name: readers[name](value) for name, value in data.items()}
        for name in self._awaited:
            if name not in loaded:
                loaded[name] = self.load_fields[name].deserialize(missing, name, data)
        for rule in self._rules:
            rule(loaded)
        return loaded

    def _load_telling(self, data: Any) -> dict[str, Any]:
        errors: Any = ErrorStore()  # type: ignore[no-untyped-call]
        loaded = self._deserialize(data, error_store=errors)
        if not errors.errors:
            for rule in self._rules:
                try:
                    rule(loaded)
                except ValidationError as error:
                    errors.store_error(error.messages, error.field_name)
        if errors.errors:
            raise ValidationError(errors.errors, data=data, valid_data=loaded)
        return loaded

    def _deserialize(self, data: Any, *, error_store: ErrorStore, **_: Any) -> dict[str, Any]:
        """Load the fields that are there, then ask for those that are not."""
        wrong: Callable[..., None] = error_store.store_error
        loaded: dict[str, Any] = {}
        if type(data) is not dict and not isinstance(data, Mapping):
            wrong([self.error_messages["type"]])
            return loaded
        fields = self.load_fields
        if len(data) > len(fields) + MAX_STRAY_FIELDS:
            wrong([f"expected at most {len(fields)} fields; it has {len(data):,}"])
            return loaded
        readers = self._readers
        for name, value in data.items():
            read = readers.get(name)
            if read is None:
                wrong([self.error_messages["unknown"]], name)
                continue
            try:
                # What null is told of, marshmallow knows.
                loaded[name] = fields[name].deserialize(None) if value is None else read(value, name, data)
            except ValidationError as error:
                wrong(error.messages, name)
        for name in self._awaited:
            if name not in data:
                try:
                    loaded[name] = fields[name].deserialize(missing, name, data)
                except ValidationError as error:
                    wrong(error.messages, name)
        return loaded


def _reader(field: Any) -> Callable[[Any], Any]:
    """Return what reads a value of a field; one that is not of ours is read in marshmallow's own way."""
    if isinstance(field, Plain):
        return field.reader()
    return lambda value: field.deserialize(value)


class OneOf(Object):
    """An object that needs at least one of some fields."""

    one_of: ClassVar[tuple[str, ...]]

    @validates_schema
    def has_one(self, data: Mapping[str, Any], **_: Any) -> None:
        """Refuse an object that has none of them."""
        if not any(name in data for name in self.one_of):
            raise ValidationError(f"expected at least one of {', '.join(self.one_of)}; it has none")
