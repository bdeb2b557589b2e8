"""Time stamps by a real authority; one that is down stops nothing, and the gap is closed later."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from hub.audit.timestamps import verify_timestamp
from hub.errors import HubError
from hub.exchange.broker import Broker
from hub.exchange.witness.stamping import Stamper, stamp, stamp_due, unstamped_since
from hub.ports import CheckpointRow
from hub.transport.tsa import HttpTimestampAuthority
from tests.exchange.hubs import Hubs
from tests.exchange.log.logs import limited, signed
from tests.servers.tsa import Tsa, TsaServer, make_tsa, tsa_server

#: Many hubs and stores: not for the quick gate.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Tsa:
    return make_tsa(tmp_path_factory.mktemp("tsa") / "one")


@pytest.fixture
def server(tsa: Tsa) -> Iterator[TsaServer]:
    with tsa_server(tsa) as made:
        yield made


@pytest.fixture
def broker(hubs: Hubs) -> Broker:
    return limited(hubs.add("kz-knb"), timestamp_interval_s=600.0)


def stamper(server: TsaServer, *roots: x509.Certificate) -> Stamper:
    authority = HttpTimestampAuthority(server.url, timeout_s=5.0)
    return Stamper(authority=authority, roots=roots or [server.tsa.root])


def due(broker: Broker) -> CheckpointRow | None:
    with broker.store.read() as view:
        return stamp_due(broker, view)


def since(broker: Broker) -> datetime | None:
    with broker.store.read() as view:
        return unstamped_since(view)


def code(broker: Broker, stamper: Stamper, row: CheckpointRow) -> str:
    with pytest.raises(HubError) as failed:
        stamp(broker, stamper, row)
    with broker.store.read() as view:
        state = view.witnessing.states()[stamper.authority.name]
        assert view.witnessing.last_timestamp() is None
    assert state.failing_since is not None
    assert state.code == failed.value.code
    return failed.value.code


def test_a_checkpoint_is_stamped_and_openssl_agrees(broker: Broker, server: TsaServer, tsa: Tsa) -> None:
    row = signed(broker, 3)
    stamped = stamp(broker, stamper(server), row)
    assert (stamped.number, stamped.size) == (row.number, row.size)
    assert server.url.startswith(stamped.tsa)
    with broker.store.read() as view:
        assert view.witnessing.timestamps(row.number) == [stamped]
        state = view.witnessing.states()[stamped.tsa]
    assert state.failing_since is None
    found = verify_timestamp(stamped.token, row.note, [tsa.root])
    assert found.at == stamped.at
    assert abs(found.at - datetime.now(UTC)) < timedelta(minutes=5)
    assert tsa.agrees(stamped.token, row.note)
    assert not tsa.agrees(stamped.token, row.note + b"x")


def test_what_has_grown_is_stamped_at_the_set_interval(hubs: Hubs, broker: Broker, server: TsaServer) -> None:
    assert due(broker) is None
    first = signed(broker, 3)
    assert since(broker) == first.at
    assert due(broker) == first
    stamp(broker, stamper(server), first)
    assert since(broker) is due(broker) is None
    second = signed(broker, 1)
    assert due(broker) is None
    assert since(broker) == second.at
    hubs.clock.at += timedelta(minutes=10)
    third = signed(broker, 1)
    assert due(broker) == third
    stamp(broker, stamper(server), third)
    with broker.store.read() as view:
        covering = view.witnessing.timestamp_covering(second.size)
    assert covering is not None
    assert covering.number == third.number
    assert since(broker) is None
    hubs.clock.at -= timedelta(days=1)
    fourth = replace(third, number=4, size=third.size + 1, at=hubs.clock.at)
    with broker.store.work() as work:
        work.log.add_checkpoint(fourth)
        work.commit()
    assert due(broker) == fourth


def test_an_authority_that_is_down_leaves_a_gap_that_is_closed_later(
    broker: Broker, server: TsaServer
) -> None:
    first = signed(broker, 3)
    server.status = 503
    assert code(broker, stamper(server), first) == "timestamp-unavailable"
    assert since(broker) == first.at
    later = signed(broker, 3)
    server.status = 200
    stamp(broker, stamper(server), later)
    assert since(broker) is None


def test_nobody_at_the_address_is_unavailable(broker: Broker, tsa: Tsa) -> None:
    with tsa_server(tsa) as gone:
        pass
    assert code(broker, stamper(gone), signed(broker, 1)) == "timestamp-unavailable"


def test_a_stamp_under_another_root_is_refused(broker: Broker, server: TsaServer, tmp_path: Path) -> None:
    other = make_tsa(tmp_path / "other")
    assert code(broker, stamper(server, other.root), signed(broker, 1)) == "timestamp-invalid"


def test_a_stamp_for_another_checkpoint_or_question_is_refused(broker: Broker, server: TsaServer) -> None:
    row = signed(broker, 1)
    stamp_of = stamper(server)
    answer = server.tsa.reply(_query(broker, stamp_of, row, server))
    server.answer = answer
    assert code(broker, stamp_of, row) == "timestamp-invalid"


def _query(broker: Broker, stamp_of: Stamper, row: CheckpointRow, server: TsaServer) -> bytes:
    """Return the question that was asked for a checkpoint, without keeping its answer."""
    server.status = 500
    assert code(broker, stamp_of, row) == "timestamp-unavailable"
    server.status = 200
    return server.asked[-1]


@pytest.mark.parametrize("answer", [b"", b"0", b"<html>", b"\x30\x80", bytes(70_000)])
def test_what_is_no_answer_is_refused(broker: Broker, server: TsaServer, answer: bytes) -> None:
    server.answer = answer
    assert code(broker, stamper(server), signed(broker, 1)) in {
        "timestamp-invalid",
        "timestamp-unavailable",
    }


def test_a_refusal_of_the_authority_is_told(broker: Broker, server: TsaServer, tsa: Tsa) -> None:
    # PKIStatusInfo with the status rejection and no token (RFC 3161 §2.4.2).
    server.answer = bytes.fromhex("30053003020102")
    assert code(broker, stamper(server), signed(broker, 1)) == "timestamp-unavailable"
