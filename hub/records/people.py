"""Persons and organisations: the subjects that act."""

from __future__ import annotations

from typing import Final

from hub.records.fields import Choice, Count, Digest, Key, Many, Part, PartialDate, Text
from hub.records.forms import Country
from hub.records.parts import Address, Contact, Dated, Document, Name
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
    """What all subjects have besides a `type`. `capacity` tells suspects from victims, as law requires."""

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

    type = Choice(("person",), required=True)
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

    type = Choice(("organisation",), required=True)
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
