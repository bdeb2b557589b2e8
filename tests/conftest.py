"""What tests of every room share: databases of their own, and the order in which they run."""

from __future__ import annotations

import gc
import importlib
import os
import secrets
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from pkgutil import walk_packages

import pytest
from argon2 import PasswordHasher
from hypothesis import settings

import adapters
import hub
import keys
from hub.bootstrap import opening
from hub.envelope import personal_keys
from hub.exchange import accounts
from hub.ports import Store
from hub.storage import open_store
from keys.sealing import Derivation
from tests import amounts
from tests.servers.postgres import PostgresServer, postgres_server
from tests.stores import PostgresPool, StorePool

_HERE = Path(__file__).parent
SQLITE_AND_POSTGRESQL = ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)]


#: Enough to tell a right password from a wrong one; what is meant to last costs a hundred times as much.
LIGHT = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
_LIGHT_NOBODY = LIGHT.hash(secrets.token_hex())
_DERIVE = Derivation.derive


#: Folders whose tests run whole hubs, the longest first: no test of a minute is to be the last one.
_LONGEST = ("chaos", "demo", "properties", "bench", "wire", "docs", "certificates", "transport")


def pytest_configure(config: pytest.Config) -> None:
    """Try the same examples each time, and look for garbage as seldom as a serving hub does."""
    if not config.getoption("--hypothesis-profile"):
        settings.load_profile(amounts.FIXED)
    gc.set_threshold(10_000)


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Let the second process load all tests from their end: it and the first compile half each."""
    everything = session.config.args_source is pytest.Config.ArgsSource.TESTPATHS
    if os.environ.get("PYTEST_XDIST_WORKER") == "gw1" and everything:
        for path in sorted(_HERE.rglob("test_*.py"), reverse=True):
            importlib.import_module(".".join(path.relative_to(_HERE.parent).with_suffix("").parts))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put what takes longest first, and let what has been loaded be garbage never again."""
    ranks = {_HERE / folder: rank for rank, folder in enumerate(_LONGEST)}
    if config.args_source is pytest.Config.ArgsSource.TESTPATHS:
        _load_all()
    items.sort(key=lambda item: min(ranks.get(above, len(ranks)) for above in item.path.parents))
    gc.freeze()


def _load_all() -> None:
    """Load what a test would load late: Hypothesis tries constants of what is loaded, always the same."""
    for package in (hub, adapters, keys):
        for found in walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.endswith("__main__") and ".migrations." not in found.name:
                importlib.import_module(found.name)


def derived(derivation: Derivation, unlock: bytes | bytearray) -> bytearray:
    """Derive the key of a store once; it is slow by design."""
    return bytearray(_derived(derivation, bytes(unlock)))


@cache
def _derived(derivation: Derivation, unlock: bytes) -> bytes:
    return bytes(_DERIVE(derivation, unlock))


@pytest.fixture(autouse=True)
def _light_passwords(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Derive each key once; hash passwords lightly, except in tests marked slow: these run a hub as it is.

    A test that is slow for a parameter alone, its database, is no other test for that.
    """
    monkeypatch.setattr(Derivation, "derive", derived)
    parameters = request.node.callspec.marks if hasattr(request.node, "callspec") else ()
    slow = list(request.node.iter_markers("slow"))
    if len(slow) == sum(mark.name == "slow" for mark in parameters):
        monkeypatch.setattr(accounts, "_HASHER", LIGHT)
        monkeypatch.setattr(accounts, "_NOBODY", _LIGHT_NOBODY)
        monkeypatch.setattr(personal_keys, "_MEMORY_KIB", 8)
        monkeypatch.setattr(personal_keys, "_PASSES", 1)


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite3"
    open_store(f"sqlite:///{path}", create=True).close()
    return path


@pytest.fixture(scope="session", autouse=True)
def _homes_of_new_tables(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let a hub that is made find its tables in a fresh file: all migrations take most of its making."""

    def opened(url: str, *, create: bool = False) -> Store:
        path = Path(url.removeprefix("sqlite:///"))
        if create and path != Path(url) and not path.exists():
            shutil.copy(request.getfixturevalue("_sqlite_template"), path)
        return open_store(url, create=create)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "open_store", opened)
        yield


@pytest.fixture
def sqlite_url(_sqlite_template: Path, tmp_path: Path) -> str:
    """A fresh SQLite database with the hub's tables."""
    path = tmp_path / "hub.sqlite3"
    shutil.copy(_sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def pool(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> StorePool:
    """Stores of SQLite that tests use one after another."""
    return StorePool(template=_sqlite_template, folder=tmp_path_factory.mktemp("pool"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server, one for each process that runs tests.

    It does not sync: tests stop processes, never the machine, and what is in memory outlives a process.
    """
    with postgres_server(fsync="off") as server:
        yield server


@pytest.fixture(scope="session")
def postgres_pool(postgres: PostgresServer) -> Iterator[PostgresPool]:
    """Stores of PostgreSQL that tests use one after another."""
    made = PostgresPool(server=postgres)
    yield made
    made.close()


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """A fresh PostgreSQL database with the hub's tables."""
    with postgres.database() as url:
        yield url


@pytest.fixture(params=SQLITE_AND_POSTGRESQL)
def database(request: pytest.FixtureRequest) -> str:
    """Which database: a test runs once on each of the two."""
    return str(request.param)


@pytest.fixture
def database_url(request: pytest.FixtureRequest, database: str) -> str:
    """A fresh database of each sort with the hub's tables, of which a test may make what it likes."""
    fixture = "sqlite_url" if database == "sqlite" else "postgres_url"
    return str(request.getfixturevalue(fixture))


@pytest.fixture
def store_pool(request: pytest.FixtureRequest, database: str) -> StorePool | PostgresPool:
    """Stores of each sort that tests use one after another."""
    found: StorePool | PostgresPool = request.getfixturevalue(
        "pool" if database == "sqlite" else "postgres_pool"
    )
    return found


@pytest.fixture
def store(request: pytest.FixtureRequest, store_pool: StorePool | PostgresPool) -> Iterator[Store]:
    """An open store of each sort with nothing in it; over the very database whose URL a test asks for too."""
    if "database_url" in request.fixturenames:
        opened = open_store(request.getfixturevalue("database_url"))
    else:
        opened = store_pool.fresh(0)
    yield opened
    opened.close()
