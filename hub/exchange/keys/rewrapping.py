"""After a change of the master key: what the old one wrapped is wrapped by the new one, batch by batch.

A batch and how far it came are one transaction, so a process that is killed loses no more than the batch it
was at, and another goes on. Both keys are held meanwhile, and every body opens at every moment.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from hub.audit.events import Act
from hub.entries import RewrapRow, WrappedKey
from hub.envelope.vault import MasterKeys, is_current, rewrap
from hub.errors import IntegrityFailure, Refused
from hub.exchange.broker import Broker
from hub.ports import UnitOfWork, View

log = logging.getLogger("hub.keys")


@dataclass(frozen=True, kw_only=True)
class Rewrapping:
    """How a change of the master key stands. `done` when nothing hangs on an older key any more."""

    done: bool
    rewrapped: int = 0
    began_at: datetime | None = None
    ended_at: datetime | None = None


def rewrap_some(broker: Broker) -> bool:
    """Wrap one batch anew; tell whether there is more to do.

    A change has ended when a whole pass over the bodies found nothing, and that pass began when no process
    could still be at work with the older key.
    """
    master_key = broker.keyring.master_key()
    if not master_key.kept:
        return False
    with broker.store.read() as view:
        row = view.bodies.rewrapping()
        if row is not None and row.master == master_key.name and row.ended_at is not None:
            return False
        after = row.cursor if row is not None and row.master == master_key.name else ""
        page = view.bodies.wrapped_keys(after=after, limit=broker.limits.rewrap_batch_max)
    at = broker.clock.now()
    changes = _changes(page, master_key)
    with broker.store.work() as work:
        row = _row(work, master_key, at)
        if row.ended_at is not None or row.cursor != after:
            return True  # another process was faster
        if not after:
            _rewrap_officers(work, master_key)
        done = work.bodies.replace_keys(changes)
        row = replace(row, changed=row.changed + done, rewrapped=row.rewrapped + done)
        row = replace(row, cursor=page[-1].body_id) if page else _pass_over(broker, work, row, at)
        work.bodies.put_rewrapping(row)
        work.commit()
    return row.ended_at is None


def rewrapping_of(view: View, master_key: MasterKeys) -> Rewrapping:
    """Return how the newest change of the master key stands."""
    if not master_key.kept:
        return Rewrapping(done=True)
    row = view.bodies.rewrapping()
    if row is None or row.master != master_key.name:
        return Rewrapping(done=False)
    return Rewrapping(
        done=row.ended_at is not None,
        rewrapped=row.rewrapped,
        began_at=row.began_at,
        ended_at=row.ended_at,
    )


def refuse_while_needed(broker: Broker) -> None:
    """Raise Refused `conflict` while anything hangs on a master key that is not the current one.

    It looks at every wrapped key there is, and asks nobody's notes.
    """
    master_key = broker.keyring.master_key()
    with broker.store.read() as view:
        if not rewrapping_of(view, master_key).done:
            raise Refused(
                "conflict",
                "Bodies still hang on the older master key; a running hub wraps them anew by itself, and "
                "`hub key list` shows how far it is.",
            )
        needed = sum(not is_current(row.totp.wrapped_key, master_key) for row in view.directory.officers())
        after = ""
    while True:
        with broker.store.read() as view:
            page = view.bodies.wrapped_keys(after=after, limit=broker.limits.rewrap_batch_max)
        if not page:
            break
        needed += sum(not is_current(one.wrapped_key, master_key) for one in page)
        after = page[-1].body_id
    if needed:
        raise Refused(
            "conflict", f"{needed} stored keys still hang on an older master key; it cannot be destroyed."
        )


def _changes(page: Sequence[WrappedKey], master_key: MasterKeys) -> list[tuple[WrappedKey, bytes]]:
    fresh = ((one, _rewrapped(one.wrapped_key, one.body_id, master_key)) for one in page)
    return [(one, new) for one, new in fresh if new is not None]


def _rewrapped(wrapped_key: bytes, body_id: str, master_key: MasterKeys) -> bytes | None:
    """Return a key wrapped anew; None where it is so, or where no key opens it: it stays as it was."""
    try:
        return rewrap(wrapped_key, body_id=body_id, master_key=master_key)
    except IntegrityFailure as failure:
        log.error("a body was not wrapped anew: %s", failure, extra={"code": failure.code})
        return None


def _row(work: UnitOfWork, master_key: MasterKeys, at: datetime) -> RewrapRow:
    row = work.bodies.rewrapping()
    if row is not None and row.master == master_key.name:
        return row
    number = 1 if row is None else row.number + 1
    return RewrapRow(number=number, master=master_key.name, began_at=at, pass_at=at)


def _rewrap_officers(work: UnitOfWork, master_key: MasterKeys) -> None:
    for row in work.directory.officers():
        old = row.totp.wrapped_key
        new = _rewrapped(old, row.totp.body_id, master_key)
        if new is not None:
            work.directory.replace_totp_key(row.name, old, new)


def _pass_over(broker: Broker, work: UnitOfWork, row: RewrapRow, at: datetime) -> RewrapRow:
    """End the change, or begin another pass: what was under way with the older key may have come since."""
    settled = (row.pass_at - row.began_at).total_seconds() >= broker.limits.rewrap_settle_s
    if row.changed or not settled:
        return replace(row, cursor="", changed=0, pass_at=at)
    event = broker.event(
        Act.KEY_CHANGED,
        broker.itself,
        broker.agency,
        at,
        step="rewrapped",
        purpose="master",
        count=str(row.rewrapped),
    )
    work.stage([event])
    return replace(row, ended_at=at)
