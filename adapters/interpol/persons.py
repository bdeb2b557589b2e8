"""The person or entity of a notice: names in two parts, partial dates, code tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from adapters.interpol.codes import (
    DOCUMENTS,
    EYES,
    HAIRS,
    SEXES,
    as_partial,
    as_slashes,
    country_code,
    country_of,
    other_way,
)
from adapters.rest import Path, Rest

#: What the API joins several marks and several lines with.
_LINE: Final = "\r\n"
_COLOURS: Final = (("eyes_colors_id", "eyes", EYES), ("hairs_id", "hair", HAIRS))
#: What records hold of a look; anything else that a notice says of it stays as it is, unknown.
_HEIGHTS_CM: Final = range(30, 281)
_WEIGHTS_KG: Final = range(2, 501)
_MARKS_MAX: Final = 30
_MARK_LONGEST: Final = 400
_PAPER: Final = ("type", "nr", "issuing_country_id", "expiry_date", "issued_on", "place_of_issue")

Part = tuple[Path, Any]


def write_entity(subject: Rest) -> dict[str, Any]:
    """Return what an entity's notice says of it: its name."""
    subject.take("type")
    return {"name": subject.take("names", 0, "text")}


def read_entity(rest: Rest) -> Iterator[Part]:
    """Yield what an entity's notice says of it."""
    name = rest.take_if("name", of=str)
    if name:
        yield ("type",), "organisation"
        yield ("names", 0, "text"), name


def write_person(person: Rest) -> dict[str, Any]:
    """Return what a notice says of a person."""
    person.take("type")
    made: dict[str, Any] = _name(person.at("names", 0))
    made["date_of_birth"] = _born(person.at("birth_dates", 0))
    made["sex_id"] = SEXES.get(person.take("sex"))
    made["nationalities"] = [_country(each) for each in person.each("nationalities") if _has_code(each)]
    birth = person.at("birth_places", 0)
    made["place_of_birth"] = birth.take("city")
    made["country_of_birth_id"] = _country(birth.at("country"))
    made |= _look(person.at("look"))
    made["aliases"] = [_alias(each) for each in list(person.each("names"))[1:]]
    papers = [
        paper
        for paper in person.each("documents")
        if paper.see("document_type") in DOCUMENTS and paper.see("number")
    ]
    made["identity_documents"] = [_paper(paper) for paper in papers]
    if len(person.see("occupations", default=())) == 1:
        made["profession"] = person.take("occupations", 0)
    return made


def _has_code(country: Rest) -> bool:
    return country_code(country.see()) is not None


def _country(country: Rest) -> str | None:
    """Take a country that Interpol's table has; leave any other, which is lost."""
    return country_code(country.take()) if _has_code(country) else None


def _name(name: Rest) -> dict[str, Any]:
    """Return a name in two parts where it has both, else whole."""
    if name.see("surname") and name.see("given"):
        return {"name": name.take("surname"), "forename": name.take("given")}
    return {"name": name.take("text"), "forename": None}


def _alias(name: Rest) -> dict[str, Any]:
    return {**_name(name), "date_of_birth": None}


def _born(date: Rest) -> str | None:
    if date.see("form") != "exact":
        return None
    date.take("form")
    return as_slashes(date.take("date"))


def _look(look: Rest) -> dict[str, Any]:
    height = look.take("height_cm")
    made: dict[str, Any] = {
        "height": None if height is None else Decimal(height) / 100,
        "weight": look.take("weight_kg"),
        "distinguishing_marks": _LINE.join(look.take("marks", default=())) or None,
    }
    for theirs, ours, table in _COLOURS:
        value = look.take(ours)
        made[theirs] = None if value is None else [table[value]]
    return made


def _paper(paper: Rest) -> dict[str, Any]:
    return {
        "type": DOCUMENTS[paper.take("document_type")],
        "nr": paper.take("number"),
        "issuing_country_id": _country(paper.at("country")),
        "expiry_date": _slashed(paper.take("expires_on")),
        "issued_on": _slashed(paper.take("issued_on")),
        "place_of_issue": paper.take("issued_in"),
    }


def _slashed(date: str | None) -> str | None:
    return None if date is None else as_slashes(date)


def read_person(rest: Rest) -> Iterator[Part]:
    """Yield what a notice says of a person; nothing where it names none."""
    if not isinstance(rest.see("name"), str) or not rest.see("name"):
        return
    yield ("type",), "person"
    yield from _read_name(rest, 0)
    yield from _read_date(rest, "date_of_birth", ("birth_dates", 0, "date"), (("birth_dates", 0, "form"),))
    sex = other_way(SEXES).get(_text(rest.see("sex_id")))
    if sex is not None or rest.see("sex_id") is None:
        rest.take("sex_id")
    if sex is not None:
        yield ("sex",), sex
    yield from _read_countries(rest)
    yield from _read_look(rest)
    for place, alias in enumerate(rest.each("aliases"), start=1):
        yield from _read_name(alias, place)
        if alias.see("date_of_birth", default="") is None:
            alias.take("date_of_birth")
    for place, paper in enumerate(_papers(rest)):
        yield from (((*("documents", place), *path), value) for path, value in _read_paper(paper))
    if profession := rest.take_if("profession", of=str):
        yield ("occupations", 0), profession
    _take_nothing(rest, "profession")


def _read_name(view: Rest, place: int) -> Iterator[Part]:
    name, forename = view.take_if("name", of=str), view.take_if("forename", of=str)
    _take_nothing(view, "name", "forename")
    if name and forename:
        yield ("names", place, "surname"), name
        yield ("names", place, "given"), forename
    elif name or forename:
        yield ("names", place, "text"), name or forename


def _read_date(view: Rest, name: str, path: Path, exact: tuple[Path, ...] = ()) -> Iterator[Part]:
    """Yield a date as far as it is known; one that is not of Interpol's form stays unknown."""
    _take_nothing(view, name)
    known = as_partial(_text(view.see(name)))
    if known is None:
        return
    view.take(name)
    if known:
        yield from ((one, "exact") for one in exact)
        yield path, known


def _read_countries(rest: Rest) -> Iterator[Part]:
    nations = rest.see("nationalities")
    known = [country_of(one) for one in nations] if isinstance(nations, list) else [None]
    if None not in known:
        rest.take("nationalities")
        yield ("nationalities",), known
    if city := rest.take_if("place_of_birth", of=str):
        yield ("birth_places", 0, "city"), city
    if (country := country_of(rest.see("country_of_birth_id"))) is not None:
        rest.take("country_of_birth_id")
        yield ("birth_places", 0, "country"), country
    _take_nothing(rest, "nationalities", "place_of_birth", "country_of_birth_id")


def _read_look(rest: Rest) -> Iterator[Part]:
    height = rest.see("height")
    centimetres = height * 100 if type(height) in (int, Decimal) else None
    if centimetres is not None and (centimetres in _HEIGHTS_CM or not centimetres):
        rest.take("height")
        if centimetres:  # 0 means that nobody knows
            yield ("look", "height_cm"), int(centimetres)
    weight = rest.see("weight")
    if type(weight) is int and (weight in _WEIGHTS_KG or not weight):
        rest.take("weight")
        if weight:
            yield ("look", "weight_kg"), weight
    marks = [one for one in _text(rest.see("distinguishing_marks")).split(_LINE) if one.strip()]
    if 0 < len(marks) <= _MARKS_MAX and max(map(len, marks)) <= _MARK_LONGEST:
        rest.take("distinguishing_marks")
        yield ("look", "marks"), marks
    for theirs, ours, table in _COLOURS:
        found = rest.see(theirs)
        word = other_way(table).get(_text(found[0])) if isinstance(found, list) and len(found) == 1 else None
        if word is not None:
            rest.take(theirs)
            yield ("look", ours), word
    _take_nothing(rest, "height", "weight", "distinguishing_marks", "eyes_colors_id", "hairs_id")


def _papers(rest: Rest) -> Iterator[Rest]:
    _take_nothing(rest, "identity_documents", "aliases")
    for paper in rest.each("identity_documents"):
        # One without a number is no paper that a record could tell apart.
        if _text(paper.see("type")) in other_way(DOCUMENTS) and _text(paper.see("nr")).strip():
            yield paper


def _read_paper(paper: Rest) -> Iterator[Part]:
    yield ("document_type",), other_way(DOCUMENTS)[paper.take("type")]
    yield ("number",), paper.take("nr")
    if (country := country_of(paper.see("issuing_country_id"))) is not None:
        paper.take("issuing_country_id")
        yield ("country",), country
    yield from _read_date(paper, "expiry_date", ("expires_on",))
    yield from _read_date(paper, "issued_on", ("issued_on",))
    if place := paper.take_if("place_of_issue", of=str):
        yield ("issued_in",), place
    _take_nothing(paper, *_PAPER)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _take_nothing(view: Rest, *names: str) -> None:
    """Take those names that are there and say null: the API writes null for what is not known."""
    whole = view.see()
    for name in names:
        if isinstance(whole, Mapping) and name in whole and whole[name] is None:
            view.take(name)
