"""What Prometheus sees of a hub."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from prometheus_client import CollectorRegistry, generate_latest

from hub.api import LogCollector, QueueCollector, count_requests
from hub.errors import OurFault
from hub.exchange.log.checkpointing import checkpoint
from hub.exchange.log.sequencing import sequence
from tests.exchange.hubs import Hubs, released, run_lanes


@pytest.fixture
def hubs(tmp_path: Path) -> Iterator[Hubs]:
    made = Hubs(folder=tmp_path)
    made.add("kz-knb")
    made.add("cis-atc")
    made.pair_all()
    made.agree()
    yield made
    made.close()


def shown(registry: CollectorRegistry) -> str:
    return generate_latest(registry).decode()


def test_the_queue_is_shown_by_partner_and_state(hubs: Hubs) -> None:
    ours = hubs.network.brokers["kz-knb"]
    registry = CollectorRegistry()
    registry.register(QueueCollector(ours, lambda: True))
    released(ours, "cis-atc")
    hubs.network.down.add("cis-atc")
    run_lanes(ours)
    hubs.clock.pass_(60)
    text = shown(registry)
    assert 'hub_queue_entries{partner="cis-atc",state="pending"} 1.0' in text
    assert 'hub_queue_oldest_seconds{partner="cis-atc",state="pending"} 60.0' in text
    assert 'hub_lane_failures{partner="cis-atc"} 1.0' in text
    assert "hub_dispatcher_up 1.0" in text


def test_a_database_that_cannot_be_read_shows_as_down(hubs: Hubs) -> None:
    ours = hubs.network.brokers["kz-knb"]
    registry = CollectorRegistry()
    registry.register(QueueCollector(ours, lambda: False))
    (hubs.folder / "kz-knb" / "hub.sqlite3").rename(hubs.folder / "gone")
    ours.store.close()
    text = shown(registry)
    assert "hub_database_up 0.0" in text
    assert "hub_dispatcher_up 0.0" in text


def test_the_log_is_shown_with_what_waits_and_the_age_of_its_last_checkpoint(hubs: Hubs) -> None:
    ours = hubs.network.brokers["kz-knb"]
    registry = CollectorRegistry()
    registry.register(LogCollector(ours, lambda: None))
    with ours.store.read() as view:
        staged = view.log.waiting_count(100)
    text = shown(registry)
    assert f"hub_log_waiting_entries {float(staged)}" in text
    assert "hub_log_entries 0.0" in text
    assert "\nhub_log_checkpoint_age_seconds " not in text
    while sequence(ours):
        pass
    assert checkpoint(ours) is not None
    hubs.clock.pass_(7)
    text = shown(registry)
    assert f"hub_log_entries {float(staged)}" in text
    assert "hub_log_waiting_entries 0.0" in text
    assert "hub_log_checkpoint_age_seconds 7.0" in text
    assert "hub_log_up 1.0" in text


def test_a_log_that_is_not_kept_shows_as_down(hubs: Hubs) -> None:
    registry = CollectorRegistry()
    failure = OurFault("storage-unavailable", "The disk is full.")
    registry.register(LogCollector(hubs.network.brokers["kz-knb"], lambda: failure))
    assert "hub_log_up 0.0" in shown(registry)


def test_requests_are_counted_by_endpoint_and_unknown_addresses_share_one_label() -> None:
    app, registry = Flask("test"), CollectorRegistry()
    count_requests(app, registry)
    app.add_url_rule("/here", "here", lambda: "yes")
    client = app.test_client()
    for path in ("/here", "/nowhere", "/nowhere-else"):
        client.get(path)
    text = shown(registry)
    assert 'hub_http_requests_total{endpoint="here",status="200"} 1.0' in text
    assert 'hub_http_requests_total{endpoint="none",status="404"} 2.0' in text
