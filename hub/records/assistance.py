"""Details of the kinds by which agencies ask, answer, inform and introduce one another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from marshmallow import ValidationError, validates_schema

from hub.records.fields import Choice, Count, Date, Flag, Language, Many, Part, Text
from hub.records.parts import Authority, LegalReference, Period, Place
from hub.records.schema import Object


class Asked(Object):
    """One thing that the other authority is asked to do."""

    assistance = Choice(
        (
            "information",
            "search",
            "identification",
            "questioning",
            "service-of-documents",
            "copies-of-documents",
            "operational-search",
            "expert-examination",
            "detention",
            "assets",
            "training",
            "other",
        ),
        required=True,
    )
    described = Text(4000, lines=True, required=True)


class Signature(Object):
    """Who signed for the authority, as treaties want it: its head or a deputy."""

    name = Text(200, required=True)
    position = Text(required=True)


class AssistanceRequest(Object):
    """What a request names under the CIS Treaty of 4 June 1999 and the Shanghai Convention.

    The authorities on both sides, the substance of the matter, purpose and grounds, and what is asked. What
    was asked urgently is confirmed by its next version, which says that it `confirms_in_writing`.
    """

    requesting = Part(Authority, required=True)
    requested = Part(Authority, required=True)
    substance = Text(20_000, lines=True, required=True)
    aim = Text(4000, lines=True, required=True)
    grounds = Text(4000, lines=True, required=True)
    asked = Many(Part(Asked), 50, shortest=1, required=True)
    urgency = Choice(("routine", "urgent", "immediate"), required=True)
    urgency_reason = Text(1000)
    confidential = Flag(required=True)
    procedure = Text(4000, lines=True)
    presence_asked = Flag()
    confirms_in_writing = Flag()
    laws = Many(Part(LegalReference), 20)
    signed_by = Part(Signature, required=True)

    @validates_schema
    def haste_has_a_reason(self, data: Mapping[str, Any], **_: Any) -> None:
        """Refuse haste without a reason."""
        if data["urgency"] != "routine" and "urgency_reason" not in data:
            raise ValidationError("is missing; expected for what is not routine", "urgency_reason")


#: outcome -> the fields that it needs
OUTCOMES: Final[dict[str, tuple[str, ...]]] = {
    "full": ("executed_on",),
    "partial": ("executed_on", "ground"),
    "refused": ("ground",),
    "forwarded": ("forwarded_to",),
    "postponed": ("ground", "expected_on"),
}
#: Outcomes after which the answer is still to come.
STILL_OPEN: Final = frozenset({"postponed"})


class Ground(Object):
    """Why not, or not wholly. Treaties let a party refuse for these reasons and ask that it says which."""

    ground = Choice(
        (
            "sovereignty-or-security",
            "contrary-to-law",
            "ongoing-proceedings",
            "political-offence",
            "no-such-data",
            "not-competent",
            "means-lacking",
            "originator-consent-lacking",
            "other",
        ),
        required=True,
    )
    explained = Text(4000, lines=True, required=True)
    law = Part(LegalReference)


class AssistanceAnswer(Object):
    """What came of a request. What was found stands in the narrative and among the subjects."""

    outcome = Choice(OUTCOMES, required=True)
    answering = Part(Authority, required=True)
    executed_on = Date()
    ground = Part(Ground)
    forwarded_to = Part(Authority)
    expected_on = Date()
    done = Many(Part(Asked), 50)
    conditions = Text(4000, lines=True)

    @validates_schema
    def fits_outcome(self, data: Mapping[str, Any], **_: Any) -> None:
        """Refuse an outcome without what it needs, or with what belongs to another."""
        needed = OUTCOMES[data["outcome"]]
        for name in sorted({name for names in OUTCOMES.values() for name in names}):
            if name in needed and name not in data:
                raise ValidationError(f"is missing; expected with the outcome {data['outcome']}", name)
            if name in data and name not in needed:
                raise ValidationError(f"is not expected with the outcome {data['outcome']}", name)


class SpontaneousInformation(Object):
    """Why information that nobody asked for goes to this recipient, and on which conditions."""

    about = Choice(
        (
            "planned-attack",
            "attack",
            "recruitment",
            "training",
            "fighter-travel",
            "financing",
            "arms",
            "propaganda",
            "cyber",
            "return-of-fighters",
            "other",
        ),
        required=True,
    )
    relevance = Text(4000, lines=True, required=True)
    observed = Part(Period)
    threat = Choice(("immediate", "serious", "possible", "none"), required=True)
    targets = Many(Part(Place), 50)
    conditions = Text(4000, lines=True)
    answer_welcome = Flag()


class Course(Object):
    """A training course on offer."""

    title = Text(required=True)
    dates = Part(Period, required=True)
    held_in = Part(Place, required=True)
    places = Count(1, 10_000, required=True)
    language = Language(required=True)
    audience = Text()


#: change -> the fields that it needs
CHANGES: Final[dict[str, tuple[str, ...]]] = {
    "authority-appointed": ("authority", "competences"),
    "authority-replaced": ("authority", "replaces"),
    "unit-created": ("authority", "competences"),
    "unit-dissolved": ("authority",),
    "liaison-officer": ("authority",),
    "contact-changed": ("authority",),
    "training-offered": ("authority", "course"),
}


class ServiceNotice(Object):
    """What changes from which day on; recipients update their directory from it."""

    change = Choice(CHANGES, required=True)
    effective_on = Date(required=True)
    authority = Part(Authority, required=True)
    replaces = Part(Authority)
    competences = Many(Text(), 50)
    course = Part(Course)
    law = Part(LegalReference)

    @validates_schema
    def fits_change(self, data: Mapping[str, Any], **_: Any) -> None:
        """Refuse a change without what it needs."""
        for name in CHANGES[data["change"]]:
            if not data.get(name):
                raise ValidationError(f"is missing; expected with the change {data['change']}", name)
        officer = data["authority"].keys() & {"officer", "contacts"}
        if data["change"] in {"liaison-officer", "contact-changed"} and len(officer) < 2:
            raise ValidationError("expected with officer and contacts for that change", "authority")
