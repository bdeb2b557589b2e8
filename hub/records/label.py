"""The originator's label: how secret a record is, and what may be done with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any, Final

from marshmallow import ValidationError, validates_schema

from hub.errors import Refused
from hub.records.fields import Agency, Choice, Flag, Many, Text
from hub.records.problems import problems_of
from hub.records.schema import Object


class Classification(Enum):
    """How secret, lowest first. The Russian terms are the usual equivalents in bilateral treaties."""

    UNCLASSIFIED = "unclassified"  # несекретно
    RESTRICTED = "restricted"  # для служебного пользования
    CONFIDENTIAL = "confidential"  # секретно
    SECRET = "secret"  # noqa: S105 - совершенно секретно
    TOP_SECRET = "top-secret"  # noqa: S105 - особой важности

    @property
    def rank(self) -> int:
        """Return the place in the order: a higher number is more secret."""
        return _RANKS[self]


_RANKS: Final[dict[Classification, int]] = {level: rank for rank, level in enumerate(Classification)}


class Tlp(Enum):
    """The Traffic Light Protocol 2.0: with whom a recipient may share."""

    CLEAR = "clear"
    GREEN = "green"
    AMBER = "amber"
    AMBER_STRICT = "amber+strict"
    RED = "red"


class Handling(Enum):
    """Europol's handling codes."""

    H0 = "H0"  # no restriction beyond the purpose
    H1 = "H1"  # not as evidence in court without the originator's consent
    H2 = "H2"  # not passed on without the originator's consent
    H3 = "H3"  # other restrictions, in `handling_note`


def _contradictions(
    classification: str, tlp: str, handling: Iterable[str], note: str | None
) -> Iterable[tuple[str, str]]:
    """Yield (field, sentence) for what cannot be meant together."""
    codes = frozenset(handling)
    if tlp == Tlp.CLEAR.value and classification != Classification.UNCLASSIFIED.value:
        yield "tlp", "expected green or stricter for what is classified; it is clear"
    if Handling.H0.value in codes and len(codes) > 1:
        yield "handling", "expected H0 alone, since it says that nothing restricts; it stands with others"
    if (Handling.H3.value in codes) != (note is not None):
        yield "handling_note", "expected exactly when handling has H3, whose restriction it tells"


class LabelSchema(Object):
    """The label's fields."""

    classification = Choice(Classification, required=True)
    tlp = Choice(Tlp, required=True)
    handling = Many(Choice(Handling), len(Handling), required=True)
    handling_note = Text(1000)
    releasable_to = Many(Agency(), 64, required=True)
    originator_control = Flag(required=True)

    @validates_schema
    def agrees(self, data: Mapping[str, Any], **_: Any) -> None:
        """Refuse parts that contradict one another."""
        for name, sentence in _contradictions(
            data["classification"], data["tlp"], data["handling"], data.get("handling_note")
        ):
            raise ValidationError(sentence, name)


@cache
def _schema() -> LabelSchema:
    return LabelSchema()


@dataclass(frozen=True, kw_only=True)
class Label:
    """One record's label. `releasable_to` names agencies that may get it from a recipient without asking.

    With `originator_control` nothing at all is passed on without the originator's signed consent.
    """

    classification: Classification
    tlp: Tlp
    handling: tuple[Handling, ...] = ()
    handling_note: str | None = None
    releasable_to: tuple[str, ...] = ()
    originator_control: bool = False

    def __post_init__(self) -> None:
        for name, sentence in _contradictions(
            self.classification.value,
            self.tlp.value,
            (code.value for code in self.handling),
            self.handling_note,
        ):
            raise Refused("record-invalid", f"label.{name}: {sentence}.")

    @classmethod
    def load(cls, mapping: Mapping[str, object]) -> Label:
        """Build a label from its document form; raise Refused `record-invalid` when it does not fit."""
        try:
            return cls.of(_schema().load(mapping))
        except ValidationError as error:
            problems = problems_of(error)
            raise Refused("record-invalid", f"The label: {problems[0]}.", problems=problems) from None

    @classmethod
    def of(cls, checked: Mapping[str, Any]) -> Label:
        """Build a label from a mapping that the schema has checked."""
        return cls(
            classification=Classification(checked["classification"]),
            tlp=Tlp(checked["tlp"]),
            handling=tuple(map(Handling, checked["handling"])),
            handling_note=checked.get("handling_note"),
            releasable_to=tuple(checked["releasable_to"]),
            originator_control=checked["originator_control"],
        )

    def as_document(self) -> dict[str, object]:
        """Return the document form."""
        note = {} if self.handling_note is None else {"handling_note": self.handling_note}
        return {
            "classification": self.classification.value,
            "tlp": self.tlp.value,
            "handling": [code.value for code in self.handling],
            **note,
            "releasable_to": list(self.releasable_to),
            "originator_control": self.originator_control,
        }
