"""Honest documents, damaged: bytes of any format, and the values in JSON, XML and TOML in their places."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from hypothesis import strategies as st
from lxml import etree

#: What programs have stumbled over, as bytes that stand anywhere.
_TOKENS: Final = (
    *(b'"', b"{", b"}", b"[", b"]", b"<", b">", b"</", b"/>", b"=", b":", b",", b"\\", b"\x00", b"\r", b"\n"),
    *(b"null", b"-1", b"0", b"1e999", b"NaN", b"9" * 5_000, b"\\u0000", b"\\ud800", b"\xef\xbb\xbf", b"\xff"),
    *(b"<![CDATA[", b"]]>", b"<!DOCTYPE x>", b"<!--", b"<?x ?>", b"&#0;", b"&lt;", b"[[", b"'''", b'"""'),
    *(b"[" * 2_000, b"{" * 2_000, b'{"a":' * 2_000, b"<a>" * 2_000, b"\n\n--b\n", b"0000-00-00", b"\x30\x80"),
)
#: Values in place of any other.
_VALUES: Final = (
    *(None, True, False, 0, -1, 2**53 - 1, 2**53, 1.5, -0.0, 1e300, "", " ", "\x00", "\ud800", "\u202e"),
    *("0000-00-00", "9999-12-31T23:59:60Z", "../../etc/passwd", "https://[", "\U0010ffff", "я" * 5_000),
    *(
        [],
        {},
        [[]],
        [None],
        {"": None},
        {"a": {}},
        [1.5, "a", None],
        ["a"] * 1_000,
        51.128207,
        "--",
        "1" * 400,
    ),
)
_DEEP: Final = 70

Change = Callable[[st.DrawFn, bytes, Sequence[bytes]], bytes]


@st.composite
def damaged(draw: st.DrawFn, honest: Sequence[bytes]) -> bytes:
    """Return one of some documents after a few changes."""
    raw = draw(st.sampled_from(list(honest)))
    for _ in range(draw(st.integers(1, 3))):
        raw = draw(st.sampled_from((_bytes, _bytes, _in_place, _in_place, _in_place)))(draw, raw, honest)
    return raw


def _bytes(draw: st.DrawFn, raw: bytes, honest: Sequence[bytes]) -> bytes:
    start = draw(st.integers(0, len(raw)))
    end = min(len(raw), start + draw(st.integers(0, 60)))
    other = draw(st.sampled_from(list(honest)))
    begin = draw(st.integers(0, len(other)))
    piece = draw(
        st.one_of(
            st.sampled_from(_TOKENS),
            st.binary(max_size=8),
            st.just(raw[start:end] * 2),
            st.just(other[begin : begin + 200]),
        )
    )
    return raw[:start] + piece + raw[end:]


def _in_place(draw: st.DrawFn, raw: bytes, honest: Sequence[bytes]) -> bytes:
    """Change a value where it stands; bytes of no such format are changed as bytes."""
    first = raw.lstrip()[:1]
    try:
        if first in (b"{", b"["):
            return _json(draw, raw)
        if first == b"<":
            return _xml(draw, raw)
    except (ValueError, RecursionError, etree.LxmlError):
        return _bytes(draw, raw, honest)
    return _toml(draw, raw) if b" = " in raw else _bytes(draw, raw, honest)


def _json(draw: st.DrawFn, raw: bytes) -> bytes:
    document = json.loads(raw)
    holder, step = draw(st.sampled_from(list(_places(document)) or [(document, None)]))
    if step is None:
        return raw
    match draw(st.integers(0, 4)):
        case 0:
            del holder[step]
        case 1:
            _, value = draw(st.sampled_from([(where, where[at]) for where, at in _places(document)]))
            holder[step] = json.loads(json.dumps(value))
        case 2:
            holder[step] = json.loads("[" * _DEEP + "]" * _DEEP)
        case 3 if isinstance(holder, dict):
            holder[draw(st.sampled_from(("kit", "", "id", "type", "$", "a.b[0]")))] = holder[step]
        case _:
            holder[step] = draw(st.sampled_from(_VALUES))
    return json.dumps(document, separators=(",", ":"), ensure_ascii=draw(st.booleans())).encode(
        errors="surrogatepass"
    )


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    for step in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, step
        if isinstance(value[step], (dict, list)):
            yield from _places(value[step])


def _xml(draw: st.DrawFn, raw: bytes) -> bytes:
    root = etree.fromstring(raw, etree.XMLParser(resolve_entities=False, no_network=True))
    each = draw(st.sampled_from([one for one in root.iter() if isinstance(one.tag, str)]))
    parent = each.getparent()
    match draw(st.integers(0, 4)):
        case 0 if parent is not None:
            parent.remove(each)
        case 1 if parent is not None:
            parent.insert(0, etree.fromstring(etree.tostring(each, with_tail=False)))
        case 2:
            each.set(draw(st.sampled_from((*each.attrib, "kit", "{urn:kit}kit"))), _word(draw))
        case 3:
            each.tag = draw(st.sampled_from(("kit", "{urn:kit}kit", root.tag)))
        case _:
            each.text = _word(draw)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def _word(draw: st.DrawFn) -> str:
    texts = [value for value in _VALUES if isinstance(value, str) and not {"\x00", "\ud800"} & set(value)]
    return draw(st.sampled_from([*texts, "-1", "1e9", "true", "NaN", "2026-02-30", "9" * 5_000]))


def _toml(draw: st.DrawFn, raw: bytes) -> bytes:
    lines = raw.split(b"\n")
    told = [number for number, line in enumerate(lines) if b" = " in line]
    number = draw(st.sampled_from(told))
    name = lines[number].partition(b" = ")[0]
    value = draw(
        st.sampled_from(
            (
                *(
                    b"inf",
                    b"nan",
                    b"-1",
                    b"0",
                    b"9" * 5_000,
                    b"1e999",
                    b"true",
                    b"''",
                    b"'\xff'",
                    b"0000-00-00",
                ),
                *(b"1979-05-27T00:32:00.999999-07:00", b"[]", b"[[]]", b"{}", b"{ a = 1 }", b"[ 'a', 1 ]"),
                *(b"07:32:00", b"[" * 2_000 + b"]" * 2_000, b"0x" + b"f" * 5_000, b'"\\u202e"'),
            )
        )
    )
    lines[number] = name + b" = " + value
    return b"\n".join(lines)
