"""Whom and what a record is about."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from marshmallow import ValidationError

from hub.records.fields import (
    Choice,
    Count,
    Date,
    Digest,
    Key,
    Many,
    Part,
    PartialDate,
    Plain,
    Text,
    Time,
    told,
    wrong,
)
from hub.records.forms import Amount, Country, Currency, Iban, Imo, Mmsi, Vin
from hub.records.parts import (
    Address,
    Contact,
    Coordinates,
    Dated,
    Document,
    Institution,
    Money,
    Name,
    Threshold,
)
from hub.records.schema import Object, OneOf

LINKS: Final = (
    "owner",
    "holder",
    "user",
    "member",
    "leader",
    "financier",
    "associate",
    "relative",
    "employer",
    "sender",
    "beneficiary",
    "located-at",
)


class Link(Object):
    """How this subject stands to another of the same record: `to` is that one's key."""

    to = Key(required=True)
    link = Choice(LINKS, required=True)
    note = Text(1000)


class Subject(Object):
    """What all subjects have. `capacity` tells suspects from victims and others, as law requires."""

    type = Text(20, required=True)
    key = Key()
    capacity = Choice(
        ("listed", "suspect", "accused", "convicted", "victim", "witness", "associate", "missing", "other")
    )
    links = Many(Part(Link), 50)
    note = Text(4000, lines=True)


class Look(OneOf):
    """What a person looks like. The colours are those of Interpol's tables."""

    one_of = ("height_cm", "weight_kg", "build", "eyes", "hair", "marks")
    height_cm = Count(30, 280)
    weight_kg = Count(2, 500)
    build = Text(100)
    eyes = Choice(
        (
            "black",
            "blue",
            "light-blue",
            "brown",
            "dark-brown",
            "light-brown",
            "hazel",
            "green",
            "grey",
            "dark",
            "light",
            "different-colours",
        )
    )
    hair = Choice(
        (
            "black",
            "brown",
            "fair",
            "grey",
            "greying",
            "bald",
            "dyed",
            "dark",
            "red",
            "auburn",
            "white",
            "blond",
        )
    )
    marks = Many(Text(), 30)


class Biometric(Object):
    """A sample, as an attachment of this record named by its digest."""

    biometric_type = Choice(("face", "fingerprints", "palm", "iris", "dna", "voice"), required=True)
    attachment = Digest(required=True)
    taken_on = PartialDate()


class Person(Subject):
    """A natural person."""

    names = Many(Part(Name), 100, shortest=1, required=True)
    titles = Many(Text(), 20)
    sex = Choice(("female", "male", "unspecified"))
    birth_dates = Many(Part(Dated), 30)
    birth_places = Many(Part(Address), 30)
    death = Part(Dated)
    nationalities = Many(Country(), 20)
    documents = Many(Part(Document), 60)
    addresses = Many(Part(Address), 60)
    contacts = Many(Part(Contact), 60)
    occupations = Many(Text(), 40)
    look = Part(Look)
    biometrics = Many(Part(Biometric), 30)


class Registration(Object):
    """A number under which a register knows an organisation."""

    number = Text(100, required=True)
    register = Text(200)
    country = Country()


class Organisation(Subject):
    """A legal person, an undertaking or a group."""

    names = Many(Part(Name), 100, shortest=1, required=True)
    organisation_type = Choice(
        ("company", "bank", "charity", "armed-group", "religious", "public-body", "media", "other")
    )
    registrations = Many(Part(Registration), 20)
    founded = Part(Dated)
    dissolved = Part(Dated)
    countries = Many(Country(), 50)
    addresses = Many(Part(Address), 60)
    contacts = Many(Part(Contact), 60)
    activities = Many(Text(), 40)


class Account(Subject, OneOf):
    """An account, a card or a wallet."""

    one_of = ("iban", "number")
    iban = Iban()
    number = Text(100)
    account_type = Choice(
        ("current", "deposit", "card", "securities", "e-money", "crypto", "other"), required=True
    )
    institution = Part(Institution)
    holder = Text()
    currency = Currency()
    balance = Part(Money)
    balance_at = Time()
    opened_on = Date()
    closed_on = Date()


class Transaction(Subject):
    """One movement of money. `threshold` tells the line it was measured against."""

    amount = Amount(required=True)
    currency = Currency(required=True)
    at = Time(required=True)
    transaction_type = Choice(
        (
            "transfer",
            "cash-deposit",
            "cash-withdrawal",
            "exchange",
            "remittance",
            "card-payment",
            "crypto",
            "securities",
            "other",
        ),
        required=True,
    )
    reference = Text(100)
    reason_given = Text(1000)
    sender_account = Text(100)
    beneficiary_account = Text(100)
    sender_country = Country()
    beneficiary_country = Country()
    threshold = Part(Threshold)


class Vehicle(Subject, OneOf):
    """A road vehicle."""

    one_of = ("plate", "vin")
    plate = Text(20)
    plate_country = Country()
    vin = Vin()
    vehicle_type = Choice(("car", "lorry", "bus", "motorcycle", "trailer", "rail-wagon", "other"))
    make = Text(100)
    model = Text(100)
    colour = Text(60)
    year = Count(1900, 2199)


class Vessel(Subject, OneOf):
    """A ship or boat."""

    one_of = ("name", "imo", "mmsi", "call_sign")
    name = Text(200)
    former_names = Many(Text(200), 20)
    imo = Imo()
    mmsi = Mmsi()
    call_sign = Text(20)
    flag = Country()
    vessel_type = Text(100)
    gross_tonnage = Count(1, 1_000_000)


class Weapon(Subject):
    """A weapon, ammunition, explosive or dangerous material."""

    weapon_type = Choice(
        (
            "handgun",
            "rifle",
            "shotgun",
            "submachine-gun",
            "machine-gun",
            "launcher",
            "grenade",
            "explosive",
            "ammunition",
            "chemical",
            "biological",
            "radiological",
            "nuclear",
            "blade",
            "other",
        ),
        required=True,
    )
    make = Text(100)
    model = Text(100)
    calibre = Text(60)
    serial_number = Text(100)
    made_in = Country()
    made_year = Count(1850, 2199)
    quantity = Amount()
    unit = Choice(("pieces", "grams", "kilograms", "litres", "rounds"))
    status = Choice(("seized", "stolen", "lost", "wanted", "traced"))


class Location(Subject, OneOf):
    """A place that matters: a safe house, a training camp, a crossing."""

    one_of = ("name", "coordinates", "address")
    name = Text(200)
    coordinates = Part(Coordinates)
    address = Part(Address)
    place_type = Text(100)


SUBJECTS: Final[dict[str, type[Subject]]] = {
    "person": Person,
    "organisation": Organisation,
    "account": Account,
    "transaction": Transaction,
    "vehicle": Vehicle,
    "vessel": Vessel,
    "weapon": Weapon,
    "place": Location,
}


@cache
def _schemas() -> Mapping[str, Subject]:
    return {name: schema() for name, schema in SUBJECTS.items()}


class AnySubject(Plain):
    """An object whose `type` says which fields it has."""

    expected = f"an object whose type is one of {', '.join(SUBJECTS)}"

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any
    ) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise wrong(self.expected, f"it is {told(value)}")
        named = value.get("type")
        schema = _schemas().get(named) if isinstance(named, str) else None
        if schema is None:
            raise ValidationError({"type": [f"expected one of {', '.join(SUBJECTS)}; it is none of them"]})
        loaded: dict[str, Any] = schema.load(value)
        return loaded
