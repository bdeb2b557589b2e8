"""What falls due is found on both databases, and not what waits for it no more."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from hub.entries import KeepingRow, RecordRow, ReminderRow
from hub.ports import Store
from hub.records.lifecycle import RecordState
from tests.storage import rows

COLUMNS = ("reply_due_at", "confirm_by", "review_at", "tear_due_at", "retain_until")


def stored(store: Store, **told: Any) -> RecordRow:
    body = rows.body()
    row = rows.record(body.body_id, **{"state": RecordState.RECEIVED, **told})
    with store.work() as work:
        work.bodies.add([body])
        work.records.add([row])
        work.stage([rows.event()])
        work.commit()
    return row


def due(store: Store, what: str, before: datetime, limit: int = 10) -> list[str]:
    found: list[str] = []
    after = None
    with store.read() as view:
        while page := view.dues.due(what, before=before, after=after, limit=limit):
            found += [row.record_id for row in page]
            after = getattr(page[-1], what), page[-1].position
    return found


@pytest.mark.parametrize("what", COLUMNS)
def test_what_is_due_is_found_the_earliest_first_page_by_page(store: Store, what: str) -> None:
    late, early, same = (stored(store, **{what: rows.at(seconds)}) for seconds in (20, 10, 20))
    stored(store, **{what: rows.at(31)})
    stored(store)
    expected = [early.record_id, late.record_id, same.record_id]
    assert due(store, what, rows.at(31)) == expected
    assert due(store, what, rows.at(31), limit=1) == expected


@pytest.mark.parametrize(
    ("what", "state", "waits"),
    [
        ("reply_due_at", RecordState.ANSWERED, False),
        ("reply_due_at", RecordState.OPENED, True),
        ("reply_due_at", RecordState.DRAFT, False),
        ("confirm_by", RecordState.ANSWERED, True),
        ("confirm_by", RecordState.SUPERSEDED, False),
        ("review_at", RecordState.WITHDRAWN, False),
        ("retain_until", RecordState.WITHDRAWN, True),
        ("retain_until", RecordState.SUPERSEDED, True),
        ("retain_until", RecordState.DISCARDED, False),
        ("retain_until", RecordState.DRAFT, False),
    ],
)
def test_only_what_still_waits_is_due(store: Store, what: str, state: RecordState, waits: bool) -> None:
    stored(store, **{what: rows.at(), "state": state})
    assert bool(due(store, what, rows.at(1))) is waits


def test_what_was_put_off_is_due_later_in_all_versions(store: Store) -> None:
    row = stored(store, retain_until=rows.at(1))
    stored(store, retain_until=rows.at(2), record_id=row.record_id, version=2)
    other = stored(store, retain_until=rows.at(3), record_id=row.record_id, originator="cis-atc")
    with store.work() as work:
        work.dues.put_off(row.originator, row.record_id, "retain_until", rows.at(50))
        work.stage([rows.event()])
        work.commit()
    assert due(store, "retain_until", rows.at(50)) == [other.record_id]
    assert due(store, "retain_until", rows.at(51)) == [row.record_id] * 3


def test_the_latest_decision_to_keep_stands(store: Store) -> None:
    first = KeepingRow(
        originator="kz-knb",
        record_id="r",
        until=rows.at(5),
        proposed_by="officer:dana",
        proposed_at=rows.at(),
        justification="an appeal is pending",
    )
    second = KeepingRow(**{**vars(first), "until": rows.at(9), "confirmed_by": "officer:erlan"})
    for row in (first, second):
        with store.work() as work:
            work.dues.put_keeping(row)
            work.stage([rows.event()])
            work.commit()
    with store.read() as view:
        assert view.dues.keeping("kz-knb", "r") == second
        assert view.dues.keeping("cis-atc", "r") is None


def test_the_highest_level_that_was_told_is_known(store: Store) -> None:
    told = [
        ReminderRow(
            what="reply",
            originator="kz-knb",
            record_id="r",
            due_at=rows.at(5),
            level=level,
            told_at=rows.at(),
        )
        for level in (1, 2, 2)
    ]
    with store.work() as work:
        work.dues.tell(told)
        work.stage([rows.event()])
        work.commit()
    with store.read() as view:
        assert view.dues.told("reply", ["r", "s"]) == {("kz-knb", "r", rows.at(5)): 2}
        assert view.dues.told("review", ["r"]) == {}
