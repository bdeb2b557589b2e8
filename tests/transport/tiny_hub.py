"""A real server process with a tiny application, whose directory is a file that a test rewrites.

Run as `python -m tests.transport.tiny_hub HOME`; the home holds what `TinyHub.start` wrote.
"""

from __future__ import annotations

import http.client
import json
import os
import pickle
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask, Response, request

from hub.config import Config
from hub.entries import (
    MaterialRow,
    MemberRow,
    PartnerRow,
    ProfileRow,
    RevocationRow,
    RevocationRule,
    TrustItem,
)
from hub.errors import HubError, OurFault
from hub.federation.trust import TrustSource
from hub.limits import Limits
from hub.transport.peer import identify, peer_certificate
from hub.transport.server import serve
from keys.keyring import FileKeyring
from tests.transport.agencies import Shown, calling, free_port


class FileDirectory:
    """A directory in a file: what another process writes is seen at the next look."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def directory(self) -> FileDirectory:
        """Return itself, as a view of the stores does."""
        return self

    @property
    def revocations(self) -> FileDirectory:
        """Return itself: nothing was revoked."""
        return self

    @property
    def trust(self) -> FileDirectory:
        """Return itself: nothing is kept."""
        return self

    @property
    def hubless(self) -> FileDirectory:
        """Return itself: all partners have hubs."""
        return self

    def profiles(self) -> Sequence[ProfileRow]:
        """Return none."""
        return ()

    def materials(self, agency: str) -> Sequence[MaterialRow]:
        """Return none."""
        return ()

    def answers(self) -> Sequence[RevocationRow]:
        """Return what the test says."""
        return ()

    def rules(self) -> Mapping[str, RevocationRule]:
        """Return none."""
        return {}

    def withdrawn(self) -> Sequence[str]:
        """Return none."""
        return ()

    def items(self, digests: Sequence[str]) -> Mapping[str, TrustItem]:
        """Return none."""
        return {}

    def _read(self) -> tuple[int, Sequence[PartnerRow], Sequence[MemberRow]]:
        return pickle.loads(self.path.read_bytes())

    def generation(self) -> int:
        """Return the number of the last change."""
        return self._read()[0]

    def partners(self) -> Sequence[PartnerRow]:
        """Return the partners."""
        return self._read()[1]

    def members(self) -> Sequence[MemberRow]:
        """Return the members."""
        return self._read()[2]

    def cards_since(self, agency: str) -> Sequence[tuple[datetime, bytes]]:
        """Return none but what is pinned."""
        return ()

    def write(self, partners: Sequence[PartnerRow], members: Sequence[MemberRow] = ()) -> None:
        """Replace everything, as one change."""
        generation = self._read()[0] + 1 if self.path.exists() else 1
        fresh = self.path.with_suffix(".new")
        fresh.write_bytes(pickle.dumps((generation, partners, members)))
        fresh.replace(self.path)

    @contextmanager
    def read(self) -> Iterator[FileDirectory]:
        """Open a snapshot."""
        yield self


def tiny_app(source: TrustSource) -> Flask:
    """Return an application that says who calls, and takes bodies."""
    app = Flask(__name__)

    @app.errorhandler(HubError)
    def refused(error: HubError) -> Response:
        return Response(json.dumps({"code": error.code}), status=error.row.status)

    @app.get("/whoami")
    def whoami() -> dict[str, str]:
        at = datetime.now(UTC)
        peer = identify(peer_certificate(request.environ), source.current(at), at)
        request.environ["hub.peer"] = peer.agency
        return {"agency": peer.agency, "role": peer.role}

    @app.get("/empty")
    def empty() -> str:
        return ""

    @app.post("/body")
    def body() -> dict[str, int]:
        return {"bytes": len(request.get_data())}

    @app.get("/large/<int:size>")
    def large(size: int) -> Response:
        return Response(b"x" * size)

    @app.put("/drain")
    def drain() -> dict[str, int]:
        return {"bytes": sum(len(part) for part in iter(lambda: request.stream.read(262144), b""))}

    @app.get("/stream/<int:size>")
    def stream(size: int) -> Response:
        return Response((bytes(262144) for _ in range(size // 262144)), headers={"Content-Length": str(size)})

    @app.get("/rss")
    def rss() -> str:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return str(pages * os.sysconf("SC_PAGE_SIZE"))

    @app.get("/slow/<float:seconds>")
    def slow(seconds: float) -> str:
        (app.config["home"] / "waiting").touch()
        app.config["stop"].wait(seconds)
        return "done"

    @app.get("/fails")
    def fails() -> str:
        raise ValueError("Ivan Ivanov, passport 123")

    app.config["PROPAGATE_EXCEPTIONS"] = True
    return app


class TinyHub:
    """A handle to a running server process."""

    def __init__(
        self, home: Path, process: subprocess.Popen[bytes], config: Config, directory: FileDirectory
    ):
        self.home = home
        self.process = process
        self.config = config
        self.directory = directory
        self._forgotten = 0

    @classmethod
    def start(
        cls,
        home: Path,
        keyring: FileKeyring,
        *,
        partners: Sequence[PartnerRow] = (),
        members: Sequence[MemberRow] = (),
        unlock: bytes,
        threads: int = 8,
        metrics_port: int = 0,
        **limits: float,
    ) -> TinyHub:
        """Start a server for an agency and wait until it answers."""
        config = Config(
            home=home,
            agency=keyring.agency,
            port=free_port(),
            threads=threads,
            metrics_port=metrics_port,
            limits=Limits(**limits),
        )
        directory = FileDirectory(home / "directory")
        directory.write(partners, members)
        keys_dir = keyring.tls_files().certificate.parent
        (home / "told").write_bytes(pickle.dumps((config, keys_dir, unlock)))
        with (home / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.transport.tiny_hub", str(home)], stdout=log, stderr=log
            )
        hub = cls(home, process, config, directory)
        hub._wait()
        return hub

    def _wait(self) -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until and self.process.poll() is None:
            if (self.home / "started").exists():
                return
            time.sleep(0.02)
        raise AssertionError("the server did not start:\n" + self.log())

    @property
    def address(self) -> tuple[str, int]:
        """Return where it listens."""
        return "127.0.0.1", self.config.port

    def connect(self, leaf: Shown | None, *, timeout: float = 10) -> http.client.HTTPSConnection:
        """Return a connection that shows a leaf, or none."""
        return http.client.HTTPSConnection(
            *self.address, context=calling(self.config.agency, leaf), timeout=timeout
        )

    def get(self, path: str, leaf: Shown | None, *, timeout: float = 10) -> tuple[int, bytes]:
        """Ask once, on a connection of its own."""
        connection = self.connect(leaf, timeout=timeout)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def log(self) -> str:
        """Return what was logged since `forget`."""
        return (self.home / "log").read_bytes()[self._forgotten :].decode()

    def forget(self) -> None:
        """Let the log begin here."""
        self._forgotten = (self.home / "log").stat().st_size

    def lines(self) -> list[dict[str, Any]]:
        """Return the log's whole lines, each of which must be JSON."""
        return [json.loads(line) for line in self.log().splitlines(keepends=True) if line.endswith("\n")]

    def logged(self, code: str, *, within_s: float = 30.0) -> dict[str, Any]:
        """Return the first line with a code, once it is there."""
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            for line in self.lines():
                if line.get("code") == code:
                    return line
            time.sleep(0.05)
        raise AssertionError(f"{code} was not logged:\n{self.log()}")

    def stop(self, sign: int = signal.SIGTERM) -> int:
        """Stop it and return its exit status."""
        self.process.send_signal(sign)
        try:
            return self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def cpu_s(self) -> float:
        """Return the CPU time that the worker process has used."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        stat = Path(f"/proc/{children[0]}/stat").read_text().rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


def wait_until(condition: Any, *, within_s: float = 30.0) -> None:
    """Wait for a condition that another process brings about."""
    until = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < until, "it did not come about in time"
        time.sleep(0.05)


def raw_tls(hub: TinyHub, leaf: Shown | None) -> ssl.SSLSocket:
    """Return a bare TLS connection, to misbehave on."""
    import socket

    return calling(hub.config.agency, leaf).wrap_socket(socket.create_connection(hub.address, timeout=10))


def main(home: Path) -> None:
    """Serve until told to stop; runs in the server's process."""
    import threading

    config, keys_dir, unlock = pickle.loads((home / "told").read_bytes())
    keyring = FileKeyring.open(keys_dir, agency=config.agency, unlock=unlock)
    source = TrustSource(
        FileDirectory(home / "directory").read, authority_pem=keyring.tls_files().authority_pem
    )
    stop = threading.Event()

    def started(app: Flask) -> None:
        if (home / "start-fails").exists():
            raise OurFault("storage-unavailable", "The database is not there.")
        app.config |= {"stop": stop, "home": home}
        (home / "started").write_text(str(os.getpid()))

    def stopped(app: Flask) -> None:
        stop.set()
        (home / "stopped").write_text(str(os.getpid()))
        if (home / "stop-fails").exists():
            raise ValueError("Ivan Ivanov")

    serve(
        lambda: tiny_app(source),
        config=config,
        keyring=keyring,
        trust_source=lambda: source,
        on_worker_start=started,
        on_worker_stop=stopped,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
