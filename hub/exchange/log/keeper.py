"""The thread that keeps the log: it sequences, signs and publishes, turn by turn, and says when it cannot."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from hub.errors import HubError, OurFault
from hub.exchange.broker import Broker
from hub.exchange.log.checkpointing import checkpoint
from hub.exchange.log.publishing import publish
from hub.exchange.log.sequencing import sequence

log = logging.getLogger("hub.log")


class LogKeeper:
    """One in each worker; the database lets one at a time sequence or sign, and the others pass.

    It takes a turn every `log_batch_wait_s`. A failure is kept until a turn succeeds: the hub is not ready
    meanwhile, and after `log_stall_max_s` releases are refused.
    """

    def __init__(self, broker: Broker, folder: Path) -> None:
        self._broker = broker
        self._folder = folder
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._failure: HubError | None = None

    def start(self) -> None:
        """Start keeping; called once, inside the process that is to work."""
        self._thread = threading.Thread(target=self._run, name="keep-log", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop after one more turn, so that what was done last is logged and signed for."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(self._broker.limits.carry_timeout_s)

    @property
    def failure(self) -> HubError | None:
        """Return why the log is not kept now, if it is not."""
        if self._thread is not None and not self._thread.is_alive() and not self._stopping.is_set():
            return OurFault("internal", "The thread that keeps the audit log has ended.")
        return self._failure

    def take_turn(self, *, at_once: bool = False) -> None:
        """Sequence what waits, sign when it is due, and publish what was signed."""
        while sequence(self._broker):
            pass
        checkpoint(self._broker, at_once=at_once)
        publish(self._broker.store, self._folder)

    def _run(self) -> None:
        while not self._stopping.wait(self._broker.limits.log_batch_wait_s):
            self._guarded(at_once=False)
        self._guarded(at_once=True)

    def _guarded(self, *, at_once: bool) -> None:
        """Take a turn; the thread must outlive every failure."""
        try:
            self.take_turn(at_once=at_once)
        except HubError as failure:
            self._note(failure)
        except OSError as error:
            self._note(
                OurFault("storage-unavailable", f"{self._folder} cannot be written: {error.strerror}.")
            )
        except Exception:
            log.exception("audit log failed", extra={"code": "internal"})
            self._failure = OurFault("internal", "The audit log could not be kept; the hub's log says why.")
        else:
            if self._failure is not None:
                log.info("audit log goes on")
            self._failure = None

    def _note(self, failure: HubError) -> None:
        """Remember a failure, and write it down where it is not the last one again."""
        if self._failure is None or self._failure.code != failure.code:
            log.error("audit log failed: %s", failure, extra={"code": failure.code})
        self._failure = failure
