"""What two people decide at once, in two processes over PostgreSQL, is done once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any, Final

import psycopg
import pytest

from hub.audit.events import Act
from hub.entries import Direction, OutboxEntry, PartnerStatus, ProposalRow, RecordRow
from hub.errors import Refused
from hub.exchange import members, releasing
from hub.exchange.agreements import approve_agreement, propose
from hub.exchange.broker import Broker
from hub.exchange.cards.following import take_card
from hub.exchange.certificates.enrolling import issue_requested, reject_request, request_certificate
from hub.exchange.confining import confine, confinements_of, lift
from hub.exchange.delivering import deliver
from hub.exchange.drafting import draft
from hub.exchange.hubless.pinning import pin_profile, profile_digest, suspend_hubless
from hub.exchange.policies import approve_policy, in_force, propose_policy, proposed
from hub.exchange.routing import collect
from hub.exchange.settling import mark_answered
from hub.exchange.suspending import suspend
from hub.exchange.upkeep import expire, resume, trace
from hub.policy.rulebook import shipped_text
from hub.ports import Store
from hub.records.actor import Actor, ActorKind, Role
from hub.records.ids import new_id
from hub.records.lifecycle import EntryState, RecordState
from hub.storage import open_store
from tests.exchange.hubless.conftest import THEM as BKA
from tests.exchange.hubless.conftest import make_pair, profile_text
from tests.exchange.hubs import (
    AIGUL,
    CUSTODIAN,
    Hubs,
    add_member,
    agreement_text,
    authority_pem,
    document,
    embedded,
    officer,
    release_it,
    released,
    run_lanes,
    signed_card,
)
from tests.exchange.test_delivering import DESK, NOT_TO_RATS, WHY, approved, corrected, put_in_force
from tests.exchange.test_dues import drafted
from tests.exchange.test_overlapping import _Held
from tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.slow

US, THEM = "kz-knb", "cis-atc"
DANA, ERLAN = officer("dana", Role.CUSTODIAN), officer("erlan", Role.CUSTODIAN)
_WAIT_S: Final = 30.0
_BLOCKED: Final = (
    "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def wait_until_blocked(operator: psycopg.Connection[tuple[object, ...]], second: Future[object]) -> None:
    """Wait until someone waits for a lock, or what was begun has ended."""
    until = monotonic() + _WAIT_S
    while not second.done() and operator.execute(_BLOCKED).fetchone() is None:
        assert monotonic() < until, "the second neither waits nor ends"


class _Late(_Held):
    """A store whose one unit of work is committed by the test, and that is read as it is."""

    def __init__(self, work: Any, store: Store) -> None:
        super().__init__(work)
        self._store = store

    def read(self) -> Any:
        return self._store.read()


@dataclass(frozen=True, kw_only=True)
class Parallel:
    """Hubs of which ours is on PostgreSQL, where two units of work run at once."""

    hubs: Hubs
    url: str

    def second(
        self,
        broker: Broker,
        decide: Callable[[Broker], object],
        other: Callable[[Broker], object] | None = None,
    ) -> str | None:
        """Decide twice, or one thing and another, the second before the first is committed.

        Return why the second was refused.
        """
        with ThreadPoolExecutor(1) as pool, psycopg.connect(self.url, autocommit=True) as operator:
            with broker.store.work() as work:
                late: Any = _Late(work, broker.store)
                decide(replace(broker, store=late))
                second = pool.submit(other or decide, broker)
                wait_until_blocked(operator, second)
                work.commit()
            failed = second.exception(_WAIT_S)
        assert failed is None or isinstance(failed, Refused)
        return None if failed is None else failed.code


@pytest.fixture
def parallel(tmp_path: Path, postgres: PostgresServer) -> Iterator[Parallel]:
    with postgres.database() as url:

        def new_store(home: Path) -> Store:
            return open_store(url) if home.name == US else embedded(home)

        hubs = Hubs(folder=tmp_path, new_store=new_store)
        yield Parallel(hubs=hubs, url=url)
        hubs.close()


def paired(hubs: Hubs) -> Broker:
    for agency in (US, THEM):
        hubs.add(agency)
    hubs.pair_all()
    hubs.agree(extra=("kz-mvd",))
    add_member(hubs.network.broker(US), "kz-mvd")
    return hubs.network.broker(US)


def test_what_two_officers_let_go_at_once_goes_to_the_member_once(parallel: Parallel) -> None:
    ours = paired(parallel.hubs)
    record_id = released(ours, THEM, "kz-mvd").record_id
    put_in_force(ours, NOT_TO_RATS.replace("sco-rats", "kz-mvd"))
    approved(ours, corrected(ours, record_id))
    refused = parallel.second(ours, lambda one: deliver(one, DESK, record_id, "kz-mvd", justification=WHY))
    assert refused == "not-found"
    assert [one.row.version for one in collect(ours, "kz-mvd", after=0, limit=10)] == [1, 2]


def test_what_two_operators_resume_at_once_is_sealed_anew_once(parallel: Parallel) -> None:
    hubs, ours = parallel.hubs, paired(parallel.hubs)
    record_id = released(ours, THEM).record_id
    hubs.clock.pass_(ours.limits.time_to_live_s + 1)
    assert expire(ours) == 1
    (dead,) = trace(ours, record_id).entries
    refused = parallel.second(ours, lambda one: resume(one, CUSTODIAN, dead.entry_id))
    assert refused == "transition-invalid"
    assert states(ours, record_id) == [EntryState.DEAD, EntryState.PENDING]
    run_lanes(ours)
    assert states(ours, record_id) == [EntryState.DEAD, EntryState.ACCEPTED]


def test_what_two_operators_resume_at_once_is_handed_to_a_partner_without_a_hub_once(
    parallel: Parallel, tmp_path: Path
) -> None:
    pair = make_pair(parallel.hubs, profile_text(tmp_path / "shared"), tmp_path)
    row = pair.release(pair.drafted())
    parallel.hubs.clock.pass_(pair.broker.limits.time_to_live_s + 1)
    assert expire(pair.broker) == 1
    dead: OutboxEntry = pair.entry(row)
    refused = parallel.second(pair.broker, lambda one: resume(one, CUSTODIAN, dead.entry_id))
    assert refused == "transition-invalid"
    assert states(pair.broker, row.record_id) == [EntryState.DEAD, EntryState.PENDING]


TEXTS: Final = tuple("\n".join((shipped_text(), f"// {n}")) for n in range(2))


def test_a_policy_that_is_approved_just_now_is_not_overwritten_by_the_next_proposal(
    parallel: Parallel,
) -> None:
    ours = parallel.hubs.add(US)
    row = propose_policy(ours, DANA, TEXTS[0])
    refused = parallel.second(
        ours,
        lambda one: approve_policy(one, ERLAN, digest=row.digest),
        lambda one: propose_policy(one, DANA, TEXTS[1]),
    )
    assert refused is None
    with ours.store.read() as view:
        assert in_force(view) == TEXTS[0]
        assert proposed(view).version == row.version + 1


def test_a_proposal_that_is_replaced_just_now_is_not_approved_over_the_new_one(parallel: Parallel) -> None:
    ours = parallel.hubs.add(US)
    row = propose_policy(ours, DANA, TEXTS[0])
    refused = parallel.second(
        ours,
        lambda one: propose_policy(one, DANA, TEXTS[1]),
        lambda one: approve_policy(one, ERLAN, digest=row.digest),
    )
    assert refused == "conflict"
    with ours.store.read() as view:
        assert proposed(view).source == TEXTS[1]


def test_a_later_agreement_that_is_approved_just_now_is_not_gone_back_behind(parallel: Parallel) -> None:
    ours = parallel.hubs.add(US)
    text = agreement_text([US, THEM])
    second, third = (text.replace("version = 1", f"version = {n}", 1) for n in (2, 3))
    rows = [propose(ours, DANA, one) for one in (second, third)]

    def approving(row: ProposalRow) -> Callable[[Broker], object]:
        return lambda one: approve_agreement(one, ERLAN, row.agreement_id, row.version, digest=row.digest)

    assert parallel.second(ours, approving(rows[1]), approving(rows[0])) == "conflict"
    with ours.store.read() as view:
        assert [one.version for one in view.directory.agreements()] == [3]


def test_a_record_that_is_confined_anew_just_now_is_not_let_out(parallel: Parallel) -> None:
    ours = paired(parallel.hubs)
    record_id = released(ours, THEM).record_id
    confine(ours, DANA, record_id, "north", justification=WHY)
    lift(ours, DANA, record_id, "north", justification=WHY)
    refused = parallel.second(
        ours,
        lambda one: confine(one, DANA, record_id, "north", justification=WHY),
        lambda one: lift(one, ERLAN, record_id, "north", justification=WHY),
    )
    assert refused == "conflict"
    with ours.store.read() as view:
        assert [one.compartment for one in confinements_of(view, US, record_id)] == ["north"]


def test_a_partner_that_is_suspended_just_now_stays_so_when_its_next_card_comes(parallel: Parallel) -> None:
    ours, theirs = paired(parallel.hubs), parallel.hubs.network.broker(THEM)
    parallel.hubs.clock.pass_(60)
    card = signed_card(theirs, name="ATC", url="https://other.test:8443", tls_ca_pem=authority_pem(THEM))
    them = Actor(kind=ActorKind.PARTNER, id=THEM, agency=THEM)
    refused = parallel.second(
        ours,
        lambda one: suspend(one, CUSTODIAN, THEM),
        lambda one: take_card(one, them, THEM, card),
    )
    assert refused is None
    row = ours.standing().partners[THEM].row
    assert (row.status, row.url) == (PartnerStatus.SUSPENDED, "https://other.test:8443")


def test_a_member_that_is_suspended_just_now_stays_so_when_its_scopes_are_set(parallel: Parallel) -> None:
    ours = paired(parallel.hubs)
    refused = parallel.second(
        ours,
        lambda one: members.suspend(one, CUSTODIAN, "kz-mvd"),
        lambda one: members.change_scopes(one, CUSTODIAN, "kz-mvd", ["collect:notice"]),
    )
    assert refused is None
    row = ours.standing().members["kz-mvd"]
    assert (row.status, row.scopes) == (PartnerStatus.SUSPENDED, ("collect:notice",))


def test_a_partner_without_a_hub_that_is_suspended_just_now_stays_so_when_it_is_pinned_again(
    parallel: Parallel, tmp_path: Path
) -> None:
    pair = make_pair(parallel.hubs, profile_text(tmp_path / "shared"), tmp_path)
    other = profile_text(tmp_path / "other")
    refused = parallel.second(
        pair.broker,
        lambda one: suspend_hubless(one, CUSTODIAN, BKA),
        lambda one: pin_profile(one, CUSTODIAN, BKA, other, confirmed_digest=profile_digest(other)),
    )
    assert refused is None
    row = pair.broker.standing().hubless[BKA]
    assert (row.status, row.source) == (PartnerStatus.SUSPENDED, other)


def test_a_request_that_is_turned_down_just_now_is_not_issued(parallel: Parallel) -> None:
    ours = parallel.hubs.add(US)
    told = {"agency": "kz-mvd", "name": "MVD", "scopes": ["collect:*"], "request": b"a request"}
    row = request_certificate(ours, DANA, **told, check=bytes)  # type: ignore[arg-type]

    def issue(_agency: str, _request: bytes) -> tuple[str, str]:
        raise AssertionError("it was issued")

    refused = parallel.second(
        ours,
        lambda one: reject_request(one, DANA, row.enrolment_id),
        lambda one: issue_requested(one, ERLAN, row.enrolment_id, issue=issue),
    )
    assert refused == "transition-invalid"


def states(broker: Broker, record_id: str) -> list[EntryState]:
    return [one.state for one in trace(broker, record_id).entries]


def test_letting_go_and_the_next_version_at_once_do_not_wait_for_one_another(
    parallel: Parallel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A release takes what is held and then the record, so who lets go must not hold the record first."""
    ours = paired(parallel.hubs)
    record_id = released(ours, THEM, "kz-mvd").record_id
    put_in_force(ours, NOT_TO_RATS.replace("sco-rats", "kz-mvd"))
    approved(ours, corrected(ours, record_id))
    third = corrected(ours, record_id)
    going: list[Future[object]] = []
    supersede = releasing.supersede

    def amid(work: Any, row: Any) -> None:
        if not going:
            going.append(pool.submit(deliver, ours, DESK, record_id, "kz-mvd", justification=WHY))
            wait_until_blocked(operator, going[0])
        supersede(work, row)

    monkeypatch.setattr(releasing, "supersede", amid)
    with ThreadPoolExecutor(1) as pool, psycopg.connect(parallel.url, autocommit=True) as operator:
        approved(ours, third)
        going[0].result(_WAIT_S)  # it lets go what is in force now
    assert [one.row.version for one in collect(ours, "kz-mvd", after=0, limit=10)] == [1, 3]


def asked_of_two(hubs: Hubs) -> tuple[Broker, RecordRow, RecordRow]:
    """Return our hub, a request of ours to two partners, and an answer that one of them has not sent yet."""
    for agency in (US, THEM, "sco-rats"):
        hubs.add(agency)
    hubs.pair_all()
    hubs.agree()
    ours, there = hubs.network.broker(US), hubs.network.broker(THEM)
    told = {**document("assistance-request"), "reply_due_at": "2026-12-02T09:00:00.000Z"}
    told.pop("review_on", None)
    told.pop("retain_until", None)
    asked = draft(ours, AIGUL, told, recipients=[THEM, "sco-rats"])
    release_it(ours, asked)
    run_lanes(ours)
    hubs.network.down.add(US)
    more = {"in_reply_to": asked.record_id, "conversation": asked.conversation}
    answer = drafted(there, US, "assistance-answer", **more)
    return ours, asked, trace(there, answer.record_id).versions[-1]


def take_answers(ours: Broker, asked: RecordRow, *answers: RecordRow) -> None:
    """Store answers as receiving does."""
    with ours.store.work() as work:
        work.records.add(answers)
        mark_answered(work, answers)
        work.stage([ours.event(Act.ANSWERED, ours.itself, asked.record_id, ours.clock.now())])
        work.commit()


def came_from(agency: str, asked: RecordRow, answer: RecordRow) -> RecordRow:
    return replace(
        answer,
        record_id=new_id(),
        envelope_id=new_id(),
        originator=agency,
        direction=Direction.IN,
        state=RecordState.RECEIVED,
        recipients=(US,),
        body_id=asked.body_id,
    )


@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "in two processes"])
def test_the_last_two_answers_at_once_end_a_request(parallel: Parallel, together: bool) -> None:
    ours, asked, answer = asked_of_two(parallel.hubs)
    first, second = (came_from(agency, asked, answer) for agency in (THEM, "sco-rats"))
    if together:
        take_answers(ours, asked, first, second)
    else:
        assert (
            parallel.second(
                ours,
                lambda one: take_answers(one, asked, first),
                lambda one: take_answers(one, asked, second),
            )
            is None
        )
    assert trace(ours, asked.record_id).versions[-1].state is RecordState.ANSWERED
