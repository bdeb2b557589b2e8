"""Records as XML in Russian or Chinese, the Structure's two languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from lxml import etree
from lxml.etree import _Element

from adapters.contract import Interpretation, Translation
from adapters.reading import malformed, read_xml
from adapters.rest import Path, Rest, assemble, text_of
from adapters.sco_rats.categories import category
from adapters.sco_rats.format import (
    CATEGORIES,
    CATEGORY,
    NAMESPACES,
    ROOTS,
    SUBJECT,
    Tongue,
    fields_of,
    said,
    spoken,
    subject_fields,
)
from adapters.sco_rats.readings import Reading, readings
from adapters.sco_rats.subject_format import NAMES, READING, SUBJECTS, Fields
from adapters.tables import read, tree, write
from hub.errors import Refused
from hub.records.kinds import Kind

_TONGUES: Final = {namespace: tongue for tongue, namespace in NAMESPACES.items()}
_KINDS: Final = {said(root, tongue): kind for kind, (root, _) in ROOTS.items() for tongue in Tongue}
#: What we add to a document beside the record: its category, and how names are read.
_ADDED: Final = frozenset({"category", "pinyin", "palladius"})


class BilingualXml:
    """Our format after the Shanghai Convention; the Structure's own is not public."""

    name = "sco-rats-xml/1"
    media_type = "application/xml"
    kinds = frozenset(ROOTS)

    def __init__(self, *, max_bytes: int) -> None:
        self._max_bytes = max_bytes

    def translate(self, record: Mapping[str, Any]) -> Translation:
        """Write a record: in Chinese if that is its language, else in Russian."""
        kind = Kind(record["kind"])
        if kind not in self.kinds:
            raise Refused("kind-not-carried", "The Structure's format does not have this kind of record.")
        tongue = Tongue.CHINESE if record["language"].partition("-")[0] == "zh" else Tongue.RUSSIAN
        rest = Rest(record)
        rest.take("kind")
        spaces: Any = {None: NAMESPACES[tongue]}
        root = etree.Element(_name(ROOTS[kind][0], tongue), nsmap=spaces)
        for field in fields_of(kind, tongue):
            if field.element == said(SUBJECT, tongue):
                _write_subjects(root, rest, tongue)
            elif field.element == said(CATEGORY.element, tongue):
                write(root, Rest({"category": str(category(record))}), (field,))
            else:
                write(root, rest, (field,))
        document = etree.tostring(root, encoding="utf-8", xml_declaration=True)
        return Translation(document=document, lost=rest.lost())

    def interpret(self, document: bytes) -> Interpretation:
        """Read a document; what the format does not have is kept as unknown."""
        root = read_xml(document, max_bytes=self._max_bytes)
        name = etree.QName(root)
        tongue = _TONGUES.get(str(name.namespace))
        kind = _KINDS.get(name.localname)
        if tongue is None or kind is None or name.localname != said(ROOTS[kind][0], tongue):
            raise malformed("its root is none of the Structure's documents")
        rest = Rest(tree(root, NAMESPACES[tongue]))
        parts: list[tuple[Path, Any]] = [(("kind",), kind.value)]
        for field in fields_of(kind, tongue):
            of_subjects = field.element == said(SUBJECT, tongue)
            parts += _read_subjects(rest, tongue) if of_subjects else read(rest, (field,))
        added = {path: value for path, value in parts if path[-1] in _ADDED}
        try:
            record = assemble((path, value) for path, value in parts if path not in added)
        except ValueError as error:
            raise malformed(f"its parts do not fit together: {error}") from None
        ours = dict(_added(record))
        unknown = dict(zip(rest.lost(), (each for _, each in rest.left()), strict=True))
        unknown |= {text_of(path): value for path, value in added.items() if ours.get(path) != value}
        return Interpretation(record=record, unknown=unknown)


def _name(pair: str, tongue: Tongue) -> str:
    return f"{{{NAMESPACES[tongue]}}}{said(pair, tongue)}"


def _write_subjects(root: _Element, rest: Rest, tongue: Tongue) -> None:
    for subject in rest.each("subjects"):
        sort = subject.see("type")
        if sort in SUBJECTS:
            subject.take("type")
            element = SUBJECTS[sort][0]
            inside = etree.SubElement(etree.SubElement(root, _name(SUBJECT, tongue)), _name(element, tongue))
            write(inside, subject, subject_fields(sort, tongue))
            if sort in NAMES:
                elements = inside.findall(_name(NAMES[sort], tongue))
                _write_readings(elements, readings(subject.see("names")), tongue)


def _write_readings(names: Iterable[_Element], read: Sequence[Reading | None], tongue: Tongue) -> None:
    for element, reading in zip(names, read, strict=True):
        if reading is not None:
            said_so = Rest({"pinyin": reading.pinyin, "palladius": reading.palladius})
            write(element, said_so, spoken(READING, tongue))


def _read_subjects(rest: Rest, tongue: Tongue) -> list[tuple[Path, Any]]:
    parts: list[tuple[Path, Any]] = []
    place = 0
    for outer in rest.each(said(SUBJECT, tongue)):
        for sort, (element, _) in SUBJECTS.items():
            views = list(outer.each(said(element, tongue)))
            if len(views) == 1:
                path = ("subjects", place)
                parts.append(((*path, "type"), sort))
                parts += _inside(views[0], path, subject_fields(sort, tongue))
                place += 1
    return parts


def _inside(view: Rest, path: Path, fields: Fields) -> list[tuple[Path, Any]]:
    return [((*path, *inner), value) for inner, value in read(view, fields)]


def _added(record: Mapping[str, Any]) -> Iterable[tuple[Path, str]]:
    """Yield what a document of ours holds beside the record."""
    number = category(record)
    if number in CATEGORIES:
        yield ("category",), str(number)
    for place, subject in enumerate(record.get("subjects", ())):
        if isinstance(subject, Mapping) and subject.get("type") in NAMES:
            for number, reading in enumerate(readings(subject.get("names", ()))):
                if reading is not None:
                    path = ("subjects", place, "names", number)
                    yield (*path, "pinyin"), reading.pinyin
                    yield (*path, "palladius"), reading.palladius
