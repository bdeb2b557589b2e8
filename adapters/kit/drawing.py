"""Records of every shape, drawn by Hypothesis from the schemas themselves.

Each begins as the kind's template, which loads; then fields anywhere in it are set, replaced and taken away,
and each change that the record's own checks refuse is undone. So whatever the schemas allow can come up, and
new fields are drawn as soon as there are any.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from marshmallow import Schema

from hub.errors import Refused
from hub.records import fields as f
from hub.records import forms, parts
from hub.records.details import SHAPES
from hub.records.head import record_schema
from hub.records.ids import AGENCY
from hub.records.iso import COUNTRIES, CURRENCIES, SCRIPTS
from hub.records.kinds import Action, Kind
from hub.records.passages import Encoded
from hub.records.people import LINKS
from hub.records.record import load_record
from hub.records.subjects import SUBJECTS, AnySubject
from hub.records.template import template
from hub.records.text import normalise

#: Letters of the scripts in use here, and all that formats trip over.
_LETTERS: Final = (
    "abcXYZ019 .,:;-_/\\'\"<>&%$#@!?*+=()[]{}|~^`éüßñıİğŁЁжшщъыэюяқңғүұһөіҚҢ"
    "王中国ابتثጀकखあア한éà𝔘😀\u200c\u200d"
)
_LINES: Final = _LETTERS + "\n\t"
_TRICKY: Final = (
    "]]>",
    "<!-- -->",
    "&amp;",
    "<a>",
    "null",
    "true",
    "0",
    "-0",
    "0001",
    "1e5",
    "=cmd()",
    "Classification: secret",
    "Handling: H1, H2",
    "purpose:search",
    "0000/00/00",
    "http://example.org/x?a=b&c=d",
    "a, b, c",
    "имя; фамилия",
)
_EDITS: Final = 14
#: How many subjects and attachments are added to the template's own.
_MORE: Final = 3
#: What tells a subject apart where no single field is required.
_ONE_OF: Final = {"account": "iban", "vehicle": "plate", "vessel": "imo", "place": "name"}
_ABSENT: Final = object()
_SOMETIMES: Final[SearchStrategy[Any]] = st.booleans()
_ID_EPOCHS_MS: Final = (1_700_000_000_000, 1_900_000_000_000)
_DIGESTS: Final = tuple(digit * 64 for digit in "0a9f")


@cache
def texts(longest: int, shortest: int, lines: bool) -> SearchStrategy[str]:
    """Return texts of a length, as records keep them."""
    drawn = st.text(_LINES if lines else _LETTERS, min_size=shortest, max_size=min(longest, 40))
    either = drawn | st.sampled_from([text for text in _TRICKY if len(text) <= longest])
    return either.map(lambda text: normalise(text, lines=lines)).filter(
        lambda text: shortest <= len(text) <= longest
    )


def _ids() -> SearchStrategy[str]:
    def made(at: int, rest: int) -> str:
        whole = f"{at:012x}7{rest >> 60 & 0xFFF:03x}{8 + (rest >> 72 & 3):x}{rest & 0xFFFFFFFFFFFFFFF:015x}"
        return f"{whole[:8]}-{whole[8:12]}-{whole[12:16]}-{whole[16:20]}-{whole[20:]}"

    return st.builds(made, st.integers(*_ID_EPOCHS_MS), st.integers(0, 2**74 - 1))


_DATES: Final = st.dates(datetime.date(1850, 1, 1), datetime.date(2199, 12, 31)).map(datetime.date.isoformat)
_TIMES: Final = st.builds(
    lambda at, micro: f"{at:%Y-%m-%dT%H:%M:%S}{f'.{micro:06d}' if micro else ''}Z",
    st.datetimes(datetime.datetime(1970, 1, 2), datetime.datetime(2199, 12, 31)),  # noqa: DTZ001
    st.sampled_from([0, 0, 1, 120_000, 999_999]),
)
_PARTIAL: Final = st.builds(lambda date, size: date[:size], _DATES, st.sampled_from([4, 7, 10]))
#: sort of field -> what it may hold
_CODES: Final[dict[type[f.Plain], SearchStrategy[Any]]] = {
    f.Id: _ids(),
    f.Agency: st.sampled_from(["kz-knb", "cis-atc", "interpol-ncb-kz", "de-bka"]).filter(
        lambda name: AGENCY.fullmatch(name) is not None
    ),
    f.Slug: st.sampled_from(["unsc-1267", "cis-1999", "a", "kz-kg.2"]),
    f.Key: st.sampled_from(["person-1", "group-1", "account-1", "k", "vehicle-22"]),
    f.Digest: st.sampled_from(_DIGESTS),
    f.MediaType: st.sampled_from(["application/pdf", "image/jpeg", "text/plain"]),
    f.Language: st.sampled_from(["ru", "kk", "en", "zh", "uz-Cyrl", "ar", "fr", "es"]),
    f.Url: st.sampled_from(["https://www.interpol.int/en/a?b=1&c=2", "http://example.org/"]),
    f.Time: _TIMES,
    f.PartialDate: _PARTIAL,
    f.Date: _DATES,
    Encoded: st.sampled_from(["eyJhbGciOiJFUzI1NiJ9", "A-_9"]),
    f.Quarter: st.sampled_from(["2026-Q1", "1999-Q4"]),
    forms.Amount: st.sampled_from(["0", "12.50", "1.000000", "999999999999999999", "0.1"]),
    forms.Latitude: st.sampled_from(["43.2567", "-0", "0", "90.0", "-12.5000", "-0.0000001", "7"]),
    forms.Longitude: st.sampled_from(["76.9286", "180.0", "-0.5", "0", "-179.9999999"]),
    forms.Country: st.sampled_from(sorted(COUNTRIES)),
    forms.Currency: st.sampled_from(sorted(CURRENCIES)),
    forms.Script: st.sampled_from(sorted(SCRIPTS)),
    forms.Vin: st.just("1HGCM82633A004352"),
    forms.Imo: st.just("9074729"),
    forms.Mmsi: st.just("436000001"),
    forms.Iban: st.just("KZ75125KZT1001300335"),
    forms.Bic: st.just("HSBKKZKX"),
}


@cache
def _dated() -> SearchStrategy[Any]:
    note = st.fixed_dictionaries({}, optional={"note": texts(1000, 1, False)})
    forms_of = st.one_of(
        st.builds(
            lambda form, date: {"form": form, "date": date},
            st.sampled_from(["exact", "approximate"]),
            _PARTIAL,
        ),
        st.builds(
            lambda one, two: {"form": "between", "earliest": min(one, two), "latest": max(one, two)},
            _PARTIAL,
            _PARTIAL,
        ),
        st.builds(lambda text: {"form": "described", "note": text}, texts(1000, 1, False)),
    )
    return st.builds(lambda date, more: {**more, **date}, forms_of, note)


def values(field: Any) -> SearchStrategy[Any]:
    """Return what a field may hold, nearly always; the record's own checks decide."""
    if isinstance(field, f.Text):
        return texts(field.longest, field.shortest, field.lines)
    if isinstance(field, f.Choice):
        return st.sampled_from(sorted(field.options))
    if isinstance(field, f.Count):
        return st.integers(field.lowest, field.highest)
    if isinstance(field, f.Flag):
        return st.booleans()
    if isinstance(field, f.Many):
        return st.lists(values(field.inner), min_size=field.shortest, max_size=max(field.shortest, 3))
    if isinstance(field, AnySubject):
        return st.sampled_from(sorted(SUBJECTS)).flatmap(lambda name: _object(SUBJECTS[name]))
    if isinstance(field, f.Part):
        return _object(type(field.schema))
    return _CODES[type(field)]


@cache
def _object(schema: type[Schema]) -> SearchStrategy[Any]:
    if schema is parts.Dated:
        return _dated()
    fields = schema().load_fields
    one_of = getattr(schema, "one_of", ())[:1] + (("number",) if schema is parts.Document else ())
    required = {name: field for name, field in fields.items() if field.required or name in one_of}
    # Whole subjects inside subjects' lists would nest lists of lists: what is optional comes up by edits too.
    return st.fixed_dictionaries(
        {name: st.deferred(lambda field=field: values(field)) for name, field in required.items()},  # type: ignore[misc]
        optional={
            name: st.deferred(lambda field=field: values(field))  # type: ignore[misc]
            for name, field in fields.items()
            if name not in required
        },
    )


Slot = tuple[dict[str, Any], str, Any]


def slots(value: Any, schema: Schema) -> Iterator[Slot]:
    """Yield (object, name, field) for each field that the objects of a document have or could have."""
    for name, field in schema.load_fields.items():
        yield value, name, field
        if name in value:
            yield from _inside(value[name], field)


def _inside(value: Any, field: Any) -> Iterator[Slot]:
    if isinstance(field, f.Many):
        for each in value:
            yield from _inside(each, field.inner)
    elif isinstance(field, AnySubject):
        yield from slots(value, SUBJECTS[value["type"]]())
    elif isinstance(field, f.Part):
        yield from slots(value, field.schema)


@cache
def _template(kind: Kind) -> dict[str, Any]:
    return template(kind)


@st.composite
def records(draw: st.DrawFn, kinds: frozenset[Kind]) -> dict[str, Any]:
    """Draw the document of a record of one of some kinds: new, corrected or withdrawn."""
    kind = draw(st.sampled_from(sorted(kinds, key=lambda one: one.value)))
    document = deepcopy(_template(kind))
    action = draw(st.sampled_from([Action.NEW, Action.NEW, Action.NEW, Action.CORRECTION, Action.WITHDRAWAL]))
    document["id"] = draw(_ids())
    if document["conversation"] == _template(kind)["id"]:
        document["conversation"] = document["id"]
    if action is not Action.NEW:
        document |= {"action": action.value, "version": draw(st.integers(2, 9999))}
    if action is Action.WITHDRAWAL:
        document["details"] = draw(_object(SHAPES[kind].recall))
    schema = record_schema(kind, action)
    for number in range(draw(st.integers(0, _MORE))):
        _add_attachment(draw, document, number)
        _add_subject(draw, document, number)
    for _ in range(draw(st.integers(0, _EDITS))):
        _edit(draw, document, schema)
    return dict(load_record(document).document)


def _add_attachment(draw: st.DrawFn, document: dict[str, Any], number: int) -> None:
    if draw(_SOMETIMES):
        made = draw(_object(parts.AttachmentSchema)) | {"digest": _DIGESTS[number]}
        _try(document, "attachments", [*document["attachments"], made])


def _add_subject(draw: st.DrawFn, document: dict[str, Any], number: int) -> None:
    """Add a subject of any type, linked with another, with a sample that is attached: as far as it loads."""
    sort = draw(st.sampled_from(sorted(SUBJECTS)))
    fields = SUBJECTS[sort]().load_fields
    subject = {name: draw(values(field)) for name, field in fields.items() if field.required}
    if sort in _ONE_OF:
        subject |= {_ONE_OF[sort]: draw(values(fields[_ONE_OF[sort]]))}
    at = draw(st.integers(0, len(document["subjects"])))
    if not _try(document, "subjects", [*document["subjects"][:at], subject, *document["subjects"][at:]]):
        return
    holder = document["subjects"][at]
    for name in draw(st.lists(st.sampled_from(sorted(fields)), unique=True, max_size=len(fields))):
        if not fields[name].required and name not in {"key", "links", "biometrics"}:
            _try(document, name, draw(values(fields[name])), holder)
    if draw(_SOMETIMES):
        _try(document, "key", f"more-{number}", holder)
    keys = [one["key"] for one in document["subjects"] if "key" in one]
    if keys and draw(_SOMETIMES):
        link = {"to": st.sampled_from(keys), "link": st.sampled_from(LINKS)}
        links = st.lists(st.fixed_dictionaries(link, optional={"note": texts(1000, 1, False)}), max_size=3)
        _try(document, "links", draw(links), holder)
    if sort == "person" and document["attachments"]:
        sample = {"biometric_type": "face", "attachment": document["attachments"][0]["digest"]}
        _try(document, "biometrics", [sample], holder)


def _try(document: dict[str, Any], name: str, value: Any, holder: dict[str, Any] | None = None) -> bool:
    """Set a field of a record, or of an object in it, if the record then still loads."""
    holder = document if holder is None else holder
    before = holder.get(name, _ABSENT)
    holder[name] = value
    try:
        load_record(document)
    except Refused:
        del holder[name]
        if before is not _ABSENT:
            holder[name] = before
        return False
    return True


_FIXED: Final = frozenset({"kind", "action", "version", "type"})


def _edit(draw: st.DrawFn, document: dict[str, Any], schema: Schema) -> None:
    among = [slot for slot in slots(document, schema) if slot[1] not in _FIXED]
    holder, name, field = among[draw(st.integers(0, len(among) - 1))]
    if name in holder and not field.required and draw(st.integers(0, 3)) == 0:
        before = holder.pop(name)
        try:
            load_record(document)
        except Refused:
            holder[name] = before
    else:
        _try(document, name, draw(values(field)), holder)


def marked(document: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return a record whose free texts each end in a mark of their own, and the marks by the texts' paths.

    What is reported lost is looked for by its mark in the partner's document.
    """
    copy = deepcopy(dict(document))
    marks: dict[str, str] = {}
    schema = record_schema(Kind(copy["kind"]), Action(copy["action"]))
    for holder, name, field in list(slots(copy, schema)):
        if isinstance(field, f.Text) and field.longest >= 60 and isinstance(holder.get(name), str):
            before = holder[name]
            mark = f"mark{len(marks):04d}end"
            holder[name] = f"{before[: field.longest - 20]} {mark}".strip()
            try:
                load_record(copy)
            except Refused:
                holder[name] = before
            else:
                marks[mark] = mark
    return dict(load_record(copy).document), marks
