"""The thread that watches the ends of certificates, renews the hub's own leaf, and writes our CRLs out."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Final

from hub.errors import HubError
from hub.exchange.broker import Broker
from hub.exchange.certificates.expiring import Ending, give_alarms

log = logging.getLogger("hub.certificates")

_STOP_S: Final = 2.0


class CertificateKeeper:
    """One in each worker; what they do twice does no harm.

    `own` tells our leaf and authorities, `renew` renews the leaf when it is due, `publish` writes the CRLs.
    """

    def __init__(
        self,
        broker: Broker,
        *,
        own: Callable[[], Sequence[Ending]],
        renew: Callable[[], bool],
        publish: Callable[[], None],
    ) -> None:
        self._broker = broker
        self._own = own
        self._tasks: tuple[Callable[[], object], ...] = (renew, publish, self._alarm)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start watching; called once, inside the process that is to work."""
        self._thread = threading.Thread(target=self._run, name="certificates", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop watching."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(_STOP_S)

    def take_turn(self) -> None:
        """Renew what is due, write our CRLs, and give alarms; one that fails does not stop the others."""
        for task in self._tasks:
            try:
                task()
            except HubError as error:
                log.error("keeping certificates failed: %s", error, extra={"code": error.code})
            except Exception:
                log.exception("keeping certificates failed", extra={"code": "internal"})

    def _alarm(self) -> None:
        give_alarms(self._broker, self._own())

    def _run(self) -> None:
        self.take_turn()
        while not self._stopping.wait(self._broker.limits.expiry_look_s):
            self.take_turn()
