"""Records a second from submit to verified receipt between two real hubs, against the floor of the same run.

Two `hub serve` processes on loopback, mutual TLS, and a member's system that submits over the API in three
ways: in batches; one a request; and in turn, each only when the one before has its verified receipt. The
floor is the raw cryptography and the raw durable commits of the same data, one after the other on one core.
The hubs are two processes and can use two cores: `cpu_ratio` holds the floor, timed while another core is
busy too, against the CPU time of both hubs: CPU time on both sides, so other load distorts it least.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.filling import fill_partners, fill_records
from bench.floor import Floor, measure_floor
from bench.pair import Cpu, Pair, built
from demo.clients import Client, batches
from hub.envelope import Suite
from hub.envelope.canonical import canonical
from hub.ports import Store
from hub.records.kinds import Kind
from hub.records.template import template

_PATIENCE_S = 120.0
_WARM_UP = 100


@dataclass(frozen=True, kw_only=True)
class Way:
    """How records are submitted: so many a request, and whether each waits for the receipt of the last."""

    name: str
    batch: int
    count: int
    waits: bool = False


@dataclass(frozen=True, kw_only=True)
class Round:
    """One measured round beside the floor of the same minute; CPU in microseconds a record."""

    seconds: float
    rate: float
    cpu: Cpu
    floor: Floor

    @property
    def ratio(self) -> float:
        """Return the rate as a part of the floor's."""
        return self.rate / self.floor.rate


def document(size_bytes: int) -> dict[str, Any]:
    """Return a designation of about the size, as a list desk submits it."""
    made = template(Kind.DESIGNATION) | {"language": "en", "narrative": "."}
    made["legal_basis"] = {**made["legal_basis"], "agreement": "unsc-1267"}
    missing = max(1, size_bytes - len(canonical(made)))
    return made | {
        "narrative": ("Listed pursuant to resolution 1267. " * (missing // 36 + 1))[:missing].strip()
    }


def submit(desk: Client, records: Sequence[dict[str, Any]], to: str) -> None:
    """Hand records in as one request."""
    items = [{"record": record, "recipients": [to], "priority": "routine"} for record in records]
    desk.call("POST", "/api/v1/records", {"records": items})


def wait_for(pair: Pair, accepted: int) -> None:
    """Wait until so many records have a verified receipt."""
    until = time.monotonic() + _PATIENCE_S
    while pair.accepted() < accepted:
        if time.monotonic() > until:
            raise SystemExit(f"not every record was accepted within {_PATIENCE_S:.0f} s")
        time.sleep(0.01)


def wait_until_logged(pair: Pair) -> None:
    """Wait until the logs have what the hubs were filled with: that is not what an exchange costs."""
    while any(map(has_unlogged, pair.stores.values())):
        time.sleep(0.1)


def has_unlogged(store: Store) -> bool:
    """Tell whether staged events wait for their place in the log."""
    with store.read() as view:
        return view.log.waiting_count(1) > 0


def run(pair: Pair, way: Way, size_bytes: int) -> tuple[float, Cpu]:
    """Submit everything and wait for the last verified receipt; return the seconds and the CPU a record."""
    records = [document(size_bytes) for _ in range(way.count)]
    desk, done = pair.desk(), pair.accepted()
    before, began = pair.cpu_s(), time.perf_counter()
    for chunk in batches(records, way.batch):
        submit(desk, chunk, pair.theirs.agency)
        done += len(chunk)
        if way.waits:
            wait_for(pair, done)
    wait_for(pair, done)
    return time.perf_counter() - began, pair.cpu_s().since(before, records=way.count)


def measure(told: Namespace, suite: Suite, folder: Path, urls: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Yield a row for each way; and, when the hubs are to be filled, for batches once more when they are."""
    ways = (
        Way(name="batched", batch=told.batch, count=told.count),
        Way(name="single", batch=1, count=max(1, told.count // 10)),
        Way(name="in turn", batch=1, count=max(1, told.count // 20), waits=True),
    )
    with built(folder, suite=suite, databases=urls) as pair:
        for way in [way for way in ways if way.name in (told.way or [way.name])]:
            yield measure_way(pair, way, told, suite, urls)
        if told.partners or told.stored:
            pair.stop()
            fill_partners(pair, told.partners)
            fill_records(pair, told.stored, size_bytes=told.size)
            grown = {"partners": 1 + told.partners, "stored": told.stored}
            yield measure_way(pair, ways[0], told, suite, urls) | grown


def measure_way(pair: Pair, way: Way, told: Namespace, suite: Suite, urls: dict[str, str]) -> dict[str, Any]:
    """Run some rounds, each beside its own floor, for load on a machine comes and goes; the median counts."""
    pair.start()
    wait_until_logged(pair)
    run(pair, Way(name="warm up", batch=50, count=_WARM_UP), told.size)
    raw = urls.get("raw") or f"sqlite:///{pair.ours.home}/floor.sqlite3"
    rounds = []
    for _ in range(told.rounds):
        floor = measure_floor(suite, document(told.size), batch=way.batch, database=raw)
        seconds, cpu = run(pair, way, told.size)
        rounds.append(Round(seconds=seconds, rate=way.count / seconds, cpu=cpu, floor=floor))
    pair.stop()
    middle = sorted(rounds, key=lambda one: one.ratio)[len(rounds) // 2]
    return {
        "suite": suite.value,
        "database": told.database,
        "way": way.name,
        "batch": way.batch,
        "records": way.count,
        "partners": 1,
        "stored": 0,
        **told_of(middle),
        "ratios": [round(one.ratio, 2) for one in rounds],
    }


def told_of(one: Round) -> dict[str, Any]:
    """Return a round's numbers: rates, ratios, and where the CPU goes."""
    hubs_us = one.cpu.ours + one.cpu.theirs
    return {
        "rate": round(one.rate, 1),
        "floor_rate": round(one.floor.rate, 1),
        "ratio": round(one.ratio, 2),
        "cpu_ratio": round((one.floor.busy_crypto_us + one.floor.commit_cpu_us) / hubs_us, 2),
        "latency_ms": round(1e3 / one.rate, 1),
        "our_cpu_us": round(one.cpu.ours),
        "their_cpu_us": round(one.cpu.theirs),
        "other_cpu_us": round(one.cpu.others),
        "floor_crypto_us": round(one.floor.crypto_us),
        "busy_crypto_us": round(one.floor.busy_crypto_us),
        "floor_commit_us": round(one.floor.commit_us),
        "crypto_share": round(one.floor.busy_crypto_us / hubs_us, 2),
    }


@contextmanager
def databases(kind: str) -> Iterator[dict[str, str]]:
    """Yield a database URL for each hub and one for the floor; none for the embedded one."""
    if kind == "sqlite":
        yield {}
        return
    from tests.servers.postgres import postgres_server

    with postgres_server() as server, ExitStack() as stack:
        yield {
            name: stack.enter_context(server.database(empty=True)) for name in ("kz-knb", "cis-atc", "raw")
        }


def show(rows: Sequence[dict[str, Any]]) -> None:
    """Print a table, and in words where the time goes."""
    names = ("suite", "database", "way", "partners", "stored", "rate", "floor_rate", "ratio", "cpu_ratio")
    print("".join(f"{name:>12}" for name in names))
    for row in rows:
        print("".join(f"{row[name]!s:>12}" for name in names))
    print()
    for row in rows:
        ours, theirs, crypto = row["our_cpu_us"], row["their_cpu_us"], row["busy_crypto_us"]
        print(
            f"{row['suite']}, {row['way']}, {row['stored']} stored: a record takes {ours} us of CPU in our "
            f"hub and {theirs} us in theirs; {crypto} us of both are primitives ({row['crypto_share']:.0%}), "
            f"{ours + theirs - crypto} us are JSON, checks, rows, HTTP and TLS. Its raw commits take "
            f"{row['floor_commit_us']} us; this process and a database server {row['other_cpu_us']} us."
        )


def main() -> None:
    """Measure and print, for people or machines."""
    parser = ArgumentParser(
        prog="python -m bench.exchange",
        description=__doc__,
        epilog="example: python -m bench.exchange --suite classic-1 --database postgresql --json",
    )
    parser.add_argument("--suite", action="append", choices=[s.value for s in Suite], help="default: both")
    parser.add_argument(
        "--way", action="append", choices=["batched", "single", "in turn"], help="default: each in turn"
    )
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--count", type=int, default=2000, help="records in a batched round (default 2000)")
    parser.add_argument("--batch", type=int, default=50, help="records in one submission (default 50)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds; the median counts (default 3)")
    parser.add_argument("--size", type=int, default=4096, help="bytes of a record (default 4096)")
    parser.add_argument("--partners", type=int, default=0, help="then pin so many more and measure again")
    parser.add_argument("--stored", type=int, default=0, help="then store so many and measure again")
    parser.add_argument("--json", action="store_true", help="print JSON")
    told = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for suite in [Suite(name) for name in told.suite or [s.value for s in Suite]]:
        with tempfile.TemporaryDirectory(prefix="hub-bench-") as folder, databases(told.database) as urls:
            rows += measure(told, suite, Path(folder), urls)
    if told.json:
        json.dump({"cpus": os.cpu_count(), "record_bytes": told.size, "rows": rows}, sys.stdout, indent=2)
        print()
    else:
        show(rows)


if __name__ == "__main__":
    main()
