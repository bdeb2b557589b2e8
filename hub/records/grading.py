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


#: scale -> what each grade says of the source, of the information, and how to handle it, after those who made
#: the scale: NATO (STANAG 2511), Europol (Regulation (EU) 2016/794, art. 29), and the police of the United
#: Kingdom (National Intelligence Model, until 2016).
MEANINGS: Final[Mapping[Scale, tuple[Mapping[str, str], Mapping[str, str], Mapping[str, str]]]] = {
    Scale.ADMIRALTY: (
        {
            "A": "completely reliable",
            "B": "usually reliable",
            "C": "fairly reliable",
            "D": "not usually reliable",
            "E": "unreliable",
            "F": "reliability cannot be judged",
        },
        {
            "1": "confirmed by other sources",
            "2": "probably true",
            "3": "possibly true",
            "4": "doubtful",
            "5": "improbable",
            "6": "truth cannot be judged",
        },
        {},
    ),
    Scale.FOUR: (
        {
            "A": "no doubt of its authenticity, trustworthiness and competence, or reliable in all instances",
            "B": "reliable in most instances",
            "C": "unreliable in most instances",
            "X": "reliability cannot be assessed",
        },
        {
            "1": "its accuracy is not in doubt",
            "2": "known personally to the source, and not to the official who passes it on",
            "3": "not known personally to the source, and corroborated by other information",
            "4": "not known personally to the source, and cannot be corroborated",
        },
        {},
    ),
    Scale.FIVE: (
        {
            "A": "always reliable",
            "B": "mostly reliable",
            "C": "sometimes reliable",
            "D": "unreliable",
            "E": "untested",
        },
        {
            "1": "known to be true without reservation",
            "2": "known personally to the source, and not to whoever reports it",
            "3": "not known personally to the source, and corroborated",
            "4": "cannot be judged",
            "5": "suspected to be false",
        },
        {
            "1": "may be passed to the police and other law enforcement of the country",
            "2": "may be passed to parties of the country that do not prosecute",
            "3": "may be passed to law enforcement abroad",
            "4": "only within the agency that it comes from",
            "5": "may be passed on under the conditions that are stated",
        },
    ),
}
#: scale -> (grades of the source, of the information, of the handling)
GRADES: Final[Mapping[Scale, tuple[str, str, str]]] = {
    scale: ("".join(source), "".join(information), "".join(handling))
    for scale, (source, information, handling) in MEANINGS.items()
}
PARTS: Final = ("source", "information", "handling")
_ANY: Final = [sorted(set("".join(grades[part] for grades in GRADES.values()))) for part in range(3)]


def _misfit(scale: Scale, graded: tuple[str, str, str | None]) -> tuple[str, str] | None:
    """Return (field, sentence) for the first part that the scale does not have, or lacks."""
    for part, grades, grade in zip(PARTS, GRADES[scale], graded, strict=True):
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

    @property
    def means(self) -> Mapping[str, str]:
        """Return what each part of it says in the words of its own scale; nothing is converted."""
        graded = (self.source, self.information, self.handling)
        told = zip(PARTS, MEANINGS[self.scale], graded, strict=True)
        return {part: words[grade] for part, words, grade in told if grade is not None}

    @classmethod
    def of(cls, checked: Mapping[str, Any]) -> Grading:
        """Build a grading from a mapping that the schema has checked."""
        return cls(
            scale=Scale(checked["scale"]),
            source=checked["source"],
            information=checked["information"],
            handling=checked.get("handling"),
        )
