"""Bodies that are never held whole: read in pieces on the way in, handed on in pieces on the way out."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Final

from flask import Response, request

from hub.api.parsing import need_media_type
from hub.api.room import OCTETS, Header
from hub.errors import Refused

_PIECE: Final = 256 * 1024
_COUNT: Final = r"^(0|[1-9][0-9]{0,15})$"
_RANGE: Final = r"^bytes=(0|[1-9][0-9]{0,15})-$"
RANGE: Final = Header(
    name="Range",
    description="`bytes=N-` to go on from N.",
    schema={"type": "string", "pattern": _RANGE},
)


def offset_header(name: str, description: str, *, required: bool = True) -> Header:
    """Return the declaration of a header that counts bytes."""
    return Header(
        name=name, description=description, required=required, schema={"type": "string", "pattern": _COUNT}
    )


def count_of(name: str) -> int:
    """Return the bytes that a request header counts; raise Refused `request-invalid` without it."""
    text = request.headers.get(name, "")
    if re.fullmatch(_COUNT, text) is None:
        raise Refused("request-invalid", f"The header {name} takes a number of bytes.")
    return int(text)


def body_parts() -> Iterator[bytes]:
    """Yield the request's body in pieces; it is bounded by the operation's size."""
    need_media_type(request, OCTETS)
    return iter(lambda: request.stream.read(_PIECE), b"")


def range_start() -> int | None:
    """Return where the Range header begins, or None; raise Refused `range-invalid` for any but `bytes=N-`."""
    told = request.headers.get("Range")
    if told is None:
        return None
    match = re.fullmatch(_RANGE, told)
    if match is None:
        raise Refused("range-invalid", "The range here is `bytes=N-`: from N to the end.")
    return int(match[1])


def streamed(parts: Iterator[bytes], *, length: int | None = None, status: int = 200) -> Response:
    """Return a response that streams. The first piece is made first, so that early failures have a status."""
    first = next(parts, b"")
    response = Response(itertools.chain([first], parts), status=status, content_type=OCTETS)
    if length is not None:
        response.headers["Content-Length"] = str(length)
    return response
