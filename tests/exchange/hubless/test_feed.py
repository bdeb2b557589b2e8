"""Interpol's public notices in a hub: from the list over HTTPS to records that a member collects."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.interpol.absence import REASON
from adapters.interpol.rules import WITHDRAWN_KEPT_DAYS
from hub.audit.events import Act
from hub.bootstrap.adapted import Adapters
from hub.exchange.agreements import adopt
from hub.exchange.broker import Broker
from hub.exchange.dues.looking import look_at_dues
from hub.exchange.dues.retaining import last_day
from hub.exchange.erasing import confirm_erasure, propose_erasure
from hub.exchange.routing import collect
from hub.records.lifecycle import RecordState
from tests.exchange.hubless.feeding import FEED, PublicList, public_list, real_notices
from tests.exchange.hubless.test_ending import ERASER, SECOND
from tests.exchange.hubs import CUSTODIAN, Hubs, add_member, agreement_text

pytestmark = pytest.mark.slow
US, MEMBER = "kz-knb", "kz-mvd"


@contextmanager
def listed_in(
    hubs: Hubs, folder: Path, notices: list[dict[str, Any]], more: str = ""
) -> Iterator[PublicList]:
    """Make a hub with a member, and the list as its partner."""
    broker = hubs.add(US)
    adapting = Adapters(agency=US, store=broker.store, keyring=broker.keyring, folder=folder)
    broker = replace(broker, adapting=adapting)
    adopt(broker, CUSTODIAN, agreement_text([US, FEED, MEMBER]))
    add_member(broker, MEMBER)
    with public_list(hubs, broker, folder, notices, more) as there:
        yield there


def collected(broker: Broker) -> list[dict[str, Any]]:
    """Return what the member has of it, oldest first."""
    found = collect(broker, MEMBER, after=0, limit=200)
    return [dict(one.record.document) for one in found if one.record]


def test_real_notices_of_the_public_list_reach_the_member_that_collects_them(
    hubs: Hubs, tmp_path: Path
) -> None:
    with listed_in(hubs, tmp_path, real_notices(20)) as there:
        there.look()
        found = collected(there.broker)
        assert sorted(one["details"]["number"] for one in found) == sorted(there.notices)
    assert {one["kind"] for one in found} == {"notice"}
    assert {one["originator"] for one in found} == {FEED}


def versions(broker: Broker, number: str) -> list[tuple[str, int, str]]:
    """Return record, version and action of all that a notice became, by what the member got of it."""
    return [
        (str(one["id"]), int(one["version"]), str(one["action"]))
        for one in collected(broker)
        if one["details"].get("number") == number
    ]


def test_a_notice_that_was_changed_comes_as_a_correction_of_its_record(hubs: Hubs, tmp_path: Path) -> None:
    notices = real_notices(4)
    with listed_in(hubs, tmp_path, notices) as there:
        there.look()
        changed, other = notices[0]["entity_id"], notices[1]["entity_id"]
        there.put(notices[0] | {"forename": "OTHERWISE"})
        there.look_later()
        there.put(notices[0])
        there.look_later()
        ((record, *first), *later) = versions(there.broker, changed)
        assert first == [1, "new"]
        assert later == [(record, 2, "correction"), (record, 3, "correction")]
        assert [one[1:] for one in versions(there.broker, other)] == [(1, "new")]
        with there.broker.store.read() as view:
            states = [one.state for one in view.records.versions(record, originator=FEED)]
    assert states == [RecordState.SUPERSEDED, RecordState.SUPERSEDED, RecordState.RECEIVED]


def test_other_bytes_that_say_the_same_are_no_correction(hubs: Hubs, tmp_path: Path) -> None:
    (notice,) = real_notices(1)
    with listed_in(hubs, tmp_path, [notice]) as there:
        there.look()
        there.put(dict(reversed(notice.items())))
        there.look_later()
        there.put(notice | {"distinguishing_marks_xx": "in no field"})
        there.look_later()
        ((record, *first),) = versions(there.broker, notice["entity_id"])
        assert first == [1, "new"]
        with there.broker.store.read() as view:
            came = view.hubless.intakes_of(FEED, record)
    assert [(one.version, one.taken) for one in came] == [(1, True)] * 3
    assert came[-1].unknown_id is not None, "what no field holds is kept beside it"
    assert len({one.parcel_id for one in came}) == 3


def test_a_notice_that_changed_after_its_record_was_erased_is_a_new_record(
    hubs: Hubs, tmp_path: Path
) -> None:
    (notice,) = real_notices(1)
    with listed_in(hubs, tmp_path, [notice]) as there:
        there.look()
        ((before, *_),) = versions(there.broker, notice["entity_id"])
        propose_erasure(there.broker, ERASER, before, justification="kept too long", originator=FEED)
        confirm_erasure(there.broker, SECOND, before, originator=FEED)
        there.put(notice | {"forename": "OTHERWISE"})
        there.look_later()
        ((record, *first),) = versions(there.broker, notice["entity_id"])
    assert record != before
    assert first == [1, "new"]


def test_a_notice_that_is_gone_is_withdrawn_at_the_member_and_erased_after_a_month(
    hubs: Hubs, tmp_path: Path
) -> None:
    notices = real_notices(3)
    number = notices[0]["entity_id"]
    with listed_in(hubs, tmp_path, notices) as there:
        there.look()
        ((record, *_),) = versions(there.broker, number)
        del there.notices[number]
        there.look_later()
        assert len(collected(there.broker)) == 3, "one look may be wrong"
        there.look_later()
        recall = collected(there.broker)[-1]
        assert (recall["id"], recall["version"], recall["action"]) == (record, 2, "withdrawal")
        assert recall["details"]["reason"] == REASON
        with there.broker.store.read() as view:
            first, last = view.records.versions(record, originator=FEED)
            events = [one for _, one in view.events_about([record], limit=50)]
        assert first.state is RecordState.WITHDRAWN
        assert [one.details["version"] for one in events if one.act is Act.ADMITTED] == ["1", "2"]
        assert last.retain_until is not None
        assert last_day(last.retain_until) == hubs.clock.now().date() + timedelta(days=WITHDRAWN_KEPT_DAYS)
        there.put(notices[0])
        there.look_later()
        (*_, (again, *head)) = versions(there.broker, number)
        assert head == [1, "new"]
        assert again != record, "nothing follows a withdrawal: it is a record of its own"
        hubs.clock.pass_((WITHDRAWN_KEPT_DAYS + 1) * 86_400)
        look_at_dues(there.broker)
        with there.broker.store.read() as view:
            assert view.bodies.get_many([first.body_id, last.body_id]) == {}
            kept = view.records.get(again, originator=FEED)
            assert kept is not None
            assert view.bodies.get_many([kept.body_id])
            name = view.hubless.record_named(FEED, f"notice/red/{number}")
    assert name == again


def test_what_is_gone_and_is_not_held_here_is_logged_and_nothing_of_it_is_kept(
    hubs: Hubs, tmp_path: Path
) -> None:
    notices = real_notices(2)
    number = notices[0]["entity_id"]
    with listed_in(hubs, tmp_path, notices) as there:
        there.look()
        ((record, *_),) = versions(there.broker, number)
        propose_erasure(there.broker, ERASER, record, justification="kept too long", originator=FEED)
        confirm_erasure(there.broker, SECOND, record, originator=FEED)
        del there.notices[number]
        for _ in range(3):
            there.look_later()
        with there.broker.store.read() as view:
            assert len(view.records.versions(record, originator=FEED)) == 1
            assert view.hubless.held_intakes(limit=9) == []
            refused = [one.details for _, one in view.events(after=0, limit=500) if one.act is Act.REFUSED]
    assert [one["code"] for one in refused] == ["content-erased"]
    assert [one["parcel"] for one in refused] == [f"{number.replace('/', '-')}.gone1"]
