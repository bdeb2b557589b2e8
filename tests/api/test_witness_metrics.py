"""What Prometheus is shown of witnesses."""

from __future__ import annotations

from dataclasses import replace

from prometheus_client import CollectorRegistry

from hub.api import WitnessCollector
from hub.errors import PeerFault
from hub.exchange.broker import Broker
from hub.exchange.witness.policy import WitnessPolicy
from hub.exchange.witness.settling import conclude, note_failure
from tests.api.world import World
from tests.exchange.log.logs import clock_of, signed


def shown(broker: Broker, name: str, **labels: str) -> float | None:
    registry = CollectorRegistry()
    registry.register(WitnessCollector(broker, stamping=True))
    return registry.get_sample_value(name, labels)


def test_a_missing_quorum_and_a_missing_stamp_are_seen(world: World) -> None:
    policy = WitnessPolicy(witnesses=("cis-atc",), needed=1)
    broker = replace(world.broker, witnesses=policy)
    assert shown(broker, "hub_quorum_missing_seconds") == shown(broker, "hub_log_unstamped_seconds") == 0
    row = signed(broker, 1)
    note_failure(broker, "cis-atc", PeerFault("partner-unreachable", "cis-atc does not answer."))
    conclude(broker, row)
    clock_of(broker).at = row.at.replace(microsecond=0).replace(year=row.at.year + 1)
    assert shown(broker, "hub_witness_up", witness="cis-atc") == 0
    assert shown(broker, "hub_quorum_needed") == 1
    year_s = 365 * 86400 - 1
    assert (shown(broker, "hub_quorum_missing_seconds") or 0) >= year_s
    assert (shown(broker, "hub_log_unstamped_seconds") or 0) >= year_s
    assert shown(broker, "hub_log_disproved") == 0
    assert shown(broker, "hub_log_forks", kind="fork") == 0


def test_no_quorum_needed_is_shown_as_none(world: World) -> None:
    signed(world.broker, 1)
    assert shown(world.broker, "hub_quorum_needed") == 0
    assert shown(world.broker, "hub_quorum_missing_seconds") == 0
    assert shown(world.broker, "hub_witness_up", witness="cis-atc") is None
