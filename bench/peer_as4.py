"""The PyPI package `as4` as a gateway of its own: its environment, and the calls into it."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import venv
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

#: The package and all that it takes in, as they were tried here.
PACKAGES: Final = (
    "as4==0.2.0",
    "annotated-types==0.8.0",
    "cffi==2.1.1",
    "cryptography==46.0.7",
    "lxml==6.1.3",
    "pycparser==3.12",
    "pydantic==2.14.3",
    "pydantic-core==2.50.4",
    "typing-inspection==0.4.5",
    "typing-extensions==4.16.0",
    "urllib3==2.8.0",
)
_NODE: Final = Path(__file__).with_name("as4_node.py")


def environment(folder: Path) -> Path:
    """Return the Python of the peer's environment; make it at the first time.

    It is known by what is installed in it, so another set of packages is another environment.
    """
    made = folder / f"{PACKAGES[0]}-python{sys.version_info.major}.{sys.version_info.minor}"
    folder.mkdir(parents=True, exist_ok=True)
    with made.with_suffix(".lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # several processes of one run may want it at once
        return _installed(made)


def _installed(made: Path) -> Path:
    python, done = made / "bin" / "python", made / "complete"
    if done.exists() and done.read_text() == "\n".join(PACKAGES):
        return python
    venv.create(made, with_pip=False, clear=True)
    told = subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", *PACKAGES],
        capture_output=True,
        text=True,
        check=False,
    )
    if told.returncode != 0:
        raise RuntimeError(f"{PACKAGES[0]} cannot be installed: {told.stderr.strip()[-2000:]}")
    done.write_text("\n".join(PACKAGES))
    return python


def kept() -> Path:
    """Return where environments of peers are kept between runs."""
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "hub-bench"


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """A running gateway of the package."""

    process: subprocess.Popen[str]
    port: int

    @property
    def url(self) -> str:
        """Return where it takes messages."""
        return f"https://127.0.0.1:{self.port}/as4"

    def send(self, url: str, payload: bytes, message_id: str | None = None) -> dict[str, Any]:
        """Let it build a message, push it, and say what it makes of the answer."""
        named = {} if message_id is None else {"id": message_id}
        return self._told(do="send", url=url, payload=b64encode(payload).decode(), **named)

    def again(self) -> dict[str, Any]:
        """Let it push its last message again, byte for byte."""
        return self._told(do="again")

    def received(self) -> list[dict[str, Any]]:
        """Return what it was sent."""
        return list(self._told(do="received")["messages"])

    def pack(self, payload: bytes, times: int) -> float:
        """Return the seconds of a processor that so many messages took it to build."""
        return float(self._told(do="pack", payload=b64encode(payload).decode(), times=times)["cpu_s"])

    def unpack(self, message: tuple[str, bytes], times: int) -> float:
        """Return the seconds of a processor that it took to open a message, with its receipt, so often."""
        told = self._told(do="unpack", type=message[0], body=b64encode(message[1]).decode(), times=times)
        if not told["taken"]:
            raise RuntimeError("the peer refused a message of ours")
        return float(told["cpu_s"])

    def _told(self, **words: object) -> dict[str, Any]:
        if self.process.stdin is None or self.process.stdout is None:
            raise RuntimeError("the gateway has no pipes")
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the gateway ended")
        return dict(json.loads(line))


@contextmanager
def gateway(python: Path, home: Path, words: Sequence[str]) -> Iterator[Gateway]:
    """Run a gateway whose keys lie in a folder; `words` are its party, ours, their type, service, action."""
    process = subprocess.Popen(
        [str(python), "-I", str(_NODE), str(home), *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        said = process.stdout.readline() if process.stdout is not None else ""
        if not said:
            raise RuntimeError("the gateway did not start")
        yield Gateway(process=process, port=int(json.loads(said)["port"]))
    finally:
        process.terminate()
        process.wait(timeout=10)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
