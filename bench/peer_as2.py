"""How many records a second django-pyas2 moves, beside our hubs in the same run on the same payload.

AS2 is the nearest thing in wide use: signed, encrypted, and answered by a signed receipt (MDN). Two partners
of django-pyas2 run in a virtual environment of their own over plain HTTP on loopback, with its defaults: RSA
2048, AES-256-CBC, SHA-256, SQLite, served by gunicorn. It sends one message a request and waits for its MDN;
it has no batches.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import venv
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from bench.exchange import Way, document, run
from bench.pair import built
from demo.ports import free_ports
from hub.envelope import Suite
from hub.envelope.canonical import canonical

_PACKAGES: Final = ("django-pyas2==1.2.3", "gunicorn")
_NODE: Final = Path(__file__).with_name("as2_node.py")
_PATIENCE_S: Final = 30.0
#: Where the peer is installed, once for all benchmarks.
CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "hub-bench" / "django-pyas2"


def environment(folder: Path) -> Path:
    """Return the Python of the peer's environment; make it at the first time."""
    python = folder / "bin" / "python"
    done = folder / "complete"
    if not done.exists():
        venv.create(folder, with_pip=True, clear=True)
        install = [str(python), "-m", "pip", "install", "--quiet", *_PACKAGES]
        told = subprocess.run(install, capture_output=True, text=True, check=False)
        if told.returncode != 0:
            raise SystemExit(f"django-pyas2 cannot be installed: {told.stderr.strip()[-2000:]}")
        _mend_oscrypto(folder)
        done.touch()
    return python


def _mend_oscrypto(folder: Path) -> None:
    """Let oscrypto 1.3.0, which django-pyas2 needs, read OpenSSL versions such as 3.0.17."""
    for path in folder.glob("lib/python*/site-packages/oscrypto/_openssl/_libcrypto_c*.py"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("d[a-z]*", "d+[a-z]*"), encoding="utf-8")


class Node:
    """One AS2 partner: its home, and the calls into its environment."""

    def __init__(self, python: Path, home: Path, name: str, port: int) -> None:
        self.python, self.home, self.name, self.port = python, home, name, port
        home.mkdir()
        self.call("prepare")

    @property
    def url(self) -> str:
        """Return where it takes messages."""
        return f"http://127.0.0.1:{self.port}/pyas2/as2receive"

    def call(self, *words: str) -> str:
        """Run one step of the node; end the benchmark with what it said when it fails."""
        told = subprocess.run(
            [str(self.python), str(_NODE), *words],
            env=self._env(),
            capture_output=True,
            text=True,
            check=False,
        )
        if told.returncode != 0:
            raise SystemExit(f"django-pyas2 failed to {words[0]}: {told.stderr.strip()[-2000:]}")
        return told.stdout

    def meet(self, other: Node) -> None:
        """Enter another node as partner."""
        self.call("meet", other.name, str(other.home / "certificate.pem"), other.url)

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Serve while the block runs."""
        command = [str(self.python), "-m", "gunicorn", "--chdir", str(_NODE.parent), "--threads", "16"]
        command += ["--bind", f"127.0.0.1:{self.port}", "--log-level", "error", "as2_node:application"]
        with (self.home / "serve.log").open("wb") as log:
            server = subprocess.Popen(command, env=self._env(), stdout=log, stderr=log)
        try:
            _wait_for(self.port, server)
            yield
        finally:
            server.terminate()
            server.wait()

    def _env(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "AS2_HOME": str(self.home), "AS2_NAME": self.name}


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("django-pyas2 does not serve")


def measure_peer(python: Path, folder: Path, *, count: int, size_bytes: int) -> float:
    """Return how many messages a second the peer sends and has processed by a verified MDN."""
    ports = free_ports(2)
    sender = Node(python, folder / "sender", "kz-knb", ports[0])
    receiver = Node(python, folder / "receiver", "cis-atc", ports[1])
    sender.meet(receiver)
    receiver.meet(sender)
    payload = folder / "record.json"
    payload.write_bytes(canonical(document(size_bytes)))
    with receiver.serving():
        sender.call("send", receiver.name, str(payload), "5")
        told = json.loads(sender.call("send", receiver.name, str(payload), str(count)))
    if told["processed"] != count:
        raise SystemExit(f"django-pyas2 had only {told['processed']} of {count} messages processed")
    return float(count / told["seconds"])


def measure_ours(suite: Suite, folder: Path, *, count: int, size_bytes: int) -> dict[str, float]:
    """Return our rate for each way of submitting."""
    with built(folder, suite=suite, databases={}) as pair:
        pair.start()
        run(pair, Way(name="warm up", batch=50, count=100), size_bytes)
        ways = (
            Way(name="in turn", batch=1, count=max(1, count // 10), waits=True),
            Way(name="single", batch=1, count=max(1, count // 5)),
            Way(name="batched", batch=50, count=count),
        )
        return {way.name: way.count / run(pair, way, size_bytes)[0] for way in ways}


def main() -> None:
    """Measure and print."""
    parser = ArgumentParser(
        prog="python -m bench.peer_as2",
        description=__doc__,
        epilog="example: python -m bench.peer_as2 --json",
    )
    parser.add_argument("--suite", action="append", choices=[s.value for s in Suite], help="default: both")
    parser.add_argument("--count", type=int, default=1000, help="records in our batched round (default 1000)")
    parser.add_argument(
        "--messages", type=int, default=100, help="messages that the peer sends (default 100)"
    )
    parser.add_argument("--size", type=int, default=4096, help="bytes of a record (default 4096)")
    parser.add_argument("--environment", type=Path, default=CACHE, help="where the peer is installed")
    parser.add_argument("--json", action="store_true", help="print JSON")
    told = parser.parse_args()
    python = environment(told.environment)
    rows: list[dict[str, Any]] = []
    for suite in [Suite(name) for name in told.suite or [s.value for s in Suite]]:
        with tempfile.TemporaryDirectory(prefix="bench-as2-") as name:
            folder = Path(name)
            peer = measure_peer(python, folder, count=told.messages, size_bytes=told.size)
            ours = measure_ours(suite, folder, count=told.count, size_bytes=told.size)
        rows += [
            {
                "suite": suite.value,
                "way": way,
                "rate": round(rate, 1),
                "peer_rate": round(peer, 1),
                "ratio": round(rate / peer, 1),
            }
            for way, rate in ours.items()
        ]
    if told.json:
        json.dump({"peer": _PACKAGES[0], "record_bytes": told.size, "rows": rows}, sys.stdout, indent=2)
        print()
        return
    print("".join(f"{name:>12}" for name in rows[0]))
    for row in rows:
        print("".join(f"{cell!s:>12}" for cell in row.values()))


if __name__ == "__main__":
    main()
