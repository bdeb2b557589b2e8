"""XML dialects as tables: which element carries which field. Writing, reading and the XSD follow.

Whoever changes a partner's format changes its table; nothing is said twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lxml import etree
from lxml.etree import _Element

from adapters.reading import malformed
from adapters.rest import Path, Rest

_XS: Final = "http://www.w3.org/2001/XMLSchema"
#: What an element's own text is called in a tree.
TEXT: Final = "#"
_WHOLE: Final = re.compile(r"0|-?[1-9][0-9]{0,14}")
_BUILT_IN: Final = {"text": "string", "whole": "integer", "flag": "boolean"}


@dataclass(frozen=True, kw_only=True)
class Field:
    """An element, and the field of the record that it carries.

    `form` is text, whole or flag. `words` are what the partner calls the values of a closed set: a value
    without a word is lost. `inner` are the elements inside, for an object. With `many` it is repeated.
    """

    element: str
    path: Path
    form: str = "text"
    words: Mapping[str, str] | None = None
    inner: tuple[Field, ...] = ()
    many: bool = False


def write(parent: _Element, rest: Rest, fields: tuple[Field, ...]) -> None:
    """Append to an element what a record has of some fields; what has no element is left."""
    for field in fields:
        views = list(rest.each(*field.path)) if field.many else [rest.at(*field.path)]
        for view in views:
            if view.see() in (None, ""):
                continue
            if field.inner:
                inside = etree.Element(_name(parent, field))
                write(inside, view, field.inner)
                if len(inside):
                    parent.append(inside)
            elif (text := _text(view, field)) is not None:
                etree.SubElement(parent, _name(parent, field)).text = text


def _name(parent: _Element, field: Field) -> str:
    tag: Any = parent.tag
    return f"{tag.partition('}')[0]}}}{field.element}"


def _text(view: Rest, field: Field) -> str | None:
    if field.words is not None:
        word = field.words.get(view.see())
        if word is not None:
            view.take()
        return word
    value = view.take()
    if field.form == "flag":
        return "true" if value else "false"
    return str(value)


def tree(element: _Element, namespace: str) -> dict[str, Any]:
    """Return an element as a document: lists of its children by name, attributes, and its text.

    Names of other namespaces keep theirs. Raises PeerFault for text between elements.
    """
    found: dict[str, Any] = {"@" + str(name): value for name, value in element.attrib.items()}
    own = f"{{{namespace}}}"
    text = element.text or ""
    for child in element:
        if not isinstance(child.tag, str):
            raise malformed("it holds a processing instruction")
        if (child.tail or "").strip():
            raise malformed("it has text between its elements")
        found.setdefault(child.tag.removeprefix(own), []).append(tree(child, namespace))
    if len(element):
        if text.strip():
            raise malformed("it has text between its elements")
    elif text:
        found[TEXT] = text
    return found


def read(rest: Rest, fields: tuple[Field, ...]) -> Iterator[tuple[Path, Any]]:
    """Yield what a tree says of some fields; what has no field is left."""
    for field in fields:
        found = list(rest.each(field.element))
        if len(found) > 1 and not field.many:
            raise malformed("an element that stands alone stands in it twice")
        for place, view in enumerate(found):
            path = (*field.path, place) if field.many else field.path
            if field.inner:
                yield from (((*path, *inner), value) for inner, value in read(view, field.inner))
            elif (value := _value(view, field)) is not None:
                yield path, value


def _value(view: Rest, field: Field) -> Any:
    text = view.see(TEXT)
    if not isinstance(text, str):
        return None
    value: Any = text
    if field.words is not None:
        value = next((ours for ours, theirs in field.words.items() if theirs == text.strip()), None)
    elif field.form == "whole":
        value = int(text) if _WHOLE.fullmatch(text.strip()) else None
    elif field.form == "flag":
        value = {"true": True, "1": True, "false": False, "0": False}.get(text.strip())
    if value is not None:
        view.take(TEXT)
    return value


def xsd(namespace: str, roots: Mapping[str, tuple[Field, ...]]) -> bytes:
    """Return the XML schema of a table's documents: elements in the table's order, then those of others.

    What several elements hold alike is one named type.
    """
    spaces: Any = {"xs": _XS, None: namespace}  # None stands for the namespace without a prefix
    schema = etree.Element(
        f"{{{_XS}}}schema",
        {"targetNamespace": namespace, "elementFormDefault": "qualified"},
        nsmap=spaces,
    )
    types = _Types()
    for name, fields in roots.items():
        _complex(etree.SubElement(schema, f"{{{_XS}}}element", {"name": name}), fields, types)
    for name, fields in types.each():
        _complex(schema, fields, types, name=name)
    return etree.tostring(schema, encoding="utf-8", xml_declaration=True, pretty_print=True)


class _Types:
    """Names for what elements hold: the name of the first element that holds it, numbered if it is taken."""

    def __init__(self) -> None:
        self._named: dict[str, tuple[Field, ...]] = {}

    def name(self, element: str, fields: tuple[Field, ...]) -> str:
        for name, known in self._named.items():
            if known == fields:
                return name
        number = sum(1 for name in self._named if name.rstrip("0123456789") == element)
        name = element if number == 0 else f"{element}{number + 1}"
        self._named[name] = fields
        return name

    def each(self) -> Iterator[tuple[str, tuple[Field, ...]]]:
        """Yield each type; more may be named meanwhile."""
        done = 0
        while done < len(self._named):
            yield list(self._named.items())[done]
            done += 1


def _complex(parent: _Element, fields: tuple[Field, ...], types: _Types, *, name: str | None = None) -> None:
    outer = etree.SubElement(parent, f"{{{_XS}}}complexType", {} if name is None else {"name": name})
    sequence = etree.SubElement(outer, f"{{{_XS}}}sequence")
    for field in fields:
        bounds = {"minOccurs": "0", "maxOccurs": "unbounded" if field.many else "1"}
        inside = etree.SubElement(sequence, f"{{{_XS}}}element", {"name": field.element, **bounds})
        if field.inner:
            inside.set("type", types.name(field.element, field.inner))
        elif field.words is not None:
            base = {"base": "xs:string"}
            simple = etree.SubElement(inside, f"{{{_XS}}}simpleType")
            restriction = etree.SubElement(simple, f"{{{_XS}}}restriction", base)
            for word in field.words.values():
                etree.SubElement(restriction, f"{{{_XS}}}enumeration", {"value": word})
        else:
            inside.set("type", f"xs:{_BUILT_IN[field.form]}")
    etree.SubElement(
        sequence,
        f"{{{_XS}}}any",
        {"namespace": "##other", "processContents": "lax", "minOccurs": "0", "maxOccurs": "unbounded"},
    )
