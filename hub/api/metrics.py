"""What Prometheus is shown: the queue as it stands, and requests as answered. Never ids of records."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hub.errors import HubError
from hub.exchange.broker import Broker

_WAITING_MOST: Final = 10_000


class QueueCollector(Collector):
    """Reads the queue's kept counters when it is asked; a database that cannot be read shows as down."""

    def __init__(self, broker: Broker, dispatching: Callable[[], bool]) -> None:
        self._broker = broker
        self._dispatching = dispatching

    def collect(self) -> Iterator[Metric]:
        """Yield entries by partner and state, how long the oldest has waited, failing lanes, and liveness."""
        entries = GaugeMetricFamily(
            "hub_queue_entries", "Entries by partner and state.", labels=["partner", "state"]
        )
        oldest = GaugeMetricFamily(
            "hub_queue_oldest_seconds",
            "How long ago the oldest entry in this state was queued.",
            labels=["partner", "state"],
        )
        failures = GaugeMetricFamily(
            "hub_lane_failures", "Failed carries in a row, by partner.", labels=["partner"]
        )
        database = GaugeMetricFamily("hub_database_up", "1 when the database can be read.")
        dispatcher = GaugeMetricFamily("hub_dispatcher_up", "1 when this process dispatches.")
        dispatcher.add_metric([], float(self._dispatching()))
        try:
            self._read(entries, oldest, failures)
            database.add_metric([], 1.0)
        except HubError:
            database.add_metric([], 0.0)
        yield from (entries, oldest, failures, database, dispatcher)

    def _read(
        self, entries: GaugeMetricFamily, oldest: GaugeMetricFamily, failures: GaugeMetricFamily
    ) -> None:
        now = self._broker.clock.now()
        with self._broker.store.read() as view:
            counts = view.outbox.counts()
            lanes = [view.outbox.lane(partner) for partner in sorted({count.lane for count in counts})]
        for count in counts:
            labels = [count.lane, count.state.value]
            entries.add_metric(labels, count.count)
            oldest.add_metric(labels, max(0.0, (now - count.oldest_at).total_seconds()))
        for lane in lanes:
            failures.add_metric([lane.partner], lane.failures)


class TokenCollector(Collector):
    """Asks the token that holds our keys, when it is asked itself."""

    def __init__(self, failure: Callable[[], HubError | None]) -> None:
        self._failure = failure

    def collect(self) -> Iterator[Metric]:
        """Yield whether the token can be used."""
        up = GaugeMetricFamily("hub_token_up", "1 when the token that holds our keys can be used.")
        up.add_metric([], float(self._failure() is None))
        yield up


class BooksCollector(Collector):
    """Reads how each partner and the books with it stand when it is asked."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def collect(self) -> Iterator[Metric]:
        """Yield differences and age of the last comparison, gaps between numbers, and who is suspended."""
        found = GaugeMetricFamily(
            "hub_books_differences",
            "Differences when the books were compared with the partner last.",
            labels=["partner"],
        )
        age = GaugeMetricFamily(
            "hub_books_compared_age_seconds", "How long ago the books were compared.", labels=["partner"]
        )
        gaps = GaugeMetricFamily(
            "hub_number_gaps", "Gaps between the numbers that came from the partner.", labels=["partner"]
        )
        suspended = GaugeMetricFamily(
            "hub_partner_suspended", "1 while traffic with the partner is stopped.", labels=["partner"]
        )
        now = self._broker.clock.now()
        try:
            with self._broker.store.read() as view:
                newest, counts = (
                    view.books.newest_reconciliations(self._broker.agency),
                    view.books.gap_counts(),
                )
                standing = self._broker.standings.of(view)
        except HubError:
            newest, counts, standing = {}, {}, None  # hub_database_up says it
        for name, pinned in standing.partners.items() if standing else ():
            suspended.add_metric([name], float(not pinned.active))
        for partner, row in newest.items():
            found.add_metric([partner], row.differences)
            age.add_metric([partner], max(0.0, (now - row.at).total_seconds()))
        for partner, count in counts.items():
            gaps.add_metric([partner], count)
        yield from (found, age, gaps, suspended)


class LogCollector(Collector):
    """Reads how the audit log stands when it is asked."""

    def __init__(self, broker: Broker, failure: Callable[[], HubError | None]) -> None:
        self._broker = broker
        self._failure = failure

    def collect(self) -> Iterator[Metric]:
        """Yield its size, what waits to be logged, the age of its last checkpoint, and whether it is kept."""
        size = GaugeMetricFamily("hub_log_entries", "Entries in the audit log.")
        waiting = GaugeMetricFamily(
            "hub_log_waiting_entries",
            f"Staged events that are not in the log yet; counted to {_WAITING_MOST}.",
        )
        age = GaugeMetricFamily("hub_log_checkpoint_age_seconds", "How old the last checkpoint is.")
        kept = GaugeMetricFamily("hub_log_up", "1 when this process keeps the audit log without failure.")
        kept.add_metric([], float(self._failure() is None))
        try:
            with self._broker.store.read() as view:
                size.add_metric([], view.log.size())
                waiting.add_metric([], view.log.waiting_count(_WAITING_MOST))
                last = view.log.checkpoint()
        except HubError:
            last = None  # hub_database_up says it
        if last is not None:
            age.add_metric([], max(0.0, (self._broker.clock.now() - last.at).total_seconds()))
        yield from (size, waiting, age, kept)


def count_requests(app: Flask, registry: CollectorRegistry) -> None:
    """Count and time what the application answers, by endpoint and status; strangers make no new labels."""
    requests = Counter("hub_http_requests", "Requests answered.", ["endpoint", "status"], registry=registry)
    seconds = Histogram("hub_http_request_seconds", "Time to answer.", ["endpoint"], registry=registry)

    def begin() -> None:
        g.began_s = time.perf_counter()

    def end(response: Response) -> Response:
        endpoint = request.endpoint or "none"
        requests.labels(endpoint, response.status_code).inc()
        if "began_s" in g:
            seconds.labels(endpoint).observe(time.perf_counter() - g.began_s)
        return response

    app.before_request(begin)
    app.after_request(end)
