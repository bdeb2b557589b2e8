from __future__ import annotations

import pytest

from hub.errors import HubError
from hub.exchange.broker import Broker
from hub.exchange.drafting import draft
from hub.exchange.freshness import Fresh
from hub.exchange.log.stalling import is_behind, refuse_stalled
from tests.exchange.hubs import AIGUL, Hubs, document, release_it
from tests.exchange.log.logs import clock_of, sequence_all, signed, stage, tamper, url_of


def test_a_log_that_keeps_up_is_not_behind(broker: Broker) -> None:
    assert not is_behind(broker)
    signed(broker, 3)
    clock_of(broker).pass_(10_000)
    assert not is_behind(broker)


def test_a_log_is_behind_when_an_event_waits_too_long_for_its_index(broker: Broker) -> None:
    stage(broker, 1)
    clock_of(broker).pass_(29)
    stage(broker, 1)
    assert not is_behind(broker)
    clock_of(broker).pass_(2)
    assert is_behind(broker)


def test_a_log_is_behind_when_an_entry_waits_too_long_for_a_checkpoint(broker: Broker) -> None:
    signed(broker, 3)
    stage(broker, 1)
    sequence_all(broker)
    clock_of(broker).pass_(31)
    assert is_behind(broker)


def test_who_releases_where_nothing_keeps_the_log_catches_up_with_it(broker: Broker) -> None:
    stage(broker, 3)
    clock_of(broker).pass_(3600)
    refuse_stalled(broker)
    assert not is_behind(broker)
    with broker.store.read() as view:
        last = view.log.checkpoint()
    assert last is not None
    assert last.size == 3


def test_nothing_is_released_while_the_log_cannot_be_signed(pair: Hubs) -> None:
    broker = pair.network.brokers["kz-knb"]
    row = draft(broker, AIGUL, document(), recipients=["cis-atc"])
    signed(broker, 1)
    tamper(url_of(broker), 'UPDATE log_entries SET leaf_hash = root FROM checkpoints WHERE "index" = 0')
    stage(broker, 1)
    clock_of(broker).pass_(31)
    with pytest.raises(HubError) as refused:
        release_it(broker, row)
    assert refused.value.code == "log-stalled"
    assert "log-forked" in refused.value.sentence
    with broker.store.read() as view:
        assert view.outbox.counts() == []


def test_the_database_is_asked_once_in_a_while() -> None:
    asked: list[float] = []
    now = [0.0]
    fresh = Fresh(1.0, seconds=lambda: now[0])
    for now[0] in (0.0, 0.5, 0.99, 1.0, 1.5, 2.1):
        fresh.check(lambda: asked.append(now[0]))
    assert asked == [0.0, 1.0, 2.1]


def test_a_refusal_is_asked_for_again_each_time() -> None:
    fresh, asked = Fresh(1.0), []

    def refuse() -> None:
        asked.append(1)
        raise KeyError

    for _ in range(2):
        with pytest.raises(KeyError):
            fresh.check(refuse)
    assert len(asked) == 2
