from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conftest import SQLITE_AND_POSTGRESQL
from tests.exchange.hubs import Hubs
from tests.servers.postgres import PostgresServer


@pytest.fixture(params=SQLITE_AND_POSTGRESQL)
def new_database(request: pytest.FixtureRequest) -> Iterator[Callable[[Path], str]]:
    """What makes a database for a hub's home; the test runs once on each of the two."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            template: Path = request.getfixturevalue("_sqlite_template")
            yield lambda home: f"sqlite:///{shutil.copy(template, home / 'hub.sqlite3')}"
        else:
            server: PostgresServer = request.getfixturevalue("postgres")
            yield lambda _home: stack.enter_context(server.database())


@pytest.fixture
def hubs(tmp_path: Path, new_database: Callable[[Path], str]) -> Iterator[Hubs]:
    """No hubs yet: add them, pair them, agree."""
    made = Hubs(folder=tmp_path, database=new_database)
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
