from __future__ import annotations

import logging
import time
from pathlib import Path

import pytest

from hub.exchange.broker import Broker
from hub.exchange.log.keeper import LogKeeper
from hub.exchange.log.publishing import published_checkpoint
from tests.exchange.log.logs import limited, signed, stage, tamper, url_of


def wait_for(true, what: str) -> None:  # type: ignore[no-untyped-def]
    until = time.monotonic() + 60
    while not true():
        assert time.monotonic() < until, what
        time.sleep(0.005)


def test_a_turn_sequences_signs_and_publishes(broker: Broker, tmp_path: Path) -> None:
    broker = limited(broker, log_batch_max_entries=100)
    stage(broker, 250)
    keeper = LogKeeper(broker, tmp_path)
    keeper.take_turn()
    with broker.store.read() as view:
        last = view.log.checkpoint()
        assert view.log.size() == 250
    assert last is not None
    assert last.size == 250
    assert published_checkpoint(tmp_path) == last.note


def test_it_keeps_the_log_until_it_is_stopped_and_signs_for_the_last_event(
    broker: Broker, tmp_path: Path
) -> None:
    broker = limited(broker, log_batch_wait_s=0.01)
    keeper = LogKeeper(broker, tmp_path)
    keeper.start()
    stage(broker, 3)
    wait_for(lambda: published_checkpoint(tmp_path) is not None, "a checkpoint")
    stage(broker, 2)
    keeper.stop()
    assert keeper.failure is None
    with broker.store.read() as view:
        last = view.log.checkpoint()
    assert last is not None
    assert last.size == 5
    assert published_checkpoint(tmp_path) == last.note


def test_what_it_cannot_do_is_seen_until_it_can_again(
    broker: Broker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broker = limited(broker, log_batch_wait_s=0.01)
    in_the_way = tmp_path / "log"
    in_the_way.write_text("")
    keeper = LogKeeper(broker, in_the_way)
    stage(broker, 1)
    with caplog.at_level(logging.INFO, "hub.log"):
        keeper.start()
        wait_for(lambda: keeper.failure is not None, "the failure")
        assert keeper.failure is not None
        assert keeper.failure.code == "storage-unavailable"
        in_the_way.unlink()
        wait_for(lambda: keeper.failure is None, "it to go on")
        keeper.stop()
    failed = [record for record in caplog.records if "failed" in record.getMessage()]
    assert len(failed) == 1, "one line, however many turns fail alike"
    assert any("goes on" in record.getMessage() for record in caplog.records)


def test_a_forked_log_is_not_kept_and_says_so(broker: Broker, tmp_path: Path) -> None:
    broker = limited(broker, log_batch_wait_s=0.01)
    signed(broker, 3)
    tamper(url_of(broker), 'UPDATE log_entries SET leaf_hash = root FROM checkpoints WHERE "index" = 1')
    stage(broker, 1)
    broker.clock.pass_(5)  # type: ignore[attr-defined]
    keeper = LogKeeper(broker, tmp_path)
    keeper.start()
    wait_for(lambda: keeper.failure is not None, "the failure")
    assert keeper.failure is not None
    assert keeper.failure.code == "log-forked"
    keeper.stop()


def test_a_keeper_that_was_not_started_has_not_failed(broker: Broker, tmp_path: Path) -> None:
    keeper = LogKeeper(broker, tmp_path)
    assert keeper.failure is None
    keeper.stop()
