"""store: what an admitted passage brings, and what it takes back, put into its transaction."""

from __future__ import annotations

from datetime import datetime

from hub.entries import PassageRow, RecordRow, changed
from hub.exchange.broker import Broker
from hub.exchange.passing.reported import note_awaited
from hub.exchange.passing.taking import Passed
from hub.exchange.routing import delivery_of, route
from hub.exchange.settling import supersede
from hub.ports import UnitOfWork, View
from hub.records.kinds import Action
from hub.records.lifecycle import RECORD_STEPS, RecordState


def take_passed(
    broker: Broker, work: UnitOfWork, passage: RecordRow, passed: Passed, at: datetime
) -> RecordRow | None:
    """Put what an admitted passage brings into the transaction; return its version where it was new.

    `passage` is its row as it is stored. What is here already stays as it is: once, however it came. A
    passage that was recalled before it came brings nothing.
    """
    recalls = passage.action == Action.WITHDRAWAL.value
    if passage.state is not RecordState.WITHDRAWN or recalls:
        _note(work, passed.passage)
    if passed.ours:
        note_awaited(work, passed.passage.passer, passed.passage.passage_id)
    if passed.row is None:
        if recalls and not passed.ours:
            _recall(broker, work, passed.passage, at)
        return None
    if passage.state is RecordState.WITHDRAWN and not recalls:
        return None
    return _store(broker, work, passed, at)


def _note(work: UnitOfWork, passage: PassageRow) -> None:
    before = work.passages.held(passage.passer, passage.passage_id)
    if before is None or before.version <= passage.version:
        work.passages.put(passage)


def _store(broker: Broker, work: UnitOfWork, passed: Passed, at: datetime) -> RecordRow | None:
    row = passed.row
    if row is None or passed.event is None:
        return None
    newest = work.records.get(row.record_id, originator=row.originator)
    key = row.originator, row.record_id, row.version
    here = work.records.get_many([key]).get(key)
    if here is not None:
        if here.digest != row.digest or not recalled(here, newest):
            return None
        work.records.readmit(row)
    else:
        row = _in_order(row, newest)
        work.records.add([row])
        work.attachments.name(key, passed.attachments)
    if row.state is RecordState.RECEIVED:
        if newest is not None:
            supersede(work, row)
        standing = broker.standings.of(work)
        holders = _holders(work, row) if row.action == Action.WITHDRAWAL.value else frozenset()
        work.deliveries.add(route(standing, row, agency=broker.agency, at=at, holders=holders))
        work.passages.mark(broker.agency, row.originator, record_id=row.record_id)
    work.stage([passed.event])
    return row


def take_over(broker: Broker, work: UnitOfWork, row: RecordRow, before: RecordRow, *, at: datetime) -> None:
    """Keep a version that came by a passage as what its originator has sent now: nobody else recalls it.

    `row` is what the originator's envelope becomes; what was done with the version here stays.
    """
    here = work.records.get(before.record_id, before.version, originator=before.originator)
    if here is None or here.via is None:
        return
    back = recalled(here, work.records.get(row.record_id, originator=row.originator))
    state = RecordState.RECEIVED if back else here.state
    work.records.readmit(changed(row, state=state))
    if back:
        standing = broker.standings.of(work)
        work.deliveries.add(route(standing, row, agency=broker.agency, at=at))


def recalled(here: RecordRow, newest: RecordRow | None) -> bool:
    """Tell whether a version was taken back by who passed it on, and not by its originator."""
    overtaken = newest is None or newest.version != here.version
    return (
        here.via is not None
        and here.state is RecordState.WITHDRAWN
        and here.action != Action.WITHDRAWAL.value
        and not overtaken
    )


def _in_order(row: RecordRow, newest: RecordRow | None) -> RecordRow:
    if newest is None or newest.version < row.version:
        return row
    withdrawn = newest.action == Action.WITHDRAWAL.value
    return changed(row, state=RecordState.WITHDRAWN if withdrawn else RecordState.SUPERSEDED)


def _holders(view: View, row: RecordRow) -> frozenset[str]:
    got = view.deliveries.of_record(row.record_id)
    return frozenset(one.member for one in got if one.originator == row.originator)


def _recall(broker: Broker, work: UnitOfWork, passage: PassageRow, at: datetime) -> None:
    """Take what came by a passage out of force, and tell the members that have it.

    What another hub has passed on too is kept as that.
    """
    versions = work.records.versions(passage.record_id, originator=passage.originator)
    if not versions or versions[-1].action == Action.WITHDRAWAL.value:
        return
    last = versions[-1]
    ours = last.via == passage.passer and last.state is not RecordState.WITHDRAWN
    if ours and (other := _passed_too(broker, work, passage, last)) is not None:
        keep = {"body_id": other.body_id, "envelope_id": other.envelope_id, "agreement": other.agreement}
        work.records.readmit(changed(last, via=other.originator, articles=other.articles, **keep))
        return
    for one in versions:
        if one.via == passage.passer and RecordState.WITHDRAWN in RECORD_STEPS[one.state]:
            work.records.advance(one, to=RecordState.WITHDRAWN)
    if ours:
        work.deliveries.add([delivery_of(last, member=one, at=at) for one in sorted(_holders(work, last))])
    work.passages.mark(broker.agency, passage.originator, record_id=passage.record_id)


def _passed_too(broker: Broker, view: View, passage: PassageRow, row: RecordRow) -> RecordRow | None:
    """Return another passage, in force, that brought the same version."""
    for one in view.passages.of_record(passage.originator, passage.record_id):
        if one.passer == broker.agency or one.version != row.version:
            continue
        if (one.passer, one.passage_id) == (passage.passer, passage.passage_id):
            continue
        found = view.records.get(one.passage_id, originator=one.passer)
        if found is not None and found.action != Action.WITHDRAWAL.value:
            return found
    return None
