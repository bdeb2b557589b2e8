"""The directory of agencies as others fetch it: the signed files of TUF, which prove themselves."""

from __future__ import annotations

from typing import Final

from flask import Response

from hub.api.callers import Door
from hub.api.room import OCTETS, Call, Room
from hub.audit.trail import writes_nothing
from hub.exchange.directory.serving import served_file

room = Room("federation", __name__, description="The directory of agencies, as signed files.")

_AGENCIES: Final = writes_nothing("agencies and their public keys, and nobody that a record is about")


@room.operation(
    "GET",
    "/directory/metadata/<document:name>",
    door=Door.IDENTIFIED,
    trail=_AGENCIES,
    streams=[200],
    refusals=["not-found"],
)
def get_directory_document(call: Call, name: str) -> Response:
    """Fetch a TUF document of the directory: `timestamp.json`, or one with its version before its name."""
    return _answer(served_file(call.desk.context.directory, f"metadata/{name}"), name)


@room.operation(
    "GET",
    "/directory/targets/<agency:agency>/<entry:name>",
    door=Door.IDENTIFIED,
    trail=_AGENCIES,
    streams=[200],
    refusals=["not-found"],
)
def get_directory_entry(call: Call, agency: str, name: str) -> Response:
    """Fetch an agency's entry, by the SHA-256 of its bytes."""
    return _answer(served_file(call.desk.context.directory, f"targets/{agency}/{name}"), name)


def _answer(content: bytes, name: str) -> Response:
    kept = "no-cache" if name == "timestamp.json" else "private, max-age=86400, immutable"
    return Response(content, content_type=OCTETS, headers={"Cache-Control": kept})
