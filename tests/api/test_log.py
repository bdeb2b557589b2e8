"""The log as partners, members and officers read it: what a checkpoint covers, and nothing else."""

from __future__ import annotations

import pytest

from hub.audit.checkpoints import verify_checkpoint
from hub.audit.merkle import hash_leaf
from hub.audit.tiles import root_of, unpack_entries
from hub.entries import PartnerStatus
from hub.exchange import suspending
from tests.api.world import World, partner_certificate
from tests.exchange.hubs import CUSTODIAN
from tests.exchange.log.logs import entries, keys, sequence_all, signed, stage


@pytest.fixture
def partner() -> bytes:
    return partner_certificate("cis-atc")


def fetch(world: World, certificate: bytes, path: str) -> bytes:
    said = world.call("GET", f"/log/{path}", certificate=certificate)
    assert said.status == 200, said.response.data
    return bytes(said.response.data)


def test_a_partner_reads_the_log_and_checks_it_by_itself(world: World, partner: bytes) -> None:
    signed(world.broker, 300)
    head = verify_checkpoint(fetch(world, partner, "checkpoint"), keys(world.broker))
    assert root_of(head.size, lambda tile: fetch(world, partner, tile.path)) == head.root
    bundle = unpack_entries(fetch(world, partner, "tile/entries/000"))
    assert b"".join(map(hash_leaf, bundle)) == fetch(world, partner, "tile/0/000")
    assert list(bundle) == [entry.leaf for entry in entries(world.broker)][:256]


def test_tiles_are_kept_for_ever_and_the_checkpoint_is_asked_for_again(world: World, partner: bytes) -> None:
    signed(world.broker, 300)
    tile = world.call("GET", "/log/tile/0/000", certificate=partner)
    bundle = world.call("GET", "/log/tile/entries/000", certificate=partner)
    for said in (tile, bundle):
        assert said.headers["Content-Type"] == "application/octet-stream"
        assert "immutable" in said.headers["Cache-Control"]
        assert "private" in said.headers["Cache-Control"]
    checkpoint = world.call("GET", "/log/checkpoint", certificate=partner)
    assert checkpoint.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert checkpoint.headers["Cache-Control"] == "no-cache"


def test_partial_tiles_are_there_for_every_size_that_was_signed(world: World, partner: bytes) -> None:
    first = signed(world.broker, 1).size
    signed(world.broker, 400 - first)
    narrow = fetch(world, partner, f"tile/0/000.p/{first}")
    assert narrow == fetch(world, partner, "tile/0/000")[: 32 * first]
    assert len(fetch(world, partner, "tile/0/001.p/144")) == 144 * 32
    assert len(fetch(world, partner, "tile/1/000.p/1")) == 32


_NOT_THERE = (
    "tile/0/001",
    "tile/0/001.p/145",
    "tile/1/000",
    "tile/2/000.p/1",
    "tile/63/000",
    "tile/64/000",
    "tile/00/000",
    "tile/0/0",
    "tile/0/x000/000",
    "tile/0/000.p/256",
    "tile/0/000.p/0",
    "tile/entries/001",
    "tile/entries/x000/000",
    "tile/entries/000.p/01",
    "tile/0",
    "tile",
    "",
)


def test_what_no_checkpoint_covers_is_not_found(world: World, partner: bytes) -> None:
    size = signed(world.broker, 1).size
    signed(world.broker, 400 - size)
    stage(world.broker, 300)
    sequence_all(world.broker)
    for path in _NOT_THERE:
        said = world.call("GET", f"/log/{path}", certificate=partner)
        assert (said.status, said.code) == (404, "not-found"), path


def test_a_log_without_a_checkpoint_shows_nothing(world: World, partner: bytes) -> None:
    sequence_all(world.broker)
    for path in ("checkpoint", "tile/0/000.p/1", "tile/entries/000.p/1"):
        assert world.call("GET", f"/log/{path}", certificate=partner).code == "not-found"


def test_members_and_officers_read_it_too(world: World) -> None:
    signed(world.broker, 1)
    certificate = world.member("kz-mvd", "collect:designation")
    assert world.call("GET", "/log/checkpoint", certificate=certificate).status == 200
    assert world.call("GET", "/log/checkpoint", token=world.officer("dauren")).status == 200
    token, shown = world.system("kz-nbk", "collect:designation")
    for path in ("checkpoint", "tile/0/000.p/1", "tile/entries/000.p/1"):
        assert world.call("GET", f"/log/{path}", token=token, certificate=shown).status == 200


def test_who_is_not_known_reads_nothing(world: World, partner: bytes) -> None:
    signed(world.broker, 1)
    for path in ("checkpoint", "tile/0/000.p/1", "tile/entries/000.p/1"):
        assert world.call("GET", f"/log/{path}").code == "certificate-missing"
        stranger = partner_certificate("sco-rats")
        assert world.call("GET", f"/log/{path}", certificate=stranger).code == "certificate-unknown"
        assert world.call("GET", f"/log/{path}", token="x").code == "token-invalid"
    suspending.suspend(world.broker, CUSTODIAN, "cis-atc")
    with world.broker.store.read() as view:
        row = view.directory.partner("cis-atc")
    assert row is not None
    assert row.status is PartnerStatus.SUSPENDED
    world.later()
    assert world.call("GET", "/log/checkpoint", certificate=partner).code == "partner-suspended"
