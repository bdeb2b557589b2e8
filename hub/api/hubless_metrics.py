"""What Prometheus is shown of partners without a hub: whether they are reached, suspended, and refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hub.entries import PartnerStatus
from hub.errors import HubError
from hub.exchange.broker import Broker
from hub.exchange.hubless.keeper import Round


class HublessCollector(Collector):
    """Reads how the last looks at partners went in this process, and which are suspended."""

    def __init__(self, broker: Broker, rounds: Callable[[], Mapping[str, Round]]) -> None:
        self._broker = broker
        self._rounds = rounds

    def collect(self) -> Iterator[Metric]:
        """Yield, by partner, how looks at it went, how its carrier is, and whether it is suspended."""
        failures = GaugeMetricFamily(
            "hub_parcel_look_failures",
            "Looks for parcels and receipts that failed in a row, by partner without a hub.",
            labels=["partner"],
        )
        age = GaugeMetricFamily(
            "hub_parcel_look_age_seconds",
            "How long ago this process looked for the partner's parcels.",
            labels=["partner"],
        )
        suspended = GaugeMetricFamily(
            "hub_parcel_partner_suspended",
            "1 while traffic with the partner without a hub is stopped.",
            labels=["partner"],
        )
        well = GaugeMetricFamily(
            "hub_parcel_carrier_well",
            "0 while the partner's carrier does not work, or has put something apart for a person.",
            labels=["partner"],
        )
        now = self._broker.clock.now()
        for agency, last in self._rounds().items():
            failures.add_metric([agency], last.failures)
            age.add_metric([agency], max(0.0, (now - last.at).total_seconds()))
            if last.well is not None:
                well.add_metric([agency], float(last.well))
        try:
            known = self._broker.standing().hubless
        except HubError:
            known = {}  # hub_database_up says it
        for agency, row in known.items():
            suspended.add_metric([agency], float(row.status is not PartnerStatus.ACTIVE))
        yield from (failures, age, well, suspended)
