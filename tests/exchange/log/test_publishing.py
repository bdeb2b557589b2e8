from __future__ import annotations

import fcntl
from datetime import timedelta
from pathlib import Path

import pytest

from hub.audit.checkpoints import verify_checkpoint
from hub.audit.merkle import hash_leaf
from hub.audit.tiles import EntryTile, Tile, root_of, tiles_of, unpack_entries
from hub.errors import IntegrityFailure
from hub.exchange.broker import Broker
from hub.exchange.log.checkpointing import checkpoint
from hub.exchange.log.publishing import publish, published_checkpoint
from tests.exchange.log.logs import clock_of, entries, expected_root, keys, signed


def read_files(folder: Path, tile: Tile) -> bytes:
    """Read a tile as a client does: the partial one, or what has become of it."""
    path = folder / tile.path
    if not path.exists():
        path = folder / Tile(tile.level, tile.index).path
    return path.read_bytes()[: tile.width * 32]


def rebuilt(broker: Broker, folder: Path) -> None:
    """Check the published files alone: signature, root, and each bundle against its tile."""
    raw = published_checkpoint(folder)
    assert raw is not None
    head = verify_checkpoint(raw, keys(broker))
    assert root_of(head.size, lambda tile: read_files(folder, tile)) == head.root
    leaves: list[bytes] = []
    for tile in tiles_of(head.size, 0):
        path = folder / EntryTile(tile.index, tile.width).path
        bundle = unpack_entries(path.read_bytes())
        assert b"".join(map(hash_leaf, bundle)) == read_files(folder, tile)
        leaves += bundle
    assert leaves == [entry.leaf for entry in entries(broker)][: head.size]


def test_the_published_files_hold_the_whole_log(broker: Broker, tmp_path: Path) -> None:
    folder = tmp_path / "log"
    for number in (1, 200, 55, 300, 70_000 % 513):
        row = signed(broker, number)
        assert publish(broker.store, folder)
        assert published_checkpoint(folder) == row.note
        rebuilt(broker, folder)
    assert expected_root(broker) == row.root
    assert not list(folder.rglob("*.new"))


def test_partial_tiles_stay_until_the_full_one_is_there(broker: Broker, tmp_path: Path) -> None:
    for number in (10, 10):
        signed(broker, number)
        publish(broker.store, tmp_path)
    assert {path.name for path in (tmp_path / "tile/0/000.p").iterdir()} == {"10", "20"}
    assert {path.name for path in (tmp_path / "tile/entries/000.p").iterdir()} == {"10", "20"}
    signed(broker, 240)
    publish(broker.store, tmp_path)
    assert (tmp_path / "tile/0/000").stat().st_size == 8192
    assert not (tmp_path / "tile/0/000.p").exists()
    assert not (tmp_path / "tile/entries/000.p").exists()
    assert (tmp_path / "tile/0/001.p/4").stat().st_size == 4 * 32
    assert (tmp_path / "tile/1/000.p/1").stat().st_size == 32


def test_files_that_were_lost_are_written_anew(broker: Broker, tmp_path: Path) -> None:
    signed(broker, 300)
    publish(broker.store, tmp_path / "first")
    row = signed(broker, 300)
    assert publish(broker.store, tmp_path / "second")
    assert published_checkpoint(tmp_path / "second") == row.note
    rebuilt(broker, tmp_path / "second")


def test_a_heartbeat_replaces_the_checkpoint_alone(broker: Broker, tmp_path: Path) -> None:
    signed(broker, 3)
    publish(broker.store, tmp_path)
    written = (tmp_path / "tile/0/000.p/3").stat().st_mtime_ns
    clock_of(broker).at += timedelta(seconds=61)
    row = checkpoint(broker)
    assert row is not None
    assert publish(broker.store, tmp_path)
    assert published_checkpoint(tmp_path) == row.note
    assert (tmp_path / "tile/0/000.p/3").stat().st_mtime_ns == written


def test_nothing_is_published_before_the_first_checkpoint(broker: Broker, tmp_path: Path) -> None:
    assert publish(broker.store, tmp_path)
    assert published_checkpoint(tmp_path) is None


def test_one_process_publishes_at_a_time(broker: Broker, tmp_path: Path) -> None:
    signed(broker, 3)
    with (tmp_path / ".lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert not publish(broker.store, tmp_path)
    assert published_checkpoint(tmp_path) is None
    assert publish(broker.store, tmp_path)


def test_a_database_that_is_behind_its_files_publishes_nothing(
    hubs_pair: tuple[Broker, Broker], tmp_path: Path
) -> None:
    ours, older = hubs_pair
    row = signed(ours, 5)
    publish(ours.store, tmp_path)
    signed(older, 4)
    with pytest.raises(IntegrityFailure) as refused:
        publish(older.store, tmp_path)
    assert refused.value.code == "log-rolled-back"
    assert published_checkpoint(tmp_path) == row.note
