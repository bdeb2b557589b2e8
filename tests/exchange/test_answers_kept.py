"""What the rules answered serves all that ask the same, in each process, until the day or a rule changes."""

from __future__ import annotations

from dataclasses import replace

from hub.entries import Direction
from hub.exchange import members
from hub.exchange.agreements import adopt
from hub.exchange.broker import Broker, StandingCache
from hub.exchange.preparing import fill_in
from hub.exchange.recipients import judge_all, question_of_record
from hub.exchange.suspending import resume, suspend
from hub.records.record import Record, load_record
from tests.exchange.hubs import CUSTODIAN, add_member, agreement_text, document

US, THEM, DESK = "kz-knb", "cis-atc", "kz-mvd"
_DAY_S = 86_400.0


def workers(broker: Broker) -> tuple[Broker, Broker]:
    """Return two processes of one hub: each has caches of its own."""
    return broker, replace(broker, standings=StandingCache())


def record(broker: Broker) -> Record:
    return load_record(fill_in(document(), agency=US, at=broker.clock.now()), max_bytes=100_000)


def codes(broker: Broker, one: Record, to: str = THEM) -> list[str]:
    """Return why a record may not go now; nothing where it may."""
    (verdict,) = judge_all(broker.standing(), one, [to], agency=US, at=broker.clock.now())
    return [reason.code for reason in verdict.reasons]


def test_records_of_one_day_ask_the_rules_one_question(ours: Broker) -> None:
    first = record(ours)
    asked = {"counterparty": THEM, "direction": Direction.OUT, "agency": US}
    before = question_of_record(first, at=ours.clock.now(), **asked)  # type: ignore[arg-type]
    ours.clock.pass_(60.0)  # type: ignore[attr-defined]
    assert question_of_record(record(ours), at=ours.clock.now(), **asked) == before  # type: ignore[arg-type]


def test_a_suspension_and_its_end_are_answered_at_once_in_each_process(ours: Broker) -> None:
    both, one = workers(ours), record(ours)
    assert [codes(worker, one) for worker in both] == [[], []]
    suspend(both[0], CUSTODIAN, THEM)
    assert [codes(worker, one) for worker in both] == [["partner-suspended"]] * 2
    resume(both[1], CUSTODIAN, THEM)
    assert [codes(worker, one) for worker in both] == [[], []]


def test_a_member_that_is_suspended_gets_nothing_at_once_from_any_process(ours: Broker) -> None:
    add_member(ours, DESK)
    adopt(ours, CUSTODIAN, agreement_text([US, THEM, DESK]).replace("version = 1", "version = 2"))
    both, one = workers(ours), record(ours)
    assert [codes(worker, one, DESK) for worker in both] == [[], []]
    members.suspend(both[1], CUSTODIAN, DESK)
    assert [codes(worker, one, DESK) for worker in both] == [["partner-suspended"]] * 2


def test_another_version_of_the_agreement_counts_at_once_in_each_process(ours: Broker) -> None:
    both, one = workers(ours), record(ours)
    assert [codes(worker, one) for worker in both] == [[], []]
    second = agreement_text([US, THEM]).replace("version = 1", "version = 2")
    adopt(both[1], CUSTODIAN, second.replace('"en", ', ""))
    assert [codes(worker, one) for worker in both] == [["language-not-agreed"]] * 2


def test_what_may_go_today_may_not_tomorrow_when_the_agreement_has_ended(ours: Broker) -> None:
    ends = f"in_force_from = 2020-01-01\nin_force_until = {ours.clock.now():%Y-%m-%d}"
    text = agreement_text([US, THEM]).replace("version = 1", "version = 2")
    adopt(ours, CUSTODIAN, text.replace("in_force_from = 2020-01-01", ends))
    both, one = workers(ours), record(ours)
    assert [codes(worker, one) for worker in both] == [[], []]
    ours.clock.pass_(_DAY_S)  # type: ignore[attr-defined]
    assert [codes(worker, one) for worker in both] == [["agreement-not-in-force"]] * 2
