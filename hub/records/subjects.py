"""Whom and what a record is about: the table of subjects, and those that are things."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from marshmallow import ValidationError

from hub.records.fields import Choice, Count, Date, Many, Part, Plain, Text, Time, told, wrong
from hub.records.forms import Amount, Country, Currency, Iban, Imo, Mmsi, Vin
from hub.records.parts import Address, Coordinates, Institution, Money, Threshold
from hub.records.people import Organisation, Person, Subject
from hub.records.schema import OneOf


class Account(Subject, OneOf):
    """An account, a card or a wallet."""

    type = Choice(("account",), required=True)
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

    type = Choice(("transaction",), required=True)
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

    type = Choice(("vehicle",), required=True)
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

    type = Choice(("vessel",), required=True)
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

    type = Choice(("weapon",), required=True)
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

    type = Choice(("place",), required=True)
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

    def reader(self) -> Callable[[Any], dict[str, Any]]:
        """Return what reads a subject by the schema of its type."""
        right = {name: schema.load_right for name, schema in _schemas().items()}

        def read(value: Any) -> dict[str, Any]:
            if type(value) is not dict or type(value.get("type")) is not str:
                raise KeyError
            return right[value["type"]](value)

        return read
