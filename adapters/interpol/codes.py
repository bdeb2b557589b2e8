"""Interpol's code tables, as far as records have words for them, and its way to write dates."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Final

from hub.records.iso import COUNTRIES

SEXES: Final = {"male": "M", "female": "F", "unspecified": "U"}
EYES: Final = {
    "black": "BLA",
    "blue": "BLU",
    "light-blue": "BLUL",
    "brown": "BRO",
    "dark-brown": "BROD",
    "hazel": "BROH",
    "light-brown": "BROL",
    "green": "GRE",
    "grey": "GRY",
    "different-colours": "OTHC",
    "dark": "OTHD",
    "light": "OTHL",
}
HAIRS: Final = {
    "black": "BLA",
    "brown": "BRO",
    "fair": "BROF",
    "grey": "GRY",
    "greying": "GRYG",
    "bald": "HAIB",
    "dyed": "HAID",
    "dark": "OTHD",
    "red": "RED",
    "auburn": "REDA",
    "white": "WHI",
    "blond": "YELB",
}
DOCUMENTS: Final = {
    "passport": "PASSPORT",
    "personal-number": "NATIONAL IDENTIFICATION NR",
    "national-id": "IDENTITY CARD",
    "travel-document": "TRAVEL DOCUMENT",
    "driving-licence": "DRIVING LICENCE",
    "birth-certificate": "BIRTH CERTIFICATE",
    "residence-permit": "RESIDENCE PERMIT",
}
#: Countries of records that Interpol's table does not have: they are not members, or no longer exist.
_NOT_THERE: Final = frozenset(
    {
        *("AQ", "AX", "BL", "BV", "CC", "CK", "CS", "CX", "DD", "EH", "FK", "FO", "GF", "GG", "GL", "GP"),
        *("GS", "GU", "HM", "IM", "IO", "JE", "MF", "MP", "MQ", "NC", "NF", "NU", "PF", "PM", "PN", "RE"),
        *("SH", "SJ", "SU", "TF", "TK", "UM", "VI", "WF", "YT", "YU"),
    }
)
_KOSOVO: Final = ("XK", "UNK")
#: How the Security Council's reference numbers begin -> the list that they are of.
UN_LISTS: Final = {
    "QD": "unsc-1267",
    "TA": "unsc-1988",
    "SO": "unsc-751",
    "IQ": "unsc-1518",
    "CD": "unsc-1533",
    "SD": "unsc-1591",
    "KP": "unsc-1718",
    "LY": "unsc-1970",
    "GB": "unsc-2048",
    "YE": "unsc-2140",
    "SS": "unsc-2206",
    "IR": "unsc-2231",
    "HT": "unsc-2653",
    "CF": "unsc-2745",
}
UN_REFERENCE: Final = re.compile(r"(?P<list>[A-Z]{2})[ie]\.[0-9]{3}")
_DATE: Final = re.compile(r"([0-9]{4})/([0-9]{2})/([0-9]{2})")


def other_way(table: dict[str, str]) -> dict[str, str]:
    """Return the table from Interpol's codes to the words of records."""
    return {theirs: ours for ours, theirs in table.items()}


def country_code(country: str | None) -> str | None:
    """Return Interpol's code of a country, or None where it has none."""
    if country is None or country in _NOT_THERE:
        return None
    return _KOSOVO[1] if country == _KOSOVO[0] else country


def country_of(code: Any) -> str | None:
    """Return the country of one of Interpol's codes; None for courts and what is not in its table."""
    if code == _KOSOVO[1]:
        return _KOSOVO[0]
    known = isinstance(code, str) and code in COUNTRIES and code not in (*_NOT_THERE, _KOSOVO[0])
    return code if known else None


def as_slashes(date: str) -> str:
    """Return a date as far as it is known, such as `1980` or `1980-04`, as `1980/00/00` or `1980/04/00`."""
    return "/".join([*date.split("-"), "00", "00"][:3])


def as_partial(text: str) -> str | None:
    """Return what is known of a date; "" for `0000/00/00`, None for what is no date of this form."""
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    year, month, day = found.groups()
    if year == "0000":
        return "" if month == day == "00" else None
    known = [year, month, day][: 3 - (day == "00") - (day == month == "00")]
    try:
        date.fromisoformat("-".join([*known, "01", "01"][:3]))
    except ValueError:
        return None
    return "-".join(known)
