"""Read documents of others strictly: bounded, without what two readers could understand differently.

JSON with a name twice, with NaN, with numbers that libraries round, or nested without end is refused; so is
XML with a document type, entities, stylesheets or references to other files. A document is refused whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NoReturn

import msgspec
from lxml import etree
from lxml.etree import _Element

from hub.envelope.encoding import refuse_deeper
from hub.errors import PeerFault

MAX_DEPTH: Final = 64
#: Beyond this whole numbers are not the same in every JSON library (RFC 8259, section 6).
_MAX_INTEGER: Final = 2**53 - 1
_MAX_DIGITS: Final = 40
_MAX_ELEMENTS: Final = 100_000
_WRITER: Final = msgspec.json.Encoder(decimal_format="number")
#: Targets of processing instructions that make readers fetch or run something.
_STYLESHEET: Final = re.compile(r"xml-stylesheet", re.IGNORECASE)
_XSLT: Final = "{http://www.w3.org/1999/XSL/Transform}"
_XINCLUDE: Final = "{http://www.w3.org/2001/XInclude}"
_SCHEMA_PLACES: Final = (
    "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation",
    "{http://www.w3.org/2001/XMLSchema-instance}noNamespaceSchemaLocation",
)


def malformed(sentence: str) -> PeerFault:
    """Build the failure for what is not of its format."""
    return PeerFault("partner-document-malformed", f"The partner's document cannot be read: {sentence}.")


def hostile(sentence: str) -> PeerFault:
    """Build the failure for what no honest document holds."""
    return PeerFault("partner-document-hostile", f"The partner's document is not opened: {sentence}.")


def bounded(raw: bytes, max_bytes: int) -> bytes:
    """Return the bytes if they are not too many; raise PeerFault `partner-document-too-large`."""
    if len(raw) > max_bytes:
        raise PeerFault(
            "partner-document-too-large",
            f"The partner's document has {len(raw):,} bytes; at most {max_bytes:,} are taken.",
        )
    return raw


def read_json(raw: bytes, *, max_bytes: int, max_depth: int = MAX_DEPTH) -> Any:
    """Parse one JSON document in UTF-8. Numbers with a fraction become Decimal, exact as written."""
    try:
        value = json.loads(
            bounded(raw, max_bytes).decode("utf-8-sig"),
            object_pairs_hook=_unique,
            parse_float=_exact,
            parse_int=_whole,
            parse_constant=_no_constant,
        )
    except UnicodeDecodeError as error:
        raise malformed(f"byte {error.start + 1} is not UTF-8") from None
    except RecursionError:
        raise hostile(f"it nests deeper than {max_depth} levels") from None
    except json.JSONDecodeError as error:
        raise malformed(f"it is not JSON at line {error.lineno}, column {error.colno}") from None
    try:
        if isinstance(value, (dict, list)):
            refuse_deeper(value, max_depth)
    except ValueError:
        raise hostile(f"it nests deeper than {max_depth} levels") from None
    if b"\\u" in raw:
        _refuse_halves(value)
    return value


def write_json(value: Any) -> bytes:
    """Write a document of ours: compact, in UTF-8, in the order in which it was made; Decimal as a number."""
    return _WRITER.encode(value)


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise hostile("an object in it holds the same name twice")
    return found


def _exact(text: str) -> Decimal:
    if len(text) > _MAX_DIGITS:
        raise hostile(f"a number in it has more than {_MAX_DIGITS} digits")
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise hostile("a number in it is beyond all bounds") from None
    if abs(number.adjusted()) > _MAX_DIGITS:
        raise hostile("a number in it is beyond all bounds")
    return number


def _whole(text: str) -> int:
    # Bounded as text first: converting very long digits is slow.
    if len(text) > 17 or abs(int(text)) > _MAX_INTEGER:
        raise hostile(f"a whole number in it is beyond ±{_MAX_INTEGER}")
    return int(text)


def _no_constant(text: str) -> NoReturn:
    raise hostile("NaN and Infinity are not numbers of JSON")


def _refuse_halves(value: Any) -> None:
    """Refuse text that no UTF-8 can carry, which only an escape can bring."""
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode("utf-8")
    except UnicodeEncodeError:
        raise hostile("a text in it holds half of a surrogate pair") from None


def read_xml(raw: bytes, *, max_bytes: int, max_depth: int = MAX_DEPTH) -> _Element:
    """Parse one XML document; nothing in it is expanded, fetched or run."""
    bounded(raw, max_bytes)
    _refuse_type(raw)
    parser = etree.XMLPullParser(
        events=("start", "end", "pi"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        remove_comments=True,
    )
    try:
        _feed(parser, raw, max_depth)
        root = parser.close()
    except etree.XMLSyntaxError:
        raise malformed("it is not well-formed XML") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise hostile("it has a document type")
    return root


def _refuse_type(raw: bytes) -> None:
    """Refuse a document type before anything reads it, in each encoding that parsers guess."""
    head = raw[:4]
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in head:
        raise malformed("it is not in UTF-8")
    declared = re.match(rb"\s*<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']", raw[:200])
    if declared is not None and declared[1].lower() not in (b"utf-8", b"us-ascii"):
        raise malformed("it is not in UTF-8")
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
        raise hostile("it has a document type or defines entities")


def _feed(parser: Any, raw: bytes, max_depth: int) -> None:
    depth = count = 0
    for start in range(0, len(raw), 64 * 1024):
        parser.feed(raw[start : start + 64 * 1024])
        for event, element in parser.read_events():
            if event == "pi":
                if _STYLESHEET.match(element.target or ""):
                    raise hostile("it names a stylesheet")
            elif event == "end":
                depth -= 1
            else:
                depth, count = depth + 1, count + 1
                _refuse_element(element)
                if depth > max_depth:
                    raise hostile(f"it nests deeper than {max_depth} levels")
                if count > _MAX_ELEMENTS:
                    raise hostile(f"it has more than {_MAX_ELEMENTS:,} elements")


def _refuse_element(element: _Element) -> None:
    tag = str(element.tag)
    if tag.startswith(_XSLT):
        raise hostile("it holds a stylesheet")
    if tag.startswith(_XINCLUDE):
        raise hostile("it includes other documents")
    if any(element.get(name) is not None for name in _SCHEMA_PLACES):
        raise hostile("it names a schema for its reader to fetch")
