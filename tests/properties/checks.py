"""What must hold once the faults have healed: the databases of the hubs are compared with one another."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence

from hub.audit.events import Act, AuditEvent
from hub.entries import Direction, OutboxEntry, RecordRow
from hub.exchange.broker import Broker
from hub.exchange.weighing import check_receipt
from hub.ports import View
from hub.records.lifecycle import ENTRY_STEPS, EntryState, ReceiptStatus, RecordState
from tests.properties.federation import AGENCIES, World

#: What a person intervened in, as (sender, record, version): it may come out of order.
ByHand = Collection[tuple[str, str, int]]

_E = EntryState
_ALL = 100_000
_UNRELEASED = (RecordState.DRAFT, RecordState.REJECTED, RecordState.DISCARDED)
_TOLD = {
    Act.CARRIED: _E.CARRIED,
    Act.HELD: _E.HELD,
    Act.DIED: _E.DEAD,
    Act.REFUSED: _E.REFUSED,
    Act.RESUMED: _E.PENDING,
}


def rows(hub: Broker, direction: Direction) -> list[RecordRow]:
    with hub.store.read() as view:
        return [row for row in view.records.page(after=0, limit=_ALL) if row.direction is direction]


def entries(hub: Broker) -> Sequence[OutboxEntry]:
    with hub.store.read() as view:
        return view.outbox.page(after=0, limit=_ALL)


def counted(view: View) -> tuple[Counter[tuple[str, object]], Counter[tuple[str, object]]]:
    """Return how many entries are in each lane and state: by the counters, and one by one."""
    kept = Counter({(one.lane, one.state): one.count for one in view.outbox.counts()})
    return kept, Counter((entry.lane, entry.state) for entry in view.outbox.page(after=0, limit=_ALL))


def check(world: World, hub: Broker, *, told_released: Collection[tuple[str, int]], by_hand: ByHand) -> None:
    """Check everything that one hub released and all that it was given."""
    released = [row for row in rows(hub, Direction.OUT) if row.state not in _UNRELEASED]
    assert set(told_released) <= {(row.record_id, row.version) for row in released}
    for row in released:
        assert (row.action, row.state) != ("withdrawal", RecordState.ANSWERED)
        _check_record(world, hub, row)
    for who in hub.standing().partners:
        _check_order(hub, world.hub(who), by_hand)
    for row in rows(hub, Direction.IN):
        _check_origin(world, hub, row)


def _check_record(world: World, hub: Broker, row: RecordRow) -> None:
    """Every recipient has it once and said so, or its entries say visibly why not."""
    partners = hub.standing().partners
    carried = defaultdict(list)
    for entry in entries(hub):
        if (entry.record_id, entry.version) == (row.record_id, row.version):
            carried[entry.recipient].append(entry)
    assert sorted(carried) == [who for who in row.recipients if who in partners]
    for who, tries in carried.items():
        accepted = [entry for entry in tries if entry.state is _E.ACCEPTED]
        for entry in accepted:
            _check_arrived(hub, world.hub(who), row, entry)
        for entry in [] if accepted else tries:
            assert entry.state in (_E.DEAD, _E.REFUSED)
            assert entry.reason == "dropped" or (entry.reason and entry.expires_at <= world.clock.now())
    for member in set(row.recipients) - set(partners):
        with hub.store.read() as view:
            got = [(d.record_id, d.version) for d in view.deliveries.page(member, after=0, limit=_ALL)]
        assert got.count((row.record_id, row.version)) == 1
    if row.action == "withdrawal":
        had = {
            a for a in AGENCIES if row.record_id in {r.record_id for r in rows(world.hub(a), Direction.IN)}
        }
        assert had <= set(row.recipients), "a withdrawal is for everyone who got any version"


def _check_arrived(hub: Broker, there: Broker, row: RecordRow, entry: OutboxEntry) -> None:
    """The recipient admitted it once, and its very receipt is here and verifies."""
    key = (hub.agency, entry.envelope_id)
    with there.store.read() as view:
        inbox = view.inbox.seen([key])[key]
        versions = view.records.versions(row.record_id, originator=hub.agency)
        holders = [(d.member, d.version) for d in view.deliveries.of_record(row.record_id)]
    assert [one.digest for one in versions if one.version == row.version] == [row.digest]
    assert all(times == 1 for times in Counter(holders).values())
    if row.action == "withdrawal":
        assert {one.state for one in versions if one.version < row.version} <= {RecordState.WITHDRAWN}
        had = {member for member, version in holders if version < row.version}
        assert had <= {member for member, version in holders if version == row.version}
    with hub.store.read() as view:
        receipts = [one for one in view.receipts.of_envelope(entry.envelope_id) if one.by == entry.recipient]
    assert receipts
    for one in receipts:
        check_receipt(hub.standing(), one.raw, entry=entry, sealed_digest=inbox.digest, us=hub.agency)
    assert {one.raw for one in receipts if one.status is ReceiptStatus.ACCEPTED} <= {inbox.receipt}


def _check_order(hub: Broker, there: Broker, by_hand: ByHand) -> None:
    """What one hub released in one conversation came in that order, save what a person intervened in."""
    sent = defaultdict(list)
    for entry in entries(hub):
        key = (hub.agency, str(entry.record_id), int(entry.version or 0))
        if entry.recipient == there.agency and entry.origin is None and key not in by_hand:
            sent[entry.conversation].append(key)
    came = [(row.originator, row.record_id, row.version) for row in rows(there, Direction.IN)]
    for keys in sent.values():
        assert [key for key in came if key in keys] == [key for key in keys if key in came]


def _check_origin(world: World, hub: Broker, row: RecordRow) -> None:
    """What came was released by its originator, for this hub, with this content."""
    with world.hub(row.originator).store.read() as view:
        sent = view.records.get(row.record_id, row.version)
    assert sent is not None
    assert hub.agency in sent.recipients
    assert sent.digest == row.digest


def check_log(view: View) -> None:
    """Played through the lifecycle's table, the log of each entry ends in the state that the entry has."""
    events = [event for _position, event in view.events(after=0, limit=_ALL)]
    found = view.outbox.page(after=0, limit=_ALL)
    ids = {(entry.envelope_id, entry.recipient): entry.entry_id for entry in found}
    told: dict[str | None, EntryState] = {}
    for event in events:
        which = event.details.get("entry") or ids.get((event.subject, event.details.get("recipient", "")))
        before = told.get(which, _E.PENDING)
        after = _state_told(event)
        if after is not None and after in ENTRY_STEPS[before]:
            told[which] = after
    for entry in found:
        assert told.get(entry.entry_id, _E.PENDING) is entry.state


def _state_told(event: AuditEvent) -> EntryState | None:
    if event.act is not Act.RECEIPT_VERIFIED:
        return _TOLD.get(event.act)
    refused = event.details["status"] == ReceiptStatus.REFUSED.value
    return _E.REFUSED if refused else _E.ACCEPTED
