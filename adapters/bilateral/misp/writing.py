"""A record as a MISP event."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import UUID, uuid5

from adapters.aside import pack
from adapters.bilateral.misp.templates import CATEGORIES, FILE, HEAD, NAMES, SUBJECTS, Relation, Template
from adapters.contract import Translation
from adapters.reading import write_json
from adapters.rest import Rest
from hub.records.times import as_time

_NAMESPACE: Final = UUID("0c7d9a52-8e1b-5f46-a3d7-61b2c4e5f809")
#: The Admiralty code has a MISP taxonomy; other scales are never converted to it.
ADMIRALTY: Final = (
    ("source", "admiralty-scale:source-reliability"),
    ("information", "admiralty-scale:information-credibility"),
)


def uuid_of(*words: object) -> str:
    """Return the UUID of what has no id of its own: the same words, the same UUID."""
    return str(uuid5(_NAMESPACE, "/".join(map(str, words))))


def write_event(record: Mapping[str, Any], *, extension: bool) -> Translation:
    """Translate a record; with the extension nothing is lost, without it what MISP has no place for is."""
    rest = Rest(record)
    agency = rest.take("originator")
    event: dict[str, Any] = {
        "uuid": rest.take("id"),
        "info": f"{record['kind']} of {agency}",
        "date": record["created_at"][:10],
        "timestamp": str(int(as_time(record["created_at"]).timestamp())),
        "published": False,
        "threat_level_id": "4",
        "analysis": "2",
        "distribution": "0",
        "Orgc": {"name": agency, "uuid": uuid_of("agency", agency)},
        "Tag": [{"name": name} for name in _tags(rest)],
        "Attribute": [],
    }
    write = _Writer(event)
    if narrative := rest.take("narrative"):
        report = {"uuid": write.uuid("report"), "name": record["kind"], "content": narrative}
        event["EventReport"] = [{**report, "distribution": "5"}]
    subjects = write.subjects(rest)
    files = [write.file(each) for each in rest.each("attachments")]
    head = write.object("head", HEAD, rest)
    control = "yes" if rest.take("label", "originator_control") else "no"
    extra = [("version", str(rest.take("version"))), ("originator-control", control)]
    lost = rest.lost()
    if extension:
        extra += [("part", _as_text(part)) for part in pack(rest.left())]
    head["Attribute"] += [
        write.attribute("head", name, "text", text, place) for place, (name, text) in enumerate(extra)
    ]
    event["Object"] = [head, *subjects, *files]
    return Translation(
        document=write_json({"Event": event}), lost=() if extension else lost, aside=lost if extension else ()
    )


def _as_text(part: Any) -> str:
    return json.dumps(part, ensure_ascii=False, separators=(",", ":"))


def _tags(rest: Rest) -> Iterator[str]:
    yield f"tlp:{rest.take('label', 'tlp')}"
    if rest.see("grading", "scale") == "admiralty":
        rest.take("grading", "scale")
        for name, tag in ADMIRALTY:
            yield f'{tag}="{rest.take("grading", name).lower()}"'


class _Writer:
    """Makes the objects of one event; their UUIDs derive from the record's id."""

    def __init__(self, event: Mapping[str, Any]) -> None:
        self._record = event["uuid"]
        self._stamp = event["timestamp"]

    def uuid(self, *words: object) -> str:
        return uuid_of(self._record, *words)

    def attribute(
        self, owner: object, relation: str, sort: str, value: str, place: int = 0
    ) -> dict[str, Any]:
        return {
            "uuid": self.uuid(owner, relation, place, value),
            "type": sort,
            "category": CATEGORIES[sort],
            "object_relation": relation,
            "value": value,
            "to_ids": False,
            "disable_correlation": False,
            "distribution": "5",
            "timestamp": self._stamp,
        }

    def object(self, owner: object, template: Template, rest: Rest) -> dict[str, Any]:
        return {
            "uuid": self.uuid(owner),
            "name": template.name,
            "meta-category": template.meta,
            "template_uuid": template.uuid,
            "template_version": template.version,
            "distribution": "5",
            "timestamp": self._stamp,
            "Attribute": [
                self.attribute(owner, relation.name, relation.sort, value, place)
                for relation in template.relations
                for place, value in enumerate(_values(rest, relation))
            ],
            "ObjectReference": [],
        }

    def file(self, rest: Rest) -> dict[str, Any]:
        owner = f"file/{rest.see('digest')}"
        made = self.object(owner, FILE, rest)
        size = str(rest.take("size_bytes"))
        made["Attribute"].append(self.attribute(owner, "size-in-bytes", "size-in-bytes", size))
        return made

    def subjects(self, rest: Rest) -> list[dict[str, Any]]:
        made: list[tuple[Rest, dict[str, Any]]] = []
        known: dict[str, str] = {}
        for place, subject in enumerate(rest.each("subjects")):
            template = SUBJECTS.get(subject.see("type"))
            if template is None:
                continue
            key = subject.see("key")
            # Without a key nothing tells that a later version means the same subject by the same place.
            owner = f"key/{key}" if key else f"subject/{place}/{rest.see('version')}"
            one = self._subject(owner, template, subject)
            if key:
                known[key] = one["uuid"]
            made.append((subject, one))
        for subject, one in made:
            one["ObjectReference"] = list(self._references(subject, one["uuid"], known))
        return [one for _, one in made]

    def _subject(self, owner: str, template: Template, subject: Rest) -> dict[str, Any]:
        sort = subject.take("type")
        one = self.object(owner, template, subject)
        if sort in NAMES:
            for place, name in enumerate(subject.each("names")):
                relation, form = ("alias", "text") if place else NAMES[sort]
                one["Attribute"].append(self.attribute(owner, relation, form, name.take("text"), place))
        born = subject.see("birth_dates", 0, default={})
        if born.get("form") == "exact" and len(born["date"]) == 10:
            subject.take("birth_dates", 0, "form")
            date = subject.take("birth_dates", 0, "date")
            one["Attribute"].append(self.attribute(owner, "date-of-birth", "date-of-birth", date))
        return one

    def _references(self, subject: Rest, source: str, known: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        for place, link in enumerate(subject.each("links")):
            target = known.get(link.see("to"))
            if target is None:
                continue  # it leads to what MISP has no object for
            link.take("to")
            yield {
                "uuid": self.uuid("link", source, place),
                "object_uuid": source,
                "referenced_uuid": target,
                "relationship_type": link.take("link"),
                "comment": link.take("note", default=""),
                "timestamp": self._stamp,
            }


def _values(rest: Rest, relation: Relation) -> list[str]:
    """Take the values of a relation's field, in MISP's words."""
    if relation.words:
        word = dict(relation.words).get(rest.see(*relation.path))
        if word is not None:
            rest.take(*relation.path)
        return [] if word is None else [word]
    value = rest.take(*relation.path)
    if value is None:
        return []
    return list(value) if relation.many else [value]
