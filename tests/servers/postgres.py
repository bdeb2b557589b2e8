"""A private PostgreSQL: its own folder, port and password, gone when the tests are."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from demo.ports import free_ports
from hub.storage import open_store
from tests.servers.packages import install

_START_S = 60
_TEMPLATE = "hub_template"
_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 2 * 1024**3


class PostgresMissing(Exception):
    """There is no PostgreSQL here and none can be installed."""


class PostgresServer:
    """A running server. Every database it hands out is a copy of one with the hub's tables in it."""

    def __init__(self, *, port: int, password: str) -> None:
        self.port = port
        self._password = password
        self._databases = 0

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of a database."""
        return f"postgresql://hub:{self._password}@127.0.0.1:{self.port}/{database}"

    @contextmanager
    def database(self, *, empty: bool = False) -> Iterator[str]:
        """Make a database, return its URL, and drop it afterwards whoever is still connected."""
        self._databases += 1
        name = f"hub_{self._databases}"
        template = "template0" if empty else self._template()
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.url(name)
        finally:
            self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def run(self, statement: str, *, database: str = "postgres") -> None:
        """Run one statement as the server's owner, outside a transaction."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement)

    def _template(self) -> str:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            there = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [_TEMPLATE]).fetchone()
        if there is None:
            self.run(f"CREATE DATABASE {_TEMPLATE} TEMPLATE template0")
            open_store(self.url(_TEMPLATE), create=True).close()
        return _TEMPLATE


@contextmanager
def postgres_server(**settings: str) -> Iterator[PostgresServer]:
    """Start a server with real fsync; stop it and remove its folder at the end.

    One that does not sync lies in memory where there is room: a new database is there four times as soon.
    """
    programs = _programs()
    user = _user()
    place = _memory() if settings.get("fsync") == "off" else None
    folder = Path(tempfile.mkdtemp(prefix="hub-postgres-", dir=place))
    try:
        if user:
            shutil.chown(folder, user["user"], user["group"])
        password = secrets.token_urlsafe(24)
        data = folder / "data"
        _make_cluster(programs, data, password, user)
        (port,) = free_ports(1)
        process = _start(programs, data, port, settings, user)
        try:
            _wait_until_ready(process, port, password, folder)
            yield PostgresServer(port=port, password=password)
        finally:
            process.send_signal(signal.SIGINT)  # fast shutdown: sessions are ended
            process.wait(_START_S)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _memory() -> Path | None:
    """Return a folder in memory with room for many databases, if there is one."""
    if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM_BYTES:
        return _MEMORY
    return None


def _programs() -> Path:
    """Return the folder of PostgreSQL's programs; install Debian's package where that is possible."""
    found = _find_programs()
    if found is None:
        install("postgresql")
        found = _find_programs()
    if found is None:
        raise PostgresMissing(
            "The tests on PostgreSQL need its programs initdb and postgres: install Debian's package "
            "`postgresql`, or put them in $PATH, or leave these tests out with -m 'not slow'."
        )
    return found


def _find_programs() -> Path | None:
    versions = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3].split(".")[0])
    )
    in_path = shutil.which("initdb")
    for program in [Path(in_path)] if in_path else reversed(versions):
        folder = program.resolve().parent
        if (folder / "postgres").exists():
            return folder
    return None


def _user() -> Mapping[str, Any]:
    """Return whom the server runs as: ourselves, or another than root, whom initdb refuses."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = names.get("postgres") or names["nobody"]
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _make_cluster(programs: Path, data: Path, password: str, user: Mapping[str, Any]) -> None:
    secret = data.parent / "password"
    secret.write_text(password, encoding="ascii")
    secret.chmod(0o600)
    if user:
        shutil.chown(secret, user["user"], user["group"])
    made = subprocess.run(
        [
            programs / "initdb",
            f"--pgdata={data}",
            "--username=hub",
            f"--pwfile={secret}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ],
        cwd=data.parent,
        capture_output=True,
        text=True,
        check=False,
        **user,
    )
    secret.unlink()
    if made.returncode != 0:
        raise PostgresMissing(f"initdb failed: {made.stderr.strip()}")


def _start(
    programs: Path, data: Path, port: int, settings: Mapping[str, str], user: Mapping[str, Any]
) -> subprocess.Popen[bytes]:
    told = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": str(data.parent),
        "max_connections": "100",
        **settings,
    }
    command = [str(programs / "postgres"), "-D", str(data)]
    for name, value in told.items():
        command += ["-c", f"{name}={value}"]
    if setpriv := shutil.which("setpriv"):  # it dies with the tests, even if those are killed
        command = [setpriv, "--pdeathsig", "INT", *command]
    with (data.parent / "log").open("wb") as log:
        return subprocess.Popen(command, cwd=data.parent, stdout=log, stderr=log, **user)


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, password: str, folder: Path) -> None:
    url = f"postgresql://hub:{password}@127.0.0.1:{port}/postgres"
    until = time.monotonic() + _START_S
    while True:
        try:
            psycopg.connect(url, connect_timeout=5).close()
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > until:
                log = (folder / "log").read_text(encoding="utf-8", errors="replace")
                raise PostgresMissing(f"PostgreSQL did not start: {log[-2000:]}") from None
            time.sleep(0.05)
        else:
            return
