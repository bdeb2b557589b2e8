"""SOAP with attachments: multipart/related, its first part the envelope, the others named by Content-ID."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from typing import Final
from uuid import uuid4

from adapters.carriers.as4.names import SOAP_TYPE
from adapters.reading import hostile, malformed

_RELATED: Final = "multipart/related"
_BOUNDARY: Final = re.compile(r"[A-Za-z0-9'()+_,./:=? -]{0,69}[A-Za-z0-9'()+_,./:=?-]")
_CID: Final = re.compile(r"<([\x21-\x3b\x3d\x3f-\x7e]{1,250})>")
#: An envelope and its payloads: more than one is read only to be answered with why it is not taken.
_MAX_PARTS: Final = 9
_MAX_HEADER_BYTES: Final = 8 * 1024
#: In which bytes are carried as they are (RFC 2045 §6.2).
_PLAIN: Final = frozenset({"binary", "8bit", "7bit"})


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The envelope of a message, and its other parts by their `cid:`."""

    envelope: bytes = field(repr=False)
    attached: Mapping[str, bytes] = field(repr=False)


def write_parts(envelope: bytes, attached: Mapping[str, bytes]) -> tuple[str, bytes]:
    """Return a message's Content-Type and its body."""
    boundary = f"part-{uuid4().hex}"
    lines: list[bytes] = []
    told = [(f"{SOAP_TYPE}; charset=UTF-8", "envelope@hub", envelope)]
    told += [("application/octet-stream", uri.removeprefix("cid:"), each) for uri, each in attached.items()]
    for kind, cid, content in told:
        head = (
            f"--{boundary}\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: binary\r\n"
            f"Content-ID: <{cid}>\r\n\r\n"
        )
        lines += [head.encode("ascii"), content, b"\r\n"]
    lines.append(f"--{boundary}--\r\n".encode("ascii"))
    media = f'{_RELATED}; type="{SOAP_TYPE}"; start="<envelope@hub>"; boundary="{boundary}"'
    return media, b"".join(lines)


def read_parts(media_type: str, body: bytes) -> Parts:
    """Read a message's parts. Raises PeerFault `partner-document-malformed` and `-hostile`."""
    said = _header(b"Content-Type: " + media_type.encode("ascii", "replace"))
    if said.get_content_type() != _RELATED:
        raise malformed(f"it is not {_RELATED}")
    boundary = str(said.get_param("boundary", "", unquote=True))
    if not _BOUNDARY.fullmatch(boundary):
        raise malformed("it has no boundary")
    if str(said.get_param("type", SOAP_TYPE)).lower() != SOAP_TYPE:
        raise malformed("its type is not SOAP 1.2")
    found = list(_split(body, boundary.encode("ascii")))
    if not found or len(found) > _MAX_PARTS:
        raise hostile(f"expected at most {_MAX_PARTS} parts; it has {len(found)}")
    (head, envelope), *others = found
    start = str(said.get_param("start", ""))
    if head.get_content_type() != SOAP_TYPE or (start and start != str(head["Content-ID"]).strip()):
        raise malformed("its first part is not the envelope")
    attached = {_cid(one): content for one, content in others}
    if len(attached) != len(others):
        raise hostile("two parts of it have the same Content-ID")
    return Parts(envelope=envelope, attached=attached)


def _split(body: bytes, boundary: bytes) -> Iterator[tuple[Message, bytes]]:
    """Yield each part; it ends at the closing delimiter, which must come (RFC 2046 §5.1.1)."""
    delimiter = b"\r\n--" + boundary
    rest = b"\r\n" + body
    place = rest.find(delimiter)
    if place < 0:
        raise malformed("it has no parts")
    if rest[:place].strip():
        raise hostile("something stands before its first part")
    seen = 0
    while not rest.startswith(b"--", after := place + len(delimiter)):
        end = rest.find(delimiter, after)
        seen += 1
        if end < 0 or rest[after : after + 2] != b"\r\n" or seen > _MAX_PARTS + 1:
            raise malformed("its parts are not whole, or too many")
        head, blank, content = rest[after + 2 : end].partition(b"\r\n\r\n")
        if not blank or len(head) > _MAX_HEADER_BYTES:
            raise malformed("a part of it has no header, or one that is too long")
        yield _checked(_header(head)), content
        place = end
    if rest[after + 2 :].strip():
        raise hostile("something follows its last part")


def _header(raw: bytes) -> Message:
    return message_from_bytes(raw + b"\r\n\r\n")


def _checked(header: Message) -> Message:
    names = [name.lower() for name in header]
    if len(set(names)) != len(names) or header.defects:
        raise hostile("a part of it has a header twice, or one that is broken")
    if str(header.get("Content-Transfer-Encoding", "binary")).strip().lower() not in _PLAIN:
        raise malformed("a part of it is encoded; only binary is taken")
    return header


def _cid(header: Message) -> str:
    found = _CID.fullmatch(str(header.get("Content-ID", "")).strip())
    if found is None:
        raise malformed("a part of it has no Content-ID")
    return f"cid:{found[1]}"
