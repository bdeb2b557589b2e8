"""Processes that are forked from one that has loaded the hub: to load it anew takes each of them a second."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

#: What starts processes with `Process(target=…)`; nothing of a test's own process is in them.
PROCESSES: Final = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["hub.cli.init_serve", "hub.bootstrap.serving", "tests.chaos.appending"])


class Command:
    """A `hub` command in a session of its own, with the methods of subprocess.Popen that tests call."""

    def __init__(self, *words: str, log: Path) -> None:
        """Start a command whose output is appended to a file."""
        told = (words, log, dict(os.environ), Path.cwd())
        self._words = words
        self._process = PROCESSES.Process(target=_run, args=told, daemon=True)
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        """Return the exit status, or None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit status once it has ended."""
        self._process.join(timeout)
        status = self._process.exitcode
        if status is None:
            assert timeout is not None
            raise subprocess.TimeoutExpired(self._words, timeout)
        return status

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Tell it to stop."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


def _run(words: tuple[str, ...], log: Path, environment: Mapping[str, str], folder: Path) -> None:
    from hub.cli import main

    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    with log.open("ab") as output, Path(os.devnull).open("rb") as nothing:
        for stream, number in ((nothing, 0), (output, 1), (output, 2)):
            os.dup2(stream.fileno(), number)
    sys.argv = ["hub", *words]
    main()
