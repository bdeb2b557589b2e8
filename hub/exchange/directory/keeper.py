"""The thread that follows the directory, and says daily that ours is current. It never delays traffic."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace

from hub.errors import HubError
from hub.exchange.broker import Broker
from hub.exchange.directory.place import Place
from hub.exchange.directory.publishing import Edition, due, publish
from hub.exchange.directory.refreshing import refresh
from hub.ports import DirectoryClient, DirectoryKeys

log = logging.getLogger("hub.directory")

#: How long a hub that stops waits for a fetch under way.
_STOP_S = 2.0


class DirectoryKeeper:
    """One in each worker; a lock in the home lets one at a time fetch or publish, and the others pass.

    `card` returns our signed card as it stands. A hub without a directory looks whether it has joined one.
    """

    def __init__(
        self,
        broker: Broker,
        client: DirectoryClient,
        keys: DirectoryKeys,
        place: Place,
        *,
        card: Callable[[], bytes],
    ) -> None:
        self._broker = broker
        self._client = client
        self._keys = keys
        self._place = replace(place, wait_s=0.0)  # whoever is at it does this keeper's work
        self._card = card
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start following; called once, inside the process that is to work."""
        self._thread = threading.Thread(target=self._run, name="directory", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop following. A fetch under way then ends with the process: what it had is fetched again."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(_STOP_S)

    def take_turn(self) -> None:
        """Publish where it is due, or fetch where the directory is followed."""
        if not self._place.joined:
            return
        broker = self._broker
        if due(broker, self._keys, self._place, self._card()):
            publish(broker, self._client, self._keys, self._place, broker.itself, self._card(), Edition())
        elif self._is_old():
            refresh(broker, self._client, self._place, broker.itself)

    def _is_old(self) -> bool:
        """Tell whether nobody, in whichever worker, has looked for an interval."""
        checked = self._place.state().checked_at
        if checked is None:
            return True
        age_s = abs((self._broker.clock.now() - checked).total_seconds())
        return age_s >= self._broker.limits.directory_refresh_s

    def _run(self) -> None:
        # Looked at more often than fetched: another command may just have joined, or published.
        while not self._stopping.wait(min(60.0, self._broker.limits.directory_refresh_s)):
            self._guarded()

    def _guarded(self) -> None:
        """Take a turn; the thread must outlive every failure."""
        try:
            self.take_turn()
        except HubError as error:
            if error.code != "conflict":
                log.warning("directory: %s", error, extra={"code": error.code})
        except Exception:
            log.exception("directory failed", extra={"code": "internal"})
