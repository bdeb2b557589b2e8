"""SOAP 1.2 envelopes as AS4 has them: read strictly, so that what is used is what was signed.

Header and Body, and in the header one `eb:Messaging` and at most one `wsse:Security`: each is found by its
place and never by an id, and no id may stand twice. So a signature cannot be about another element than the
one that is read (signature wrapping).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lxml import etree
from lxml.etree import _Element

from adapters.carriers.as4.names import EB, PREFIXES, SOAP, WSSE
from adapters.reading import hostile, malformed, read_xml

#: A header says who, what and which parts; receipts repeat digests.
MAX_BYTES: Final = 256 * 1024
_MAX_DEPTH: Final = 24
_MAX_TEXT: Final = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """An envelope and the places in it."""

    root: _Element
    messaging: _Element
    security: _Element | None
    body: _Element


def read_envelope(raw: bytes) -> Envelope:
    """Read an envelope. Raises PeerFault `partner-document-malformed`, `-hostile` and `-too-large`."""
    root = read_xml(raw, max_bytes=MAX_BYTES, max_depth=_MAX_DEPTH)
    _refuse_instructions(root)
    _refuse_ids(root)
    if root.tag != tag(SOAP, "Envelope") or [child.tag for child in root] != [
        tag(SOAP, "Header"),
        tag(SOAP, "Body"),
    ]:
        raise malformed("it is not a SOAP 1.2 envelope with a header and a body")
    header, body = root
    known = {tag(EB, "Messaging"), tag(WSSE, "Security")}
    if any(child.tag not in known for child in header):
        raise malformed("its header has more than eb:Messaging and wsse:Security")
    return Envelope(
        root=root,
        messaging=one(header, EB, "Messaging"),
        security=maybe(header, WSSE, "Security"),
        body=body,
    )


def new_envelope() -> tuple[_Element, _Element, _Element]:
    """Return a root, its header and its empty body."""
    root = etree.Element(tag(SOAP, "Envelope"), nsmap=PREFIXES)
    return root, add(root, SOAP, "Header"), add(root, SOAP, "Body")


def written(root: _Element) -> bytes:
    """Return an envelope's bytes."""
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def tag(namespace: str, name: str) -> str:
    """Return an element's name as lxml writes it."""
    return f"{{{namespace}}}{name}"


def add(
    parent: _Element, namespace: str, name: str, text: str | None = None, /, **attributes: str
) -> _Element:
    """Add an element."""
    made = etree.SubElement(parent, tag(namespace, name), attributes)
    made.text = text
    return made


def every(parent: _Element, namespace: str, name: str) -> Sequence[_Element]:
    """Return the children of a name."""
    return [child for child in parent if child.tag == tag(namespace, name)]


def maybe(parent: _Element, namespace: str, name: str) -> _Element | None:
    """Return the child of a name, if there is one; refuse two."""
    found = every(parent, namespace, name)
    if len(found) > 1:
        raise hostile(f"{name} stands there {len(found)} times")
    return found[0] if found else None


def one(parent: _Element, namespace: str, name: str) -> _Element:
    """Return the only child of a name."""
    found = maybe(parent, namespace, name)
    if found is None:
        raise malformed(f"{name} is missing")
    return found


def text_of(element: _Element) -> str:
    """Return the text of an element that holds nothing else."""
    if len(element):
        raise malformed(f"{etree.QName(element).localname} holds elements where a text belongs")
    text = (element.text or "").strip()
    if len(text) > _MAX_TEXT:
        raise hostile(f"{etree.QName(element).localname} has more than {_MAX_TEXT:,} characters")
    return text


def octets_of(element: _Element) -> bytes:
    """Return what an element holds as base64."""
    try:
        return base64.b64decode("".join(text_of(element).split()), validate=True)
    except (binascii.Error, ValueError):
        raise malformed(f"{etree.QName(element).localname} is not base64") from None


def attribute(element: _Element, name: str) -> str:
    """Return an attribute, or an empty text."""
    return str(element.get(name, ""))


def _refuse_instructions(root: _Element) -> None:
    """Refuse what SOAP has no place for (SOAP 1.2 §5) and a canonical form would still sign."""
    before = root.getprevious() is not None or root.getnext() is not None
    if before or next(root.iter(etree.ProcessingInstruction, etree.Entity), None) is not None:
        raise hostile("it has processing instructions")


def _refuse_ids(root: _Element) -> None:
    seen: set[str] = set()
    for element in root.iter():
        for name, value in element.attrib.items():
            if etree.QName(str(name)).localname.lower() != "id":
                continue
            if str(value) in seen:
                raise hostile("two elements in it have the same id")
            seen.add(str(value))
