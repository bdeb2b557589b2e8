"""What looks at partners without a hub notes how each look went, and what their carriers have put apart."""

from __future__ import annotations

import shutil

import pytest
from prometheus_client import CollectorRegistry

from hub.api.hubless_metrics import HublessCollector
from hub.exchange.hubless.keeper import ParcelKeeper
from hub.exchange.hubless.pinning import suspend_hubless
from tests.exchange.hubless.conftest import THEM, Pair
from tests.exchange.hubs import CUSTODIAN


def looked(pair: Pair, keeper: ParcelKeeper, *, after_s: float | None = None) -> None:
    """Let the keeper look once, as it does in a thread of its own."""
    pair.hubs.clock.pass_(after_s or pair.broker.limits.parcels_interval_s)
    keeper._look(pair.broker.standing().hubless[THEM])


def shown(pair: Pair, keeper: ParcelKeeper, name: str) -> float | None:
    registry = CollectorRegistry()
    registry.register(HublessCollector(pair.broker, lambda: keeper.rounds))
    return registry.get_sample_value(f"hub_parcel_{name}", {"partner": THEM})


def test_what_a_carrier_put_apart_is_seen_by_whoever_watches_the_metrics(
    pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    keeper = ParcelKeeper(pair.broker)
    assert shown(pair, keeper, "carrier_well") is None
    looked(pair, keeper)
    assert shown(pair, keeper, "carrier_well") == 1
    strange = pair.folder / "drop" / "receipts-for-kz-knb"
    strange.mkdir(parents=True, exist_ok=True)
    (strange / "theirs").write_bytes(b"no receipt")
    looked(pair, keeper)
    assert shown(pair, keeper, "carrier_well") == 1, "it is asked now and then, and not at each look"
    for _ in range(2):
        looked(pair, keeper, after_s=pair.broker.limits.parcels_condition_s)
        assert shown(pair, keeper, "carrier_well") == 0
    assert [one.message for one in caplog.records] == ["a partner's carrier is not well"]
    (strange / "theirs").unlink()
    looked(pair, keeper, after_s=pair.broker.limits.parcels_condition_s)
    assert shown(pair, keeper, "carrier_well") == 1


def test_looks_that_fail_in_a_row_are_counted_until_one_does_not(pair: Pair) -> None:
    keeper = ParcelKeeper(pair.broker)
    looked(pair, keeper)
    assert shown(pair, keeper, "look_failures") == 0
    inbox = pair.folder / "drop" / "to-kz-knb"
    inbox.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(inbox, ignore_errors=True)
    inbox.write_bytes(b"no folder")
    for count in (1, 2):
        looked(pair, keeper)
        assert shown(pair, keeper, "look_failures") == count
    inbox.unlink()
    looked(pair, keeper)
    assert shown(pair, keeper, "look_failures") == 0
    pair.hubs.clock.pass_(60)
    assert shown(pair, keeper, "look_age_seconds") == 60


def test_a_suspended_partner_is_shown_as_one(pair: Pair) -> None:
    keeper = ParcelKeeper(pair.broker)
    assert shown(pair, keeper, "partner_suspended") == 0
    suspend_hubless(pair.broker, CUSTODIAN, THEM)
    assert shown(pair, keeper, "partner_suspended") == 1
