from __future__ import annotations

from datetime import timedelta

import pytest

from hub.audit.checkpoints import verify_checkpoint
from hub.errors import IntegrityFailure
from hub.exchange.broker import Broker
from hub.exchange.log.checkpointing import checkpoint
from tests.exchange.log.logs import (
    clock_of,
    expected_root,
    keys,
    sequence_all,
    signed,
    stage,
    tamper,
    url_of,
)

_OTHER_TILE = "UPDATE log_tiles SET root = substr(hashes, 1, 32)"


def test_an_empty_log_is_not_signed(broker: Broker) -> None:
    assert checkpoint(broker) is None
    stage(broker, 1)
    assert checkpoint(broker) is None, "what has no index yet is not signed for"


def test_a_checkpoint_is_signed_by_each_of_the_logs_keys_over_what_is_stored(broker: Broker) -> None:
    row = signed(broker, 300)
    head = verify_checkpoint(row.note, keys(broker))
    assert len(keys(broker)) == 2
    assert (head.origin, head.size, head.root) == ("kz-knb/log", 300, expected_root(broker))
    assert (row.number, row.size, row.root, row.at) == (1, 300, head.root, broker.clock.now())
    with broker.store.read() as view:
        assert view.log.checkpoint() == row


def test_a_checkpoint_follows_within_a_second_and_not_more_often(broker: Broker) -> None:
    first = signed(broker, 1)
    stage(broker, 1)
    sequence_all(broker)
    limits = broker.limits
    clock_of(broker).at = first.at + timedelta(seconds=limits.log_checkpoint_wait_s / 2)
    assert checkpoint(broker) is None
    # One turn before it would be late: the next turn comes log_batch_wait_s later.
    clock_of(broker).at = first.at + timedelta(seconds=limits.log_checkpoint_wait_s - limits.log_batch_wait_s)
    second = checkpoint(broker)
    assert second is not None
    assert (second.number, second.size) == (2, 2)
    assert checkpoint(broker) is None


def test_who_cannot_wait_gets_a_checkpoint_at_once_over_what_is_new(broker: Broker) -> None:
    signed(broker, 1)
    assert checkpoint(broker, at_once=True) is None
    stage(broker, 1)
    sequence_all(broker)
    assert checkpoint(broker, at_once=True) is not None


def test_an_idle_log_is_signed_at_every_heartbeat(broker: Broker) -> None:
    first = signed(broker, 2)
    clock_of(broker).pass_(59.9)
    assert checkpoint(broker) is None
    clock_of(broker).pass_(0.2)
    beat = checkpoint(broker)
    assert beat is not None
    assert (beat.number, beat.size, beat.root) == (2, 2, first.root)


def test_a_clock_that_was_set_back_stops_no_checkpoint(broker: Broker) -> None:
    signed(broker, 1)
    stage(broker, 1)
    sequence_all(broker)
    clock_of(broker).pass_(-86400)
    assert checkpoint(broker) is not None


def test_only_one_signs_at_a_time(broker: Broker) -> None:
    stage(broker, 1)
    sequence_all(broker)
    assert checkpoint(broker) is not None
    assert checkpoint(broker) is None


@pytest.mark.parametrize(
    "change",
    ['UPDATE log_entries SET leaf_hash = root FROM checkpoints WHERE "index" = 299', _OTHER_TILE],
)
def test_a_log_that_does_not_continue_what_was_signed_is_not_signed(broker: Broker, change: str) -> None:
    signed(broker, 300)
    tamper(url_of(broker), change)
    stage(broker, 300)
    sequence_all(broker)
    clock_of(broker).pass_(1)
    with pytest.raises(IntegrityFailure) as refused:
        checkpoint(broker)
    assert refused.value.code == "log-forked"
    with broker.store.read() as view:
        assert view.log.checkpoint(2) is None


def test_a_log_with_a_hole_is_not_signed(broker: Broker) -> None:
    stage(broker, 300)
    sequence_all(broker)
    tamper(url_of(broker), 'DELETE FROM log_entries WHERE "index" = 280')
    with pytest.raises(IntegrityFailure) as refused:
        checkpoint(broker)
    assert refused.value.code == "log-damaged"
