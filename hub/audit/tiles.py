"""Tiles (C2SP tlog-tiles): the tree in pieces of 256 hashes, and the proofs that are read out of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeVar

from hub.audit.merkle import HASH_BYTES, SIZE_MAX, Frontier, fold, hash_node
from hub.errors import IntegrityFailure

TILE_HEIGHT: Final = 8
TILE_WIDTH: Final = 1 << TILE_HEIGHT
#: The most bytes of one entry, for a bundle counts them in two bytes.
ENTRY_MAX_BYTES: Final = 0xFFFF
#: The level above which no tree has a tile.
LEVEL_MAX: Final = 63

_WHERE: Final = r"((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?"
_TILE: Final = re.compile(r"tile/(0|[1-9][0-9]?)/" + _WHERE)
_BUNDLE: Final = re.compile(r"tile/entries/" + _WHERE)


@dataclass(frozen=True, order=True)
class Tile:
    """Up to 256 neighbouring hashes of one level: of leaves at 0, of full tiles of the level below above."""

    level: int
    index: int
    width: int = TILE_WIDTH

    def __post_init__(self) -> None:
        if not 0 <= self.level <= LEVEL_MAX:
            raise ValueError(f"a tile's level is 0 to {LEVEL_MAX}")
        _check_place(self.index, self.width)

    @property
    def is_full(self) -> bool:
        """Return whether the tile has all its hashes and so never changes."""
        return self.width == TILE_WIDTH

    @property
    def path(self) -> str:
        """Return where the tile is served and filed, under the log's prefix."""
        return f"tile/{self.level}/{_place(self.index, self.width)}"

    @classmethod
    def parse(cls, path: str) -> Tile:
        """Return the tile of a path; raise ValueError for any other spelling of it."""
        found = _TILE.fullmatch(path)
        if found is None:
            raise ValueError("a tile's path is like tile/0/x001/067 or tile/0/x001/067.p/8")
        index, width = _read_place(found[2], found[3])
        return _same(cls(int(found[1]), index, width), path)


@dataclass(frozen=True, order=True)
class EntryTile:
    """An entry bundle: the entries whose hashes the level 0 tile of the same index and width holds."""

    index: int
    width: int = TILE_WIDTH

    def __post_init__(self) -> None:
        _check_place(self.index, self.width)

    @property
    def first(self) -> int:
        """Return the index in the log of its first entry."""
        return self.index * TILE_WIDTH

    @property
    def path(self) -> str:
        """Return where the bundle is served and filed, under the log's prefix."""
        return f"tile/entries/{_place(self.index, self.width)}"

    @classmethod
    def parse(cls, path: str) -> EntryTile:
        """Return the bundle of a path; raise ValueError for any other spelling of it."""
        found = _BUNDLE.fullmatch(path)
        if found is None:
            raise ValueError("a bundle's path is like tile/entries/x001/067 or tile/entries/x001/067.p/8")
        index, width = _read_place(found[1], found[2])
        return _same(cls(index, width), path)


_Placed = TypeVar("_Placed", Tile, EntryTile)

#: Return the hashes of a tile, 32 bytes each. It is asked only for tiles that a tree of the size at hand has.
TileReader = Callable[[Tile], bytes]


def tiles_of(size: int, level: int) -> Iterator[Tile]:
    """Return the tiles of one level of a tree, in order; the last may be partial."""
    return _tiles_between(0, size >> TILE_HEIGHT * level, level)


def new_tiles(old_size: int, size: int) -> Iterator[Tile]:
    """Return every tile that a tree has and that it did not have, or not as wide, when it was smaller.

    They come level by level from the leaves up: what is written in this order never refers to what is not
    there yet. Level 0 also says which entry bundles are new.
    """
    level = 0
    while size:
        yield from _tiles_between(old_size, size, level)
        old_size, size, level = old_size >> TILE_HEIGHT, size >> TILE_HEIGHT, level + 1


def inclusion_proof(index: int, size: int, read: TileReader) -> tuple[bytes, ...]:
    """Return the proof that an entry is in a tree (RFC 6962 §2.1.1), reading each tile it needs once."""
    if not 0 <= index < size:
        raise ValueError(f"there is no entry {index} in a tree of {size}")
    tree = _Tree(size, read)
    first, end, proof = 0, size, []
    while end - first > 1:
        middle = first + _split(end - first)
        if index < middle:
            proof.append(tree.root(middle, end))
            end = middle
        else:
            proof.append(tree.root(first, middle))
            first = middle
    return tuple(reversed(proof))


def consistency_proof(old_size: int, size: int, read: TileReader) -> tuple[bytes, ...]:
    """Return the proof that a tree goes on from a smaller one (RFC 6962 §2.1.2); empty for an empty one."""
    if not 0 <= old_size <= size:
        raise ValueError(f"a tree of {size} cannot go on from one of {old_size}")
    if old_size == 0:
        return ()
    tree = _Tree(size, read)
    first, end, proof = 0, size, []
    while end != old_size:
        middle = first + _split(end - first)
        if old_size <= middle:
            proof.append(tree.root(middle, end))
            end = middle
        else:
            proof.append(tree.root(first, middle))
            first = middle
    # Where the old tree is itself a complete subtree at the left, its root is known already.
    if first:
        proof.append(tree.root(first, end))
    return tuple(reversed(proof))


def frontier_of(size: int, read: TileReader) -> Frontier:
    """Return what a tree needs to grow, from at most one tile of each level."""
    return Frontier(size=size, hashes=_Tree(size, read).subtrees(0, size))


def root_of(size: int, read: TileReader) -> bytes:
    """Return the root of a tree."""
    return frontier_of(size, read).root()


def tile_root(hashes: bytes) -> bytes:
    """Return the hash that a full tile has in the tile above it."""
    if len(hashes) != TILE_WIDTH * HASH_BYTES:
        raise ValueError(f"a full tile has {TILE_WIDTH * HASH_BYTES} bytes")
    return _subtree_root(hashes)


def pack_entries(entries: Sequence[bytes]) -> bytes:
    """Return the bundle of entries: each with its length before it, in two bytes."""
    if not 1 <= len(entries) <= TILE_WIDTH:
        raise ValueError(f"a bundle has 1 to {TILE_WIDTH} entries")
    if any(len(entry) > ENTRY_MAX_BYTES for entry in entries):
        raise ValueError(f"an entry has at most {ENTRY_MAX_BYTES} bytes")
    return b"".join(len(entry).to_bytes(2) + entry for entry in entries)


def unpack_entries(raw: bytes) -> tuple[bytes, ...]:
    """Return the entries of a bundle, which holds 1 to 256 of them and nothing else."""
    entries: list[bytes] = []
    at = 0
    while at < len(raw) and len(entries) < TILE_WIDTH:
        end = at + 2 + int.from_bytes(raw[at : at + 2])
        entries.append(raw[at + 2 : end])
        at = end
    if at != len(raw) or not entries:
        raise IntegrityFailure(
            "log-tile-invalid", f"The entry bundle is not 1 to {TILE_WIDTH} entries with their lengths."
        )
    return tuple(entries)


class _Tree:
    """A tree of some size, read from its tiles; each tile is read once."""

    def __init__(self, size: int, read: TileReader) -> None:
        if not 0 <= size <= SIZE_MAX:
            raise ValueError(f"a tree has 0 to {SIZE_MAX} leaves")
        self._size = size
        self._read = lru_cache(maxsize=None)(read)

    def root(self, first: int, end: int) -> bytes:
        """Return the root over the leaves from `first` to before `end`, as RFC 6962 splits them."""
        return fold(self.subtrees(first, end))

    def subtrees(self, first: int, end: int) -> tuple[bytes, ...]:
        """Return the roots of the complete subtrees that make up a range, the largest first."""
        roots = []
        while first < end:
            height = (end - first).bit_length() - 1
            roots.append(self._node(height, first >> height))
            first += 1 << height
        return tuple(roots)

    def _node(self, height: int, index: int) -> bytes:
        """Return the root of the complete subtree that is `index` subtrees of its height from the left."""
        level, above = divmod(height, TILE_HEIGHT)
        start = index << above
        tile_index, at = divmod(start, TILE_WIDTH)
        there = self._size >> TILE_HEIGHT * level
        tile = Tile(level, tile_index, min(TILE_WIDTH, there - tile_index * TILE_WIDTH))
        hashes = self._read(tile)
        if len(hashes) != tile.width * HASH_BYTES:
            raise IntegrityFailure(
                "log-tile-invalid",
                f"{tile.path} has {len(hashes)} bytes; expected {tile.width * HASH_BYTES}.",
            )
        return _subtree_root(hashes[at * HASH_BYTES : (at + (1 << above)) * HASH_BYTES])


def _subtree_root(hashes: bytes) -> bytes:
    """Return the root over neighbouring hashes, as many as a power of two."""
    nodes = [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]
    while len(nodes) > 1:
        nodes = [hash_node(left, right) for left, right in zip(nodes[::2], nodes[1::2], strict=True)]
    return nodes[0]


def _split(count: int) -> int:
    """Return the largest power of two smaller than a count."""
    return 1 << (count - 1).bit_length() - 1


def _tiles_between(old_count: int, count: int, level: int) -> Iterator[Tile]:
    """Return a level's tiles over `count` hashes that it did not have, or not as wide, over `old_count`."""
    if count == old_count:
        return
    for index in range(old_count // TILE_WIDTH, count // TILE_WIDTH):
        yield Tile(level, index)
    if count % TILE_WIDTH:
        yield Tile(level, count // TILE_WIDTH, count % TILE_WIDTH)


def _check_place(index: int, width: int) -> None:
    if not 0 <= index <= SIZE_MAX // TILE_WIDTH:
        raise ValueError("a tile's index is not negative and not beyond the largest tree")
    if not 1 <= width <= TILE_WIDTH:
        raise ValueError(f"a tile's width is 1 to {TILE_WIDTH}")


def _place(index: int, width: int) -> str:
    """Return index and width as a path: 1234067 is x001/x234/067, and a partial tile's width follows."""
    digits = str(index)
    digits = digits.zfill(len(digits) + -len(digits) % 3)
    *above, last = (digits[at : at + 3] for at in range(0, len(digits), 3))
    partial = "" if width == TILE_WIDTH else f".p/{width}"
    return "".join(f"x{part}/" for part in above) + last + partial


def _read_place(place: str, width: str | None) -> tuple[int, int]:
    return int(place.replace("x", "").replace("/", "")), TILE_WIDTH if width is None else int(width)


def _same(made: _Placed, path: str) -> _Placed:
    """Return what was read of a path when it is the path's own spelling: no x000 first, no .p/256."""
    if made.path != path:
        raise ValueError("the tile's path is not in its one canonical spelling")
    return made
