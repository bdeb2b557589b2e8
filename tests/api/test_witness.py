"""The witness over HTTP: each status and body as C2SP tlog-witness lays them down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from hub.audit.checkpoints import Checkpoint, sign_checkpoint, verify_checkpoint
from hub.audit.events import Act
from hub.audit.notes import Note, read_note, read_signatures
from hub.audit.quorum import Quorum, weigh
from hub.audit.tiles import consistency_proof
from hub.audit.witnessing import AddCheckpoint, origin_hash, read_size
from hub.exchange.witness.policy import WitnessPolicy
from hub.exchange.witness.settling import conclude
from hub.ports import CheckpointRow, CosignatureRow
from tests.api.world import Said, World, overdo, partner_certificate
from tests.exchange.log.logs import keys, signed

LOG = "cis-atc/log"


@pytest.fixture
def partner() -> bytes:
    return partner_certificate("cis-atc")


def body_of(row: CheckpointRow, old: int = 0, proof: Sequence[bytes] = ()) -> bytes:
    return AddCheckpoint(old_size=old, proof=tuple(proof), note=read_note(row.note)).as_bytes()


def post(world: World, certificate: bytes, body: bytes, media_type: str | None = "text/plain") -> Said:
    headers = {"Content-Type": media_type} if media_type else {}
    return world.call("POST", "/witness/add-checkpoint", data=body, certificate=certificate, headers=headers)


def test_a_log_gets_signature_lines_and_monitors_see_them(world: World) -> None:
    partner = partner_certificate("cis-atc")
    row = signed(world.other, 5)
    said = post(world, partner, body_of(row))
    assert (said.status, said.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    witness = "kz-knb/witness"
    quorum = Quorum(
        needed=1,
        witnesses={witness: tuple(s.key for s in world.broker.keyring.witness_signers())},
    )
    lines = read_signatures(said.response.data)
    assert weigh(quorum, Note(text=read_note(row.note).text, signatures=lines)).met
    shown = world.call("GET", f"/witness/{origin_hash(LOG)}/checkpoint", certificate=partner)
    assert (shown.status, shown.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert verify_checkpoint(shown.response.data, keys(world.other)).size == row.size
    assert weigh(quorum, read_note(shown.response.data)).met


@pytest.mark.parametrize("media_type", [None, "application/octet-stream", "text/plain; charset=utf-8"])
def test_the_body_counts_whatever_it_is_said_to_be(
    world: World, partner: bytes, media_type: str | None
) -> None:
    assert post(world, partner, body_of(signed(world.other, 5)), media_type).status == 200


def test_a_log_that_grew_is_cosigned_with_its_proof(world: World, partner: bytes) -> None:
    first, later = signed(world.other, 5), signed(world.other, 300)
    post(world, partner, body_of(first))
    with world.other.store.read() as view:
        proof = consistency_proof(first.size, later.size, view.log.tile)
    assert post(world, partner, body_of(later, first.size, proof)).status == 200


def test_a_stale_size_is_409_with_the_size_and_its_media_type(world: World, partner: bytes) -> None:
    first, later = signed(world.other, 5), signed(world.other, 1)
    post(world, partner, body_of(first))
    said = post(world, partner, body_of(later))
    assert (said.status, said.headers["Content-Type"]) == (409, "text/x.tlog.size")
    assert said.response.data == b"%d\n" % first.size
    assert read_size(said.response.data) == first.size


def test_a_body_that_is_no_request_is_400(world: World, partner: bytes) -> None:
    for body in (b"", b"old 01\n\n", b"hello"):
        said = post(world, partner, body)
        assert (said.status, said.code) == (400, "witness-request-invalid")


def test_an_old_size_above_the_checkpoint_is_400(world: World, partner: bytes) -> None:
    row = signed(world.other, 5)
    said = post(world, partner, body_of(row, row.size + 1))
    assert (said.status, said.code) == (400, "witness-request-invalid")


def test_an_unknown_log_is_404(world: World, partner: bytes) -> None:
    said = post(world, partner, body_of(signed(world.broker, 5)))
    assert (said.status, said.code) == (404, "witness-log-unknown")
    shown = world.call("GET", f"/witness/{origin_hash(LOG)}/checkpoint", certificate=partner)
    assert (shown.status, shown.code) == (404, "not-found")


def test_a_checkpoint_that_the_log_did_not_sign_is_403_and_logged_once(world: World, partner: bytes) -> None:
    row = signed(world.other, 5)
    lines = read_note(row.note).signatures[:1]
    half = replace(row, note=Note(text=read_note(row.note).text, signatures=lines).as_bytes())
    said = post(world, partner, body_of(half))
    assert (said.status, said.code) == (403, "checkpoint-signature-invalid")
    with world.broker.store.read() as view:
        refused = [e for _, e in view.events(after=0, limit=1000) if e.act is Act.REFUSED]
    assert [event.details["code"] for event in refused] == ["checkpoint-signature-invalid"]


def test_what_is_inconsistent_is_422_and_a_fork_too(world: World, partner: bytes) -> None:
    first, later = signed(world.other, 5), signed(world.other, 300)
    post(world, partner, body_of(first))
    said = post(world, partner, body_of(later, first.size, [b"x" * 32]))
    assert (said.status, said.code) == (422, "log-inconsistent")
    fork = Checkpoint(origin=LOG, size=first.size, root=b"f" * 32)
    note = sign_checkpoint(fork, world.other.keyring.log_signers(), world.other.clock.now())
    said = post(world, partner, body_of(replace(first, note=note), first.size))
    assert (said.status, said.code) == (422, "log-inconsistent")
    with world.broker.store.read() as view:
        assert [row.kind.value for row in view.witnessing.forks(limit=9)] == ["unproven", "fork"]


def test_a_body_that_is_too_large_is_413(world: World, partner: bytes) -> None:
    said = post(world, partner, b"old 0\n\n" + b"x" * 70_000)
    assert (said.status, said.code) == (413, "request-too-large")


def test_only_partners_ask_and_only_the_identified_read(world: World) -> None:
    row = signed(world.other, 5)
    said = world.call("POST", "/witness/add-checkpoint", data=body_of(row))
    assert (said.status, said.code) == (401, "certificate-missing")
    shown = world.call("GET", f"/witness/{origin_hash(LOG)}/checkpoint")
    assert (shown.status, shown.code) == (401, "certificate-missing")


def test_asking_too_often_is_refused(world: World, partner: bytes) -> None:
    limited = world.limited(requests_per_minute=2)
    body = body_of(signed(world.other, 5))
    said = overdo(lambda: post(limited, partner, body), allowed=2)
    assert [said[0].status, said[1].status, said[-1].status] == [200, 409, 429]


def test_a_missing_quorum_is_a_warning_and_the_hub_stays_ready(world: World) -> None:
    policy = WitnessPolicy(witnesses=("cis-atc",), needed=1)
    watched = replace(world, broker=replace(world.broker, witnesses=policy))
    row = signed(watched.broker, 1)
    assert watched.call("GET", "/readyz").ok()["warnings"] == []
    conclude(watched.broker, row)
    later = replace(watched, broker=watched.broker)
    assert later.call("GET", "/readyz").ok()["warnings"] == ["quorum-missing"]


def test_the_served_checkpoint_carries_the_lines_of_witnesses(world: World, partner: bytes) -> None:
    row = signed(world.broker, 1)
    answer = post(replace(world, broker=world.other), partner_certificate("kz-knb"), body_of(row))
    assert answer.status == 200
    with world.broker.store.work() as work:
        lines = answer.response.data.decode()
        work.witnessing.add_cosignatures(
            [CosignatureRow(size=row.size, witness="cis-atc", at=row.at, lines=lines)]
        )
        work.commit()
    said = world.call("GET", "/log/checkpoint", certificate=partner)
    assert {line.name for line in read_note(said.response.data).signatures} == {
        "kz-knb/log",
        "cis-atc/witness",
    }
