from __future__ import annotations

from dataclasses import replace

from hub.ports import Store
from hub.records.ids import new_id
from hub.records.lifecycle import ReceiptStatus
from tests.storage import rows


def test_receipts_come_back_oldest_first(store: Store) -> None:
    envelope_id, record_id = new_id(), new_id()
    receipts = [
        rows.receipt(
            envelope_id=envelope_id, record_id=record_id, at=rows.at(n), status=status, member="kz-mvd"
        )
        for n, status in enumerate(ReceiptStatus)
    ]
    with rows.audited(store) as work:
        work.receipts.add([*reversed(receipts), rows.receipt()])
        assert work.receipts.of_envelope(envelope_id) == receipts
    with store.read() as view:
        assert view.receipts.of_envelope(envelope_id) == receipts
        assert view.receipts.of_record(record_id) == receipts
        assert view.receipts.of_record(new_id()) == []


def test_a_receipt_that_is_there_is_left_as_it_is(store: Store) -> None:
    row = rows.receipt(member="kz-mvd", reason="policy-denied")
    with rows.audited(store) as work:
        work.receipts.add([row])
    with rows.audited(store) as work:
        work.receipts.add([replace(row, raw=b"other")])
        work.receipts.queue([replace(row, raw=b"other")])
    with store.read() as view:
        assert view.receipts.of_envelope(row.envelope_id) == [row]
        assert view.receipts.partners_waiting() == []


def test_our_receipts_wait_until_the_partner_took_them(store: Store) -> None:
    mine = [rows.receipt(by="kz-knb", to="cis-atc") for _ in range(4)]
    other = rows.receipt(by="kz-knb", to="sco-rats")
    with rows.audited(store) as work:
        work.receipts.queue([mine[2], mine[0], other, mine[1], mine[3]])
        work.receipts.add([rows.receipt(to="kg-gknb")])
    with store.read() as view:
        assert sorted(view.receipts.partners_waiting()) == ["cis-atc", "sco-rats"]
        assert view.receipts.unsent("cis-atc", 3) == mine[:3]
        assert view.receipts.unsent("kg-gknb", 3) == []
    with store.work() as work:
        work.receipts.sent([row.receipt_id for row in mine])
        work.receipts.sent([])
        work.commit()
    with store.read() as view:
        assert view.receipts.partners_waiting() == ["sco-rats"]
        assert view.receipts.unsent("cis-atc", 3) == []
        assert view.receipts.of_envelope(mine[0].envelope_id) == mine[:1]
