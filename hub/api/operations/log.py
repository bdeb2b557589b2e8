"""The audit log as others read it (C2SP tlog-tiles): checkpoint, tiles, entries."""

from __future__ import annotations

from typing import Final

from flask import Response

from hub.api.callers import Door
from hub.api.room import OCTETS, TEXT, Call, Room
from hub.audit.tiles import EntryTile, Tile
from hub.audit.trail import writes_nothing
from hub.errors import Refused
from hub.exchange.log import serving

room = Room("log", __name__, description="The audit log: its signed head, and the tree under it.")

#: Nothing at such an address ever changes.
_FOR_EVER: Final = "private, max-age=31536000, immutable"

_COMMITMENTS: Final = writes_nothing("ids and salted commitments, and nobody that a record is about")


@room.operation(
    "GET",
    "/log/checkpoint",
    door=Door.IDENTIFIED,
    trail=_COMMITMENTS,
    streams=[200],
    media=TEXT,
    refusals=["not-found"],
)
def get_checkpoint(call: Call) -> Response:
    """Fetch the newest checkpoint: a signed note (C2SP tlog-checkpoint)."""
    note = serving.served_checkpoint(call.broker)
    return Response(note, mimetype=TEXT, headers={"Cache-Control": "no-cache"})


@room.operation(
    "GET", "/log/tile/<level:level>/<place:place>", door=Door.IDENTIFIED, trail=_COMMITMENTS, streams=[200]
)
def get_tile(call: Call, level: str, place: str) -> Response:
    """Fetch a tile: up to 256 hashes of one level of the tree."""
    try:
        tile = Tile.parse(f"tile/{level}/{place}")
    except ValueError:
        raise _no_tile() from None
    return _for_ever(serving.served_tile(call.broker, tile))


@room.operation(
    "GET", "/log/tile/entries/<place:place>", door=Door.IDENTIFIED, trail=_COMMITMENTS, streams=[200]
)
def get_entries(call: Call, place: str) -> Response:
    """Fetch the entries under a tile of level 0, each with its length before it.

    Entries hold ids and salted commitments, never content.
    """
    try:
        entries = EntryTile.parse(f"tile/entries/{place}")
    except ValueError:
        raise _no_tile() from None
    return _for_ever(serving.served_bundle(call.broker, entries))


def _no_tile() -> Refused:
    return Refused("not-found", "No tile has an address that is spelled like this.")


def _for_ever(content: bytes) -> Response:
    return Response(content, content_type=OCTETS, headers={"Cache-Control": _FOR_EVER})
