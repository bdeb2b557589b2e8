"""What asking the witnesses came to: cosignatures kept, the quorum weighed, an outage noted once."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from hub.audit.events import Act, AuditEvent
from hub.audit.names import log_name
from hub.errors import HubError
from hub.exchange.broker import Broker
from hub.exchange.witness.asking import Cosigned
from hub.ports import Alarm, CheckpointRow, CosignatureRow, QuorumState, UnitOfWork, WitnessState

log = logging.getLogger("hub.witness")

_ALARMS = {alarm.value: alarm for alarm in Alarm}


def settle(broker: Broker, row: CheckpointRow, cosigned: Cosigned) -> bool:
    """Keep what a witness signed; tell whether the checkpoint has its quorum now."""
    now = broker.clock.now()
    with broker.store.work() as work:
        before = work.witnessing.quorum()
        states = dict(work.witnessing.states())
        states[cosigned.witness] = state = WitnessState(
            witness=cosigned.witness,
            asked_at=now,
            cosigned_at=cosigned.at,
            number=row.number,
            size=row.size,
        )
        work.witnessing.add_cosignatures(
            [CosignatureRow(size=row.size, witness=cosigned.witness, at=cosigned.at, lines=cosigned.lines)]
        )
        work.witnessing.put_states([state])
        after = _weighed(broker, row, states, before, now, over=False)
        _put(broker, work, before, after, now)
        work.commit()
    _tell(before, after)
    return after.number >= row.number


def note_failure(broker: Broker, witness: str, failure: HubError) -> None:
    """Note why a witness did not cosign. What it proved against our own log is an alarm that stays."""
    now = broker.clock.now()
    with broker.store.work() as work:
        before = work.witnessing.quorum()
        known = work.witnessing.states().get(witness) or WitnessState(witness=witness, asked_at=now)
        work.witnessing.put_states(
            [
                replace(
                    known,
                    asked_at=now,
                    failing_since=known.failing_since or now,
                    code=failure.code,
                    sentence=failure.sentence,
                )
            ]
        )
        after = replace(before, alarm=before.alarm or _ALARMS.get(failure.code))
        _put(broker, work, before, after, now)
        work.commit()
    if known.code != failure.code:
        log.warning("witness failed: %s", failure, extra={"code": failure.code, "partner": witness})
    _tell(before, after)


def conclude(broker: Broker, row: CheckpointRow) -> None:
    """Say that a round is over: without its quorum by now, the quorum is missing."""
    now = broker.clock.now()
    with broker.store.work() as work:
        before = work.witnessing.quorum()
        after = _weighed(broker, row, work.witnessing.states(), before, now, over=True)
        if after == before:
            return
        _put(broker, work, before, after, now)
        work.commit()
    _tell(before, after)


def _weighed(
    broker: Broker,
    row: CheckpointRow,
    states: Mapping[str, WitnessState],
    before: QuorumState,
    now: datetime,
    *,
    over: bool,
) -> QuorumState:
    """Return how the quorum stands: those count that cosigned this very size, when asked for this checkpoint.

    Where none is needed, one that answers is enough to be told of, and none is missed.
    """
    policy = broker.witnesses
    if row.number < before.number:
        return before
    confirmed = {
        witness
        for witness in policy.witnesses
        if (state := states.get(witness)) and state.size == row.size and state.number >= row.number
    }
    if len(confirmed) >= max(1, policy.needed):
        return QuorumState(met_at=now, number=row.number, size=row.size, alarm=before.alarm)
    if not over or policy.needed == 0:
        return before
    missing = tuple(witness for witness in policy.witnesses if witness not in confirmed)
    return replace(before, missing_since=before.missing_since or now, missing=missing)


def _put(broker: Broker, work: UnitOfWork, before: QuorumState, after: QuorumState, now: datetime) -> None:
    if after == before:
        return
    work.witnessing.put_quorum(after)
    events: list[AuditEvent] = []
    origin = log_name(broker.agency)
    if (after.missing_since is None) != (before.missing_since is None):
        change = "back" if after.missing_since is None else "missing"
        events.append(
            broker.event(
                Act.QUORUM_CHANGED,
                broker.itself,
                origin,
                now,
                change=change,
                needed=str(broker.witnesses.needed),
                missing=",".join(after.missing),
            )
        )
    if after.alarm is not before.alarm and after.alarm is not None:
        events.append(broker.event(Act.QUORUM_CHANGED, broker.itself, origin, now, change=after.alarm.value))
    if events:
        work.stage(events)


def _tell(before: QuorumState, after: QuorumState) -> None:
    """Write down what has changed, once."""
    if after.alarm is not None and before.alarm is None:
        log.critical("witnesses disprove our log", extra={"code": after.alarm.value})
    if after.missing_since is not None and before.missing_since is None:
        log.error("quorum missing: %s", ", ".join(after.missing), extra={"code": "quorum-missing"})
    if after.missing_since is None and before.missing_since is not None:
        log.info("quorum is back")
