"""Persons in goAML's shape: one name in Latin letters, papers in a fixed order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lxml.etree import _Element

from adapters.fiu.codes import PAPERS, SEXES, UNKNOWN, is_country, is_day, latin, upto
from adapters.fiu.contacts import COMMENTS, latin_name, read_date, read_places, write_date, write_places
from adapters.fiu.slots import NOWHERE, Part, Slot, add, one, read, take_filler, write
from adapters.rest import Path, Rest

_PAPER: Final = (
    Slot(element="type", path=("document_type",), words=PAPERS),
    Slot(element="number", path=("number",), takes=upto(255)),
    Slot(element="issue_date", path=("issued_on",), takes=is_day, day=True),
    Slot(element="expiry_date", path=("expires_on",), takes=is_day, day=True),
    Slot(element="issued_by", path=("issued_by",), takes=upto(255)),
    Slot(element="issue_country", path=("country",), takes=is_country),
    COMMENTS,
)
#: What an identification may not be without.
_PAPER_NEEDS: Final = ("document_type", "number", "issued_on", "expires_on", "country")


def write_person(parent: _Element, view: Rest) -> None:
    """Append what a person is: one Latin name in parts, the first name in its script, and one more."""
    main = latin_name(view, 100)
    write(parent, view, (Slot(element="gender", path=("sex",), words=SEXES),))
    parts = main is not None and all(
        latin(100)(str(view.see("names", main, part, default="")))
        and view.see("names", main, part) != UNKNOWN
        for part in ("surname", "given")
    )
    write(parent, view, _named(main, parts=parts))
    write_date(parent, view.at("birth_dates", 0), "birthdate")
    write(parent, view, _BORN)
    after = 1 if main is None else main + 1
    write(parent, view, (Slot(element="alias", path=("names", after, "text"), takes=upto(100)),))
    if main != 0:
        write(parent, view, (Slot(element="full_name_frn", path=("names", 0, "text"), takes=upto(255)),))
    papers = _papers(view)
    for paper, form in papers:
        if form == "passport":
            write(parent, paper, _PASSPORT)
            paper.take("document_type")
    for paper, form in papers:
        if form == "id":
            write(parent, paper, _ID)
            paper.take("document_type")
    write(parent, view, _NATIONS)
    write_places(parent, view)
    write(parent, view, _WORK)
    complete = [paper for paper, form in papers if form == "paper"]
    if complete:
        outer = add(parent, "identifications")
        for paper in complete:
            write(add(outer, "identification"), paper, _PAPER)
    write(parent, view, (COMMENTS,))


_BORN: Final = (
    Slot(element="birth_place", path=("birth_places", 0, "city"), takes=upto(255)),
    Slot(element="country_of_birth", path=("birth_places", 0, "country"), takes=is_country),
)
_PASSPORT: Final = (
    Slot(element="passport_number", path=("number",), takes=upto(255)),
    Slot(element="passport_country", path=("country",), takes=is_country),
)
_ID: Final = (Slot(element="id_number", path=("number",), takes=upto(255)),)
_NATIONS: Final = tuple(
    Slot(element=f"nationality{place + 1}", path=("nationalities", place), takes=is_country)
    for place in range(3)
)
_WORK: Final = (Slot(element="occupation", path=("occupations", 0), takes=upto(255)),)


def _named(main: int | None, *, parts: bool) -> tuple[Slot, ...]:
    """Return the slots of a Latin name: its parts, or its text in place of the surname."""
    at: Path = ("names", -1 if main is None else main)
    first = (*at, "given") if parts else NOWHERE
    slots = [Slot(element="first_name", path=first, takes=latin(100), needed=UNKNOWN)]
    if parts:
        slots.append(Slot(element="middle_name", path=(*at, "patronymic"), takes=latin(100)))
    last = (*at, "surname" if parts else "text")
    return (*slots, Slot(element="last_name", path=last, takes=latin(100), needed=UNKNOWN))


def _papers(view: Rest) -> list[tuple[Rest, str]]:
    """Return documents with the place that each has in goAML, as far as their order allows.

    Read back are identifications first, then the passport, then the number: others would change places.
    """
    found: list[tuple[Rest, str]] = []
    stage = 0
    for paper in view.each("documents"):
        sort = paper.see("document_type")
        if stage == 0 and _is_whole(paper):
            found.append((paper, "paper"))
        elif stage == 0 and sort == "passport" and _has(paper, "number") and _is_at(paper):
            found.append((paper, "passport"))
            stage = 1
        elif stage <= 1 and sort == "personal-number" and _has(paper, "number"):
            found.append((paper, "id"))
            stage = 2
    return found


def _has(paper: Rest, name: str) -> bool:
    value = paper.see(name)
    return isinstance(value, str) and upto(255)(value)


def _is_at(paper: Rest) -> bool:
    return is_country(str(paper.see("country")))


def _is_whole(paper: Rest) -> bool:
    return (
        paper.see("document_type") in PAPERS
        and _has(paper, "number")
        and _is_at(paper)
        and is_day(str(paper.see("issued_on")))
        and is_day(str(paper.see("expires_on")))
    )


def read_person(view: Rest) -> Iterator[Part]:
    """Yield what is said of a person."""
    yield from read(view, (Slot(element="gender", path=("sex",), words=SEXES),))
    yield from read(view, (Slot(element="full_name_frn", path=("names", 0, "text"), takes=upto(255)),))
    parts = all(one(view, name) not in (None, "", UNKNOWN) for name in ("first_name", "last_name"))
    yield from read(view, _named(1, parts=parts))
    take_filler(view, "first_name")
    yield from read(view, (Slot(element="alias", path=("names", 2, "text"), takes=upto(100)),))
    yield from read_date(view, "birthdate", ("birth_dates", 0))
    yield from read(view, _BORN)
    yield from _read_papers(view)
    yield from read(view, _NATIONS)
    yield from read_places(view)
    yield from read(view, (*_WORK, COMMENTS))


def _read_papers(view: Rest) -> Iterator[Part]:
    place = 0
    for outer in view.each("identifications"):
        for paper in outer.each("identification"):
            for path, value in read(paper, _PAPER):
                yield ("documents", place, *path), value
            place += 1
    for slots, sort in ((_PASSPORT, "passport"), (_ID, "personal-number")):
        said = list(read(view, slots))
        if said:
            yield ("documents", place, "document_type"), sort
            yield from ((("documents", place, *path), value) for path, value in said)
            place += 1
