"""What two processes decide about the same record at once comes out as if one came after the other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from hub.entries import RecordRow
from hub.errors import Refused
from hub.exchange import erasing
from hub.exchange.broker import Broker, Standing
from hub.exchange.dues.retaining import confirm_keeping, propose_keeping
from hub.exchange.recipients import judge_rule
from hub.exchange.submitting import Submission, submit
from hub.ports import Store
from hub.records.actor import Role
from hub.storage import open_store
from tests.exchange.hubs import START, Hubs, add_member, document, officer, released
from tests.exchange.test_takeover import SYSTEM
from tests.servers.postgres import PostgresServer

DANA, ERLAN = officer("dana", Role.CUSTODIAN), officer("erlan", Role.AUDITOR)
ITEM = Submission(document=document("designation"), recipients=["cis-atc"])
_DAY_S = 86400.0
_WAIT_S = 30.0


@pytest.fixture
def parallel(tmp_path: Path, postgres: PostgresServer) -> Iterator[Hubs]:
    """A hub on PostgreSQL, where two units of work run at once."""
    with postgres.database() as url:
        hubs = Hubs(folder=tmp_path, new_store=lambda _home: open_store(url))
        hubs.add("kz-knb")
        hubs.agree(extra=("kz-mvd",))
        add_member(hubs.network.broker("kz-knb"), "kz-mvd")
        yield hubs
        hubs.close()


@pytest.mark.slow
def test_what_is_kept_longer_just_now_is_not_erased_by_a_look_that_has_begun(
    parallel: Hubs, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = parallel.network.broker("kz-knb")
    ends = (START + timedelta(days=1)).date()
    row = released(broker, "kz-mvd", retain_until=ends.isoformat(), review_on=ends.isoformat())
    parallel.clock.pass_(3 * _DAY_S)
    until = (START + timedelta(days=30)).date()
    propose_keeping(broker, DANA, row.record_id, until=until, justification="an appeal, case 14/26")
    looked = threading.Event()
    read: Callable[..., Sequence[RecordRow]] = erasing._versions

    def reading(*given: Any) -> Sequence[RecordRow]:
        found = read(*given)
        looked.set()
        return found

    monkeypatch.setattr(erasing, "_versions", reading)
    with ThreadPoolExecutor(1) as pool:
        with broker.store.work() as work:
            held: Store = _Held(work)
            confirm_keeping(replace(broker, store=held), ERLAN, row.record_id, until=until)
            at = parallel.clock.now()
            erasure = pool.submit(erasing.erase_by_rule, broker, row, why="Its retention ended.", at=at)
            assert looked.wait(_WAIT_S)
            work.commit()
        with pytest.raises(Refused) as refused:
            erasure.result(_WAIT_S)
    assert refused.value.code == "conflict"


class _Held:
    """A store whose one unit of work is committed by the test, later than the use case asks for."""

    def __init__(self, work: Any) -> None:
        self._work = work

    def work(self) -> _Held:
        return self

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        return getattr(self._work, name)

    def commit(self) -> None:
        """Leave it to the test."""


def test_what_would_go_by_rule_is_judged_anew_where_the_rules_changed_meanwhile(
    pair: Hubs, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours: Broker = pair.network.broker("kz-knb")
    add_member(ours, "kz-mvd")
    asked: list[int] = []

    def judged(standing: Standing, *given: Any, **more: Any) -> Any:
        asked.append(standing.generation)
        if len(asked) == 1:
            pair.agree_again(2)
        return judge_rule(standing, *given, **more)

    monkeypatch.setattr("hub.exchange.submitting.judge_rule", judged)
    (done,) = submit(ours, SYSTEM, [ITEM])
    assert len(set(asked)) == 2
    assert done.envelope_ids
    with ours.store.read() as view:
        (row,) = view.records.page(after=0, limit=10)
    assert row.record_id == done.record_id


def test_rules_that_change_without_end_refuse_it_and_nothing_is_kept(
    pair: Hubs, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours: Broker = pair.network.broker("kz-knb")
    add_member(ours, "kz-mvd")
    versions = count(2)

    def judged(*given: Any, **more: Any) -> Any:
        pair.agree_again(next(versions))
        return judge_rule(*given, **more)

    monkeypatch.setattr("hub.exchange.submitting.judge_rule", judged)
    with pytest.raises(Refused) as refused:
        submit(ours, SYSTEM, [ITEM])
    assert refused.value.code == "conflict"
    with ours.store.read() as view:
        assert list(view.records.page(after=0, limit=10)) == []
    monkeypatch.undo()
    (done,) = submit(ours, SYSTEM, [ITEM])
    assert done.envelope_ids
