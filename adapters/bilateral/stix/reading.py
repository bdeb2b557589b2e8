"""A STIX 2.1 bundle, ours or another's, as far as a record has a place for it. All else is kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final

import msgspec
import stix2
from stix2.exceptions import STIXError

from adapters.aside import places, unpack
from adapters.bilateral.stix import naming
from adapters.bilateral.stix.parts import (
    TYPES,
    Part,
    read_file,
    read_identity,
    read_link,
    read_subject,
    take_derived,
)
from adapters.bilateral.stix.writing import ADDRESS
from adapters.contract import Interpretation
from adapters.reading import malformed
from adapters.rest import Rest, assemble
from adapters.versions import ambiguous
from hub.records.times import as_text, as_time

MAX_OBJECTS: Final = 5_000
_ID: Final = re.compile(r"([a-z][a-z0-9-]{1,250})--([0-9a-f-]{36})")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _are_references(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(each, dict)
        and all(isinstance(one, (str, dict)) for one in each.values())
        and _is_text(each.get("source_name"))
        for each in value
    )


#: What is read here and the library would convert silently, such as an object into its spelling.
_FORMS: Final[Mapping[str, Callable[[Any], bool]]] = {
    **dict.fromkeys(("labels", "object_refs", "object_marking_refs", "roles"), _are_texts),
    **dict.fromkeys(
        ("name", "description", "lang", "published", "modified", "created_by_ref", "identity_class"), _is_text
    ),
    **dict.fromkeys(
        ("source_ref", "target_ref", "relationship_type", "mime_type", *ADDRESS.values()), _is_text
    ),
    **dict.fromkeys(("latitude", "longitude"), lambda value: type(value) in (int, Decimal)),
    "external_references": _are_references,
    "revoked": lambda value: isinstance(value, bool),
    "size": lambda value: type(value) is int,
    "hashes": lambda value: isinstance(value, dict) and all(map(_is_text, value.values())),
}

_encode: Final = msgspec.json.Encoder(order="sorted", decimal_format="number").encode


def read_bundle(value: Any) -> Interpretation:
    """Interpret a parsed bundle. Raises PeerFault and IntegrityFailure as the contract says."""
    objects = _objects(value)
    rest = Rest(value)
    views = {each["id"]: rest.at("objects", place) for place, each in enumerate(objects)}
    rest.take("type")
    main = _main(objects)
    if main is None:
        parts = list(_strangers(objects, views))
    elif _is_ours(main):
        rest.take("id")
        parts = list(_ours(main, views))
    else:
        parts = [*_foreign_report(views[main["id"]]), *_strangers(objects, views)]
    try:
        record = assemble(parts)
    except ValueError as error:
        raise malformed(f"its parts do not fit together: {error}") from None
    return Interpretation(record=record, unknown=dict(_texts(rest)), versions=_versions(objects))


def _texts(rest: Rest) -> Iterator[tuple[str, object]]:
    return zip(rest.lost(), (value for _, value in rest.left()), strict=True)


def _objects(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a bundle, each checked by the stix2 library, no id twice."""
    if not isinstance(value, dict) or value.get("type") != "bundle":
        raise malformed("it is not a STIX bundle")
    objects = value.get("objects", [])
    if not isinstance(objects, list) or len(objects) > MAX_OBJECTS:
        raise malformed(f"its objects are not a list of at most {MAX_OBJECTS:,}")
    seen: dict[str, bytes] = {}
    for place, each in enumerate(objects):
        _check(each, place)
        content = _encode(each)
        if seen.setdefault(each["id"], content) != content:
            raise ambiguous(f"object {place} has the id of another with other content")
    return objects


def _check(each: Any, place: int) -> None:
    if not isinstance(each, dict) or not isinstance(each.get("id"), str):
        raise malformed(f"object {place} is not an object with an id")
    named = _ID.fullmatch(each["id"])
    if named is None or named[1] != each.get("type"):
        raise malformed(f"object {place} has an id that is not of its type")
    if each.get("spec_version", "2.1") != "2.1":
        raise malformed(f"object {place} is not of STIX 2.1")
    if not all(_FORMS[name](value) for name, value in each.items() if name in _FORMS):
        raise malformed(f"object {place} has a property of another type than STIX says")
    try:
        stix2.parse(_plain(each), allow_custom=True, version="2.1")
    except (STIXError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        # The library's sentence may repeat content.
        raise malformed(f"object {place} is not a valid {named[1][:40]}") from None


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return float(value) if isinstance(value, Decimal) else value


def _versions(objects: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    return {
        f"{each['id']}@{each['modified']}": sha256(_encode(each)).hexdigest()
        for each in objects
        if isinstance(each.get("modified"), str)
    }


def _main(objects: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    reports = [each for each in objects if each["type"] in {"report", "grouping"}]
    ours = [each for each in reports if _is_ours(each)]
    if len(ours) > 1:
        raise ambiguous("it holds two records")
    return next(iter(ours or reports), None) if len(ours or reports) == 1 else None


def _is_ours(report: Mapping[str, Any]) -> bool:
    record_id = _reference(report, "hub-record").get("external_id")
    return record_id is not None and report["id"] == naming.object_id("report", record_id)


def _references(each: Mapping[str, Any], source: str) -> list[Mapping[str, Any]]:
    found = each.get("external_references", [])
    return [one for one in found if one.get("source_name") == source]


def _reference(each: Mapping[str, Any], source: str) -> Mapping[str, Any]:
    return next(iter(_references(each, source)), {})


def _ours(main: dict[str, Any], views: Mapping[str, Rest]) -> Iterator[Part]:
    report = views[main["id"]]
    parts = _aside(report)
    yield from parts
    yield from _head(main, report)
    for view in _marking_views(main, views):
        yield from _label(view)
    for one in (naming.maker()["id"], naming.EXTENSION_ID):
        if one in views and views[one].see() in (naming.maker(), naming.extension_definition()):
            views[one].take()
    author = views.get(main.get("created_by_ref", ""))
    if author is not None and author.see("type") == "identity":
        yield ("originator",), author.take("name")
        take_derived(author)
        author.take("identity_class")
    yield from _listed(main, views, parts)


def _aside(report: Rest) -> list[Part]:
    extension = report.see("extensions", naming.EXTENSION_ID)
    if not isinstance(extension, dict):
        return []
    report.take("extensions", naming.EXTENSION_ID, "extension_type")
    return unpack(report.take("extensions", naming.EXTENSION_ID, "parts"))


def _head(main: Mapping[str, Any], report: Rest) -> Iterator[Part]:
    take_derived(report)
    report.take("object_refs")
    kind = report.take("name")
    report.take("report_types")
    yield ("kind",), kind
    reference = _reference(main, "hub-record")
    yield ("id",), reference["external_id"]
    version = _version(reference.get("description"))
    yield ("version",), version
    revoked = report.take("revoked", default=False)
    yield ("action",), "withdrawal" if revoked else "new" if version == 1 else "correction"
    yield ("created_at",), report.take("published")
    yield ("language",), report.take("lang")
    yield ("narrative",), report.take("description", default="")
    for place, label in enumerate(main.get("labels", ())):
        if label.startswith("purpose:"):
            report.take("labels", place)
            yield ("purpose",), label.removeprefix("purpose:")
    agreements = _references(main, "hub-agreement")
    if agreements:
        yield ("legal_basis", "agreement"), agreements[0].get("external_id")
        yield ("legal_basis", "articles"), [one.get("description") for one in agreements]
    for source, name in (("hub-conversation", "conversation"), ("hub-in-reply-to", "in_reply_to")):
        if one := _reference(main, source):
            yield (name,), one.get("external_id")
    for place, one in enumerate(main.get("external_references", ())):
        if one.get("source_name", "").startswith("hub-"):
            report.take("external_references", place)


def _version(text: Any) -> int:
    found = re.fullmatch(r"version ([1-9][0-9]{0,3})", text) if isinstance(text, str) else None
    if found is None:
        raise malformed("it does not say which version of its record it is")
    return int(found[1])


def _marking_views(main: Mapping[str, Any], views: Mapping[str, Rest]) -> Iterator[Rest]:
    for one in main.get("object_marking_refs", ()):
        if one in naming.TLP_OF and one not in views:
            raise malformed("it refers to a TLP marking that it does not hold")
        if one in views:
            yield views[one]


def _label(view: Rest) -> Iterator[Part]:
    marking = view.see("id")
    if marking in naming.TLP_OF:
        if view.see() == naming.tlp_marking(naming.TLP_OF[marking]):
            view.take()
        yield ("label", "tlp"), naming.TLP_OF[marking]
        return
    title, _, said = str(view.see("definition", "statement", default="")).partition(": ")
    if said and view.see() == naming.statement(f"{title}: {said}"):
        known = _LABEL.get(title)
        if known is not None:
            view.take()
            yield ("label", known[0]), known[1](said)


_LABEL: Final[dict[str, tuple[str, Any]]] = {
    "Classification": ("classification", str),
    "Originator control": ("originator_control", lambda said: said == "yes"),
    "Handling": ("handling", lambda said: said.split(", ")),
    "Releasable to": ("releasable_to", lambda said: said.split(", ")),
    "Handling restriction": ("handling_note", str),
}


def _listed(main: Mapping[str, Any], views: Mapping[str, Rest], aside: list[Part]) -> Iterator[Part]:
    """Yield what the report refers to: subjects in order, then how they are linked, and files."""
    subjects, files = places(aside, "subjects"), places(aside, "attachments")
    where: dict[str, int] = {}
    keys: dict[str, str] = {}
    mine = [views[ref] for ref in main.get("object_refs", ()) if ref in views]
    for view in mine:
        sort = view.see("type")
        if sort in {"identity", "location"} and view.see("id") != main.get("created_by_ref"):
            place = where[view.see("id")] = subjects.next()
            for path, value in read_subject(view):
                if path == ("key",):
                    keys[view.see("id")] = value
                yield ("subjects", place, *path), value
        elif sort == "file":
            yield from read_file(view, files.next())
    links = {source: places(aside, "subjects", place, "links") for source, place in where.items()}
    for view in mine:
        source, target = view.see("source_ref"), view.see("target_ref")
        if view.see("type") == "relationship" and source in where and target in keys:
            take_derived(view)
            view.take("source_ref")
            view.take("target_ref")
            path = ("subjects", where[source], "links", links[source].next())
            yield (*path, "to"), keys[target]
            yield (*path, "link"), read_link(view)
            if (note := view.take("description")) is not None:
                yield (*path, "note"), note


def _foreign_report(report: Rest) -> Iterator[Part]:
    if (narrative := report.take("description")) is not None:
        yield ("narrative",), narrative
    if (language := report.take("lang")) is not None:
        yield ("language",), language
    published = report.see("published")
    try:
        at = as_text(as_time(published)) if isinstance(published, str) else None
    except ValueError:
        at = None
    if at == published and at is not None:
        yield ("created_at",), report.take("published")


def _strangers(objects: Iterable[Mapping[str, Any]], views: Mapping[str, Rest]) -> Iterator[Part]:
    """Yield the persons and organisations of a bundle that we did not make; its makers are none of them."""
    objects = list(objects)
    makers = {each.get("created_by_ref") for each in objects}
    colours = {one for each in objects for one in each.get("object_marking_refs", ()) if one in naming.TLP_OF}
    if len(colours) == 1:
        yield ("label", "tlp"), naming.TLP_OF[colours.pop()]
    place = 0
    for each in objects:
        if each["type"] == "identity" and each["id"] not in makers and each.get("identity_class") in TYPES:
            view = views[each["id"]]
            view.take("type")
            for path, value in read_identity(view):
                yield ("subjects", place, *path), value
            if (note := view.take("description")) is not None:
                yield ("subjects", place, "note"), note
            place += 1
