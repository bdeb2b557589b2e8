from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from hub.entries import InboxEntry
from hub.ports import Store
from hub.records.ids import new_id
from hub.records.lifecycle import ReceiptStatus
from tests.storage import rows


def _key(entry: InboxEntry) -> tuple[str, str]:
    return entry.originator, entry.envelope_id


def test_what_is_admitted_is_seen_as_it_was_stored(store: Store) -> None:
    entry = rows.admitted(
        receipt=b"\x00\xff", status=ReceiptStatus.REFUSED, record_id=new_id(), version=2, hops=("a-b", "c-d")
    )
    with rows.audited(store) as work:
        assert work.inbox.admit([entry]) == {_key(entry)}
    with store.read() as view:
        assert view.inbox.seen([_key(entry), ("cis-atc", new_id())]) == {_key(entry): entry}
        assert view.inbox.seen([]) == {}


def test_a_repeat_is_not_new_and_the_first_receipt_stays(store: Store) -> None:
    first = rows.admitted(receipt=b"first")
    with rows.audited(store) as work:
        work.inbox.admit([first])
    with rows.audited(store) as work:
        other = rows.admitted()
        assert work.inbox.admit([replace(first, receipt=b"second"), other]) == {_key(other)}
    with store.read() as view:
        assert view.inbox.seen([_key(first)])[_key(first)].receipt == b"first"


def test_the_same_envelope_twice_in_one_batch_is_admitted_once(store: Store) -> None:
    entry = rows.admitted()
    with rows.audited(store) as work:
        assert work.inbox.admit([entry, replace(entry, receipt=b"again")]) == {_key(entry)}


def test_an_envelope_id_belongs_to_its_originator(store: Store) -> None:
    one = rows.admitted()
    two = replace(one, originator="sco-rats")
    with rows.audited(store) as work:
        work.inbox.admit([one])
    with store.read() as view:
        assert view.inbox.seen([_key(two)]) == {}
    with rows.audited(store) as work:
        assert work.inbox.admit([two]) == {_key(two)}


def test_a_repeat_alone_changes_nothing_and_needs_no_event(store: Store) -> None:
    entry = rows.admitted()
    with rows.audited(store) as work:
        work.inbox.admit([entry])
    with store.work() as work:
        assert work.inbox.admit([entry]) == frozenset()
        work.commit()


def test_of_many_workers_with_the_same_envelopes_one_admits_each(store: Store) -> None:
    entries = [rows.admitted() for _ in range(20)]
    together = threading.Barrier(4)

    def admit(turn: int) -> frozenset[tuple[str, str]]:
        batch = entries if turn % 2 else entries[::-1]
        together.wait()
        with rows.audited(store) as work:
            return work.inbox.admit(batch)

    with ThreadPoolExecutor(4) as pool:
        admitted = list(pool.map(admit, range(4)))
    assert sorted(key for keys in admitted for key in keys) == sorted(map(_key, entries))
