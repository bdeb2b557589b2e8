"""A log in memory as its tiles: what any web server would have on its disk."""

from __future__ import annotations

from collections.abc import Sequence

from hub.audit.merkle import hash_leaf
from hub.audit.tiles import TILE_WIDTH, EntryTile, Tile, new_tiles, pack_entries, tile_root


class Filed:
    """Tiles and bundles by their paths, written as the log grows."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.reads: list[Tile] = []
        self._levels: list[list[bytes]] = [[]]
        self._entries: list[bytes] = []

    def grow(self, entries: Sequence[bytes]) -> None:
        """Add entries, and write every tile and bundle that is new."""
        old_size = len(self._entries)
        self._entries += entries
        for entry in entries:
            self._levels[0].append(hash_leaf(entry))
        for tile in new_tiles(old_size, len(self._entries)):
            start = tile.index * TILE_WIDTH
            hashes = b"".join(self._levels[tile.level][start : start + tile.width])
            assert len(hashes) == tile.width * 32
            self.files[tile.path] = hashes
            if tile.is_full:
                if tile.level + 1 == len(self._levels):
                    self._levels.append([])
                self._levels[tile.level + 1].append(tile_root(hashes))
            if tile.level == 0:
                bundle = EntryTile(tile.index, tile.width)
                self.files[bundle.path] = pack_entries(self._entries[start : start + tile.width])

    def read(self, tile: Tile) -> bytes:
        """Return a tile's hashes; a log may have pruned a partial tile whose full one is there."""
        self.reads.append(tile)
        return self.files[tile.path]
