"""Details of the kinds from the world of borders and transport."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, validates_schema

from hub.records.fields import Choice, Count, Id, Many, Part, Quarter, Text, Time
from hub.records.forms import Amount, Country
from hub.records.parts import Authority, Document, LegalReference, Listing, Period, Place
from hub.records.schema import Object, OneOf

DIRECTIONS = ("entry", "exit", "transit")
GOODS = (
    "arms",
    "munitions",
    "explosives",
    "wmd-materials",
    "drugs",
    "precursors",
    "prohibited-publications",
    "cash",
)
UNITS = ("pieces", "rounds", "grams", "kilograms", "litres", "copies", "packages")


class TravelBan(Object):
    """A ban that border posts apply from the period's start."""

    listing = Part(Listing)
    forbids = Many(Choice(DIRECTIONS), len(DIRECTIONS), shortest=1, required=True)
    period = Part(Period, required=True)
    law = Part(LegalReference, required=True)
    imposed_by = Part(Authority, required=True)
    state = Choice(("in-force", "suspended", "lifted"), required=True)
    exemptions = Text(4000, lines=True)

    @validates_schema
    def has_start(self, data: Mapping[str, Any], **_: Any) -> None:
        """Refuse a ban that never starts."""
        if "start" not in data["period"]:
            raise ValidationError("expected a start; the end may be open", "period")


class Post(Object):
    """A border crossing point."""

    name = Text(200, required=True)
    code = Text(20)
    country = Country(required=True)
    post_type = Choice(("air", "road", "rail", "sea", "river", "foot"), required=True)


class Matched(OneOf):
    """What the traveller matched: a record exchanged before, or an entry of a list."""

    one_of = ("record", "listing")
    record = Id()
    listing = Part(Listing)


class Journey(OneOf):
    """How, from where and to where the traveller goes."""

    one_of = ("carrier", "number", "origin", "destination")
    carrier = Text(200)
    number = Text(60)
    origin = Part(Place)
    destination = Part(Place)


class BorderHit(Object):
    """What one post saw and did. The traveller's own data stand as a person among the subjects."""

    post = Part(Post, required=True)
    direction = Choice(DIRECTIONS, required=True)
    at = Time(required=True)
    document = Part(Document, required=True)
    matched = Part(Matched, required=True)
    matched_by = Choice(("name", "document", "biometrics", "name-and-document"), required=True)
    certainty = Choice(("confirmed", "probable", "possible"), required=True)
    action_taken = Choice(
        ("refused", "detained", "questioned", "observed", "passed", "awaiting-instructions"), required=True
    )
    journey = Part(Journey)
    companions = Count(0, 1000)


class Figure(Object):
    """The quarter's total for one sort of goods."""

    goods = Choice(GOODS, required=True)
    described = Text(200)
    cases = Count(0, 1_000_000, required=True)
    persons = Count(0, 1_000_000)
    quantity = Amount(required=True)
    unit = Choice(UNITS, required=True)
    direction = Choice(DIRECTIONS)


class IllicitTransportReport(Object):
    """One authority's figures of one quarter."""

    quarter = Quarter(required=True)
    authority = Part(Authority, required=True)
    figures = Many(Part(Figure), 200, shortest=1, required=True)


class Stage(Object):
    """One place of a route, in the order of travel."""

    place = Part(Place, required=True)
    role = Choice(("origin", "collection", "crossing", "transit", "storage", "destination"), required=True)
    means = Choice(("road", "rail", "air", "sea", "river", "foot", "post", "pipeline"))
    note = Text(1000)


class TransportChannel(Object):
    """A route and how it works; those who run it stand among the subjects."""

    carries = Many(Choice((*GOODS, "people")), len(GOODS) + 1, shortest=1, required=True)
    route = Many(Part(Stage), 50, shortest=2, required=True)
    state = Choice(("active", "suspected", "dormant", "closed"), required=True)
    active = Part(Period)
    concealment = Text(4000, lines=True)
    frequency = Text(200)
    volume = Text(200)
