from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from hub.entries import AttachmentRow
from hub.ports import Store, View
from hub.records.ids import new_id
from hub.records.lifecycle import EntryState, RecordState
from tests.storage import rows


def _row(digest: str, **told: Any) -> AttachmentRow:
    values = {"digest": digest * 64, "size_bytes": 100, "owner": "cis-atc", "created_at": rows.at()}
    return AttachmentRow(**{**values, **told})


def test_an_attachment_comes_back_as_it_was_added(store: Store) -> None:
    secret = rows.body()
    row = _row(
        "a",
        complete=True,
        upload_id=new_id(),
        plain_digest="e" * 64,
        secret_body_id=secret.body_id,
        used=True,
    )
    with rows.audited(store) as work:
        work.bodies.add([secret])
        work.attachments.add(row)
    with store.read() as view:
        assert view.attachments.get("a" * 64) == row
        assert view.attachments.by_upload(str(row.upload_id)) == row
        assert view.attachments.by_plain_digest("e" * 64) == [row]
        assert view.attachments.get("b" * 64) is None
        assert view.attachments.by_upload(new_id()) is None
        assert view.attachments.by_plain_digest("f" * 64) == []


def test_an_attachment_is_added_once_and_counted_once(store: Store) -> None:
    with rows.audited(store) as work:
        work.attachments.add(_row("a"))
        work.attachments.add(_row("a", owner="sco-rats", size_bytes=7))
        assert work.attachments.used_bytes("cis-atc") == 100
        assert work.attachments.used_bytes("sco-rats") == 0
    with store.read() as view:
        assert view.attachments.get("a" * 64) == _row("a")
        assert view.attachments.used_bytes("cis-atc") == 100
        assert view.attachments.used_bytes("kg-gknb") == 0


def test_what_is_removed_no_longer_counts(store: Store) -> None:
    with rows.audited(store) as work:
        work.attachments.add(_row("a"))
        work.attachments.add(_row("b", size_bytes=11))
        work.attachments.remove("a" * 64)
        work.attachments.remove("a" * 64)
    with store.read() as view:
        assert view.attachments.get("a" * 64) is None
        assert view.attachments.used_bytes("cis-atc") == 11


def test_only_whole_attachments_are_used_and_what_is_used_is_not_forgotten(store: Store) -> None:
    with rows.audited(store) as work:
        work.attachments.add(_row("a", complete=True))
        work.attachments.add(_row("b"))
        work.attachments.add(_row("c", created_at=rows.at(10)))
        assert work.attachments.use(["a" * 64, "b" * 64, "d" * 64, "a" * 64]) == 1
        assert work.attachments.use([]) == 0
        assert not work.attachments.remove_unused("a" * 64)
        assert not work.attachments.remove_unused("d" * 64)
    with store.read() as view:
        assert _unused(view, 10) == ["b"]
        assert _unused(view, 11) == ["b", "c"]
        assert _unused(view, 11, limit=1) == ["b"]
    with rows.audited(store) as work:
        assert work.attachments.remove_unused("b" * 64)


def _unused(view: View, before: float, *, limit: int = 9) -> list[str]:
    found = view.attachments.unused(
        created_before=rows.at(before), let_go_before=rows.at(before), limit=limit
    )
    return [row.digest[0] for row in found]


_ENDED = (RecordState.WITHDRAWN, RecordState.DISCARDED)


@pytest.mark.parametrize("state", RecordState)
def test_a_record_needs_what_it_names_until_it_ends(store: Store, state: RecordState) -> None:
    (record,) = rows.save_records(store, state=state)
    key = record.originator, record.record_id, record.version
    with rows.audited(store) as work:
        work.attachments.add(_row("a", complete=True, used=True))
        work.attachments.name(key, ["a" * 64])
        assert [row.digest[0] for row in work.attachments.of_record(key)] == ["a"]
        assert work.attachments.of_record((*key[:2], 2)) == []
    with store.work() as work:
        assert [row.digest for row in work.attachments.unneeded(9)] == ["a" * 64] * (state in _ENDED)
        assert work.attachments.let_go("a" * 64, rows.at(5)) is (state in _ENDED)
        work.commit()
    with store.read() as view:
        assert _unused(view, 5) == []
        assert _unused(view, 6) == ["a"] * (state in _ENDED)
        assert view.attachments.used_bytes("cis-atc") == 100


@pytest.mark.parametrize("state", EntryState)
def test_an_entry_needs_what_it_carries_while_it_lives(store: Store, state: EntryState) -> None:
    digest = "a" * 64
    rows.queue(store, {"state": state, "attachments": (digest,)})
    live = state in {EntryState.PENDING, EntryState.CARRIED, EntryState.HELD}
    with rows.audited(store) as work:
        work.attachments.add(_row("a", complete=True, used=True))
        assert work.attachments.let_go(digest, rows.at(5)) is not live
        assert work.attachments.remove_unused(digest) is not live


def test_what_was_let_go_and_is_used_again_stays(store: Store) -> None:
    with rows.audited(store) as work:
        work.attachments.add(_row("a", complete=True, used=True))
        assert work.attachments.let_go("a" * 64, rows.at(5))
        assert not work.attachments.let_go("a" * 64, rows.at(6))
        assert work.attachments.use(["a" * 64]) == 1
        assert not work.attachments.remove_unused("a" * 64)
    with store.read() as view:
        assert view.attachments.get("a" * 64) == _row("a", complete=True, used=True)


def test_an_attachment_is_a_change_that_takes_an_event(store: Store) -> None:
    with rows.fails("audit-missing"), store.work() as work:
        work.attachments.add(_row("a"))
        work.commit()


def test_a_quota_holds_when_many_announce_at_once(store: Store) -> None:
    def announce(number: int) -> bool:
        with store.work() as work:
            if work.attachments.used_bytes("cis-atc") + 100 > 500:
                return False
            work.attachments.add(_row(f"{number:x}"))
            work.stage([rows.event()])
            work.commit()
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(announce, range(12))) == 5
    with store.read() as view:
        assert view.attachments.used_bytes("cis-atc") == 500
