"""Documents of others: each trick is refused with its code, and honest documents are read as written."""

from __future__ import annotations

from decimal import Decimal

import pytest

from adapters.kit.hostile import corpus
from adapters.reading import read_json, read_xml, write_json
from hub.errors import HubError, PeerFault

SMALL = 1024 * 1024
NOT_JSON = {"JSON null", "a JSON number", "an empty JSON list", "an empty JSON object"}


def code_of(read: object, raw: bytes) -> str | None:
    try:
        read(raw, max_bytes=SMALL)  # type: ignore[operator]
    except HubError as failure:
        return failure.code
    return None


@pytest.mark.parametrize(("name", "raw"), list(corpus()), ids=[name for name, _ in corpus()])
def test_hostile_documents_are_refused_by_both_readers(name: str, raw: bytes) -> None:
    as_json, as_xml = code_of(read_json, raw), code_of(read_xml, raw)
    if name not in NOT_JSON:  # these are JSON; that no dialect takes them is the kit's to say
        assert as_json is not None
    assert as_xml is not None


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b'{"a":1,"a":1}', "hostile"),
        (b'{"a":{"b":1,"b":2}}', "hostile"),
        (b'{"a":12345678901234567890}', "hostile"),
        (b'{"a":9007199254740992}', "hostile"),
        (b'{"a":1e400}', "hostile"),
        (b'{"a":0.' + b"1" * 60 + b"}", "hostile"),
        (b'{"a":NaN}', "hostile"),
        (b"[" * 65 + b"]" * 65, "hostile"),
        (b'{"a":"\\udfff"}', "hostile"),
        (b'{"\\ud800":1}', "hostile"),
        (b'{"a":1', "malformed"),
        (b'{"a":"\xff"}', "malformed"),
        (b'{"a":"' + b"x" * SMALL + b'"}', "too-large"),
    ],
)
def test_json_that_readers_understand_differently_is_refused(raw: bytes, code: str) -> None:
    assert code_of(read_json, raw) == f"partner-document-{code}"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"<!DOCTYPE a><a/>", "hostile"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "hostile"),
        (b'<a><?xml-stylesheet href="b.xsl"?></a>', "hostile"),
        (b'<?xml-stylesheet href="b.xsl"?><a/>', "hostile"),
        (b'<a xmlns:x="http://www.w3.org/1999/XSL/Transform"><x:value-of select="1"/></a>', "hostile"),
        (b'<a xmlns:x="http://www.w3.org/2001/XInclude"><x:include href="b"/></a>', "hostile"),
        (
            b'<a xmlns:x="http://www.w3.org/2001/XMLSchema-instance" x:noNamespaceSchemaLocation="b.xsd"/>',
            "hostile",
        ),
        (b"<a>" * 65 + b"</a>" * 65, "hostile"),
        (b"<a>" + b"<b/>" * 100_001 + b"</a>", "hostile"),
        (b"<a>&b;</a>", "malformed"),
        (b"<a>\x00</a>", "malformed"),
        (b"<a/><b/>", "malformed"),
        (b'<?xml version="1.0" encoding="KOI8-R"?><a/>', "malformed"),
        ("<a/>".encode("utf-16"), "malformed"),
        (b"<a>" + b"x" * SMALL + b"</a>", "too-large"),
    ],
)
def test_xml_that_makes_readers_act_is_refused(raw: bytes, code: str) -> None:
    assert code_of(read_xml, raw) == f"partner-document-{code}"


def test_numbers_are_read_exactly_as_written() -> None:
    raw = b'{"a":43.2500,"b":-0.0000001,"c":[1,true,null]}'
    value = read_json(raw, max_bytes=100)
    assert (str(value["a"]), value["b"]) == ("43.2500", Decimal("-0.0000001"))
    assert read_json(write_json(value), max_bytes=100) == value


def test_honest_xml_is_read() -> None:
    root = read_xml("<а><б в='г'>текст</б><!-- aside --></а>".encode(), max_bytes=100)
    assert [(each.tag, each.text) for each in root] == [("б", "текст")]


def test_what_is_refused_is_not_repeated() -> None:
    with pytest.raises(PeerFault) as refused:
        read_json(b'{"secret-name":1,"secret-name":2}', max_bytes=100)
    assert "secret" not in str(refused.value)
