"""What the audit log costs: appends a second against bare durable commits, and proofs as the log grows.

Appending: so many writers commit audit events, as every change of state does, while the log is kept beside
them; an event counts when it is in the log and a checkpoint over it is signed. The floor is the same number
of writers and rows of the same size, committed durably through the bare driver in the same run. On SQLite
the writers are threads of one process, as in a hub; on PostgreSQL each is a process.

Proofs: the log is filled to a size, and then read: the time and the tiles of a proof, and the time of a batch
of new entries.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import sys
import tempfile
import threading
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import sqlalchemy

from bench.floor import raw_commits
from hub.audit.events import Act
from hub.audit.tiles import Tile, consistency_proof, inclusion_proof
from hub.bootstrap.making import init_hub
from hub.bootstrap.opening import Hub, open_hub
from hub.exchange.log.keeper import LogKeeper
from hub.exchange.log.sequencing import filled, sequence
from hub.ports import LogEntry, Store

#: What an event's row holds: its document, leaf and secret.
_ROW_BYTES = 900
_FILL = 65_536
_PROOFS = 200
_SEQUENCED = 256

Write = Callable[[], None]


def append_to(hub: Hub, batch: int) -> Write:
    """Return what commits so many events."""
    broker = hub.broker

    def write() -> None:
        at = broker.clock.now()
        events = [broker.event(Act.STARTED, broker.itself, broker.agency, at) for _ in range(batch)]
        with broker.store.work() as work:
            work.stage(events)
            work.commit()

    return write


@contextmanager
def hub_writer(home: str, batch: int) -> Iterator[Write]:
    """Open the hub, and yield what appends to its log."""
    with open_hub(Path(home)) as hub:
        append_to(hub, 1)()
        yield append_to(hub, batch)


@contextmanager
def raw_writer(url: str, batch: int) -> Iterator[Write]:
    """Yield what commits as many rows of the same size through the bare driver."""
    with raw_commits(url) as commit:
        yield lambda: commit([(os.urandom(16).hex(), os.urandom(_ROW_BYTES)) for _ in range(batch)])


def write_for(write: Write, seconds: float) -> int:
    """Write again and again; return how often."""
    count, until = 0, perf_counter() + seconds
    while perf_counter() < until:
        write()
        count += 1
    return count


def in_threads(write: Write, writers: int, seconds: float, *, turns: bool) -> int:
    """Write in threads; they take turns where the driver's connection is one for all."""
    lock = threading.Lock()

    def one() -> None:
        with lock:
            write()

    with ThreadPoolExecutor(writers) as pool:
        return sum(pool.map(lambda _: write_for(one if turns else write, seconds), range(writers)))


def in_processes(kind: str, where: str, batch: int, writers: int, seconds: float) -> int:
    """Write in processes that begin together."""
    context = multiprocessing.get_context("spawn")
    begin, counts = context.Barrier(writers), context.Queue()
    processes = [
        context.Process(target=_one_process, args=(kind, where, batch, seconds, begin, counts))
        for _ in range(writers)
    ]
    for process in processes:
        process.start()
    total = sum(int(counts.get(timeout=120 + seconds)) for _ in processes)
    for process in processes:
        process.join()
    return total


def _one_process(kind: str, where: str, batch: int, seconds: float, begin: Any, counts: Any) -> None:
    with (hub_writer if kind == "hub" else raw_writer)(where, batch) as write:
        begin.wait(120)
        counts.put(write_for(write, seconds))


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is measured: how many writers, how many events a commit, for how long, how often."""

    database: str
    writers: int
    batch: int
    seconds: float
    rounds: int


@dataclass(frozen=True, kw_only=True)
class Round:
    """One round beside its own floor; `behind_s` is how long the log took to have all, after the writers."""

    rate: float
    floor: float
    behind_s: float
    entries: int

    @property
    def ratio(self) -> float:
        """Return the rate as a part of the floor's."""
        return self.rate / self.floor


def measure_appends(folder: Path, case: Case, url: str, raw: str) -> dict[str, Any]:
    """Return appends a second beside the floor of the same moment; the median of some rounds."""
    home = folder / f"{case.database}-{case.writers}-{case.batch}"
    init_hub(home, agency="kz-knb", port=1, database=url)
    rounds = [_round(home, case, raw) for _ in range(case.rounds)]
    middle = sorted(rounds, key=lambda one: one.ratio)[len(rounds) // 2]
    return {
        "database": case.database,
        "writers": case.writers,
        "batch": case.batch,
        "rate": round(middle.rate, 1),
        "floor_rate": round(middle.floor, 1),
        "ratio": round(middle.ratio, 2),
        "behind_s": round(middle.behind_s, 2),
        "entries": middle.entries,
        "ratios": [round(one.ratio, 2) for one in rounds],
    }


def _round(home: Path, case: Case, raw: str) -> Round:
    floor = _floor(case, raw)
    with open_hub(home) as hub:
        keeper = LogKeeper(hub.broker, hub.config.log_dir)
        keeper.take_turn(at_once=True)
        keeper.start()
        before, began = _logged(hub.store), perf_counter()
        if case.database == "sqlite":
            in_threads(append_to(hub, case.batch), case.writers, case.seconds, turns=False)
        else:
            in_processes("hub", str(home), case.batch, case.writers, case.seconds)
            began = perf_counter() - case.seconds  # the processes took their time to begin
        staged_s = perf_counter() - began
        keeper.stop()
        taken, count = perf_counter() - began, _logged(hub.store) - before
    return Round(rate=count / taken, floor=floor, behind_s=taken - staged_s, entries=count)


def _floor(case: Case, raw: str) -> float:
    with raw_writer(raw, case.batch) as write:  # on PostgreSQL it makes the table for the processes
        if case.database == "sqlite":
            count = in_threads(write, case.writers, case.seconds, turns=True)
        else:
            count = in_processes("raw", raw, case.batch, case.writers, case.seconds)
    return count * case.batch / case.seconds


def _logged(store: Store) -> int:
    with store.read() as view:
        last = view.log.checkpoint()
        return 0 if last is None else last.size


def fill_log(hub: Hub, url: str, size: int) -> None:
    """Add entries without events: what a proof reads is the tree alone."""
    with hub.store.read() as view:
        first = view.log.size()
    position = _skip_positions(url, size)
    while first < size:
        count = min(_FILL, size - first)
        entries = [
            LogEntry(index=first + n, position=position + n, event_id="", leaf=b"") for n in range(count)
        ]
        hashes = [os.urandom(32) for _ in range(count)]
        with hub.store.work() as work:
            work.log.lock(wait=True)
            work.log.append(entries, hashes, list(filled(work.log, first, hashes)))
            work.commit()
        first, position = first + count, position + count


def _skip_positions(url: str, count: int) -> int:
    """Take positions as events would; return the first."""
    engine = sqlalchemy.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        taken = sqlalchemy.text("UPDATE counters SET value = value + :n WHERE name = 'position'")
        connection.execute(taken, {"n": count})
        last = connection.execute(sqlalchemy.text("SELECT value FROM counters WHERE name = 'position'"))
        value = int(last.scalar_one())
    engine.dispose()
    return value - count + 1


def measure_proofs(hub: Hub, database: str) -> dict[str, Any]:
    """Return what proofs and new entries cost in a log as it stands."""
    dice = random.Random(1)
    with hub.store.read() as view:
        size = view.log.size()
        read: list[Tile] = []

        def tile(wanted: Tile) -> bytes:
            read.append(wanted)
            return view.log.tile(wanted)

        inclusion_us = _mean_us(lambda: inclusion_proof(dice.randrange(size), size, tile), _PROOFS)
        tiles = len(read) / _PROOFS
        consistency_us = _mean_us(lambda: consistency_proof(dice.randrange(1, size), size, tile), _PROOFS)
    append_us = _sequencing_us(hub)
    return {
        "database": database,
        "size": size,
        "inclusion_us": round(inclusion_us),
        "consistency_us": round(consistency_us),
        "tiles_read": round(tiles, 1),
        "append_us": round(append_us),
    }


def _sequencing_us(hub: Hub) -> float:
    append_to(hub, _SEQUENCED)()
    began = perf_counter()
    if sequence(hub.broker, wait=True) != _SEQUENCED:
        raise SystemExit("the batch was not sequenced whole")
    return (perf_counter() - began) / _SEQUENCED * 1e6


def _mean_us(step: Callable[[], object], times: int) -> float:
    began = perf_counter()
    for _ in range(times):
        step()
    return (perf_counter() - began) / times * 1e6


@contextmanager
def databases(kind: str, folder: Path) -> Iterator[Callable[[], str]]:
    """Yield what makes a database and returns its URL."""
    if kind == "sqlite":
        numbers = iter(range(1_000_000))
        yield lambda: f"sqlite:///{folder}/{next(numbers)}.sqlite3"
        return
    from contextlib import ExitStack

    from tests.servers.postgres import postgres_server

    with postgres_server() as server, ExitStack() as stack:
        yield lambda: stack.enter_context(server.database(empty=True))


def measure(kind: str, cases: Sequence[Case], sizes: Sequence[int]) -> tuple[list[Any], list[Any]]:
    """Return the rows of appends and of proofs on one database."""
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as name, databases(kind, Path(name)) as make:
        folder = Path(name)
        appends = [measure_appends(folder, case, make(), make()) for case in cases]
        proofs = []
        url = make()
        init_hub(folder / "proofs", agency="kz-knb", port=1, database=url)
        with open_hub(folder / "proofs") as hub:
            while sequence(hub.broker):
                pass
            for size in sorted(sizes):
                fill_log(hub, url, size)
                proofs.append(measure_proofs(hub, kind))
    return appends, proofs


def show(rows: Sequence[dict[str, Any]]) -> None:
    """Print a table."""
    if rows:
        print("".join(f"{name:>16}" for name in rows[0]))
    for row in rows:
        print("".join(f"{value!s:>16}" for value in row.values()))
    print()


def main() -> None:
    """Measure and print, for people or machines."""
    parser = ArgumentParser(
        prog="python -m bench.audit",
        description=__doc__,
        epilog="example: python -m bench.audit --database postgresql --writers 8 --json",
    )
    parser.add_argument("--database", action="append", choices=("sqlite", "postgresql"), help="default: both")
    parser.add_argument("--writers", action="append", type=int, help="default: 1, 4, 8")
    parser.add_argument("--batch", action="append", type=int, help="events a commit; default: 1, 50")
    parser.add_argument("--size", action="append", type=int, help="entries; default: 10^4, 10^5, 10^6")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long a round lasts (default 2)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds; the median counts (default 3)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    told = parser.parse_args()
    appends: list[dict[str, Any]] = []
    proofs: list[dict[str, Any]] = []
    for kind in told.database or ["sqlite", "postgresql"]:
        cases = [
            Case(database=kind, writers=writers, batch=batch, seconds=told.seconds, rounds=told.rounds)
            for batch in told.batch or [1, 50]
            for writers in told.writers or [1, 4, 8]
        ]
        found = measure(kind, cases, told.size or [10**4, 10**5, 10**6])
        appends += found[0]
        proofs += found[1]
    if told.json:
        json.dump({"cpus": os.cpu_count(), "appends": appends, "proofs": proofs}, sys.stdout, indent=2)
        print()
    else:
        show(appends)
        show(proofs)


if __name__ == "__main__":
    main()
