"""Hub processes: started with the very command an operator uses, stopped, and started again."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

from demo.cast import Place
from demo.clients import Client, Trouble

_READY_WITHIN_S = 30.0
_STOPPED_WITHIN_S = 40.0


class Processes:
    """The running hubs of the demo, one process tree each; logs are in their homes."""

    def __init__(self) -> None:
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, place: Place) -> None:
        """Start one hub; `wait_ready` tells when it answers."""
        with Path(place.home / "serve.log").open("ab") as log:
            self._running[place.agency] = subprocess.Popen(
                [sys.executable, "-m", "hub.cli", "serve", "--home", str(place.home)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait_ready(self, place: Place) -> None:
        """Wait until a hub says that it is ready; raise Trouble with where its log is."""
        until = time.monotonic() + _READY_WITHIN_S
        client = Client(place)
        process = self._running[place.agency]
        while time.monotonic() < until:
            if process.poll() is not None:
                raise Trouble(f"{place.agency} ended at once; its log is {place.home / 'serve.log'}.")
            if client.is_ready():
                return
            time.sleep(0.1)
        raise Trouble(
            f"{place.agency} is not ready after {_READY_WITHIN_S:.0f} s: {place.home / 'serve.log'}."
        )

    def stop(self, agency: str) -> None:
        """Stop one hub as an operator would, and wait for its end."""
        process = self._running.pop(agency, None)
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def stop_all(self) -> None:
        """Stop every hub that runs; all are told before any is waited for."""
        for process in self._running.values():
            process.send_signal(signal.SIGTERM)
        for agency in list(self._running):
            self.stop(agency)

    @property
    def ids(self) -> list[int]:
        """Return the process ids of the hubs that run."""
        return [process.pid for process in self._running.values()]
