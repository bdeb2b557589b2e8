"""The threads that have our checkpoints cosigned and stamped: one a witness, so that none delays another."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Final

from hub.errors import HubError, PeerFault
from hub.exchange.broker import Broker
from hub.exchange.witness.asking import ask
from hub.exchange.witness.rounds import Round
from hub.exchange.witness.settling import conclude, note_failure, settle
from hub.exchange.witness.stamping import Stamper, stamp, stamp_due
from hub.ports import CheckpointRow, WitnessClient
from hub.records.ids import new_id

log = logging.getLogger("hub.witness")

#: How long one worker keeps the task without renewing it.
_LEASE_S: Final = 20.0
#: After how many intervals a checkpoint without its quorum is asked for again.
_AGAIN: Final = 5
#: How long a hub that stops waits for answers under way.
_STOP_S: Final = 2.0
#: The longest rest after a witness did not answer, and after it answered that it does not cosign.
_REST_MAX_S: Final = 30.0
_REFUSED_REST_MAX_S: Final = 300.0


class WitnessKeeper:
    """One in each worker; a lease in the database lets one at a time ask.

    All witnesses are asked for the same checkpoint at once. The next round begins with the newest checkpoint
    when the quorum is met, or all have answered, or after `witness_timeout_s`: a slow witness is waited for
    by nobody, and takes part again in the round that is on when it is done.
    """

    def __init__(self, broker: Broker, client: WitnessClient, *, stamper: Stamper | None = None) -> None:
        self._broker = broker
        self._client = client
        self._stamper = stamper
        self._worker = new_id()
        self._stopping = threading.Event()
        self._changed = threading.Condition()
        self._round: Round | None = None
        self._leased_until = 0.0
        self._lease_lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start asking; called once, inside the process that is to work."""
        tasks: list[tuple[str, Callable[[], None]]] = []
        if self._broker.witnesses.witnesses:
            tasks.append(("witness-rounds", self._keep_rounds))
            tasks += [
                (f"witness-{name}", partial(self._keep_asking, name))
                for name in self._broker.witnesses.witnesses
            ]
        if self._stamper is not None:
            tasks.append(("timestamps", partial(self._keep_stamping, self._stamper)))
        self._threads = [threading.Thread(target=task, name=name, daemon=True) for name, task in tasks]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop asking. What is under way then ends with the process, and nothing is lost with it."""
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()
        until = time.monotonic() + _STOP_S
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        self._guard(self._let_go, "lease")

    def _let_go(self) -> None:
        """Leave the task to the next worker at once, also to this one's successor."""
        with self._lease_lock:
            if time.monotonic() >= self._leased_until:
                return
            self._leased_until = 0.0
            at = self._broker.clock.now()
            with self._broker.store.work() as work:
                work.witnessing.lease(self._worker, at=at, until=at)
                work.commit()

    @property
    def alive(self) -> bool:
        """Tell whether every thread is at work."""
        return all(thread.is_alive() for thread in self._threads)

    def _keep_rounds(self) -> None:
        while not self._stopping.wait(self._broker.limits.witness_interval_s):
            self._guard(self._next_round, "rounds")

    def _next_round(self) -> None:
        """Conclude a round that is over, and begin one when there is a newer checkpoint."""
        now = self._round
        if now is not None:
            if not now.over:
                return
            if not now.met and not now.concluded:
                conclude(self._broker, now.row)
                now.concluded = True
        with self._broker.store.read() as view:
            newest = view.log.checkpoint()
        if newest is None or (now is not None and not self._goes_on(now, newest)) or not self._leads():
            return
        with self._changed:
            self._round = Round(
                newest,
                self._broker.witnesses.witnesses,
                lasts_s=self._broker.limits.witness_timeout_s,
            )
            self._changed.notify_all()

    def _goes_on(self, now: Round, newest: CheckpointRow) -> bool:
        """Tell whether there is something new to ask for, or a quorum to ask for again."""
        if newest.number > now.row.number:
            return True
        return not now.met and now.age_s >= _AGAIN * self._broker.limits.witness_interval_s

    def _leads(self) -> bool:
        """Tell whether it is this worker's task to ask; keeps it for a while."""
        with self._lease_lock:
            if self._stopping.is_set():
                return False
            if time.monotonic() < self._leased_until - _LEASE_S / 2:
                return True
            asked_at = time.monotonic()
            at = self._broker.clock.now()
            with self._broker.store.work() as work:
                if not work.witnessing.lease(self._worker, at=at, until=at + timedelta(seconds=_LEASE_S)):
                    return False
                work.commit()
            self._leased_until = asked_at + _LEASE_S
            return True

    def _keep_asking(self, witness: str) -> None:
        """Ask one witness in each round, and rest after failures so that the next rounds pass it by."""
        failures, rest_until = 0, 0.0
        while (now := self._round_for(witness)) is not None:
            if time.monotonic() < rest_until:
                now.answered(witness)
                continue
            failure = self._ask(witness, now)
            failures = failures + 1 if failure else 0
            if failure is not None:
                rest_until = time.monotonic() + _rest_s(failures, failure)

    def _round_for(self, witness: str) -> Round | None:
        """Wait for a round in which a witness is to be asked; None when the hub stops."""
        with self._changed:
            while not self._stopping.is_set():
                if self._round is not None and self._round.waits_for(witness):
                    return self._round
                self._changed.wait()
        return None

    def _ask(self, witness: str, now: Round) -> HubError | None:
        """Ask one witness and note what came of it; return why it did not cosign."""
        met = False
        found: HubError | None = None
        try:
            with self._broker.store.read() as view:
                known = view.witnessing.states().get(witness)
            cosigned = ask(
                self._broker,
                self._client,
                witness,
                now.row,
                known_size=known.size if known is not None else 0,
            )
            met = settle(self._broker, now.row, cosigned)
        except HubError as error:
            found = error
        except Exception as error:
            log.exception("asking a witness failed", extra={"code": "internal", "partner": witness})
            found = PeerFault("partner-misbehaved", f"{witness} could not be asked ({type(error).__name__}).")
        if found is not None:
            self._guard(partial(note_failure, self._broker, witness, found), witness)
        now.answered(witness, met=met)
        return found

    def _keep_stamping(self, stamper: Stamper) -> None:
        failures, rest_s = 0, self._broker.limits.witness_interval_s
        while not self._stopping.wait(rest_s):
            failed = self._guard(lambda: self._stamp(stamper), "timestamps")
            failures = failures + 1 if failed else 0
            rest_s = _rest_s(failures, None) if failures else max(1.0, self._broker.limits.witness_interval_s)

    def _stamp(self, stamper: Stamper) -> None:
        with self._broker.store.read() as view:
            row = stamp_due(self._broker, view)
        if row is not None and self._leads():
            stamp(self._broker, stamper, row)

    def _guard(self, task: Callable[[], None], where: str) -> bool:
        """Run one task and tell whether it failed; the thread must outlive every failure."""
        try:
            task()
        except PeerFault:
            return True  # written down where it was noted
        except HubError as error:
            log.error("witnessing failed: %s", error, extra={"code": error.code, "partner": where})
            return True
        except Exception:
            log.exception("witnessing failed", extra={"code": "internal", "partner": where})
            return True
        return False


def _rest_s(failures: int, failure: HubError | None) -> float:
    """Return how long to leave alone whoever failed so often in a row; longer where asking cannot help."""
    if failure is not None and failure.code == "witness-size-stale":
        return 0.0
    unreachable = failure is None or failure.code == "partner-unreachable"
    most = _REST_MAX_S if unreachable else _REFUSED_REST_MAX_S
    return min(most, 2.0 ** min(failures - 1, 10))
