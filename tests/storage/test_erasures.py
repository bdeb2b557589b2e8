"""What an erasure overwrites, on both databases, and what it leaves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.entries import ErasureRow, Release
from hub.errors import OurFault
from hub.ports import Store
from tests.storage import rows

ROW = ErasureRow(
    originator="kz-knb",
    record_id="r",
    proposed_by="officer:dana",
    proposed_at=rows.at(),
    justification="the retention period has ended",
)


def test_an_erasure_is_kept_and_replaced(store: Store) -> None:
    done = replace(ROW, confirmed_by="officer:erlan", confirmed_at=rows.at(5))
    for row in (ROW, done):
        with store.work() as work:
            work.erasures.put(row)
            work.stage([rows.event()])
            work.commit()
        with store.read() as view:
            assert view.erasures.get("kz-knb", "r") == row
            assert view.erasures.get("cis-atc", "r") is None


def test_digests_of_one_originators_record_are_overwritten(store: Store) -> None:
    body, other = rows.body(), rows.body()
    ours = rows.record(body.body_id, digest=b"d" * 32)
    theirs = rows.record(other.body_id, record_id=ours.record_id, originator="cis-atc", digest=b"d" * 32)
    release = Release(
        originator=ours.originator,
        record_id=ours.record_id,
        version=ours.version,
        digest=b"d" * 32,
        recipients=("cis-atc",),
        approver="officer:bolat",
        at=rows.at(),
        envelope_ids=(),
    )
    with store.work() as work:
        work.bodies.add([body, other])
        work.records.add([ours, theirs])
        work.records.add_releases([release])
        work.stage([rows.event()])
        work.commit()
    with store.work() as work:
        work.erasures.forget_digests(ours.originator, ours.record_id)
        work.stage([rows.event()])
        work.commit()
    with store.read() as view:
        stored = view.records.newest([ours.record_id])
        assert stored["kz-knb", ours.record_id].digest == bytes(32)
        assert stored["cis-atc", ours.record_id].digest == b"d" * 32
        assert view.records.releases(ours.record_id)[0].digest == bytes(32)


def test_secrets_of_events_are_erased_and_their_leaves_stay(store: Store) -> None:
    told, kept = (rows.event(details={"digest": "d", "version": "1"}, justification="why") for _ in range(2))
    with store.work() as work:
        work.stage([told, kept])
        work.commit()
    with store.read() as view:
        leaves = [one.leaf for one in view.log.waiting(10)]
    with store.work() as work:
        work.erasures.erase_secrets([told.event_id])
        work.stage([rows.event()])
        work.commit()
    with store.read() as view:
        (_, gone), (_, left), *_ = view.events(after=0, limit=10)
        assert [one.leaf for one in view.log.waiting(10)][:2] == leaves
    assert (gone.salt, gone.justification, gone.details) == (None, None, {"version": "1"})
    assert left == kept


def test_an_erasure_without_an_entry_is_not_stored(store: Store) -> None:
    with store.work() as work:
        work.erasures.forget_digests("kz-knb", "r")
        with pytest.raises(OurFault, match=r"^audit-missing: "):
            work.commit()
