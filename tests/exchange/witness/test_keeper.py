"""The keeper: every new checkpoint to all witnesses at once, a slow one delays none, one worker asks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from hub.exchange.broker import Broker
from hub.exchange.witness.keeper import WitnessKeeper
from hub.exchange.witness.rounds import Round
from hub.exchange.witness.stamping import Stamper
from hub.ports import CheckpointRow, WitnessReply
from hub.transport.tsa import HttpTimestampAuthority
from tests.exchange.hubs import Hubs
from tests.exchange.log.logs import limited, signed
from tests.exchange.witness.witnesses import OTHERS, LinkWitnessClient, post, quorum, with_witnesses
from tests.servers.tsa import make_tsa, tsa_server

#: Many hubs and stores: not for the quick gate.
pytestmark = pytest.mark.slow


def wait_for(true: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + 60
    while not true():
        assert time.monotonic() < until, what
        time.sleep(0.005)


@contextmanager
def keeping(
    broker: Broker, client: LinkWitnessClient, stamper: Stamper | None = None
) -> Iterator[WitnessKeeper]:
    keeper = WitnessKeeper(broker, client, stamper=stamper)
    keeper.start()
    try:
        yield keeper
    finally:
        keeper.stop()


@pytest.fixture
def asked(knb: Broker) -> Broker:
    """kz-knb with two of three witnesses, asked as fast as can be."""
    quick = limited(knb, witness_interval_s=0.01, witness_timeout_s=0.3)
    return with_witnesses(quick, *OTHERS, needed=2)


def cosigned_by(broker: Broker, row: CheckpointRow) -> list[str]:
    with broker.store.read() as view:
        return [one.witness for one in view.witnessing.cosignatures(row.size)]


def row_of(number: int) -> CheckpointRow:
    from tests.exchange.hubs import START

    return CheckpointRow(number=number, size=number, root=b"r" * 32, at=START, note=b"")


def test_a_round_is_over_when_it_is_met_or_all_have_answered_or_too_late() -> None:
    now = [0.0]

    def fresh() -> Round:
        return Round(row_of(1), ["a", "b", "c"], lasts_s=5, seconds=lambda: now[0])

    met, answered, late = fresh(), fresh(), fresh()
    met.answered("a")
    assert (met.over, met.waits_for("a"), met.waits_for("b")) == (False, False, True)
    met.answered("b", met=True)
    assert (met.over, met.met) == (True, True)
    for witness in "abc":
        answered.answered(witness)
    assert (answered.over, answered.met) == (True, False)
    assert not late.over
    now[0] = 5.0
    assert (late.over, late.met) == (True, False)


def test_every_new_checkpoint_is_cosigned_by_all(asked: Broker, client: LinkWitnessClient) -> None:
    with keeping(asked, client) as keeper:
        for _ in range(2):
            row = signed(asked, 3)
            wait_for(lambda row=row: cosigned_by(asked, row) == sorted(OTHERS), "cosignatures")  # type: ignore[misc]
        assert keeper.alive
    assert quorum(asked).size == row.size


@pytest.mark.slow
def test_one_that_hangs_delays_no_other_and_takes_part_again_later(
    asked: Broker, client: LinkWitnessClient
) -> None:
    hanging, go_on = threading.Event(), threading.Event()

    def hang(body: bytes) -> WitnessReply:
        hanging.set()
        assert go_on.wait(90)
        return post(client.network.brokers["sco-rats"], "kz-knb", body)

    client.lies["sco-rats"] = hang
    with keeping(asked, client):
        signed(asked, 3)
        assert hanging.wait(60)
        for _ in range(3):
            row = signed(asked, 1)
            wait_for(lambda row=row: quorum(asked).size == row.size, "a quorum without it")  # type: ignore[misc]
        assert quorum(asked).missing_since is None
        go_on.set()
        last = signed(asked, 1)
        wait_for(lambda: "sco-rats" in cosigned_by(asked, last), "the slow one's cosignature")


@pytest.mark.slow
def test_a_quorum_that_hangs_is_missing_after_the_time_limit(
    asked: Broker, client: LinkWitnessClient
) -> None:
    go_on = threading.Event()
    for witness in ("sco-rats", "kg-gknb"):
        client.lies[witness] = lambda _: WitnessReply(
            status=500 if go_on.wait(90) else 0, media_type="", body=b""
        )
    with keeping(asked, client):
        signed(asked, 3)
        wait_for(lambda: quorum(asked).missing == ("sco-rats", "kg-gknb"), "the alarm")
        assert quorum(asked).missing_since is not None
        go_on.set()


def test_a_quorum_that_is_down_is_missed_at_once_and_is_back_when_they_are(
    four: Hubs, asked: Broker, client: LinkWitnessClient
) -> None:
    asked = limited(asked, witness_timeout_s=60.0)
    four.network.down = {"sco-rats", "kg-gknb"}
    with keeping(asked, client):
        signed(asked, 3)
        wait_for(lambda: quorum(asked).missing_since is not None, "the alarm")
        four.network.down = set()
        wait_for(lambda: quorum(asked).missing_since is None, "the quorum, without a new checkpoint")


@pytest.mark.slow
def test_one_worker_asks(asked: Broker, client: LinkWitnessClient) -> None:
    asked = limited(asked, witness_timeout_s=60.0)
    with keeping(asked, client), keeping(asked, client):
        for _ in range(3):
            row = signed(asked, 1)
            wait_for(lambda row=row: len(cosigned_by(asked, row)) == 3, "cosignatures")  # type: ignore[misc]
    assert len(client.asked) == 9


def test_who_stops_leaves_the_task_to_the_next_at_once(asked: Broker, client: LinkWitnessClient) -> None:
    for _ in range(2):
        with keeping(asked, client):
            row = signed(asked, 1)
            wait_for(lambda row=row: quorum(asked).size == row.size, "a quorum")  # type: ignore[misc]
    with asked.store.work() as work:
        now = asked.clock.now()
        assert work.witnessing.lease("another", at=now, until=now)


@pytest.mark.slow
def test_a_bug_in_asking_ends_no_thread(asked: Broker, client: LinkWitnessClient) -> None:
    def broken(_: bytes) -> WitnessReply:
        raise ZeroDivisionError

    client.lies["cis-atc"] = broken
    with keeping(asked, client) as keeper:
        row = signed(asked, 1)
        wait_for(lambda: quorum(asked).size == row.size, "a quorum without it")
        with asked.store.read() as view:
            wait_for(lambda: "cis-atc" in states(asked), "its state")
        assert view is not None
        assert keeper.alive
    assert states(asked)["cis-atc"] == "partner-misbehaved"


def states(broker: Broker) -> dict[str, str | None]:
    with broker.store.read() as view:
        return {name: state.code for name, state in view.witnessing.states().items()}


@pytest.mark.slow
def test_checkpoints_are_stamped_while_witnesses_hang(
    asked: Broker, client: LinkWitnessClient, tmp_path_factory: pytest.TempPathFactory
) -> None:
    go_on = threading.Event()
    for witness in OTHERS:
        client.lies[witness] = lambda _: WitnessReply(
            status=500 if go_on.wait(90) else 0, media_type="", body=b""
        )
    tsa = make_tsa(tmp_path_factory.mktemp("keeper") / "tsa")
    with tsa_server(tsa) as server:
        authority = HttpTimestampAuthority(server.url, timeout_s=5.0)
        with keeping(asked, client, Stamper(authority=authority, roots=[tsa.root])):
            row = signed(asked, 3)

            def is_stamped() -> bool:
                with asked.store.read() as view:
                    return bool(view.witnessing.timestamps(row.number))

            wait_for(is_stamped, "a time stamp")
            go_on.set()
