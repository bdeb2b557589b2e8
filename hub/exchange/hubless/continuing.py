"""What a partner calls by a name, without versions: the next version of what came under it before."""

from __future__ import annotations

from datetime import datetime

from hub.entries import ProfileRow, RecordRow
from hub.errors import Refused
from hub.exchange.broker import Broker
from hub.exchange.contents import read_content
from hub.ports import Read, UnitOfWork, View
from hub.records.kinds import Action
from hub.records.record import Record, load_record

#: What the hub itself gives to a version of what has a name and no number.
_OURS = frozenset({"id", "version", "action", "conversation", "created_at"})


def record_of(
    broker: Broker, view: View, partner: ProfileRow, read: Read, *, came_at: datetime | None
) -> Record:
    """Return the record that a document says, as the next version of what came under its name.

    `came_at` is when it came, if that was before: it was held, and is weighed again.
    Where it says what the newest version says, it is that version: nothing new came. After a withdrawal it is
    a new record. Raises what loading raises, and Refused `conflict` where something newer was taken since
    this came, `content-erased` for the withdrawal of what is not here.
    """
    most = broker.limits.record_max_bytes
    if read.named is None:
        return load_record(read.record, max_bytes=most)
    before = _before(view, partner, read)
    if before is None:
        return load_record(read.record, max_bytes=most)
    if before.action == Action.WITHDRAWAL.value:
        return read_content(broker, view, before)
    _refuse_overtaken(view, before, came_at)
    following = {
        "id": before.record_id,
        "version": before.version + 1,
        "action": Action.WITHDRAWAL.value if _recalls(read) else Action.CORRECTION.value,
        "conversation": before.conversation,
    }
    record, known = (
        load_record({**read.record, **following}, max_bytes=most),
        read_content(broker, view, before),
    )
    return known if _said(record) == _said(known) and not _recalls(read) else record


def refuse_named(work: UnitOfWork, partner: str, name: str, row: RecordRow) -> None:
    """Raise Refused `conflict` where a record came under a name since `row` was made as its first version.

    It is for whoever weighed it to weigh again. Admissions of named things come one after the other.
    """
    work.hubless.profile(partner)  # whoever is storing such a thing just now is waited for, and read
    known = work.hubless.record_named(partner, name)
    newest = None if known is None else work.records.get(known, originator=partner)
    if newest is not None and known != row.record_id and newest.action != Action.WITHDRAWAL.value:
        raise Refused("conflict", "Another form of it came in the same moment; this one is weighed again.")


def _before(view: View, partner: ProfileRow, read: Read) -> RecordRow | None:
    """Return the newest version of what came under the name, and is not over; None where nothing is."""
    known = None if read.named is None else view.hubless.record_named(partner.agency, read.named)
    newest = None if known is None else view.records.get(known, originator=partner.agency)
    if _recalls(read):
        if newest is None:
            raise Refused("content-erased", "Nothing is held here that this could withdraw.")
        return newest
    return None if newest is None or newest.action == Action.WITHDRAWAL.value else newest


def _refuse_overtaken(view: View, before: RecordRow, came_at: datetime | None) -> None:
    """Refuse what came, and was held, before the newest version did: it would undo that.

    What comes only now is the newest, also where the clock was set back.
    """
    if came_at is None:
        return
    taken = [one for one in view.hubless.intakes_of(before.originator, before.record_id) if one.taken]
    if any(one.received_at > came_at for one in taken):
        raise Refused("conflict", "The partner sent a newer form of it since; discard this one.")


def _recalls(read: Read) -> bool:
    return read.record.get("action") == Action.WITHDRAWAL.value


def _said(record: Record) -> dict[str, object]:
    return {name: value for name, value in record.document.items() if name not in _OURS}
