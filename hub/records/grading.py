"""The grading: how reliable the source is and how credible the information, in the scale it came in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from marshmallow import ValidationError, validates_schema

from hub.errors import Refused
from hub.records.fields import Choice
from hub.records.schema import Object


class Scale(Enum):
    """The scales in use. A grading is never converted from one to another silently."""

    ADMIRALTY = "admiralty"
    FOUR = "4x4"
    FIVE = "5x5x5"


#: scale -> (grades of the source, of the information, of the handling)
GRADES: Final[dict[Scale, tuple[str, str, str]]] = {
    Scale.ADMIRALTY: ("ABCDEF", "123456", ""),
    Scale.FOUR: ("ABCX", "1234", ""),
    Scale.FIVE: ("ABCDE", "12345", "12345"),
}
_PARTS: Final = ("source", "information", "handling")
_ANY: Final = [sorted(set("".join(grades[part] for grades in GRADES.values()))) for part in range(3)]


def _misfit(scale: Scale, graded: tuple[str, str, str | None]) -> tuple[str, str] | None:
    """Return (field, sentence) for the first part that the scale does not have, or lacks."""
    for part, grades, grade in zip(_PARTS, GRADES[scale], graded, strict=True):
        if grade is None and grades:
            return part, f"is missing; expected one of {', '.join(grades)} in the scale {scale.value}"
        if grade is not None and grade not in tuple(grades):
            expected = f"one of {', '.join(grades)}" if grades else "no such part"
            return part, f"expected {expected} in the scale {scale.value}; it is a grade of another scale"
    return None


class GradingSchema(Object):
    """The grading's fields."""

    scale = Choice(Scale, required=True)
    source = Choice(_ANY[0], required=True)
    information = Choice(_ANY[1], required=True)
    handling = Choice(_ANY[2])

    @validates_schema
    def fits_scale(self, data: Mapping[str, Any], **_: Any) -> None:
        """Refuse a grade that the scale does not have."""
        wrong = _misfit(Scale(data["scale"]), (data["source"], data["information"], data.get("handling")))
        if wrong is not None:
            raise ValidationError(wrong[1], wrong[0])


@dataclass(frozen=True, kw_only=True)
class Grading:
    """One grading. `handling` is the third digit of 5x5x5 and exists in that scale alone."""

    scale: Scale
    source: str
    information: str
    handling: str | None = None

    def __post_init__(self) -> None:
        wrong = _misfit(self.scale, (self.source, self.information, self.handling))
        if wrong is not None:
            raise Refused("record-invalid", f"grading.{wrong[0]}: {wrong[1]}.")

    @classmethod
    def of(cls, checked: Mapping[str, Any]) -> Grading:
        """Build a grading from a mapping that the schema has checked."""
        return cls(
            scale=Scale(checked["scale"]),
            source=checked["source"],
            information=checked["information"],
            handling=checked.get("handling"),
        )
