"""The objects that subjects and details share: names, dates, papers, addresses, money, law."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from marshmallow import ValidationError, validates_schema

from hub.records.fields import (
    Agency,
    Choice,
    Count,
    Date,
    Digest,
    Many,
    MediaType,
    Part,
    PartialDate,
    Slug,
    Text,
    Url,
)
from hub.records.forms import Amount, Bic, Country, Currency, Latitude, Longitude, Script
from hub.records.schema import Object, OneOf

#: Multiples of the monthly calculation index above which a bank looks, by the party it looks at.
THRESHOLD_INDICES: Final = {"natural": 2000, "legal": 5000}
LOOK_BACK_YEARS: Final = 3

#: form of a date -> the fields that it needs
DATE_FORMS: Final[dict[str, tuple[str, ...]]] = {
    "exact": ("date",),
    "approximate": ("date",),
    "between": ("earliest", "latest"),
    "described": ("note",),
}


class Name(Object):
    """A name as written somewhere. One person or organisation has many, in several scripts and forms."""

    text = Text(required=True)
    script = Script(required=True)
    form = Choice(
        ("primary", "alias", "former", "nickname", "original", "transliteration", "acronym"), required=True
    )
    quality = Choice(("good", "low"))
    surname = Text(200)
    given = Text(200)
    patronymic = Text(200)
    note = Text(1000)


class Dated(Object):
    """A date that may be known in part, approximately, between two others, or only in the words of `note`."""

    form = Choice(DATE_FORMS, required=True)
    date = PartialDate()
    earliest = PartialDate()
    latest = PartialDate()
    note = Text(1000)

    @validates_schema
    def fits_form(self, data: Mapping[str, Any], **_: Any) -> None:
        """Refuse a form without what it needs, or with what another form needs, and ends out of order."""
        needed = DATE_FORMS[data["form"]]
        for name in ("date", "earliest", "latest", "note"):
            if name in needed and name not in data:
                raise ValidationError(f"is missing; expected with the form {data['form']}", name)
            if name in data and name not in needed and name != "note":
                raise ValidationError(f"is not expected with the form {data['form']}", name)
        if "earliest" in data and data["earliest"] > data["latest"]:
            raise ValidationError("expected earliest not after latest; they are the other way round")


class Period(OneOf):
    """From one day to another, both included; one end may be open."""

    one_of = ("start", "end")
    start = Date()
    end = Date()

    @validates_schema
    def in_order(self, data: Mapping[str, Any], **_: Any) -> None:
        """Refuse an end before the start."""
        if data.get("start", "") > data.get("end", "9"):
            raise ValidationError("expected start not after end; they are the other way round")


class Address(OneOf):
    """A place to live, to work or to be found. `country_text` holds what no country code says."""

    one_of = ("street", "city", "region", "postal_code", "country", "country_text", "note")
    street = Text()
    city = Text(200)
    region = Text(200)
    postal_code = Text(40)
    country = Country()
    country_text = Text(200)
    note = Text(1000)


class Coordinates(Object):
    """A point on WGS 84, as decimal text so that no digit is lost."""

    latitude = Latitude(required=True)
    longitude = Longitude(required=True)


class Place(OneOf):
    """A named or located place."""

    one_of = ("name", "coordinates", "address")
    name = Text(200)
    coordinates = Part(Coordinates)
    address = Part(Address)


class Document(Object):
    """An identity or travel document, or a personal number."""

    document_type = Choice(
        (
            "passport",
            "national-id",
            "personal-number",
            "travel-document",
            "residence-permit",
            "birth-certificate",
            "driving-licence",
            "military-id",
            "seaman-book",
            "other",
        ),
        required=True,
    )
    number = Text(100)
    described = Text(200)
    country = Country()
    issued_on = PartialDate()
    expires_on = PartialDate()
    issued_by = Text(200)
    issued_in = Text(200)
    status = Choice(("valid", "expired", "cancelled", "stolen", "lost", "forged"))
    note = Text(1000)

    @validates_schema
    def is_told_apart(self, data: Mapping[str, Any], **_: Any) -> None:
        """Refuse a paper that nobody could recognise."""
        if not {"number", "described", "note"} & data.keys():
            raise ValidationError("expected at least one of number, described, note; it has none")


class Contact(Object):
    """A way to reach someone, or where someone is seen online."""

    contact_type = Choice(("phone", "email", "messenger", "social", "website", "other"), required=True)
    value = Text(required=True)
    note = Text(1000)


class Money(Object):
    """An amount in a currency, never a binary fraction."""

    amount = Amount(required=True)
    currency = Currency(required=True)


class Threshold(Object):
    """The line above which banks report: so many monthly calculation indices, and one index in money."""

    party = Choice(THRESHOLD_INDICES, required=True)
    indices = Count(1, 1_000_000, required=True)
    index = Part(Money, required=True)

    @validates_schema
    def fits_party(self, data: Mapping[str, Any], **_: Any) -> None:
        """Refuse a multiple that is not the party's."""
        due = THRESHOLD_INDICES[data["party"]]
        if data["indices"] != due:
            raise ValidationError(f"expected {due:,} for a {data['party']} person; it differs", "indices")


class LegalReference(Object):
    """A provision of law."""

    instrument = Text(required=True)
    article = Text(100)
    country = Country()
    text = Text(4000, lines=True)


class ListReference(Object):
    """One entry of one list."""

    list = Slug(required=True)
    reference = Text(60, required=True)


class Authority(Object):
    """An authority, and how to reach the people in it who are in charge."""

    name = Text(required=True)
    agency = Agency()
    country = Country()
    unit = Text()
    officer = Text(200)
    contacts = Many(Part(Contact), 10)


class Institution(Object):
    """A bank or another institution that holds assets."""

    name = Text(required=True)
    bic = Bic()
    branch = Text()
    country = Country(required=True)


class Charge(Object):
    """What a person is accused of, or was sentenced for."""

    offence = Text(2000, lines=True, required=True)
    law = Part(LegalReference, required=True)
    committed = Part(Dated)
    committed_in = Part(Place)
    penalty = Text(1000)


class AnnouncedCharge(Charge):
    """A charge as Interpol announces it, which may leave the law out: `country` wants the person for it."""

    law = Part(LegalReference)
    country = Country()
    translation = Text(2000, lines=True)


class Warrant(Object):
    """An arrest warrant or a judgment."""

    number = Text(100, required=True)
    issued_by = Text(required=True)
    issued_on = Date(required=True)
    country = Country(required=True)


class Listing(ListReference):
    """The entry of a sanctions list that a measure rests on."""

    listed_on = Date()


class WebLink(Object):
    """A page to read more on."""

    url = Url(required=True)
    about = Text(200)


class AttachmentSchema(Object):
    """A file that travels beside the record, bound to it by the SHA-256 of its content before encryption."""

    digest = Digest(required=True)
    name = Text(200, required=True)
    media_type = MediaType(required=True)
    size_bytes = Count(0, 2048 * 1024 * 1024, required=True)

    @validates_schema
    def names_a_file(self, data: Mapping[str, Any], **_: Any) -> None:
        """Refuse a name that could lead out of a folder."""
        if set("/\\") & set(data["name"]) or data["name"] in {".", ".."}:
            raise ValidationError("expected a file's name without a path; it has one", "name")


def within_look_back(period: Mapping[str, Any]) -> bool:
    """Tell whether a period has both ends and is no longer than banks look back."""
    if "start" not in period or "end" not in period:
        return False
    end = date.fromisoformat(period["end"])
    day = 28 if (end.month, end.day) == (2, 29) else end.day
    return date.fromisoformat(period["start"]) >= date(end.year - LOOK_BACK_YEARS, end.month, day)
