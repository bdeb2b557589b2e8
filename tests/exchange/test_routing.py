"""Members get what they may have now, kind by kind; nothing is signed while the database is locked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.audit.events import Act, AuditEvent
from hub.errors import HubError
from hub.exchange.agreements import adopt
from hub.exchange.broker import Broker
from hub.exchange.correcting import withdraw
from hub.exchange.members import suspend
from hub.exchange.routing import Collected, acknowledge, collect, read_record
from hub.exchange.upkeep import trace
from hub.ports import Keyring, Store, UnitOfWork
from hub.records.actor import Actor, ActorKind, Role
from hub.records.lifecycle import DeliveryState, ReceiptStatus, RecordState
from tests.amounts import SHARED
from tests.exchange.hubs import (
    AIGUL,
    CUSTODIAN,
    Hubs,
    add_member,
    agreement_text,
    document,
    officer,
    release_it,
    released,
    run_lanes,
    with_limits,
)

SYSTEM = Actor(kind=ActorKind.SYSTEM, id="kz-mvd", agency="kz-mvd")


@pytest.fixture
def ours(pair: Hubs) -> Broker:
    """kz-knb with the member kz-mvd."""
    broker = pair.network.brokers["kz-knb"]
    add_member(broker, "kz-mvd")
    return broker


@pytest.fixture
def theirs(pair: Hubs) -> Broker:
    return pair.network.brokers["cis-atc"]


def arrive(theirs: Broker, *kinds: str) -> list[str]:
    ids = [released(theirs, "kz-knb", kind=kind).record_id for kind in kinds]
    run_lanes(theirs)
    return ids


def page(broker: Broker, *kinds: str, after: int = 0, limit: int = 50) -> Sequence[Collected]:
    return collect(broker, "kz-mvd", after=after, limit=limit, covered=covering(*kinds))


def covering(*kinds: str) -> Callable[[str], bool]:
    return lambda kind: not kinds or kind in kinds


def ids(found: Sequence[Collected]) -> list[str]:
    return [one.delivery.delivery_id for one in found]


def events(broker: Broker, act: Act) -> list[AuditEvent]:
    with broker.store.read() as view:
        return [event for _, event in view.events(after=0, limit=1000) if event.act is act]


def end_the_members_agreement(broker: Broker) -> None:
    adopt(broker, CUSTODIAN, agreement_text(["kz-knb", "cis-atc"]).replace("version = 1", "version = 2", 1))


def refused(code: str) -> AbstractContextManager[pytest.ExceptionInfo[HubError]]:
    return pytest.raises(HubError, match=f"^{code}: ")


# scopes


def test_a_delivery_of_a_kind_that_is_not_covered_cannot_be_acknowledged(
    ours: Broker, theirs: Broker
) -> None:
    arrive(theirs, "wanted-person")
    (found,) = page(ours)
    with refused("scope-missing"):
        acknowledge(ours, SYSTEM, ids([found]), DeliveryState.ACTIONED, covered=covering("designation"))
    assert page(ours)[0].delivery.state is DeliveryState.WAITING
    assert len(acknowledge(ours, SYSTEM, ids([found]), DeliveryState.ACTIONED)) == 1


# permitted again


@pytest.mark.parametrize("direction", ["in", "out"])
def test_what_the_agreement_no_longer_lets_a_member_have_comes_without_content_and_says_why(
    ours: Broker, theirs: Broker, direction: str
) -> None:
    if direction == "in":
        arrive(theirs, "wanted-person")
    else:
        released(ours, "cis-atc", "kz-mvd")
    assert page(ours)[0].record is not None
    end_the_members_agreement(ours)
    before = len(events(ours, Act.DISCLOSED))
    (found,) = page(ours)
    assert found.record is None
    assert [reason.code for reason in found.withheld] == ["agreement-missing"]
    assert len(events(ours, Act.DISCLOSED)) == before
    assert events(ours, Act.WITHHELD)[-1].details["code"] == "agreement-missing"


def test_what_was_withheld_comes_with_content_when_it_may_again(ours: Broker, theirs: Broker) -> None:
    arrive(theirs, "wanted-person")
    end_the_members_agreement(ours)
    assert page(ours)[0].record is None
    text = agreement_text(["kz-knb", "cis-atc", "kz-mvd"]).replace("version = 1", "version = 3", 1)
    adopt(ours, CUSTODIAN, text)
    (found,) = page(ours)
    assert found.record is not None
    assert not found.withheld


def test_a_suspended_member_gets_no_content(ours: Broker, theirs: Broker) -> None:
    arrive(theirs, "wanted-person")
    suspend(ours, CUSTODIAN, "kz-mvd")
    (found,) = page(ours)
    assert (found.record, [reason.code for reason in found.withheld]) == (None, ["partner-suspended"])


@pytest.mark.parametrize("direction", ["in", "out"])
def test_a_withdrawal_reaches_a_member_whose_agreement_has_ended(
    ours: Broker, theirs: Broker, direction: str
) -> None:
    sender = theirs if direction == "in" else ours
    row = released(sender, "kz-knb") if direction == "in" else released(sender, "cis-atc", "kz-mvd")
    run_lanes(sender)
    (first,) = page(ours)
    end_the_members_agreement(ours)
    drafter = replace(AIGUL, agency=sender.agency)
    release_it(sender, withdraw(sender, drafter, row.record_id, reason="mistaken identity"))
    run_lanes(sender)
    (recall,) = page(ours, after=first.delivery.position)
    assert recall.record is not None
    assert (recall.row.action, recall.withheld) == ("withdrawal", ())
    assert page(ours)[0].record is None


def test_a_withdrawal_is_not_shown_to_a_member_that_never_had_the_record(
    ours: Broker, theirs: Broker
) -> None:
    end_the_members_agreement(ours)
    row = released(theirs, "kz-knb")
    run_lanes(theirs)
    drafter = replace(AIGUL, agency="cis-atc")
    release_it(theirs, withdraw(theirs, drafter, row.record_id, reason="mistaken identity"))
    run_lanes(theirs)
    assert page(ours) == []


# pages


@settings(max_examples=10, deadline=None, suppress_health_check=SHARED)
@given(
    covered=st.lists(st.sampled_from(["designation", "travel-ban", "notice"]), min_size=1, unique=True),
    limit=st.integers(1, 4),
)
def test_pages_of_a_narrow_token_neither_skip_nor_repeat(
    mixed: Broker, covered: list[str], limit: int
) -> None:
    got: list[Collected] = []
    while found := page(mixed, *covered, after=got[-1].delivery.position if got else 0, limit=limit):
        assert len(found) <= limit
        got += found
    wanted = [one for one in page(mixed) if one.row.kind in covered]
    assert ids(got) == ids(wanted)
    assert all(one.record is not None for one in got)


@pytest.fixture
def mixed(ours: Broker, theirs: Broker) -> Broker:
    """A member's inbox with three kinds in turns."""
    arrive(theirs, *["designation", "travel-ban", "designation", "notice"] * 3)
    return ours


def test_a_page_holds_no_more_content_than_a_batch_and_at_least_one_record(mixed: Broker) -> None:
    with mixed.store.read() as view:
        largest = max(view.bodies.sizes([one.row.body_id for one in page(mixed)]).values())
    for most, expected in ((1, 1), (2 * largest, 2), (2**30, 12)):
        small = with_limits(mixed, batch_max_bytes=most)
        got: list[Collected] = []
        while found := page(small, after=got[-1].delivery.position if got else 0):
            assert len(found) >= min(expected, 12 - len(got))
            assert most > largest or len(found) == 1
            got += found
        assert ids(got) == ids(page(mixed))


@dataclass
class Counting:
    """A store that counts how its views are asked for bodies and pages."""

    real: Store
    asked: list[str] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    @contextmanager
    def read(self) -> Iterator[Any]:
        with self.real.read() as view:
            yield _Told(view, self.asked)


class _Told:
    def __init__(self, real: object, asked: list[str], path: str = "") -> None:
        self._real, self._asked, self._path = real, asked, path

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        if callable(found):
            self._asked.append(f"{self._path}{name}")
            return found
        return _Told(found, self._asked, f"{name}.")


def test_a_page_asks_once_whatever_its_size_and_whatever_lies_before(mixed: Broker) -> None:
    counting = Counting(mixed.store)
    found = page(replace(mixed, store=counting), "notice", limit=2)  # type: ignore[arg-type]
    assert len(found) == 2
    assert counting.asked.count("bodies.get_many") == 1
    assert counting.asked.count("deliveries.page") == 1


# nothing is signed or opened under the write lock


@dataclass
class Lockable:
    """A store that knows whether a unit of work is open, and a keyring that fails while one is."""

    store: Store
    keyring: Keyring
    open: bool = False

    @contextmanager
    def work(self) -> Iterator[UnitOfWork]:
        with self.store.work() as work:
            self.open = True
            try:
                yield work
            finally:
                self.open = False

    def __getattr__(self, name: str) -> Any:
        if name in {"signing", "decryption", "master_key"}:
            assert not self.open, f"{name}() was called inside a unit of work"
            return getattr(self.keyring, name)
        return getattr(self.store, name)


def strict(broker: Broker) -> Broker:
    both = Lockable(broker.store, broker.keyring)
    return replace(broker, store=both, keyring=both)  # type: ignore[arg-type]


def test_nothing_is_signed_or_opened_while_the_database_is_locked(ours: Broker, theirs: Broker) -> None:
    (record_id,) = arrive(theirs, "wanted-person")
    found = page(strict(ours))
    acknowledge(strict(ours), SYSTEM, ids(found), DeliveryState.OPENED)
    read_record(strict(ours), officer("dana", Role.READER), record_id, justification="case 17")
    run_lanes(ours)
    told = [receipt.status for receipt in trace(theirs, record_id).receipts]
    assert told == [ReceiptStatus.ACCEPTED, ReceiptStatus.OPENED, ReceiptStatus.OPENED]


@dataclass
class Meanwhile:
    """A store in which something else happens once, before the next unit of work begins."""

    real: Store
    happen: Callable[[], object]
    left: int = 1

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def work(self) -> AbstractContextManager[UnitOfWork]:
        if self.left:
            self.left = 0
            self.happen()
        return self.real.work()


def test_two_acknowledgements_at_once_tell_the_originator_once(ours: Broker, theirs: Broker) -> None:
    (record_id,) = arrive(theirs, "wanted-person")
    (delivery_id,) = ids(page(ours))
    state = DeliveryState.DELIVERED
    racing = Meanwhile(ours.store, lambda: acknowledge(ours, SYSTEM, [delivery_id], state))
    late = replace(ours, store=racing)  # type: ignore[arg-type]
    assert acknowledge(late, SYSTEM, [delivery_id, delivery_id], state) == []
    run_lanes(ours)
    told = [receipt.status for receipt in trace(theirs, record_id).receipts]
    assert told == [ReceiptStatus.ACCEPTED, ReceiptStatus.DELIVERED]


def test_two_first_readings_at_once_tell_the_originator_once(ours: Broker, theirs: Broker) -> None:
    (record_id,) = arrive(theirs, "wanted-person")
    dana = officer("dana", Role.READER)

    def read(broker: Broker) -> object:
        return read_record(broker, dana, record_id, justification="case 17")

    racing = replace(ours, store=Meanwhile(ours.store, lambda: read(ours)))  # type: ignore[arg-type]
    assert read(racing)
    run_lanes(ours)
    told = [receipt.status for receipt in trace(theirs, record_id).receipts]
    assert told == [ReceiptStatus.ACCEPTED, ReceiptStatus.OPENED]
    assert len(events(ours, Act.CONSULTED)) == 2
    assert trace(ours, record_id).versions[0].state is RecordState.OPENED


def test_a_draft_that_was_revised_while_it_was_read_is_not_shown_as_it_was(ours: Broker) -> None:
    from hub.exchange.drafting import draft, revise

    row = draft(ours, AIGUL, document(), recipients=["cis-atc"])
    racing = Meanwhile(
        ours.store, lambda: revise(ours, AIGUL, row.record_id, expected_revision=1, document=document())
    )
    with refused("conflict"):
        read_record(
            replace(ours, store=racing),  # type: ignore[arg-type]
            AIGUL,
            row.record_id,
            justification="case 17",
        )
    assert not events(ours, Act.CONSULTED)
