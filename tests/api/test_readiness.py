"""Anyone may ask whether the hub is ready, at any rate: the database is asked once a second."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from hub.api.readiness import Readiness
from hub.errors import OurFault
from tests.api.world import World


@dataclass
class Asked:
    """A store that counts its transactions, and fails or waits when it is told to."""

    times: int = 0
    fails: bool = False
    goes_on: threading.Event | None = None
    begun: threading.Event | None = None

    @contextmanager
    def work(self) -> Iterator[object]:
        self.times += 1
        if self.begun is not None and self.goes_on is not None:
            self.begun.set()
            self.goes_on.wait(10)
        if self.fails:
            raise OurFault("storage-unavailable", "The disk is full.")
        yield object()

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


@dataclass
class Ticks:
    at: float = 0

    def __call__(self) -> float:
        return self.at


def test_the_database_is_asked_once_a_second() -> None:
    store, ticks = Asked(), Ticks()
    readiness = Readiness(store, seconds=ticks)  # type: ignore[arg-type]
    for _ in range(100):
        readiness.check()
    assert store.times == 1
    ticks.at = 1
    readiness.check()
    assert store.times == 2


def test_a_failure_is_told_to_all_until_the_database_is_back() -> None:
    store, ticks = Asked(fails=True), Ticks()
    readiness = Readiness(store, seconds=ticks)  # type: ignore[arg-type]
    for _ in range(3):
        with pytest.raises(OurFault, match="storage-unavailable"):
            readiness.check()
    assert store.times == 1
    store.fails, ticks.at = False, 1
    readiness.check()


def test_nobody_waits_behind_one_who_waits_for_the_database() -> None:
    store, ticks = Asked(), Ticks()
    readiness = Readiness(store, seconds=ticks)  # type: ignore[arg-type]
    readiness.check()
    ticks.at, store.begun, store.goes_on = 1, threading.Event(), threading.Event()
    waiting = threading.Thread(target=readiness.check)
    waiting.start()
    assert store.begun.wait(10)
    readiness.check()
    store.goes_on.set()
    waiting.join(10)
    assert store.times == 2


def test_who_asks_in_a_row_is_answered_from_memory(world: World) -> None:
    store = world.broker.store

    class Counting(Asked):
        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

    counting = Counting()
    asked = replace(world, broker=replace(world.broker, store=counting))  # type: ignore[arg-type]
    for _ in range(5):
        asked.call("GET", "/readyz").ok()
    assert counting.times < 5


def test_a_hub_whose_log_is_not_kept_is_not_ready(world: World) -> None:
    failure = OurFault("storage-unavailable", "The disk of the secret path is full.")
    said = replace(world, log_failure=failure).call("GET", "/readyz")
    assert (said.status, said.code) == (503, "not-ready")
    assert "storage-unavailable" in said.body["detail"]
    assert "secret path" not in said.body["detail"], "anyone may ask"
