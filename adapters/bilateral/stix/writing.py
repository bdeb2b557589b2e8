"""A record as a STIX 2.1 bundle: a report about identities, locations, files and how they are related."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from stix2.v21 import File

from adapters.aside import pack
from adapters.bilateral.stix import naming
from adapters.bilateral.stix.naming import object_id
from adapters.contract import Translation
from adapters.reading import write_json
from adapters.rest import Rest

_CLASSES: Final = {"person": "individual", "organisation": "organization"}
#: field of an address -> property of a location (STIX 2.1 §4.9)
ADDRESS: Final = {
    "country": "country",
    "region": "administrative_area",
    "city": "city",
    "street": "street_address",
    "postal_code": "postal_code",
}


def write_bundle(record: Mapping[str, Any], *, extension: bool) -> Translation:
    """Translate a record; with the extension nothing is lost, without it what STIX cannot say is."""
    rest = Rest(record)
    agency = _agency(rest)
    markings = list(_markings(rest.at("label")))
    common = {
        "spec_version": "2.1",
        **naming.stamps(record),
        "created_by_ref": agency["id"],
        "object_marking_refs": [marking["id"] for marking in markings],
    }
    about = [*_subjects(rest, common), *_files(rest, common)]
    report = _report(rest, common, [each["id"] for each in about] or [agency["id"]])
    left = rest.left()
    defined: list[dict[str, Any]] = []
    if extension and left:
        report["extensions"] = {
            naming.EXTENSION_ID: {"extension_type": "property-extension", "parts": pack(left)}
        }
        defined = [naming.maker(), naming.extension_definition()]
    bundle = {
        "type": "bundle",
        "id": object_id("bundle", record["id"], record["version"]),
        "objects": [*defined, agency, *markings, *about, report],
    }
    lost = rest.lost()
    return Translation(
        document=write_json(bundle), lost=() if extension else lost, aside=lost if extension else ()
    )


def _agency(rest: Rest) -> dict[str, Any]:
    name = rest.take("originator")
    return {
        "type": "identity",
        "spec_version": "2.1",
        "id": object_id("identity", "agency", name),
        "created": naming.DEFINED_AT,
        "modified": naming.DEFINED_AT,
        "name": name,
        "identity_class": "organization",
    }


def _markings(label: Rest) -> Iterator[dict[str, Any]]:
    """Yield TLP as OASIS defines it, and the rest of the label as statements that people can read."""
    yield naming.tlp_marking(label.take("tlp"))
    yield naming.statement(f"Classification: {label.take('classification')}")
    control = "yes" if label.take("originator_control") else "no"
    yield naming.statement(f"Originator control: {control}")
    for title, name in (("Handling", "handling"), ("Releasable to", "releasable_to")):
        if values := label.take(name):
            yield naming.statement(f"{title}: {', '.join(values)}")
    if note := label.take("handling_note"):
        yield naming.statement(f"Handling restriction: {note}")


def _report(rest: Rest, common: Mapping[str, Any], refs: list[str]) -> dict[str, Any]:
    version, action = rest.take("version"), rest.take("action")
    record_id = rest.take("id")
    kind = rest.take("kind")
    basis = rest.take("legal_basis")
    references = [
        {"source_name": "hub-record", "external_id": record_id, "description": f"version {version}"},
        {"source_name": "hub-conversation", "external_id": rest.take("conversation")},
        *(
            {"source_name": "hub-agreement", "external_id": basis["agreement"], "description": article}
            for article in basis["articles"]
        ),
    ]
    if (answered := rest.take("in_reply_to")) is not None:
        references.append({"source_name": "hub-in-reply-to", "external_id": answered})
    report = {
        "type": "report",
        **common,
        "id": object_id("report", record_id),
        "name": kind,
        "report_types": [kind],
        "labels": [f"purpose:{rest.take('purpose')}"],
        "lang": rest.take("language"),
        "published": rest.take("created_at"),
        "external_references": references,
        "object_refs": refs,
    }
    if narrative := rest.take("narrative"):
        report["description"] = narrative
    if action == "withdrawal":
        report["revoked"] = True
    return report


def _subjects(rest: Rest, common: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    head = rest.see("id"), rest.see("version")
    ids: dict[str, str] = {}
    written: list[tuple[Rest, dict[str, Any]]] = []
    for place, subject in enumerate(rest.each("subjects")):
        key = subject.see("key")
        # Without a key nothing tells that a later version means the same subject by the same place.
        words = (head[0], key) if key else (*head, place)
        made = _location(subject) if subject.see("type") == "place" else _identity(subject)
        if made is None:
            continue
        made = {"type": made.pop("type"), **common, "id": "", **made}
        made["id"] = object_id(made["type"], *words)
        _shared(subject, made)
        if key:
            ids[key] = made["id"]
        written.append((subject, made))
    yield from (made for _, made in written)
    for subject, made in written:
        yield from _relationships(subject, made["id"], ids, common)


def _identity(subject: Rest) -> dict[str, Any] | None:
    if subject.see("type") not in _CLASSES:
        return None
    made = {
        "type": "identity",
        "name": subject.take("names", 0, "text"),
        "identity_class": _CLASSES[subject.take("type")],
    }
    if roles := subject.take("occupations"):
        made["roles"] = list(roles)
    return made


def _location(subject: Rest) -> dict[str, Any] | None:
    point = subject.see("coordinates", default={})
    numbers = {name: as_number(text) for name, text in point.items()}
    if not numbers or None in numbers.values():
        numbers = {}
    if not numbers and subject.see("address", "country") is None:
        return None
    subject.take("type")
    made: dict[str, Any] = {"type": "location"}
    if name := subject.take("name"):
        made["name"] = name
    if numbers:
        subject.take("coordinates")
        made |= numbers
    for ours, theirs in ADDRESS.items():
        if (value := subject.take("address", ours)) is not None:
            made[theirs] = value
    return made


def as_number(text: str) -> Decimal | int | None:
    """Return degrees as a JSON number, if it reads back as the same text."""
    if "." in text:
        return Decimal(text) if format(Decimal(text), "f") == text else None
    return int(text) if str(int(text)) == text else None


def _shared(subject: Rest, made: dict[str, Any]) -> None:
    if note := subject.take("note"):
        made["description"] = note
    if capacity := subject.take("capacity"):
        made["labels"] = [f"capacity:{capacity}"]
    if key := subject.take("key"):
        made["external_references"] = [{"source_name": "hub-key", "external_id": key}]


def _relationships(
    subject: Rest, source: str, ids: Mapping[str, str], common: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    for place, link in enumerate(subject.each("links")):
        target = ids.get(link.see("to"))
        if target is None:
            continue  # it leads to what STIX has no object for
        made = {
            "type": "relationship",
            **common,
            "id": object_id("relationship", source, place, common["modified"]),
            "relationship_type": naming.RELATED,
            "labels": [f"{naming.LINK}{link.take('link')}"],
            "source_ref": source,
            "target_ref": target,
        }
        link.take("to")
        if note := link.take("note"):
            made["description"] = note
        yield made


def _files(rest: Rest, common: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for each in rest.each("attachments"):
        hashes, name = {"SHA-256": each.take("digest")}, each.take("name")
        yield {
            "type": "file",
            "spec_version": "2.1",
            "id": str(File(hashes=hashes, name=name).id),
            "hashes": hashes,
            "size": each.take("size_bytes"),
            "name": name,
            "mime_type": each.take("media_type"),
            "object_marking_refs": common["object_marking_refs"],
        }
