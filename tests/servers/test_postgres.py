from __future__ import annotations

import os
import shutil
from pathlib import Path

import psycopg
import pytest

from tests.servers import postgres
from tests.servers.postgres import PostgresMissing, postgres_server


def test_where_there_is_no_postgresql_the_tests_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "_find_programs", lambda: None)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(PostgresMissing, match="install Debian's package `postgresql`"), postgres_server():
        pass


def test_programs_outside_the_path_are_found_where_debian_puts_them(monkeypatch: pytest.MonkeyPatch) -> None:
    if not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        pytest.skip("Debian's PostgreSQL is not installed here")
    monkeypatch.setattr(shutil, "which", lambda _: None)
    found = postgres._find_programs()
    assert found is not None
    assert (found / "initdb").exists()


@pytest.mark.slow
def test_a_server_wants_its_password_and_is_gone_at_the_end() -> None:
    with postgres_server(fsync="off") as server:
        with psycopg.connect(server.url("postgres")) as connection:
            (folder,) = connection.execute("SHOW data_directory").fetchone() or ("",)
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(server.url("postgres"), password="guessed")
        with server.database() as url, psycopg.connect(url) as connection:
            assert connection.execute("SELECT count(*) FROM records").fetchone() == (0,)
    assert not Path(folder).exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(server.url("postgres"))
