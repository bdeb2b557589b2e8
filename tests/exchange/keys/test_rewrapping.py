"""A change of the master key: all opens at every moment, and in the end nothing hangs on the old one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pyotp
import pytest

from hub.audit.events import Act
from hub.envelope.vault import MasterKeys, lock, unlock
from hub.errors import HubError, OurFault
from hub.exchange.accounts import add_officer, authenticate
from hub.exchange.broker import Broker
from hub.exchange.keys.rewrapping import refuse_while_needed, rewrap_some, rewrapping_of
from hub.ports import Store, UnitOfWork
from hub.records.actor import Role
from hub.records.ids import new_id
from tests.exchange.hubs import CUSTODIAN, Hubs, LooseKeyring

OLD, NEW = b"1" * 32, b"2" * 32
PASSWORD = "жасыл тауық 2026 жолда"


@pytest.fixture
def broker(hubs: Hubs) -> Broker:
    broker = hubs.add("kz-knb")
    keyring_of(broker)._master = MasterKeys(current=OLD)
    return replace(broker, limits=replace(broker.limits, rewrap_batch_max=7, rewrap_settle_s=60.0))


def keyring_of(broker: Broker) -> LooseKeyring:
    assert isinstance(broker.keyring, LooseKeyring)
    return broker.keyring


def change(broker: Broker) -> None:
    keyring_of(broker)._master = MasterKeys(current=NEW, kept=(OLD,))


def keep(broker: Broker, number: int, *, master_key: MasterKeys | None = None) -> list[str]:
    bodies = [
        lock(b"body", body_id=new_id(), master_key=master_key or broker.keyring.master_key())
        for _ in range(number)
    ]
    with broker.store.work() as work:
        work.bodies.add(bodies)
        work.stage([broker.event(Act.DRAFTED, broker.itself, new_id(), broker.clock.now())])
        work.commit()
    return [body.body_id for body in bodies]


def all_open(broker: Broker, ids: list[str], master_key: MasterKeys | None = None) -> bool:
    with broker.store.read() as view:
        found = view.bodies.get_many(ids)
    keys = master_key or broker.keyring.master_key()
    return len(found) == len(ids) and all(unlock(one, master_key=keys) == b"body" for one in found.values())


def finish(broker: Broker, hubs: Hubs) -> int:
    batches = 0
    while rewrap_some(broker):
        batches += 1
        hubs.clock.at += timedelta(seconds=10)
        assert batches < 200
    return batches


def refused(broker: Broker) -> str:
    with pytest.raises(HubError) as failed:
        refuse_while_needed(broker)
    return failed.value.code


def test_nothing_is_done_while_there_is_one_master_key(broker: Broker) -> None:
    keep(broker, 3)
    assert rewrap_some(broker) is False
    with broker.store.read() as view:
        assert view.bodies.rewrapping() is None
    refuse_while_needed(broker)


def test_all_bodies_come_under_the_new_key_and_the_end_is_logged(broker: Broker, hubs: Hubs) -> None:
    ids = keep(broker, 30)
    change(broker)
    assert refused(broker) == "conflict"
    assert finish(broker, hubs) > 30 // 7
    refuse_while_needed(broker)
    assert all_open(broker, ids, MasterKeys(current=NEW))
    with broker.store.read() as view:
        stands = rewrapping_of(view, broker.keyring.master_key())
        last = view.events(after=0, limit=99)[-1][1]
    assert (stands.done, stands.rewrapped) == (True, 30)
    assert (last.act, last.details["step"], last.details["count"]) == (Act.KEY_CHANGED, "rewrapped", "30")
    assert rewrap_some(broker) is False


def test_what_was_under_way_with_the_older_key_is_found_by_a_later_pass(broker: Broker, hubs: Hubs) -> None:
    keep(broker, 9)
    change(broker)
    for _ in range(4):
        assert rewrap_some(broker)
    late = keep(broker, 2, master_key=MasterKeys(current=OLD))
    finish(broker, hubs)
    assert all_open(broker, late, MasterKeys(current=NEW))


def test_a_body_that_is_erased_meanwhile_stays_erased(broker: Broker, hubs: Hubs) -> None:
    ids = keep(broker, 3)
    change(broker)
    with broker.store.read() as view:
        page = view.bodies.wrapped_keys(after="", limit=9)
    with broker.store.work() as work:
        work.bodies.erase(ids[1])
        work.stage([broker.event(Act.ERASED, broker.itself, new_id(), broker.clock.now(), justification="x")])
        work.commit()
    with broker.store.work() as work:
        assert work.bodies.replace_keys([(one, b"anything") for one in page]) == 2
    finish(broker, hubs)
    with broker.store.read() as view:
        assert ids[1] not in view.bodies.get_many(ids)


def test_officers_sign_in_before_and_after(broker: Broker, hubs: Hubs) -> None:
    enrolment = add_officer(broker, CUSTODIAN, name="aigul", password=PASSWORD, roles=[Role.READER])
    totp = pyotp.parse_uri(enrolment.totp_uri)
    assert isinstance(totp, pyotp.TOTP)

    def signs_in() -> None:
        hubs.clock.at += timedelta(seconds=60)
        authenticate(broker, name="aigul", password=PASSWORD, code=totp.at(hubs.clock.at))

    signs_in()
    change(broker)
    signs_in()
    finish(broker, hubs)
    keyring_of(broker)._master = MasterKeys(current=NEW)
    signs_in()


def test_a_body_that_no_key_opens_stays_and_keeps_the_old_key_from_being_destroyed(
    broker: Broker, hubs: Hubs
) -> None:
    keep(broker, 2, master_key=MasterKeys(current=b"?" * 32))
    ids = keep(broker, 2)
    change(broker)
    finish(broker, hubs)
    assert all_open(broker, ids, MasterKeys(current=NEW))
    assert refused(broker) == "conflict"


class Dying:
    """A store that fails at a commit, as for a process that is killed there: before it, or just after."""

    def __init__(self, store: Store, dice: Random) -> None:
        self._store = store
        self._dice = dice

    def work(self) -> Any:
        return _Dying(self._store.work(), self._dice)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class _Dying:
    def __init__(self, context: Any, dice: Random) -> None:
        self._context, self._dice = context, dice

    def __enter__(self) -> Any:
        self._work: UnitOfWork = self._context.__enter__()
        return self

    def __exit__(self, *failure: Any) -> Any:
        return self._context.__exit__(*failure)

    def commit(self) -> None:
        fate = self._dice.random()
        if fate < 0.3:
            raise OurFault("internal", "killed before the commit")
        self._work.commit()
        if fate < 0.6:
            raise OurFault("internal", "killed after the commit")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._work, name)


@pytest.mark.parametrize("seed", range(4))
def test_it_goes_on_wherever_it_is_killed_and_reads_never_fail(broker: Broker, hubs: Hubs, seed: int) -> None:
    dice = Random(seed)
    ids = keep(broker, 40)
    change(broker)
    dying = replace(broker, store=Dying(broker.store, dice))  # type: ignore[arg-type]
    for _ in range(300):
        hubs.clock.at += timedelta(seconds=dice.randint(0, 20))
        try:
            more = rewrap_some(dying)
        except OurFault:
            more = True
        assert all_open(broker, ids)
        if dice.random() < 0.2 and len(ids) < 60:
            key = MasterKeys(current=OLD) if hubs.clock.at.second % 2 and len(ids) < 45 else None
            ids += keep(broker, 1, master_key=key)
        if not more:
            break
    assert not more
    refuse_while_needed(broker)
    with broker.store.read() as view:
        row = view.bodies.rewrapping()
        ended = [e for _p, e in view.events(after=0, limit=999) if e.details.get("step") == "rewrapped"]
    assert row is not None
    assert row.rewrapped >= 40
    assert len(ended) == 1
    assert all_open(broker, ids, MasterKeys(current=NEW))
