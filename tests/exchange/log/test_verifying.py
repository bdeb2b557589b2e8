from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.audit.merkle import Frontier, hash_leaf
from hub.audit.tiles import Tile
from hub.exchange.broker import Broker
from hub.exchange.log.checkpointing import checkpoint
from hub.exchange.log.places import Growth, Place, dump_place, is_of, load_place, place_before
from hub.exchange.log.publishing import publish
from hub.exchange.log.verifying import FINDINGS_MAX, FileReader, Finding, Verification
from tests.exchange.log.logs import clock_of, entries, own, sequence_all, signed, stage, tamper, url_of

#: Many hubs and stores: not for the quick gate.
pytestmark = pytest.mark.slow


def verification(broker: Broker, place: Place | None = None, **more: FileReader) -> Verification:
    check = Verification(store=broker.store, own=own(broker), place=place or Place(), **more)
    for _ in check.steps():
        pass
    return check


def found(broker: Broker, **more: FileReader) -> list[Finding]:
    return verification(broker, **more).findings


def codes(findings: Iterable[Finding]) -> list[tuple[str, int]]:
    return [(one.code, one.index) for one in findings]


@pytest.fixture
def log(broker: Broker) -> Broker:
    """A log of three tiles with some checkpoints, one of them a heartbeat, and entries after the last."""
    for number in (1, 255, 50, 300):
        signed(broker, number)
    clock_of(broker).at += timedelta(seconds=61)
    assert checkpoint(broker) is not None
    stage(broker, 20)
    sequence_all(broker)
    return broker


def test_an_empty_log_is_whole(broker: Broker) -> None:
    assert found(broker) == []


def test_a_whole_log_is_found_whole(log: Broker) -> None:
    check = verification(log)
    assert check.findings == []
    assert (check.place.index, check.place.number, check.place.erased) == (626, 5, 0)


def test_what_was_erased_is_counted_and_is_no_fault(log: Broker) -> None:
    tamper(url_of(log), "UPDATE events SET secret = NULL WHERE position IN (3, 300)")
    check = verification(log)
    assert check.findings == []
    assert check.place.erased == 2


_LEAF = "(SELECT leaf FROM events WHERE position = 9)"
_MUTATIONS: dict[str, tuple[str, list[tuple[str, int]]]] = {
    "an event's public part": (
        "UPDATE events SET event = replace(event, 'kz-knb', 'kz-mvd') WHERE position = 5",
        [("log-commitment-mismatch", 4)],
    ),
    "an event's salt": (
        "UPDATE events SET secret = (SELECT secret FROM events WHERE position = 1) WHERE position = 5",
        [("log-commitment-mismatch", 4)],
    ),
    "a leaf that is none": (
        "UPDATE events SET leaf = (SELECT root FROM checkpoints WHERE number = 1) WHERE position = 600",
        [("log-entry-invalid", 599), ("log-forked", 606), ("log-damaged", 512)],
    ),
    "a leaf of another event": (
        f"UPDATE events SET leaf = {_LEAF} WHERE position = 5",
        [("log-damaged", 4), ("log-damaged", 0), ("log-forked", 256), ("log-damaged", 0)],
    ),
    "a leaf hash": (
        'UPDATE log_entries SET leaf_hash = (SELECT root FROM checkpoints LIMIT 1) WHERE "index" = 600',
        [("log-damaged", 512)],
    ),
    "an entry at the end": ('DELETE FROM log_entries WHERE "index" > 600', [("log-rolled-back", 601)]),
    "an entry in the midst": (
        'DELETE FROM log_entries WHERE "index" = 300',
        [("log-damaged", 256)] * 2 + [("log-forked", 306)],
    ),
    "a tile": (
        'UPDATE log_tiles SET hashes = (SELECT root FROM checkpoints LIMIT 1) WHERE "index" = 1',
        [("log-damaged", 256)],
    ),
    "a tile's root": (
        'UPDATE log_tiles SET root = (SELECT root FROM checkpoints LIMIT 1) WHERE "index" = 1',
        [("log-damaged", 0)],
    ),
    "a tile that is gone": ('DELETE FROM log_tiles WHERE "index" = 0', [("log-damaged", 0)]),
    "a checkpoint that is gone": ("DELETE FROM checkpoints WHERE number = 3", [("log-damaged", 606)]),
    "a checkpoint's size": ("UPDATE checkpoints SET size = 300 WHERE number = 3", [("log-damaged", 300)]),
    "a checkpoint's root": (
        "UPDATE checkpoints SET root = (SELECT root FROM checkpoints WHERE number = 1) WHERE number = 3",
        [("log-damaged", 306)],
    ),
    "a checkpoint's note": (
        "UPDATE checkpoints SET note = (SELECT note FROM checkpoints WHERE number = 1) WHERE number = 3",
        [("log-damaged", 306)],
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", _MUTATIONS)
def test_every_change_is_found(log: Broker, what: str) -> None:
    statement, expected = _MUTATIONS[what]
    tamper(url_of(log), statement)
    assert codes(found(log)) == expected


def test_an_event_that_was_left_out_is_found(broker: Broker) -> None:
    stage(broker, 3)
    sequence_all(broker)
    tamper(
        url_of(broker),
        'DELETE FROM log_entries WHERE "index" >= 1',
        "INSERT INTO log_entries SELECT 1, 3, leaf_hash FROM log_entries",
    )
    assert codes(found(broker))[0] == ("log-damaged", 0)


def test_published_files_are_compared(log: Broker, tmp_path: Path) -> None:
    publish(log.store, tmp_path)

    def read(path: str) -> bytes | None:
        return (tmp_path / path).read_bytes() if (tmp_path / path).exists() else None

    assert found(log, published=read) == []
    for path, index in (("tile/0/001", 256), ("tile/entries/000", 0)):
        kept = (tmp_path / path).read_bytes()
        (tmp_path / path).write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
        assert codes(found(log, published=read)) == [("log-damaged", index)]
        (tmp_path / path).write_bytes(kept)


def test_no_more_is_told_than_a_person_reads(broker: Broker) -> None:
    stage(broker, 300)
    sequence_all(broker)
    tamper(url_of(broker), "UPDATE events SET secret = (SELECT secret FROM events WHERE position = 1)")
    assert len(found(broker)) == FINDINGS_MAX


@pytest.mark.parametrize("stop", [1, 2])
def test_a_check_goes_on_where_it_was_broken_off(log: Broker, stop: int) -> None:
    check = Verification(store=log.store, own=own(log))
    steps = check.steps()
    for _ in range(stop):
        next(steps)
    remembered = load_place(dump_place(check.place))
    assert remembered == check.place
    with log.store.read() as view:
        assert is_of(view.log, remembered)
    again = verification(log, remembered)
    assert again.findings == []
    assert (again.place.index, again.place.number) == (626, 5)


@pytest.mark.parametrize("first", [0, 255, 256, 600, 10_000])
def test_a_check_begins_at_the_tile_of_an_entry(log: Broker, first: int) -> None:
    with log.store.read() as view:
        place = place_before(view.log, first)
    assert place.index == min(first, 626) // 256 * 256
    check = verification(log, place)
    assert check.findings == []
    assert (check.place.index, check.place.number) == (626, 5)


@pytest.mark.parametrize(
    "change", [lambda edge: (b"x" * 32, *edge[1:]), lambda edge: edge[:-1], lambda edge: (*edge, b"x" * 32)]
)
def test_a_place_in_another_log_is_not_gone_on_from(
    log: Broker, change: Callable[[tuple[bytes, ...]], tuple[bytes, ...]]
) -> None:
    place = verification(log).place
    with log.store.read() as view:
        assert is_of(view.log, place)
        assert not is_of(view.log, Place(index=place.index, edge=change(place.edge)))
        assert not is_of(view.log, Place(index=10_000, edge=place.edge))


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b'{"index": "x"}', b"\xff"])
def test_a_file_that_holds_no_place_is_passed_over(raw: bytes) -> None:
    assert load_place(raw) is None


@given(st.integers(1, 700))
def test_a_tree_that_grows_has_the_roots_of_rfc_6962(size: int) -> None:
    tree, leaves = Growth(0, ()), [hash_leaf(str(number).encode()) for number in range(size)]
    full: dict[Tile, bytes] = {}
    for leaf_hash in leaves:
        full |= dict(tree.add(leaf_hash))
    assert tree.root() == Frontier(size=0, hashes=()).extended(leaves).root()
    assert b"".join(full[Tile(0, n)] for n in range(size // 256)) == b"".join(leaves[: size // 256 * 256])


def test_a_check_needs_no_more_than_a_tile_of_memory(log: Broker) -> None:
    """Its place holds at most 255 hashes a level, however long the log."""
    assert all(len(hashes) < 256 * 32 for hashes in verification(log).place.edge)
    assert len(entries(log)) == 626
