"""How far a check of the log has come, and how it goes on from there another time."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass

from hub.audit.tiles import TILE_WIDTH, Tile, root_of, tile_root
from hub.errors import HubError
from hub.ports import Log

_HASH = 32


@dataclass(frozen=True, kw_only=True)
class Place:
    """Entries before `index` are in order, and so are checkpoints up to `number`.

    `position` is that of the last entry, `erased` how many entries stand for erased events. `edge` holds the
    hashes of the partial tiles there, level by level: what the tree goes on from.
    """

    index: int = 0
    position: int = 0
    number: int = 0
    erased: int = 0
    edge: tuple[bytes, ...] = ()


class Growth:
    """The tree over the entries that were checked, grown leaf by leaf; it keeps partial tiles alone."""

    def __init__(self, size: int, edge: tuple[bytes, ...]) -> None:
        self.size = size
        self._edge = [*edge] or [b""]
        self._root: bytes | None = None

    def add(self, leaf_hash: bytes) -> list[tuple[Tile, bytes]]:
        """Add a leaf; return the tiles that it fills, lowest first."""
        self._edge[0] += leaf_hash
        self.size += 1
        self._root = None
        full: list[tuple[Tile, bytes]] = []
        level, count = 0, self.size
        while count % TILE_WIDTH == 0:
            hashes, self._edge[level] = self._edge[level], b""
            full.append((Tile(level, count // TILE_WIDTH - 1), hashes))
            if len(self._edge) == level + 1:
                self._edge.append(b"")
            self._edge[level + 1] += tile_root(hashes)
            level, count = level + 1, count // TILE_WIDTH
        return full

    @property
    def edge(self) -> tuple[bytes, ...]:
        """Return the hashes of the partial tiles, level by level."""
        return tuple(self._edge)

    def partial(self) -> list[tuple[Tile, bytes]]:
        """Return the partial tiles."""
        return list(_partial(self.size, self.edge))

    def root(self) -> bytes:
        """Return the root, which the partial tiles are enough for."""
        if self._root is None:
            self._root = root_of(self.size, lambda tile: self._edge[tile.level])
        return self._root


def place_before(log: Log, index: int) -> Place:
    """Return the place before the tile that has an entry; what is stored before it is taken as it is."""
    index = min(index, log.size())
    index -= index % TILE_WIDTH
    before = log.entry(index - 1) if index else None
    edge: list[bytes] = []
    count = index
    while count:
        width = count % TILE_WIDTH
        edge.append(log.tile(Tile(len(edge), count // TILE_WIDTH, width)) if width else b"")
        count //= TILE_WIDTH
    covering, last = log.checkpoint_covering(index), log.checkpoint()
    number = covering.number - 1 if covering is not None else last.number if last is not None else 0
    position = 0 if before is None else before.position
    return Place(index=index, position=position, number=number, edge=tuple(edge))


def is_of(log: Log, place: Place) -> bool:
    """Tell whether the log is still the one in which a check came to a place."""
    try:
        return place.index <= log.size() and all(
            log.tile(tile) == hashes for tile, hashes in _partial(place.index, place.edge)
        )
    except (HubError, ValueError):
        return False


def dump_place(place: Place) -> bytes:
    """Return a place as a file holds it."""
    told = {**vars(place), "edge": [b64encode(hashes).decode("ascii") for hashes in place.edge]}
    return json.dumps(told).encode()


def load_place(raw: bytes) -> Place | None:
    """Return the place in a file; None for what is none."""
    try:
        told = json.loads(raw)
        numbers = {name: int(told[name]) for name in ("index", "position", "number", "erased")}
        return Place(**numbers, edge=tuple(b64decode(hashes, validate=True) for hashes in told["edge"]))
    except (ValueError, KeyError, TypeError):
        return None


def _partial(size: int, edge: tuple[bytes, ...]) -> list[tuple[Tile, bytes]]:
    found: list[tuple[Tile, bytes]] = []
    if size >= TILE_WIDTH ** max(1, len(edge)):
        raise ValueError("the partial tiles are of a smaller tree")
    for level, hashes in enumerate(edge):
        index, width = divmod(size // TILE_WIDTH**level, TILE_WIDTH)
        if len(hashes) != width * _HASH:
            raise ValueError("the partial tiles are not those of the size")
        if width:
            found.append((Tile(level, index, width), hashes))
    return found
