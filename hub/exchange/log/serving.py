"""What others fetch of our log: the newest checkpoint, and the tiles and entries that one covers."""

from __future__ import annotations

from hub.audit.tiles import TILE_WIDTH, EntryTile, Tile
from hub.errors import Refused
from hub.exchange.broker import Broker
from hub.exchange.log.publishing import bundle
from hub.exchange.witness.cosigned import cosigned_note
from hub.ports import Log


def served_checkpoint(broker: Broker) -> bytes:
    """Return the newest checkpoint with the lines of witnesses; Refused `not-found` before there is one."""
    with broker.store.read() as view:
        newest = view.log.checkpoint()
        if newest is None:
            raise Refused("not-found", "The log has no checkpoint yet.")
        return cosigned_note(view, newest)


def served_tile(broker: Broker, tile: Tile) -> bytes:
    """Return a tile's hashes.

    A partial tile is found also when its full one is there. Raises Refused `not-found` for what no
    checkpoint covers: what is not signed for yet may still be lost, and is not shown.
    """
    with broker.store.read() as view:
        _refuse_uncovered(view.log, tile)
        return view.log.tile(tile)


def served_bundle(broker: Broker, entries: EntryTile) -> bytes:
    """Return a bundle of entries; raise Refused `not-found` for what no checkpoint covers."""
    with broker.store.read() as view:
        _refuse_uncovered(view.log, Tile(0, entries.index, entries.width))
        return bundle(view.log, entries)


def _refuse_uncovered(log: Log, tile: Tile) -> None:
    newest = log.checkpoint()
    signed = 0 if newest is None else newest.size // TILE_WIDTH**tile.level
    if tile.index * TILE_WIDTH + tile.width > signed:
        raise Refused("not-found", f"No checkpoint of this log covers {tile.path}.")
