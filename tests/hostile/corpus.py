"""Hostile documents: what stands in XML, JSON and STIX, and with `packaged` what is around them."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

from tests.adapters.carriers.as4 import test_vectors as as4
from tests.hostile.entries import AMBIGUOUS, HOSTILE, JSON, MALFORMED, SIGNATURE, XML, Entry, honest
from tests.hostile.packaged import bombs, mime, signatures
from tests.hostile.readers import as4_raw


def corpus() -> Iterator[Entry]:
    """Yield every entry; each sort has one at least for each reader that it concerns."""
    yield from _xml()
    yield from _json()
    yield from _stix()
    yield from bombs()
    yield from mime()
    yield from signatures()
    yield from _as4()


def _xml() -> Iterator[Entry]:
    laughs = "".join(
        f'<!ENTITY {two} "{f"&{one};" * 10}">' for one, two in zip("abcdefghi", "bcdefghij", strict=True)
    )
    prologs = (
        ("entities", "an entity of its own", '<!DOCTYPE x [<!ENTITY a "b">]>'),
        (
            "external references",
            "an external entity",
            '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        ),
        (
            "external references",
            "an external document type",
            '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">',
        ),
        ("external references", "a parameter entity", '<!DOCTYPE x [<!ENTITY % a SYSTEM "file:///x"> %a;]>'),
        ("billion laughs", "a billion laughs", f'<!DOCTYPE x [<!ENTITY a "ha">{laughs}]>'),
    )
    for sort, name, prolog in prologs:
        yield _around(sort, name, "UN list", "list-invalid", prolog)
        for adapter in XML:
            yield _around(sort, name, f"dialect {adapter}", HOSTILE, prolog)
    sheet = '<?xml-stylesheet type="text/xsl" href="http://127.0.0.1:9/a.xsl"?>'
    include = (
        '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>'
    )
    transform = '<t:stylesheet version="1.0" xmlns:t="http://www.w3.org/1999/XSL/Transform"/>'
    for adapter in XML:
        reader = f"dialect {adapter}"
        yield _around("XSLT", "a stylesheet beside it", reader, HOSTILE, sheet)
        yield _inside("XSLT", "a stylesheet in it", reader, HOSTILE, transform)
        yield _inside("external references", "an inclusion", reader, HOSTILE, include)
        yield _inside("deep nesting", "elements in elements", reader, HOSTILE, "<a>" * 100 + "</a>" * 100)
        yield Entry(
            sort="signature wrapping",
            name="a signed document in a document",
            reader=reader,
            code=MALFORMED,
            make=lambda reader=reader: b'<a Id="b">' + SIGNATURE + _root(honest(reader)) + b"</a>",
        )


def _root(document: bytes) -> bytes:
    return document.partition(b"?>")[2] if document.startswith(b"<?xml") else document


def _around(sort: str, name: str, reader: str, code: str, prolog: str) -> Entry:
    return Entry(
        sort=sort, name=name, reader=reader, code=code, make=lambda: prolog.encode() + _root(honest(reader))
    )


def _inside(sort: str, name: str, reader: str, code: str, element: str) -> Entry:
    def make() -> bytes:
        document = honest(reader)
        place = document.rindex(b"</")
        return document[:place] + element.encode() + document[place:]

    return Entry(sort=sort, name=name, reader=reader, code=code, make=make)


def _json() -> Iterator[Entry]:
    members = (
        ("duplicate keys", "a name twice", b'"kit":1,"kit":2'),
        ("duplicate keys", "a name twice, once escaped", b'"kit":1,"\\u006bit":2'),
        ("huge numbers", "a number of 5,000 digits", b'"kit":' + b"9" * 5_000),
        ("huge numbers", "an exponent beyond bounds", b'"kit":1e999999999'),
        ("huge numbers", "no number", b'"kit":NaN'),
        ("deep nesting", "lists in lists", b'"kit":' + b"[" * 20_000 + b"]" * 20_000),
        ("deep nesting", "objects in objects", b'"kit":' + b'{"a":' * 5_000 + b"1" + b"}" * 5_000),
    )
    for sort, name, member in members:
        for adapter in JSON:
            yield _member(sort, name, f"dialect {adapter}", HOSTILE, member)
        yield _member(sort, name, "TAXII objects", HOSTILE, member)
        yield _member(sort, name, "record", "request-malformed", member)
        yield _member(sort, name, "envelope", "envelope-malformed", member)
        yield _member(sort, name, "receipt", "receipt-invalid", member)
        yield _member(sort, name, "card, signed", "card-invalid", member)
        yield _member(sort, name, "courier bundle, signed", "document-invalid", member)


def _member(sort: str, name: str, reader: str, code: str, member: bytes) -> Entry:
    return Entry(
        sort=sort,
        name=name,
        reader=reader,
        code=code,
        make=lambda: honest(reader).replace(b"{", b"{" + member + b",", 1),
    )


def _as4() -> Iterator[Entry]:
    for one in as4.forger().messages():
        yield Entry(
            sort=one.sort,
            name=one.name,
            reader="AS4 message",
            code=one.code,
            make=lambda one=one: as4_raw(one.make()),
        )
    for row in as4.SAID["receipts"]:
        yield Entry(
            sort="forged receipts",
            name=row["name"],
            reader="AS4 receipt",
            code=row["code"],
            make=lambda row=row: b64decode(row["raw"]),
        )


def _stix() -> Iterator[Entry]:
    for reader in ("dialect bilateral-stix", "dialect bilateral-stix-plain", "TAXII objects"):
        yield Entry(
            sort="STIX ids",
            name="one id twice with different content",
            reader=reader,
            code=AMBIGUOUS,
            make=lambda reader=reader: _twice(honest(reader)),
        )


def _twice(document: bytes) -> bytes:
    bundle: dict[str, Any] = json.loads(document)
    report = next(one for one in bundle["objects"] if one["type"] == "report")
    bundle["objects"].append({**report, "name": "Quite another matter"})
    return json.dumps(bundle).encode()
