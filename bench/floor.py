"""What an exchange cannot do without: raw cryptography and raw durable commits, timed in the same run."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import psycopg

from bench.envelope import STEPS, floor_steps, hub_steps
from hub.envelope import Suite

_RECEIPT_BYTES = 800
_CALLS = 300
_COMMITS = 15


@dataclass(frozen=True, kw_only=True)
class Floor:
    """Microseconds a record, one after the other on one core.

    `busy_crypto_us` is the CPU time of the same cryptography while another process keeps another core busy,
    as two hubs do: where cores share a package, or hide two threads of one core, each is slower then.
    `commit_cpu_us` is the CPU time of the commits in this process, without what they wait for.
    """

    crypto_us: float
    busy_crypto_us: float
    commit_us: float
    commit_cpu_us: float

    @property
    def record_us(self) -> float:
        """Return the whole floor of one record."""
        return self.crypto_us + self.commit_us

    @property
    def rate(self) -> float:
        """Return how many records a second that is."""
        return 1e6 / self.record_us


def measure_floor(suite: Suite, content: dict[str, Any], *, batch: int, database: str) -> Floor:
    """Time the primitives on data of a record's size, and the durable commits of a batch of such rows.

    A record is signed, sealed, opened and verified, its receipt signed and verified. It is committed three
    times: the sealed bytes queued by the sender and admitted by the recipient, the receipt settled by the
    sender. Nothing is parsed, checked, looked up, logged or sent.
    """
    _, jws_bytes = hub_steps(suite, content)
    steps, receipt_steps = floor_steps(suite, jws_bytes), floor_steps(suite, _RECEIPT_BYTES)
    needed = [steps[name] for name in STEPS] + [receipt_steps[name] for name in ("sign", "verify")]
    crypto_us = sum(map(_mean_us, needed))
    with _neighbour():
        busy_crypto_us = sum(_mean_us(step, clock=process_time) for step in needed)
    with raw_commits(database) as commit:
        sealed = _median_us(commit, row_bytes=jws_bytes * 4 // 3, batch=batch)
        settled = _median_us(commit, row_bytes=_RECEIPT_BYTES, batch=batch)
        sealed_cpu = _median_us(commit, row_bytes=jws_bytes * 4 // 3, batch=batch, clock=process_time)
        settled_cpu = _median_us(commit, row_bytes=_RECEIPT_BYTES, batch=batch, clock=process_time)
    return Floor(
        crypto_us=crypto_us,
        busy_crypto_us=busy_crypto_us,
        commit_us=(2 * sealed + settled) / batch,
        commit_cpu_us=(2 * sealed_cpu + settled_cpu) / batch,
    )


def _mean_us(step: Callable[[], object], *, clock: Callable[[], float] = perf_counter) -> float:
    """Return a step's mean, not its best: the exchange has no best moments either."""
    step()
    began = clock()
    for _ in range(_CALLS):
        step()
    return (clock() - began) / _CALLS * 1e6


@contextmanager
def _neighbour() -> Iterator[None]:
    """Keep another core busy with Python while the block runs."""
    spin = "while True: sum(range(10_000))"
    process = subprocess.Popen([sys.executable, "-c", spin])
    try:
        yield
    finally:
        process.kill()
        process.wait()


Commit = Callable[[Sequence[tuple[str, bytes]]], None]


@contextmanager
def raw_commits(database: str) -> Iterator[Commit]:
    """Yield what commits rows durably through the bare driver, with the hub's own durability."""
    if database.startswith("postgresql"):
        with psycopg.connect(database) as server:
            server.execute("SET synchronous_commit = on")
            server.execute("CREATE TABLE IF NOT EXISTS floor (name text PRIMARY KEY, value bytea)")
            server.commit()

            def to_server(rows: Sequence[tuple[str, bytes]]) -> None:
                with server.cursor() as cursor:
                    cursor.executemany("INSERT INTO floor VALUES (%s, %s)", rows)
                server.commit()

            yield to_server
        return
    path = Path(database.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as file:
        file.execute("PRAGMA journal_mode = WAL")
        file.execute("PRAGMA synchronous = FULL")
        file.execute("CREATE TABLE IF NOT EXISTS floor (name TEXT PRIMARY KEY, value BLOB)")

        def to_file(rows: Sequence[tuple[str, bytes]]) -> None:
            file.execute("BEGIN IMMEDIATE")
            file.executemany("INSERT INTO floor VALUES (?, ?)", rows)
            file.execute("COMMIT")

        yield to_file
    path.unlink()


def _median_us(
    commit: Commit, *, row_bytes: int, batch: int, clock: Callable[[], float] = perf_counter
) -> float:
    taken = []
    for _ in range(_COMMITS):
        rows = [(os.urandom(16).hex(), os.urandom(row_bytes)) for _ in range(batch)]
        began = clock()
        commit(rows)
        taken.append((clock() - began) * 1e6)
    return sorted(taken)[_COMMITS // 2]
