"""The thread that wraps anew what older master keys wrapped, in the background of a serving hub."""

from __future__ import annotations

import logging
import threading
from typing import Final

from hub.errors import HubError
from hub.exchange.broker import Broker
from hub.exchange.keys.rewrapping import rewrap_some

log = logging.getLogger("hub.keys")

#: How long it rests between two batches, so that others come to write, and between two looks.
_BETWEEN_S: Final = 0.05
_IDLE_S: Final = 5.0


class RewrapKeeper:
    """One in each worker; batches that two of them take at once are done once."""

    def __init__(self, broker: Broker, *, idle_s: float = _IDLE_S) -> None:
        self._broker = broker
        self._idle_s = idle_s
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start; called once, inside the process that is to work."""
        self._thread = threading.Thread(target=self._run, name="rewrap", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop after the batch that is under way."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(self._broker.limits.carry_timeout_s)

    def _run(self) -> None:
        rest_s = 0.0
        while not self._stopping.wait(rest_s):
            rest_s = _BETWEEN_S if self._step() else self._idle_s

    def _step(self) -> bool:
        """Take one batch; the thread must outlive every failure."""
        try:
            return rewrap_some(self._broker)
        except HubError as failure:
            log.error("bodies were not wrapped anew: %s", failure, extra={"code": failure.code})
        except Exception:
            log.exception("bodies were not wrapped anew", extra={"code": "internal"})
        return False
