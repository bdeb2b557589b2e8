"""Documents that no honest partner sends: a fixed corpus, and an adapter's own documents spoiled.

What is here must be refused with a code by every dialect, whatever its format; what `mutations` makes may be
read, too, but never with another failure than the contract's.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

_DEEP: Final = 100_000
_LAUGHS: Final = (
    '<!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(
        f'<!ENTITY {two} "{f"&{one};" * 10}">' for one, two in zip("abcdefghi", "bcdefghij", strict=True)
    )
    + "]>"
)
_EXTERNAL: Final = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
_PARAMETER: Final = '<!DOCTYPE x [<!ENTITY % a SYSTEM "http://127.0.0.1:9/a.dtd"> %a;]>'
_XSLT: Final = '<?xml-stylesheet type="text/xsl" href="http://127.0.0.1:9/a.xsl"?>'
_TRANSFORM: Final = (
    '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">'
    '<xsl:template match="/"><xsl:copy-of select="document(\'file:///etc/passwd\')"/></xsl:template>'
    "</xsl:stylesheet>"
)
_INCLUDE: Final = (
    '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>'
)


def corpus() -> Iterator[tuple[str, bytes]]:
    """Yield (name, bytes) of documents that every dialect refuses."""
    yield from _json()
    yield from _xml()
    yield "nothing", b""
    yield "blanks", b" \n\t "
    yield "zeros", bytes(4096)
    yield "random bytes", random.Random(6).randbytes(4096)  # noqa: S311 - a seeded corpus
    yield "a zip archive", b"PK\x03\x04" + bytes(64)
    yield "a compressed stream", b"\x1f\x8b\x08" + bytes(64)


def _json() -> Iterator[tuple[str, bytes]]:
    yield "JSON null", b"null"
    yield "a JSON number", b"1"
    yield "an empty JSON list", b"[]"
    yield "an empty JSON object", b"{}"
    yield "JSON with a name twice", b'{"type":"bundle","type":"bundle","objects":[]}'
    yield "JSON with a name twice, once escaped", b'{"kind":"notice","\\u006bind":"diffusion"}'
    yield "JSON with an endless number", b'{"a":' + b"9" * 100_000 + b"}"
    yield "JSON with a number beyond bounds", b'{"a":1e999999999}'
    yield "JSON with NaN", b'{"a":NaN}'
    yield "JSON with Infinity", b'{"a":-Infinity}'
    yield "JSON lists in lists", b"[" * _DEEP + b"]" * _DEEP
    yield "JSON lists that never end", b"[" * _DEEP
    yield "JSON objects in objects", b'{"a":' * _DEEP + b"1" + b"}" * _DEEP
    yield "JSON with half a surrogate pair", b'{"a":"\\ud800"}'
    yield "JSON that is not UTF-8", b'{"a":"\xff"}'
    yield "JSON in UTF-16", '{"a":1}'.encode("utf-16")
    yield "JSON cut short", b'{"type":"bundle","objects":['
    yield "JSON with more behind", b'{"a":1} {"a":2}'


def _xml() -> Iterator[tuple[str, bytes]]:
    for name, prolog, inside in (
        ("XML that laughs a billion times", _LAUGHS, "&j;"),
        ("XML with an external entity", _EXTERNAL, "&a;"),
        ("XML with a parameter entity", _PARAMETER, ""),
        ("XML with a document type elsewhere", '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">', ""),
        ("XML with a stylesheet", _XSLT, ""),
        ("XML that includes a file", "", _INCLUDE),
        ("XML that holds a stylesheet", "", _TRANSFORM),
        ("XML nested without end", "", "<a>" * 10_000 + "</a>" * 10_000),
        ("XML that ends too early", "", "<a>"),
        ("XML with an undefined entity", "", "&nowhere;"),
        ("XML with many attributes", "", "<a " + " ".join(f'b{n}="1"' for n in range(100_000)) + "/>"),
    ):
        yield name, f'<?xml version="1.0" encoding="UTF-8"?>{prolog}<x>{inside}</x>'.encode()
    yield "XML in UTF-16", '<?xml version="1.0" encoding="UTF-16"?><x/>'.encode("utf-16")
    yield "XML in UTF-7", b'<?xml version="1.0" encoding="UTF-7"?><x>+ADw-</x>'


def spoiled(document: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield (name, bytes) of an honest document with one hostile thing in it; each must be refused."""
    if document.lstrip()[:1] == b"{":
        for name, member in (
            ("with a name twice", b'"kit":1,"kit":2'),
            ("with an endless number", b'"kit":' + b"9" * 5_000),
            ("with a number beyond bounds", b'"kit":1e99999'),
            ("with NaN", b'"kit":NaN'),
            ("nested without end", b'"kit":' + b"[" * 5_000 + b"]" * 5_000),
            ("with half a surrogate pair", b'"kit":"\\udc00"'),
        ):
            yield f"its own document {name}", document.replace(b"{", b"{" + member + b",", 1)
        yield "its own document with more behind", document + b"{}"
    elif document.lstrip()[:1] == b"<":
        yield from _spoiled_xml(document)
    yield "its own document cut in half", document[: len(document) // 2]


def _spoiled_xml(document: bytes) -> Iterator[tuple[str, bytes]]:
    declaration, _, root = (
        document.partition(b"?>") if document.startswith(b"<?xml") else (b"", b"", document)
    )
    head = declaration + b"?>" if declaration else b""
    for name, prolog in (
        ("that laughs", _LAUGHS),
        ("with an external entity", _EXTERNAL),
        ("with a parameter entity", _PARAMETER),
        ("with a stylesheet", _XSLT),
    ):
        yield f"its own document {name}", head + prolog.encode() + root
    place = document.rindex(b"</")
    for name, inside in (
        ("that includes a file", _INCLUDE),
        ("that holds a stylesheet", _TRANSFORM),
        ("nested without end", "<a>" * 5_000 + "</a>" * 5_000),
    ):
        yield f"its own document {name}", document[:place] + inside.encode() + document[place:]


def mutations(document: bytes, *, seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    """Yield (name, bytes) of a document with random damage, the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - repeatable damage, not a secret
    for number in range(count):
        raw = bytearray(document)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(raw)) if raw else 0
            end = min(len(raw), at + chance.randint(1, 40))
            match chance.randrange(5):
                case 0:
                    raw[at : at + 1] = chance.randbytes(1)
                case 1:
                    del raw[at:end]
                case 2:
                    raw[at:at] = raw[at:end]
                case 3:
                    raw[at:at] = chance.choice(
                        (b'"', b"{", b"[", b"null", b"<", b">", b"]]>", b"0", b"\x00", b"-1")
                    )
                case _:
                    other = chance.randrange(len(raw)) if raw else 0
                    raw[at:end] = raw[other : other + (end - at)]
        yield f"damage {number} of seed {seed}", bytes(raw)
