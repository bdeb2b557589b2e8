"""Change the keys that sign our log: old and new ones sign together for a while, then the new ones alone.

Which keys sign is told by the log's own tables, written in the transaction of the checkpoint that both sets
signed. So it does not matter which process signs next, nor when one was killed: a key store that still calls
the old keys current is behind, and its next change catches up.
"""

from __future__ import annotations

from hub.audit.checkpoints import Checkpoint, sign_checkpoint
from hub.audit.events import Act
from hub.audit.names import log_name
from hub.audit.tiles import root_of
from hub.errors import Refused
from hub.exchange.broker import Broker
from hub.exchange.log.catching_up import catch_up
from hub.exchange.log.checkpointing import refuse_fork
from hub.exchange.log.epochs import epoch_rows, present_sets, signers_of
from hub.ports import CheckpointRow, EpochRow, NoteKeySet, UnitOfWork
from hub.records.actor import Actor


def begin_log_keys(broker: Broker, actor: Actor) -> bool:
    """Have the newest keys of the key store sign beside the present ones; False where they do already.

    The entry that names old and new keys is in the log, under a checkpoint by both, when this returns.
    """
    newest = broker.keyring.log_key_sets()[-1]
    with broker.store.read() as view:
        before = present_sets(view.log, broker.keyring)
    if newest.text in {one.text for one in before}:
        return False
    _announce(broker, actor, before, newest)
    _switch(broker, actor, (*before, newest), step="log-keys-begun")
    return True


def end_log_keys(broker: Broker, actor: Actor) -> bool:
    """Have the newest keys sign alone, after a last checkpoint by all; False where they do already.

    Raises Refused `conflict` where they do not sign yet.
    """
    newest = broker.keyring.log_key_sets()[-1]
    with broker.store.read() as view:
        texts = [one.text for one in present_sets(view.log, broker.keyring)]
    if texts == [newest.text]:
        return False
    if newest.text not in texts:
        raise Refused("conflict", "The new keys of the log do not sign yet; begin their time first.")
    _switch(broker, actor, (newest,), step="log-keys-ended")
    return True


def log_keys_in_use(broker: Broker) -> frozenset[str]:
    """Return the sets that sign our log now, as texts: none of them may be destroyed."""
    with broker.store.read() as view:
        return frozenset(one.text for one in present_sets(view.log, broker.keyring))


def _announce(broker: Broker, actor: Actor, before: tuple[NoteKeySet, ...], newest: NoteKeySet) -> None:
    event = broker.event(
        Act.KEY_CHANGED,
        actor,
        log_name(broker.agency),
        broker.clock.now(),
        step="log-keys-announced",
        before="\n".join(one.text for one in before),
        after=newest.text,
    )
    with broker.store.work() as work:
        work.stage([event])
        work.commit()
    catch_up(broker)


def _switch(broker: Broker, actor: Actor, sets: tuple[NoteKeySet, ...], *, step: str) -> None:
    """Sign a checkpoint by the sets of before and these, and let these sign from there on: all or nothing."""
    at = broker.clock.now()
    with broker.store.work() as work:
        work.log.lock(wait=True)
        rows = epoch_rows(work.log, broker.keyring)
        before = present_sets(work.log, broker.keyring)
        signing = tuple({one.text: one for one in (*before, *sets)}.values())
        row = _signed_by(broker, work, signing)
        work.log.add_checkpoint(row)
        if len(rows) == 1 and not work.log.epochs():
            work.log.add_epoch(rows[0])
        work.log.add_epoch(
            EpochRow(
                number=rows[-1].number + 1,
                checkpoint=row.number,
                size=row.size,
                at=at,
                sets=tuple(one.text for one in sets),
            )
        )
        event = broker.event(
            Act.KEY_CHANGED,
            actor,
            log_name(broker.agency),
            at,
            step=step,
            checkpoint=str(row.number),
            size=str(row.size),
            root=row.root.hex(),
            after="\n".join(one.text for one in sets),
        )
        work.stage([event])
        work.commit()


def _signed_by(broker: Broker, work: UnitOfWork, sets: tuple[NoteKeySet, ...]) -> CheckpointRow:
    """Return the next checkpoint, over all entries that are durable."""
    log, at = work.log, broker.clock.now()
    size, last = log.size(), log.checkpoint()
    root = root_of(size, log.tile)
    if last is not None:
        refuse_fork(log, old_size=last.size, old_root=last.root, size=size, root=root)
    head = Checkpoint(origin=log_name(broker.agency), size=size, root=root)
    return CheckpointRow(
        number=1 if last is None else last.number + 1,
        size=size,
        root=root,
        at=at,
        note=sign_checkpoint(head, signers_of(sets), at),
    )
