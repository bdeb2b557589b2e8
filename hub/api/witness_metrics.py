"""What Prometheus is shown of witnesses: who cosigns our log, whether enough do, what was seen of others."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hub.audit.witnessing import Contradiction
from hub.errors import HubError
from hub.exchange.broker import Broker
from hub.exchange.witness.holding import missing_since
from hub.exchange.witness.stamping import unstamped_since
from hub.ports import View


class WitnessCollector(Collector):
    """Reads how the log stands with its witnesses when it is asked."""

    def __init__(self, broker: Broker, *, stamping: bool) -> None:
        self._broker = broker
        self._stamping = stamping

    def collect(self) -> Iterator[Metric]:
        """Yield each witness's state, the quorum's, how long nothing was stamped, and evidence of forks."""
        try:
            with self._broker.store.read() as view:
                yield from [*self._witnesses(view), *self._quorum(view), *self._others(view)]
        except HubError:
            return  # hub_database_up says it

    def _witnesses(self, view: View) -> Iterator[Metric]:
        up = GaugeMetricFamily(
            "hub_witness_up", "1 when the witness cosigned when it was asked last.", labels=["witness"]
        )
        size = GaugeMetricFamily(
            "hub_witness_entries", "How many entries of our log the witness has cosigned.", labels=["witness"]
        )
        states = view.witnessing.states()
        for witness in self._broker.witnesses.witnesses:
            state = states.get(witness)
            up.add_metric([witness], float(state is not None and state.failing_since is None))
            size.add_metric([witness], 0 if state is None else state.size)
        yield from (up, size)

    def _quorum(self, view: View) -> Iterator[Metric]:
        needed = GaugeMetricFamily("hub_quorum_needed", "How many witnesses must cosign; 0 by choice.")
        missing = GaugeMetricFamily(
            "hub_quorum_missing_seconds",
            "How long the quorum has been missing; 0 when it is met.",
        )
        alarm = GaugeMetricFamily("hub_log_disproved", "1 when a witness has disproved our log.")
        quorum, policy = view.witnessing.quorum(), self._broker.witnesses
        needed.add_metric([], policy.needed)
        since = missing_since(self._broker, quorum)
        now = self._broker.clock.now()
        missing.add_metric([], 0.0 if since is None else max(0.0, (now - since).total_seconds()))
        alarm.add_metric([], float(quorum.alarm is not None))
        yield from (needed, missing, alarm)

    def _others(self, view: View) -> Iterator[Metric]:
        forks = GaugeMetricFamily(
            "hub_log_forks", "Contradicting checkpoints of other logs kept as evidence.", labels=["kind"]
        )
        for kind in Contradiction:
            forks.add_metric([kind.value], view.witnessing.fork_count(kind))
        yield forks
        if self._stamping:
            unstamped = GaugeMetricFamily(
                "hub_log_unstamped_seconds", "How long the first checkpoint without a time stamp has waited."
            )
            since = unstamped_since(view)
            now = self._broker.clock.now()
            unstamped.add_metric([], 0.0 if since is None else max(0.0, (now - since).total_seconds()))
            yield unstamped
