"""A MISP event, ours or another's, as far as a record has a place for it. All else is kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from adapters.aside import places, unpack
from adapters.bilateral.misp.checking import check_event, versions_of
from adapters.bilateral.misp.templates import FILE, HEAD, NAMES, SUBJECTS, Template
from adapters.bilateral.misp.writing import ADMIRALTY
from adapters.contract import Interpretation
from adapters.reading import malformed, read_json
from adapters.rest import Path, Rest, assemble
from adapters.versions import ambiguous

_MAX_PART_BYTES: Final = 2 * 1024 * 1024
_SORTS: Final = {template.name: sort for sort, template in SUBJECTS.items()}
#: What our own events derive from the record, or always say.
_OF_EVENT: Final = ("info", "date", "timestamp", "published", "threat_level_id", "analysis", "distribution")
_OF_OBJECT: Final = (
    *("uuid", "name", "meta-category", "template_uuid", "template_version", "distribution", "timestamp"),
)
_OF_ATTRIBUTE: Final = (
    *("uuid", "type", "category", "object_relation", "value", "to_ids"),
    *("disable_correlation", "distribution", "timestamp"),
)

Part = tuple[Path, Any]


def read_event(value: Any) -> Interpretation:
    """Interpret a parsed event. Raises PeerFault and IntegrityFailure as the contract says."""
    rest = Rest(value)
    event = _event(rest)
    check_event(event.see())
    objects = list(event.each("Object"))
    heads = [one for one in objects if one.see("template_uuid") == HEAD.uuid]
    if len(heads) > 1:
        raise ambiguous("it holds two records")
    parts = list(_ours(event, heads[0], objects) if heads else _strangers(event, objects))
    try:
        record = assemble(parts)
    except ValueError as error:
        raise malformed(f"its parts do not fit together: {error}") from None
    return Interpretation(
        record=record,
        unknown=dict(zip(rest.lost(), (each for _, each in rest.left()), strict=True)),
        versions=versions_of(event.see(), [one.see() for one in objects]),
    )


def _event(rest: Rest) -> Rest:
    """Return the one event of a document, as MISP exports it or as its API answers."""
    answers = rest.see("response")
    if isinstance(answers, list):
        if len(answers) != 1:
            raise malformed("it does not hold exactly one event")
        rest = rest.at("response", 0)
    if not isinstance(rest.see("Event"), dict):
        raise malformed("it is not a MISP event")
    return rest.at("Event")


def _ours(event: Rest, head: Rest, objects: Iterable[Rest]) -> Iterator[Part]:
    for name in _OF_EVENT:
        event.take(name)
    yield ("id",), event.take("uuid")
    yield ("originator",), event.take("Orgc", "name")
    event.take("Orgc", "uuid")
    yield from _tags(event)
    yield from _narrative(event)
    aside = unpack([_part(one) for relation, one in _attributes(head) if relation == "part"])
    yield from aside
    yield from _fields(head, HEAD)
    for relation, one in _attributes(head):
        if relation == "version":
            yield ("version",), _whole(one)
        elif relation == "originator-control":
            yield ("label", "originator_control"), _value(one) == "yes"
    yield from _listed(objects, aside)


def _part(attribute: Rest) -> Any:
    return read_json(_value(attribute).encode("utf-8"), max_bytes=_MAX_PART_BYTES)


def _tags(event: Rest) -> Iterator[Part]:
    for tag in event.each("Tag"):
        name = str(tag.see("name", default=""))
        if name.startswith("tlp:"):
            tag.take("name")
            yield ("label", "tlp"), name.removeprefix("tlp:")
        for part, prefix in ADMIRALTY:
            if name.startswith(f'{prefix}="'):
                tag.take("name")
                yield ("grading", part), name.removeprefix(f'{prefix}="').rstrip('"').upper()
                if part == "source":
                    yield ("grading", "scale"), "admiralty"


def _narrative(event: Rest) -> Iterator[Part]:
    reports = list(event.each("EventReport"))
    if len(reports) == 1:
        for name in ("uuid", "name", "distribution"):
            reports[0].take(name)
        yield ("narrative",), reports[0].take("content")


def _attributes(view: Rest) -> Iterator[tuple[str, Rest]]:
    for one in view.each("Attribute"):
        yield str(one.see("object_relation", default="")), one


def _value(attribute: Rest) -> str:
    value = attribute.see("value")
    if not isinstance(value, str):
        raise malformed("an attribute of it has no value")
    for name in _OF_ATTRIBUTE:
        attribute.take(name)
    return value


def _whole(attribute: Rest) -> int:
    text = _value(attribute)
    if re.fullmatch(r"0|[1-9][0-9]{0,14}", text) is None:
        raise malformed("an attribute of it that is a whole number has another form")
    return int(text)


def _fields(view: Rest, template: Template) -> Iterator[Part]:
    """Yield what an object says in the relations of its template."""
    for name in _OF_OBJECT:
        view.take(name)
    counts: dict[str, int] = {}
    relations = {each.name: each for each in template.relations}
    for relation, one in _attributes(view):
        known = relations.get(relation)
        if known is None:
            continue
        if known.words:
            field = next((ours for ours, theirs in known.words if theirs == one.see("value")), None)
            if field is not None:
                _value(one)
                yield known.path, field
        elif known.many:
            place = counts[relation] = counts.get(relation, -1) + 1
            yield (*known.path, place), _value(one)
        else:
            yield known.path, _value(one)


def _listed(objects: Iterable[Rest], aside: list[Part]) -> Iterator[Part]:
    subjects, files = places(aside, "subjects"), places(aside, "attachments")
    where: list[tuple[int, Rest]] = []
    keys: dict[str, str] = {}
    for view in objects:
        if view.see("template_uuid") == FILE.uuid:
            place = files.next()
            for path, value in _file(view):
                yield ("attachments", place, *path), value
        elif (sort := _SORTS.get(str(view.see("name")))) is not None:
            place = subjects.next()
            where.append((place, view))
            for path, value in _subject(view, sort):
                if path == ("key",):
                    keys[str(view.see("uuid"))] = value
                yield ("subjects", place, *path), value
    for place, view in where:
        links = places(aside, "subjects", place, "links")
        for one in view.each("ObjectReference"):
            target = keys.get(str(one.see("referenced_uuid")))
            if target is not None:
                yield from _link(one, ("subjects", place, "links", links.next()), target)


def _file(view: Rest) -> Iterator[Part]:
    yield from _fields(view, FILE)
    for relation, one in _attributes(view):
        if relation == "size-in-bytes":
            yield ("size_bytes",), _whole(one)


def _link(one: Rest, path: Path, target: str) -> Iterator[Part]:
    for name in ("uuid", "object_uuid", "referenced_uuid", "timestamp"):
        one.take(name)
    yield (*path, "to"), target
    yield (*path, "link"), one.take("relationship_type")
    if note := one.take("comment"):
        yield (*path, "note"), note


def _subject(view: Rest, sort: str) -> Iterator[Part]:
    yield ("type",), sort
    yield from _fields(view, SUBJECTS[sort])
    place = 1
    for relation, one in _attributes(view):
        if relation == "date-of-birth":
            yield ("birth_dates", 0, "form"), "exact"
            yield ("birth_dates", 0, "date"), _value(one)
        elif sort in NAMES and relation == NAMES[sort][0]:
            yield ("names", 0, "text"), _value(one)
        elif sort in NAMES and relation == "alias":
            yield ("names", place, "text"), _value(one)
            place += 1


def _strangers(event: Rest, objects: Iterable[Rest]) -> Iterator[Part]:
    """Yield what an event that we did not make says: its title, and persons and organisations."""
    yield ("narrative",), event.take("info")
    yield from _tags(event)
    place = 0
    for view in objects:
        sort = _SORTS.get(str(view.see("name")))
        if sort not in NAMES:
            continue
        if {NAMES[sort][0], "alias"}.isdisjoint(relation for relation, _ in _attributes(view)):
            continue
        for path, value in _subject(view, sort):
            yield ("subjects", place, *path), value
        place += 1
