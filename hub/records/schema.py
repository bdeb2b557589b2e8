"""The base of every schema here: unknown fields refused, plain sentences, rules across fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from marshmallow import RAISE, Schema, ValidationError, validates_schema


class Object(Schema):
    """An object of a record."""

    class Meta:
        """Refuse unknown fields; keep the generic class names out of marshmallow's global registry."""

        unknown = RAISE
        register = False

    error_messages: dict[str, str] = {  # noqa: RUF012 - marshmallow declares it so
        "type": "expected an object",
        "unknown": "is not a field here",
    }


class OneOf(Object):
    """An object that needs at least one of some fields."""

    one_of: ClassVar[tuple[str, ...]]

    @validates_schema
    def has_one(self, data: Mapping[str, Any], **_: Any) -> None:
        """Refuse an object that has none of them."""
        if not any(name in data for name in self.one_of):
            raise ValidationError(f"expected at least one of {', '.join(self.one_of)}; it has none")
