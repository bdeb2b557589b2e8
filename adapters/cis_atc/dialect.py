"""Requests, answers, information and search cards as Russian XML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lxml import etree
from lxml.etree import _Element

from adapters.cis_atc.format import NAMESPACE, ORGANISATION, PERSON, ROOTS, fields_of
from adapters.contract import Interpretation, Translation
from adapters.reading import malformed, read_xml
from adapters.rest import Path, Rest, assemble
from adapters.tables import read, tree, write
from hub.errors import Refused
from hub.records.kinds import Kind

_SUBJECTS: Final = {"person": ("Лицо", PERSON), "organisation": ("Организация", ORGANISATION)}
_SPACES: Final[Any] = {None: NAMESPACE}
_KINDS: Final = {root: kind for kind, (root, _) in ROOTS.items()}


class RussianXml:
    """Our format after the CIS Treaty of 4 June 1999; the Centre's own is not public."""

    name = "cis-atc-xml/1"
    media_type = "application/xml"
    kinds = frozenset(ROOTS)

    def __init__(self, *, max_bytes: int) -> None:
        self._max_bytes = max_bytes

    def translate(self, record: Mapping[str, Any]) -> Translation:
        """Write a record; subjects that are neither person nor organisation are lost."""
        kind = Kind(record["kind"])
        if kind not in self.kinds:
            raise Refused(
                "kind-not-carried", "The Centre's format has requests, answers, information and cards."
            )
        rest = Rest(record)
        rest.take("kind")
        root = etree.Element(f"{{{NAMESPACE}}}{ROOTS[kind][0]}", nsmap=_SPACES)
        for field in fields_of(kind):
            if field.element == "Объект":
                _write_subjects(root, rest)
            else:
                write(root, rest, (field,))
        document = etree.tostring(root, encoding="utf-8", xml_declaration=True)
        return Translation(document=document, lost=rest.lost())

    def interpret(self, document: bytes) -> Interpretation:
        """Read a document; elements that the format does not have are kept as unknown."""
        root = read_xml(document, max_bytes=self._max_bytes)
        name = etree.QName(root)
        if name.namespace != NAMESPACE or name.localname not in _KINDS:
            raise malformed("its root is none of the Centre's documents")
        kind = _KINDS[name.localname]
        rest = Rest(tree(root, NAMESPACE))
        parts: list[tuple[Path, Any]] = [(("kind",), kind.value)]
        for field in fields_of(kind):
            parts += _read_subjects(rest) if field.element == "Объект" else read(rest, (field,))
        try:
            record = assemble(parts)
        except ValueError as error:
            raise malformed(f"its parts do not fit together: {error}") from None
        return Interpretation(
            record=record,
            unknown=dict(zip(rest.lost(), (each for _, each in rest.left()), strict=True)),
        )


def _write_subjects(root: _Element, rest: Rest) -> None:
    for subject in rest.each("subjects"):
        if subject.see("type") in _SUBJECTS:
            element, fields = _SUBJECTS[subject.take("type")]
            outer = etree.SubElement(root, f"{{{NAMESPACE}}}Объект")
            write(etree.SubElement(outer, f"{{{NAMESPACE}}}{element}"), subject, fields)


def _read_subjects(rest: Rest) -> list[tuple[Path, Any]]:
    parts: list[tuple[Path, Any]] = []
    place = 0
    for outer in rest.each("Объект"):
        for sort, (element, fields) in _SUBJECTS.items():
            views = list(outer.each(element))
            if len(views) == 1:
                path = ("subjects", place)
                parts.append(((*path, "type"), sort))
                parts += [((*path, *inner), value) for inner, value in read(views[0], fields)]
                place += 1
    return parts
