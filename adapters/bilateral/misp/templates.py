"""Which field of a record stands in which relation of which MISP object template (MISP/misp-objects)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from adapters.rest import Path

#: attribute type -> the category that MISP gives it by default (describeTypes)
CATEGORIES: Final = {
    "text": "Other",
    "float": "Other",
    "full-name": "Person",
    "date-of-birth": "Person",
    "gender": "Person",
    "nationality": "Person",
    "iban": "Financial fraud",
    "bank-account-nr": "Financial fraud",
    "bic": "Financial fraud",
    "sha256": "Payload delivery",
    "filename": "Payload delivery",
    "size-in-bytes": "Other",
    "mime-type": "Artifacts dropped",
}


@dataclass(frozen=True, kw_only=True)
class Relation:
    """One relation of a template: its attribute type, and the field that it carries.

    `words` are what MISP calls the values of a closed set; a value without a word is not carried. With
    `many` the field is a list, and each member is an attribute of its own.
    """

    name: str
    path: Path
    sort: str = "text"
    many: bool = False
    words: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Template:
    """A MISP object template, and the subject that it stands for."""

    name: str
    uuid: str
    version: str
    meta: str
    relations: tuple[Relation, ...]


def _r(name: str, *path: str | int, sort: str = "text", many: bool = False) -> Relation:
    return Relation(name=name, path=path, sort=sort, many=many)


#: Relations that the templates do not have: how records name subjects, and their part in the matter.
_SHARED: Final = (_r("record-key", "key"), _r("record-capacity", "capacity"))
_SEXES: Final = (("female", "Female"), ("male", "Male"))

#: type of subject -> template. What these have no relation for is lost, or goes into the extension.
SUBJECTS: Final[dict[str, Template]] = {
    "person": Template(
        name="person",
        uuid="a15b0477-e9d1-4b9c-9546-abe78a4f4248",
        version="21",
        meta="misc",
        relations=(
            *_SHARED,
            Relation(name="gender", path=("sex",), sort="gender", words=_SEXES),
            _r("nationality", "nationalities", sort="nationality", many=True),
            _r("text", "note"),
        ),
    ),
    "organisation": Template(
        name="organization",
        uuid="f750e12b-127a-432c-b022-b3f9153c4e2a",
        version="9",
        meta="misc",
        relations=(
            *_SHARED,
            _r("type-of-organization", "organisation_type"),
            _r("sector", "activities", many=True),
            _r("description", "note"),
        ),
    ),
    "account": Template(
        name="bank-account",
        uuid="b4712203-95a8-4883-80e9-b566f5df11c9",
        version="3",
        meta="financial",
        relations=(
            *_SHARED,
            _r("iban", "iban", sort="iban"),
            _r("account", "number", sort="bank-account-nr"),
            _r("currency-code", "currency"),
            _r("swift", "institution", "bic", sort="bic"),
            _r("institution-name", "institution", "name"),
            _r("branch", "institution", "branch"),
            _r("account-name", "holder"),
            _r("text", "note"),
        ),
    ),
    "transaction": Template(
        name="transaction",
        uuid="a47fa26a-01b6-4747-a394-5144e34456dc",
        version="1",
        meta="financial",
        relations=(
            *_SHARED,
            _r("amount", "amount"),
            _r("from-funds-code", "currency"),
            _r("from-country", "sender_country"),
            _r("to-country", "beneficiary_country"),
            _r("transaction-number", "reference"),
            _r("text", "note"),
        ),
    ),
    "vehicle": Template(
        name="vehicle",
        uuid="683c076c-f695-4ff2-8efa-e98a418049f4",
        version="5",
        meta="misc",
        relations=(
            *_SHARED,
            _r("license-plate-number", "plate"),
            _r("vin", "vin"),
            _r("make", "make"),
            _r("model", "model"),
            _r("exterior-color", "colour"),
            _r("type", "vehicle_type"),
            _r("description", "note"),
        ),
    ),
    "place": Template(
        name="geolocation",
        uuid="cd6f2238-ba55-4888-82c4-104e6e1acf21",
        version="8",
        meta="misc",
        relations=(
            *_SHARED,
            _r("latitude", "coordinates", "latitude", sort="float"),
            _r("longitude", "coordinates", "longitude", sort="float"),
            _r("city", "address", "city"),
            _r("region", "address", "region"),
            _r("countrycode", "address", "country"),
            _r("zipcode", "address", "postal_code"),
            _r("address", "address", "street"),
            _r("text", "note"),
        ),
    ),
}
#: What carries the first name of a person or organisation, with its attribute type; the others are `alias`.
NAMES: Final = {"person": ("full-name", "full-name"), "organisation": ("name", "text")}

FILE: Final = Template(
    name="file",
    uuid="688c46fb-5edb-40a3-8273-1af7923e2215",
    version="25",
    meta="file",
    relations=(
        _r("filename", "name", sort="filename"),
        _r("sha256", "digest", sort="sha256"),
        _r("mimetype", "media_type", sort="mime-type"),
    ),
)

#: Ours: a record's head, and with the extension whatever no other object has a place for.
HEAD: Final = Template(
    name="exchanged-record",
    uuid="6d1c3f1e-2b7a-5c64-9d02-7f8e1a4b5c90",
    version="1",
    meta="misc",
    relations=(
        _r("kind", "kind"),
        _r("action", "action"),
        _r("created-at", "created_at"),
        _r("conversation", "conversation"),
        _r("in-reply-to", "in_reply_to"),
        _r("reply-due-at", "reply_due_at"),
        _r("language", "language"),
        _r("purpose", "purpose"),
        _r("agreement", "legal_basis", "agreement"),
        _r("article", "legal_basis", "articles", many=True),
        _r("classification", "label", "classification"),
        _r("handling", "label", "handling", many=True),
        _r("handling-restriction", "label", "handling_note"),
        _r("releasable-to", "label", "releasable_to", many=True),
        _r("review-on", "review_on"),
        _r("retain-until", "retain_until"),
    ),
)
