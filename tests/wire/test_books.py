"""Numbers and books over real mutual TLS: hostile statements are refused, and every difference is found."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from hub.exchange.agreements import adopt
from tests.exchange.crafting import stated, stated_books
from tests.exchange.hubs import AIGUL, BOLAT, CUSTODIAN, agreement_text, document
from tests.wire.served import PEERS, US, Peer, Served, served

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("books")) as running:
        adopt(running.peers["sco-rats"].hub.broker, CUSTODIAN, agreement_text([US, *PEERS]))
        yield running


@pytest.fixture
def peer(hub: Served) -> Peer:
    return hub.peers["cis-atc"]


def refused(hub: Served, peer: Peer, *told: Any) -> list[str]:
    """Send transfers of which the last is refused; return its code after checking what must always hold."""
    before = hub.stored()
    outcomes = peer.send_stated(*told)
    assert hub.stored()[0] == before[0] + len([one for one in outcomes if one["code"] is None])
    assert hub.codes()[-1] == outcomes[-1]["code"]
    assert hub.serves_others()
    return [str(one["code"]) for one in outcomes]


def test_statements_that_prove_nothing_are_refused(hub: Served, peer: Peer) -> None:
    broker, raw, other = peer.hub.broker, peer.seal(), peer.seal()
    (good,) = stated(broker, raw, to=US)
    (elsewhere,) = stated(broker, raw, to="sco-rats")
    (of_another,) = stated(broker, other, to=US)
    (by_another,) = stated(hub.peers["sco-rats"].hub.broker, raw, to=US)
    assert refused(hub, peer, replace(good, statement=None)) == ["statement-missing"]
    for bad in (
        replace(good, statement=b"{}"),
        replace(good, statement=good.statement and good.statement[:-9]),
        elsewhere,
        replace(of_another, sealed=raw),
        by_another,
    ):
        assert refused(hub, peer, bad) == ["statement-invalid"]
    (outcome,) = peer.send_stated(good)
    assert outcome["receipt"]


def test_a_number_is_not_given_to_a_second_envelope(hub: Served, peer: Peer) -> None:
    broker = peer.hub.broker
    first = stated(broker, peer.seal(), to=US, numbers=[77])
    second = stated(broker, peer.seal(), to=US, numbers=[77])
    (outcome,) = peer.send_stated(*first)
    assert outcome["code"] is None
    assert refused(hub, peer, *second) == ["number-reused"]


def ask(peer: Peer, raw: bytes) -> tuple[int, str | None]:
    answer = peer.post(json.dumps({"statement": raw.decode()}).encode(), "/exchange/v1/reconciliation")
    return answer.status, answer.json().get("code")


def test_questions_about_books_are_the_callers_own_or_refused(hub: Served, peer: Peer) -> None:
    def question(by: Peer, **told: Any) -> bytes:
        return stated_books(by.hub.broker, told.pop("to", US), **told)

    assert ask(peer, question(peer)) == (200, None)
    assert ask(peer, question(hub.peers["sco-rats"])) == (400, "key-unknown")
    assert ask(peer, question(peer, to="sco-rats")) == (400, "document-invalid")
    assert ask(peer, b"{}") == (400, "document-invalid")
    # Announced only: the connection may be closed before all of a body that is refused was sent.
    assert peer.announce(600_000, "/exchange/v1/reconciliation").split(b" ")[1] == b"413"
    assert hub.serves_others()


def reconcile(home: Path, *words: str) -> tuple[int, Any]:
    """Run `hub reconcile` as a person would; return its exit code and what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "hub.cli", "reconcile", *words, "--home", str(home), "--json"],
        capture_output=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


def test_hub_reconcile_finds_the_row_that_is_gone_and_nothing_else(hub: Served) -> None:
    from hub.exchange.drafting import draft
    from hub.exchange.releasing import approve
    from tests.exchange.hubs import run_lanes

    ours = hub.peers["sco-rats"].hub
    aigul, bolat = (replace(who, agency="sco-rats") for who in (AIGUL, BOLAT))
    for _ in range(3):
        row = draft(ours.broker, aigul, document(), recipients=[US])
        approve(ours.broker, bolat, row.record_id, digest=row.digest, recipients=row.recipients)
    assert run_lanes(ours.broker) == 3
    home, today = ours.config.home, ours.broker.clock.now().date().isoformat()
    _code, told = reconcile(home, US)
    # What `serves_others` sent was made by hand: our books do not have it.
    assert {one["difference"] for one in told["found"]} <= {"received-not-sent"}
    by_hand = len(told["found"])

    engine = create_engine(hub.hub.config.database_url)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM inbox WHERE originator = 'sco-rats' AND number = 2"))
    engine.dispose()
    code, told = reconcile(home, US, "--from", today, "--to", today)
    assert code == 1
    found = [(one["number"], one["difference"]) for one in told["found"] if one["number"] < 10]
    assert found == [(2, "sent-not-received")]
    assert len(told["found"]) <= by_hand + 1
    assert told["statements"]
