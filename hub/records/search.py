"""Details of the kinds from the world of search and arrest, Interpol's among them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from marshmallow import ValidationError, validates_schema

from hub.records.fields import Choice, Count, Date, Many, Part, Text
from hub.records.forms import Country
from hub.records.parts import AnnouncedCharge, Authority, Charge, Dated, LegalReference, Listing, Warrant
from hub.records.schema import Object

WARNINGS: Final = (
    "armed",
    "violent",
    "explosives",
    "escape-risk",
    "suicidal",
    "trained-fighter",
    "contagious",
)


class WantedPerson(Object):
    """A person on a search list: for what, by which warrant, and what to do when found."""

    search_category = Choice(("suspect", "accused", "convicted", "missing"), required=True)
    scope = Choice(("national", "interstate", "international"), required=True)
    on_finding = Choice(
        ("arrest-for-extradition", "arrest", "locate", "observe-discreetly", "protect"), required=True
    )
    search_file = Text(100, required=True)
    opened_on = Date(required=True)
    initiator = Part(Authority, required=True)
    charges = Many(Part(Charge), 50)
    warrant = Part(Warrant)
    warnings = Many(Choice(WARNINGS), len(WARNINGS))
    whereabouts = Text(4000, lines=True)

    @validates_schema
    def arrest_rests_on_a_warrant(self, data: Mapping[str, Any], **_: Any) -> None:
        """Refuse an arrest without charges or warrant, and a search for the accused without charges."""
        arrest = data["on_finding"].startswith("arrest")
        if not data.get("charges") and (arrest or data["search_category"] != "missing"):
            raise ValidationError("is missing; expected at least one unless a missing person", "charges")
        if arrest and "warrant" not in data:
            raise ValidationError("is missing; expected where an arrest is asked for", "warrant")


class Ban(Object):
    """A country's decision that a group is forbidden."""

    country = Country(required=True)
    on = Date()
    law = Part(LegalReference, required=True)


class Strength(Object):
    """How many belong to a group, between two estimates."""

    lowest = Count(0, 10_000_000, required=True)
    highest = Count(0, 10_000_000, required=True)
    as_of = Date()

    @validates_schema
    def in_order(self, data: Mapping[str, Any], **_: Any) -> None:
        """Refuse estimates the wrong way round."""
        if data["lowest"] > data["highest"]:
            raise ValidationError("expected lowest not above highest; they are the other way round")


class GroupProfile(Object):
    """What is known of a group. It and its members stand among the subjects, linked to one another."""

    orientation = Many(Choice(("terrorist", "extremist", "separatist")), 3, shortest=1, required=True)
    state = Choice(("active", "dormant", "dissolved", "unknown"), required=True)
    aims = Text(4000, lines=True, required=True)
    bans = Many(Part(Ban), 60)
    strength = Part(Strength)
    countries = Many(Country(), 100)
    structure = Text(8000, lines=True)
    methods = Many(Text(), 50)
    financing = Many(Text(), 50)
    recruitment = Text(4000, lines=True)
    founded = Part(Dated)


class Notice(Object):
    """A notice as the General Secretariat published it, or as much of it as its public pages show."""

    colour = Choice(
        ("red", "blue", "green", "yellow", "black", "orange", "purple", "silver", "un-special"), required=True
    )
    number = Text(40, required=True)
    published_on = Date()
    country = Country()
    on_finding = Text(4000, lines=True)
    charges = Many(Part(AnnouncedCharge), 50)
    warrant = Part(Warrant)
    listing = Part(Listing)
    warnings = Many(Choice(WARNINGS), len(WARNINGS))
    valid_until = Date()

    @validates_schema
    def fits_colour(self, data: Mapping[str, Any], **_: Any) -> None:
        """Refuse a UN notice without its listing."""
        if data["colour"] == "un-special" and "listing" not in data:
            raise ValidationError("is missing; expected in a un-special notice", "listing")


class Diffusion(Object):
    """A bureau's request to other bureaus of its choice."""

    number = Text(40, required=True)
    aim = Choice(
        ("arrest", "locate", "identify", "inform", "warn", "trace-assets", "missing-person"), required=True
    )
    bureau = Part(Authority, required=True)
    sent_to = Many(Country(), 200)
    on_finding = Text(4000, lines=True, required=True)
    charges = Many(Part(AnnouncedCharge), 50)
    warrant = Part(Warrant)
    warnings = Many(Choice(WARNINGS), len(WARNINGS))
    valid_until = Date()

    @validates_schema
    def arrest_rests_on_charges(self, data: Mapping[str, Any], **_: Any) -> None:
        """Refuse an arrest without charges."""
        if data["aim"] == "arrest" and not data.get("charges"):
            raise ValidationError("is missing; expected where an arrest is asked for", "charges")
