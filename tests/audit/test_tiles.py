"""Tiles: their paths, which of them a tree has, and proofs read out of them."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub.audit.merkle import EMPTY_ROOT, Frontier, check_consistency, check_inclusion, hash_leaf
from hub.audit.tiles import (
    EntryTile,
    Tile,
    consistency_proof,
    frontier_of,
    inclusion_proof,
    new_tiles,
    pack_entries,
    root_of,
    tile_root,
    tiles_of,
    unpack_entries,
)
from hub.errors import IntegrityFailure
from tests.audit import naive
from tests.audit.filing import Filed

PATHS = {
    Tile(0, 0): "tile/0/000",
    Tile(0, 1067, 8): "tile/0/x001/067.p/8",
    Tile(63, 1234067): "tile/63/x001/x234/067",
    Tile(1, 999, 255): "tile/1/999.p/255",
    Tile(0, 1000, 1): "tile/0/x001/000.p/1",
    Tile(0, 2**55 - 1): "tile/0/x036/x028/x797/x018/x963/967",
    EntryTile(0): "tile/entries/000",
    EntryTile(1234067, 17): "tile/entries/x001/x234/067.p/17",
}
# Around the widths at which tiles fill, and one tree of three levels.
SIZES = [0, 1, 2, 3, 7, 8, 100, 255, 256, 257, 511, 512, 513, 600, 70_000]
LARGE = 70_000


@pytest.fixture(scope="module")
def filed() -> Filed:
    """Return the tiles of every size in SIZES, as a log that grew through them leaves them behind."""
    made, entries, size = Filed(), naive.entries(LARGE), 0
    for end in SIZES:
        made.grow(entries[size:end])
        size = end
    return made


@pytest.fixture(scope="module")
def large_root(filed: Filed) -> bytes:
    return root_of(LARGE, filed.read)


@pytest.mark.parametrize(("tile", "path"), PATHS.items())
def test_tile_has_the_path_that_the_specification_gives(tile: Tile | EntryTile, path: str) -> None:
    assert tile.path == path
    assert type(tile).parse(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/00/000",
        "tile/01/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/000/",
        "/tile/0/000",
        "tile/0/x000/001",
        "tile/0/x001/x002",
        "tile/0/001/002",
        "tile/0/x1/002",
        "tile/0/X001/002",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/999",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000\n",
        "tile/0/٠٠٠",
        "tile/0/../000",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
        "tile/entry/000",
        "tile/entries/0",
        "tile/entries/x000/001",
        "tile/entries/000.p/256",
    ],
)
def test_other_paths_are_refused(path: str) -> None:
    for kind in (Tile, EntryTile):
        with pytest.raises(ValueError):
            kind.parse(path)


def test_tile_outside_every_tree_is_refused() -> None:
    for level, index, width in ((-1, 0, 1), (64, 0, 1), (0, -1, 1), (0, 2**55, 1), (0, 0, 0), (0, 0, 257)):
        with pytest.raises(ValueError):
            Tile(level, index, width)


def test_tree_of_70_000_has_the_tiles_that_the_specification_counts() -> None:
    level0, level1, level2 = (list(tiles_of(70_000, level)) for level in (0, 1, 2))
    assert level0 == [*(Tile(0, index) for index in range(273)), Tile(0, 273, 112)]
    assert level1 == [Tile(1, 0), Tile(1, 1, 17)]
    assert level2 == [Tile(2, 0, 1)]
    assert list(tiles_of(70_000, 3)) == []
    assert [*tiles_of(256, 0), *tiles_of(256, 1)] == [Tile(0, 0), Tile(1, 0, 1)]


@given(st.integers(0, 2000), st.integers(0, 70_000))
@example(255, 1)
@example(65_535, 1)
def test_new_tiles_are_those_that_the_smaller_tree_had_not(old_size: int, more: int) -> None:
    size = old_size + more
    had = {tile for level in range(4) for tile in tiles_of(old_size, level)}
    has = [tile for level in range(4) for tile in tiles_of(size, level)]
    assert list(new_tiles(old_size, size)) == [tile for tile in has if tile not in had]


@pytest.mark.parametrize("size", SIZES)
def test_root_out_of_tiles_is_the_root_of_the_entries(filed: Filed, size: int) -> None:
    entries = naive.entries(size)
    frontier = Frontier().extended(map(hash_leaf, entries))
    assert frontier_of(size, filed.read) == frontier
    assert root_of(size, filed.read) == frontier.root() == naive.root(entries)


@pytest.mark.parametrize("size", [size for size in SIZES if 0 < size < LARGE])
def test_proofs_out_of_tiles_are_those_of_rfc_6962(filed: Filed, size: int) -> None:
    entries, random = naive.entries(size), Random(size)
    for index in {0, size - 1, *random.sample(range(size), min(size, 4))}:
        assert list(inclusion_proof(index, size, filed.read)) == naive.path(index, entries)
    for old in {0, size, *random.sample(range(size), min(size, 4))}:
        assert list(consistency_proof(old, size, filed.read)) == naive.consistency(old, entries)


@given(st.integers(0, LARGE - 1))
@example(65_535)
@example(65_536)
def test_every_entry_of_a_large_tree_is_proven_from_few_tiles(
    filed: Filed, large_root: bytes, index: int
) -> None:
    filed.reads.clear()
    proof = inclusion_proof(index, LARGE, filed.read)
    # One tile of each level at the entry, and one of each at the tree's right edge.
    assert len(filed.reads) == len(set(filed.reads)) <= 6
    leaf_hash = hash_leaf(b"entry %d" % index)
    check_inclusion(leaf_hash=leaf_hash, index=index, size=LARGE, proof=proof, root=large_root)


@given(st.sampled_from(SIZES), st.sampled_from(SIZES))
def test_every_growth_is_proven(filed: Filed, one: int, other: int) -> None:
    old, size = sorted((one, other))
    check_consistency(
        old_size=old,
        old_root=root_of(old, filed.read),
        size=size,
        root=root_of(size, filed.read),
        proof=consistency_proof(old, size, filed.read),
    )


def test_proof_of_what_is_not_there_is_a_mistake(filed: Filed) -> None:
    for index, size in ((0, 0), (1, 1), (-1, 1)):
        with pytest.raises(ValueError, match="there is no entry"):
            inclusion_proof(index, size, filed.read)
    for old, size in ((2, 1), (-1, 1)):
        with pytest.raises(ValueError, match="cannot go on"):
            consistency_proof(old, size, filed.read)
    with pytest.raises(ValueError):
        root_of(2**63, filed.read)


def test_tile_of_another_length_is_refused() -> None:
    with pytest.raises(IntegrityFailure) as refused:
        root_of(2, lambda _tile: bytes(63))
    assert refused.value.code == "log-tile-invalid"
    with pytest.raises(ValueError, match="8192"):
        tile_root(bytes(32))


def test_root_without_entries_needs_no_tile(filed: Filed) -> None:
    filed.reads.clear()
    assert root_of(0, filed.read) == EMPTY_ROOT
    assert filed.reads == []


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_bundle_gives_back_its_entries(entries: list[bytes]) -> None:
    assert unpack_entries(pack_entries(entries)) == tuple(entries)


def test_bundle_is_lengths_and_entries() -> None:
    assert pack_entries([b"a", b"", b"bcd"]) == b"\x00\x01a\x00\x00\x00\x03bcd"
    assert unpack_entries(pack_entries([bytes(65_535)])) == (bytes(65_535),)


@pytest.mark.parametrize("raw", [b"", b"\x00", b"\x00\x01", b"\x00\x02a", b"\x00\x01ab", b"\x00\x00" * 257])
def test_other_bundles_are_refused(raw: bytes) -> None:
    with pytest.raises(IntegrityFailure) as refused:
        unpack_entries(raw)
    assert refused.value.code == "log-tile-invalid"


@pytest.mark.parametrize("entries", [[], [b""] * 257, [bytes(65_536)]])
def test_bundle_that_no_tile_could_have_is_not_made(entries: list[bytes]) -> None:
    with pytest.raises(ValueError):
        pack_entries(entries)
