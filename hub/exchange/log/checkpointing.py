"""Sign the log's head: only over what is durable, and only where it continues what was signed before."""

from __future__ import annotations

from datetime import datetime

from hub.audit.checkpoints import Checkpoint, sign_checkpoint
from hub.audit.merkle import check_consistency
from hub.audit.names import log_name
from hub.audit.tiles import consistency_proof, root_of
from hub.errors import IntegrityFailure
from hub.exchange.broker import Broker
from hub.exchange.log.epochs import present_sets, signers_of
from hub.limits import Limits
from hub.ports import CheckpointRow, Log


def checkpoint(broker: Broker, *, at_once: bool = False) -> CheckpointRow | None:
    """Sign and store a checkpoint when one is due; `at_once` when there is anything new.

    It runs in a transaction after those of the entries, so all it signs for is durable; what is signed
    leaves the hub only after its own commit. Raises IntegrityFailure `log-forked` or `log-damaged` when
    the stored tree is not the one that was signed: nothing is signed any more then.
    """
    now = broker.clock.now()
    with broker.store.read() as view:
        if not _is_due(view.log, now, broker.limits, at_once=at_once):
            return None
    with broker.store.work() as work:
        if not work.log.lock() or not _is_due(work.log, now, broker.limits, at_once=at_once):
            return None
        row = _sign(broker, work.log, now)
        work.log.add_checkpoint(row)
        work.commit()
    return row


def _is_due(log: Log, now: datetime, limits: Limits, *, at_once: bool) -> bool:
    """Tell whether something new waits long enough, or nothing was signed for the time of a heartbeat.

    What comes just after a checkpoint waits for the next one, which must not be late by a sequencer's turn.
    A clock that was set back makes one due.
    """
    size, last = log.size(), log.checkpoint()
    if last is None:
        return size > 0
    age_s = (now - last.at).total_seconds()
    if size > last.size:
        return at_once or not 0 <= age_s < limits.log_checkpoint_wait_s - limits.log_batch_wait_s
    return not 0 <= age_s < limits.log_heartbeat_s


def _sign(broker: Broker, log: Log, now: datetime) -> CheckpointRow:
    size, last = log.size(), log.checkpoint()
    root = root_of(size, log.tile)
    if last is not None:
        refuse_fork(log, old_size=last.size, old_root=last.root, size=size, root=root)
    head = Checkpoint(origin=log_name(broker.agency), size=size, root=root)
    signers = signers_of(present_sets(log, broker.keyring))
    return CheckpointRow(
        number=1 if last is None else last.number + 1,
        size=size,
        root=root,
        at=now,
        note=sign_checkpoint(head, signers, now),
    )


def refuse_fork(log: Log, *, old_size: int, old_root: bytes, size: int, root: bytes) -> None:
    """Raise IntegrityFailure `log-forked` unless the stored tree continues the one with the older root."""
    try:
        check_consistency(
            old_size=old_size,
            old_root=old_root,
            size=size,
            root=root,
            proof=consistency_proof(old_size, size, log.tile),
        )
    except IntegrityFailure as failure:
        if failure.code == "log-damaged":
            raise
        raise IntegrityFailure(
            "log-forked",
            f"The log of {size} entries does not continue the one of {old_size} that was signed before: "
            "entries were changed or removed. Nothing is signed; see the runbook, A log that forked.",
        ) from None
