from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hub.exchange.broker import Broker
from hub.ports import Store
from hub.storage import open_store
from tests.conftest import SQLITE_AND_POSTGRESQL
from tests.exchange.hubs import Hubs
from tests.servers.postgres import PostgresServer


@dataclass(kw_only=True)
class StorePool:
    """SQLite stores that tests use one after another, each time as fresh files.

    A store that is closed opens its file anew when it is used again, and still knows its statements:
    to compile these for each test takes longer than what most tests do.
    """

    template: Path
    folder: Path
    stores: list[Store] = field(default_factory=list)

    def fresh(self, number: int) -> Store:
        """Return the store of this number, closed, over a fresh file."""
        path = self.folder / f"{number}.sqlite3"
        for left in self.folder.glob(f"{number}.sqlite3*"):
            left.unlink()  # what a test left open keeps its own file, and reads nothing of this one
        shutil.copy(self.template, path)
        if number == len(self.stores):
            self.stores.append(open_store(f"sqlite:///{path}"))
        return self.stores[number]


@pytest.fixture(scope="session")
def pool(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> StorePool:
    return StorePool(template=_sqlite_template, folder=tmp_path_factory.mktemp("pool"))


@pytest.fixture(params=SQLITE_AND_POSTGRESQL)
def new_store(request: pytest.FixtureRequest) -> Iterator[Callable[[Path], Store]]:
    """What opens a store for a hub's home; the test runs once on each of the two."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            pool: StorePool = request.getfixturevalue("pool")
            numbers = itertools.count()
            yield lambda _home: pool.fresh(next(numbers))
        else:
            server: PostgresServer = request.getfixturevalue("postgres")
            yield lambda _home: open_store(stack.enter_context(server.database()))


@pytest.fixture
def hubs(tmp_path: Path, new_store: Callable[[Path], Store]) -> Iterator[Hubs]:
    """No hubs yet: add them, pair them, agree."""
    made = Hubs(folder=tmp_path, new_store=new_store)
    yield made
    made.close()


@pytest.fixture
def pair(hubs: Hubs) -> Hubs:
    """kz-knb and cis-atc, paired, under one agreement."""
    hubs.add("kz-knb")
    hubs.add("cis-atc")
    hubs.pair_all()
    hubs.agree(extra=("kz-mvd", "kz-border"))
    return hubs


@pytest.fixture
def chain(hubs: Hubs) -> Hubs:
    """kz-knb reaches sco-rats only through cis-atc, which relays between the two."""
    ours, relay, far = (hubs.add(a) for a in ("kz-knb", "cis-atc", "sco-rats"))
    hubs.pair(ours, relay)
    hubs.pair(far, relay)
    hubs.pair(ours, far, via="cis-atc")
    hubs.pair(far, ours, via="cis-atc")
    hubs.pair(relay, ours, relay_for=["sco-rats"])
    hubs.pair(relay, far, relay_for=["kz-knb"])
    hubs.agree(extra=("kz-mvd", "ru-mvd"))
    return hubs


@pytest.fixture
def embedded_pair(tmp_path: Path) -> Iterator[Hubs]:
    """kz-knb and cis-atc, paired, over the embedded database alone; nothing is agreed yet."""
    made = Hubs(folder=tmp_path)
    made.add("kz-knb")
    made.add("cis-atc")
    made.pair_all()
    yield made
    for store in made.stores:
        store.close()


@pytest.fixture
def ours(pair: Hubs) -> Broker:
    return pair.network.broker("kz-knb")


@pytest.fixture
def theirs(pair: Hubs) -> Broker:
    return pair.network.broker("cis-atc")
