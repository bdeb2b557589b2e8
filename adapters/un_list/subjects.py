"""From the list's elements to the subjects of a record.

The list pads, wraps and indents its text, leaves elements empty, and writes the same thing in several ways.
Everything is normalised here, so that two lists can be compared by what they say.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Any, Final

from lxml.etree import _Element

from adapters.un_list.countries import code_of

#: What a paper's description contains -> its type; the first that fits counts.
_DOCUMENT_TYPES: Final = (
    ("birth certificate", "birth-certificate"),
    ("driver", "driving-licence"),
    ("military", "military-id"),
    ("serviceman", "military-id"),
    ("passport", "passport"),
    ("passeport", "passport"),
    ("pasaporte", "passport"),
    ("ration", "other"),
    ("voter", "other"),
    ("student", "other"),
    ("certificate of", "other"),
    ("card", "national-id"),
    ("identification number", "personal-number"),
    ("identification no", "personal-number"),
)
_SCRIPTS: Final = {
    "LATIN": "Latn",
    "ARABIC": "Arab",
    "CYRILLIC": "Cyrl",
    "CJK": "Hani",
    "HANGUL": "Hang",
    "HEBREW": "Hebr",
    "DEVANAGARI": "Deva",
    "GREEK": "Grek",
}
_QUALITIES: Final = {"Good": "good", "Low": "low"}


def text_of(element: _Element, path: str) -> str:
    """Return the text at a path without padding and wrapping; empty when there is none."""
    return " ".join((element.findtext(path) or "").split())


def texts_of(element: _Element, path: str) -> list[str]:
    """Return the texts at a path that are not empty, each once, in order."""
    found = (" ".join((each.text or "").split()) for each in element.iterfind(path))
    return list(dict.fromkeys(text for text in found if text))


def date_of(text: str) -> str:
    """Return the day of a date; some carry an offset from UTC behind it."""
    return text[:10]


def script_of(text: str) -> str:
    """Return the script of most letters of a name."""
    counts: dict[str, int] = {}
    for letter in filter(str.isalpha, text):
        script = _SCRIPTS.get(unicodedata.name(letter, "").partition(" ")[0], "Zzzz")
        counts[script] = counts.get(script, 0) + 1
    return max(counts, key=counts.__getitem__) if counts else "Zyyy"


def person(element: _Element) -> dict[str, Any]:
    """Return an INDIVIDUAL as a subject."""
    nationalities = texts_of(element, "NATIONALITY/VALUE")
    unnamed = [name for name in nationalities if code_of(name) is None]
    sex = text_of(element, "GENDER").lower()
    born = [_date(each) for each in element.iterfind("INDIVIDUAL_DATE_OF_BIRTH")]
    return _given(
        type="person",
        capacity="listed",
        names=_names(element, "INDIVIDUAL"),
        titles=texts_of(element, "TITLE/VALUE"),
        sex=sex if sex in {"female", "male"} else "",
        birth_dates=[date for date in born if date] + list(_alias_dates(element)),
        birth_places=list(_addresses(element, "INDIVIDUAL_PLACE_OF_BIRTH")),
        nationalities=list(dict.fromkeys(filter(None, map(code_of, nationalities)))),
        documents=list(_documents(element)),
        addresses=list(_addresses(element, "INDIVIDUAL_ADDRESS")),
        occupations=texts_of(element, "DESIGNATION/VALUE"),
        note=f"Nationality as listed: {'; '.join(unnamed)}" if unnamed else "",
    )


def organisation(element: _Element) -> dict[str, Any]:
    """Return an ENTITY as a subject."""
    return _given(
        type="organisation",
        capacity="listed",
        names=_names(element, "ENTITY"),
        addresses=list(_addresses(element, "ENTITY_ADDRESS")),
    )


def _given(**fields: Any) -> dict[str, Any]:
    """Keep what is there: records leave out what is empty."""
    return {name: value for name, value in fields.items() if value}


def _name(text: str, form: str, **more: Any) -> dict[str, Any]:
    return _given(text=text, script=script_of(text), form=form, **more)


def _names(element: _Element, sort: str) -> list[dict[str, Any]]:
    parts = (text_of(element, f"{place}_NAME") for place in ("FIRST", "SECOND", "THIRD", "FOURTH"))
    names = [_name(" ".join(filter(None, parts)), "primary")]
    if original := text_of(element, "NAME_ORIGINAL_SCRIPT"):
        names.append(_name(original, "original"))
    for alias in element.iterfind(f"{sort}_ALIAS"):
        if text := text_of(alias, "ALIAS_NAME"):
            quality = text_of(alias, "QUALITY")
            form = "former" if quality == "f.k.a." else "alias"
            names.append(_name(text, form, quality=_QUALITIES.get(quality), note=_alias_note(alias)))
    return names


def _alias_note(alias: _Element) -> str:
    place = ", ".join(filter(None, (text_of(alias, "CITY_OF_BIRTH"), text_of(alias, "COUNTRY_OF_BIRTH"))))
    date = text_of(alias, "DATE_OF_BIRTH")
    return "; ".join(
        filter(None, (text_of(alias, "NOTE"), date and f"born {date}", place and f"place of birth {place}"))
    )


def _alias_dates(element: _Element) -> Iterator[dict[str, Any]]:
    for date in texts_of(element, "INDIVIDUAL_ALIAS/DATE_OF_BIRTH"):
        yield {"form": "exact", "date": date_of(date), "note": "used with an alias"}


def _date(element: _Element) -> dict[str, Any]:
    """Return one date of birth in the form it is listed: exact, approximate, between, or only described."""
    sort = text_of(element, "TYPE_OF_DATE")
    date = date_of(text_of(element, "DATE")) or text_of(element, "YEAR")
    note = text_of(element, "NOTE")
    if sort == "BETWEEN":
        ends = {"earliest": text_of(element, "FROM_YEAR"), "latest": text_of(element, "TO_YEAR")}
        return _given(form="between", **ends, note=note)
    if date:
        return _given(form="approximate" if sort == "APPROXIMATELY" else "exact", date=date, note=note)
    return _given(form="described", note=note) if note else {}


def _addresses(element: _Element, tag: str) -> Iterator[dict[str, Any]]:
    for each in element.iterfind(tag):
        country = text_of(each, "COUNTRY")
        code = code_of(country)
        address = _given(
            street=text_of(each, "STREET"),
            city=text_of(each, "CITY"),
            region=text_of(each, "STATE_PROVINCE"),
            postal_code=text_of(each, "ZIP_CODE"),
            country=code,
            country_text="" if code else country,
            note=text_of(each, "NOTE"),
        )
        if address:
            yield address


def _documents(element: _Element) -> Iterator[dict[str, Any]]:
    for each in element.iterfind("INDIVIDUAL_DOCUMENT"):
        sort, described = text_of(each, "TYPE_OF_DOCUMENT"), text_of(each, "TYPE_OF_DOCUMENT2")
        country = text_of(each, "ISSUING_COUNTRY")
        note = text_of(each, "NOTE")
        if country and code_of(country) is None:
            note = "; ".join(filter(None, (note, f"issuing country as listed: {country}")))
        document = _given(
            number=text_of(each, "NUMBER"),
            described=described,
            country=code_of(country),
            issued_on=date_of(text_of(each, "DATE_OF_ISSUE")),
            issued_in=", ".join(
                filter(None, (text_of(each, "CITY_OF_ISSUE"), text_of(each, "COUNTRY_OF_ISSUE")))
            ),
            note=note,
        )
        if document:
            yield {"document_type": _document_type(described, sort)} | document


def _document_type(*descriptions: str) -> str:
    for description in map(str.casefold, descriptions):
        for part, sort in _DOCUMENT_TYPES:
            if part in description:
                return sort
    return "other"
