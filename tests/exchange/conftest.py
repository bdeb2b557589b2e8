from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from hub.exchange.broker import Broker
from hub.ports import Store
from tests.exchange.hubs import Hubs
from tests.exchange.patterns import Patterns
from tests.servers.postgres import PostgresServer
from tests.stores import PostgresPool, StorePool


@pytest.fixture
def new_store(store_pool: StorePool | PostgresPool) -> Callable[[Path], Store]:
    """What opens a store for a hub's home; the test runs once on each of the two databases."""
    numbers = itertools.count()
    return lambda _home: store_pool.fresh(next(numbers))


@pytest.fixture
def hubs(tmp_path: Path, new_store: Callable[[Path], Store]) -> Iterator[Hubs]:
    """No hubs yet: add them, pair them, agree."""
    made = Hubs(folder=tmp_path, new_store=new_store)
    yield made
    made.close()


@pytest.fixture(scope="session")
def sqlite_patterns(tmp_path_factory: pytest.TempPathFactory, _sqlite_template: Path) -> Patterns:
    """Hubs that were made before, over SQLite."""

    def new_pool() -> StorePool:
        return StorePool(template=_sqlite_template, folder=tmp_path_factory.mktemp("pool"))

    return Patterns(folder=tmp_path_factory.mktemp("patterns"), new_pool=new_pool)


@pytest.fixture(scope="session")
def postgres_patterns(
    tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer
) -> Iterator[Patterns]:
    """Hubs that were made before, over PostgreSQL."""
    with ExitStack() as stack:

        def new_pool() -> PostgresPool:
            return stack.enter_context(closing(PostgresPool(server=postgres)))

        yield Patterns(folder=tmp_path_factory.mktemp("patterns"), new_pool=new_pool)


@pytest.fixture
def patterns(request: pytest.FixtureRequest, database: str) -> Patterns:
    """Hubs that were made before."""
    found: Patterns = request.getfixturevalue(f"{'sqlite' if database == 'sqlite' else 'postgres'}_patterns")
    return found


def make_pair(hubs: Hubs) -> None:
    """Make kz-knb and cis-atc, paired, under one agreement."""
    hubs.add("kz-knb")
    hubs.add("cis-atc")
    hubs.pair_all()
    hubs.agree(extra=("kz-mvd", "kz-border"))


def make_chain(hubs: Hubs) -> None:
    """Make kz-knb, which reaches sco-rats only through cis-atc, which relays between the two."""
    ours, relay, far = (hubs.add(a) for a in ("kz-knb", "cis-atc", "sco-rats"))
    hubs.pair(ours, relay)
    hubs.pair(far, relay)
    hubs.pair(ours, far, via="cis-atc")
    hubs.pair(far, ours, via="cis-atc")
    hubs.pair(relay, ours, relay_for=["sco-rats"])
    hubs.pair(relay, far, relay_for=["kz-knb"])
    hubs.agree(extra=("kz-mvd", "ru-mvd"))


@pytest.fixture
def pair(hubs: Hubs, patterns: Patterns) -> Hubs:
    """kz-knb and cis-atc, paired, under one agreement."""
    return patterns.repeat(make_pair, hubs)


@pytest.fixture
def chain(hubs: Hubs, patterns: Patterns) -> Hubs:
    """kz-knb reaches sco-rats only through cis-atc, which relays between the two."""
    return patterns.repeat(make_chain, hubs)


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
