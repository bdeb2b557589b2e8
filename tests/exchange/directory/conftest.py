"""A directory of three founders, and a newcomer whom two of them have pinned."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.ports import Store
from tests.exchange.directory.world import FOUNDERS, Agency, Federation
from tests.exchange.hubs import Hubs
from tests.stores import StorePool


@pytest.fixture
def new_store(pool: StorePool) -> Callable[[Path], Store]:
    """SQLite alone: what the directory leaves in a database is tested on both elsewhere."""
    numbers = itertools.count()
    return lambda _home: pool.fresh(next(numbers))


@pytest.fixture
def federation(hubs: Hubs) -> Federation:
    found = Federation(hubs=hubs)
    found.add(*FOUNDERS)
    hubs.pair_all()
    found.add("uz-sgb")
    hubs.pair(found["kz-knb"].broker, found["uz-sgb"].broker)
    hubs.pair(found["kg-gknb"].broker, found["uz-sgb"].broker)
    return found


@pytest.fixture
def kz(federation: Federation) -> Agency:
    """The founder that publishes."""
    return federation.found()


@pytest.fixture
def kg(federation: Federation, kz: Agency) -> Agency:
    assert kz.place.joined
    return federation["kg-gknb"]


@pytest.fixture
def tj(federation: Federation, kz: Agency) -> Agency:
    assert kz.place.joined
    return federation["tj-gknb"]


@pytest.fixture
def uz(federation: Federation, kz: Agency) -> Agency:
    assert kz.place.joined
    return federation["uz-sgb"]


@pytest.fixture
def participant(kz: Agency, kg: Agency, uz: Agency) -> Agency:
    """uz-sgb, a participant; tj-gknb has not pinned it."""
    kz.publish(kg.approve(kz.propose(add=[uz.ask()])))
    uz.begin(kz.source_here)
    return uz
