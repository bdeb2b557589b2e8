from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub.ports import Store
from hub.storage import open_store
from tests.evidence.parcels import PARTNERS, Parcelled, make_world
from tests.evidence.world import World, play
from tests.exchange.hubs import Hubs
from tests.stores import StorePool


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory, _sqlite_template: Path) -> Iterator[World]:
    """One record's life, played once; tests only export and verify it."""

    def copied(home: Path) -> Store:
        return open_store(f"sqlite:///{shutil.copy(_sqlite_template, home / 'hub.sqlite3')}")

    made = play(Hubs(folder=tmp_path_factory.mktemp("world"), new_store=copied))
    yield made
    made.hubs.close()


@pytest.fixture(scope="package")
def bundle(world: World) -> bytes:
    """What the originator exports of it."""
    return world.export()


@pytest.fixture(scope="package")
def parcelled(tmp_path_factory: pytest.TempPathFactory, _sqlite_template: Path) -> Iterator[Parcelled]:
    """One record to three partners without a hub, each of which answered."""

    def copied(home: Path) -> Store:
        return open_store(f"sqlite:///{shutil.copy(_sqlite_template, home / 'hub.sqlite3')}")

    made = make_world(Hubs(folder=tmp_path_factory.mktemp("parcels"), new_store=copied))
    made.record_id = made.send(*PARTNERS).record_id
    made.answer(*PARTNERS)
    yield made
    made.hubs.close()


@pytest.fixture(scope="package")
def parcels(parcelled: Parcelled) -> bytes:
    """The bundle of that record."""
    return parcelled.export()


@pytest.fixture
def hubs(tmp_path: Path, pool: StorePool) -> Iterator[Hubs]:
    """No hubs yet, for a test that plays a life of its own."""
    numbers = itertools.count()
    new_store: Callable[[Path], Store] = lambda _home: pool.fresh(next(numbers))  # noqa: E731
    made = Hubs(folder=tmp_path, new_store=new_store)
    yield made
    made.close()
