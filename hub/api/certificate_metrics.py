"""What Prometheus is shown of certificates: when they end, and whether revocation is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hub.errors import HubError
from hub.exchange.broker import Broker
from hub.exchange.certificates.expiring import Ending, endings
from hub.federation.trust import TrustSource


class CertificateCollector(Collector):
    """Reads the ends of certificates and the freshness of answers when it is asked."""

    def __init__(
        self,
        broker: Broker,
        trust: TrustSource,
        own: Callable[[], Sequence[Ending]],
        failures: Callable[[], Mapping[str, str]],
    ) -> None:
        self._broker = broker
        self._trust = trust
        self._own = own
        self._failures = failures

    def collect(self) -> Iterator[Metric]:
        """Yield seconds until each end, and for each partner whether its answers are fresh and come."""
        left = GaugeMetricFamily(
            "hub_certificate_ends_in_seconds",
            "How long a certificate in use still is valid; negative once it has ended.",
            labels=["what", "agency", "thumbprint"],
        )
        fresh = GaugeMetricFamily(
            "hub_revocation_fresh_seconds",
            "How long the oldest answer about the partner's authorities is still believed.",
            labels=["partner", "policy"],
        )
        failing = GaugeMetricFamily(
            "hub_revocation_failing", "1 where the partner's authority gives no answer.", labels=["partner"]
        )
        now = self._broker.clock.now()
        try:
            with self._broker.store.read() as view:
                found = endings(self._broker, view, self._own())
            trust = self._trust.current(now)
        except HubError:
            yield from (left, fresh, failing)  # hub_database_up says it
            return
        for one in found:
            seconds = (one.not_after - now).total_seconds()
            left.add_metric([one.what, one.agency, one.thumbprint[:16]], seconds)
        failures = self._failures()
        for agency, pinned in trust.partners.items():
            held = [one.until for one in pinned.revocation.lists.values()]
            held += [one.until for one in pinned.revocation.answers.values()]
            seconds = (min(held) - now).total_seconds() if held else 0.0
            fresh.add_metric([agency, pinned.revocation.policy.value], seconds)
            failing.add_metric([agency], float(agency in failures))
        yield from (left, fresh, failing)
