"""No quorum, no release: after a set period without one, nothing goes that witnesses could not vouch for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from hub.errors import IntegrityFailure, Refused
from hub.exchange.broker import Broker
from hub.ports import Alarm, QuorumState, View, WitnessState

_ALARMS = {
    Alarm.ROLLED_BACK: "A witness has cosigned more of our log than this database holds: it was set back.",
    Alarm.FORKED: "A witness has cosigned another history of our log than this database holds.",
}


def refuse_unwitnessed(broker: Broker) -> None:
    """Raise Refused `quorum-missing` when witnesses have been missing for too long, and why.

    Raises IntegrityFailure `log-rolled-back` or `log-forked` at once where a witness has proven that against
    our log. The database is asked at most once a second, however many releases there are.
    """
    if broker.witnesses.witnesses:
        broker.log_witnessed.check(lambda: _check(broker))


def _check(broker: Broker) -> None:
    with broker.store.read() as view:
        quorum = view.witnessing.quorum()
        since = unwitnessed_since(view, quorum)
        states = view.witnessing.states()
    if quorum.alarm is not None:
        raise IntegrityFailure(
            quorum.alarm.value,
            f"{_ALARMS[quorum.alarm]} Nothing is released; "
            "see the runbook, A witness that disproves our log.",
        )
    if broker.witnesses.needed == 0 or since is None:
        return
    if (broker.clock.now() - since).total_seconds() <= broker.limits.witness_missing_max_s:
        return
    raise Refused(
        "quorum-missing",
        f"Since {since:%Y-%m-%d %H:%M} UTC no quorum ({broker.witnesses}) has cosigned the audit log: "
        f"{_reasons(quorum, states)}. Nothing is released until they do; see the runbook, "
        "A missing quorum.",
    )


def quorum_warnings(broker: Broker) -> tuple[str, ...]:
    """Return the codes of what stops releases, or will: an alarm, or a quorum that is missing."""
    if not broker.witnesses.witnesses:
        return ()
    with broker.store.read() as view:
        quorum = view.witnessing.quorum()
    told = [] if quorum.alarm is None else [quorum.alarm.value]
    if missing_since(broker, quorum) is not None:
        told.append("quorum-missing")
    return tuple(told)


def missing_since(broker: Broker, quorum: QuorumState) -> datetime | None:
    """Return since when the quorum is missing, or when it was met last if nobody asks for it any more."""
    if broker.witnesses.needed == 0 or quorum.missing_since is not None:
        return quorum.missing_since if broker.witnesses.needed else None
    limits = broker.limits
    late_s = 2 * limits.log_heartbeat_s + limits.witness_timeout_s + limits.witness_interval_s
    if quorum.met_at is None or (broker.clock.now() - quorum.met_at).total_seconds() <= late_s:
        return None
    return quorum.met_at


def unwitnessed_since(view: View, quorum: QuorumState) -> datetime | None:
    """Return since when there is no quorum: from its loss, or from when it was met last.

    Where it never was, from the first checkpoint. While it is met this is a moment ago: the last time that
    the witnesses were asked.
    """
    since = quorum.missing_since or quorum.met_at
    if since is None and (first := view.log.checkpoint(1)) is not None:
        since = first.at
    return since


def _reasons(quorum: QuorumState, states: Mapping[str, WitnessState]) -> str:
    if quorum.missing_since is None:
        return "they were not asked since, because no `hub serve` of this version runs"
    told = []
    for witness in quorum.missing:
        state = states.get(witness)
        told.append(f"{witness} is missing" + (f" ({state.code})" if state and state.code else ""))
    return ", ".join(told)
