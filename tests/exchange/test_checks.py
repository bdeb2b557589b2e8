"""A record is held until a person has answered, and the answers are logged with the release."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from hub.audit.events import Act
from hub.entries import RecordRow
from hub.errors import Refused
from hub.exchange.agreements import adopt
from hub.exchange.broker import Broker
from hub.exchange.checks import checks_for
from hub.exchange.contents import find_row
from hub.exchange.correcting import withdraw
from hub.exchange.drafting import draft
from hub.exchange.releasing import approve
from hub.policy.checks import Answered, Check
from hub.records.lifecycle import RecordState
from tests.exchange.hubs import AIGUL, BOLAT, CUSTODIAN, Hubs, agreement_text, document, release_it

ASKED = (Check.NEUTRALITY, Check.NON_DISCRIMINATION)
YES = [Answered(check=check, met=True, why="Case 26-114 is an ordinary crime") for check in ASKED]


@pytest.fixture
def ours(hubs: Hubs) -> Broker:
    broker = hubs.add("kz-knb")
    hubs.add("cis-atc")
    hubs.pair_all()
    checks = 'checks = ["neutrality", "non-discrimination", "minors"]\nby_rule'
    text = agreement_text(["kz-knb", "cis-atc"]).replace("by_rule", checks)
    for each in hubs.network.brokers.values():
        adopt(each, CUSTODIAN, text)
    return broker


def drafted(broker: Broker) -> RecordRow:
    return draft(broker, AIGUL, document(subjects=[]), recipients=["cis-atc"])


def release(broker: Broker, row: RecordRow, answers: Sequence[Answered]) -> None:
    approve(broker, BOLAT, row.record_id, digest=row.digest, recipients=row.recipients, answers=answers)


def state(broker: Broker, row: RecordRow) -> RecordState:
    with broker.store.read() as view:
        return find_row(view, row.record_id).state


def events(broker: Broker, *acts: Act) -> list[tuple[Act, str | None, dict[str, str]]]:
    with broker.store.read() as view:
        found = [event for _, event in view.events(after=0, limit=100)]
    return [(e.act, e.justification, dict(e.details)) for e in found if e.act in acts]


def test_a_record_is_held_until_every_check_is_answered(ours: Broker) -> None:
    row = drafted(ours)
    assert checks_for(ours, row.record_id) == ASKED
    for answers in ([], YES[:1]):
        with pytest.raises(Refused) as refusal:
            release(ours, row, answers)
        assert refusal.value.code == "check-unanswered"
        assert state(ours, row) is RecordState.DRAFT
    release(ours, row, YES)
    assert state(ours, row) is RecordState.RELEASED


def test_the_answers_are_logged_with_the_release(ours: Broker) -> None:
    row = drafted(ours)
    release(ours, row, YES)
    told = events(ours, Act.RELEASED, Act.CHECK_ANSWERED)
    assert [act for act, _, _ in told] == [Act.RELEASED, Act.CHECK_ANSWERED, Act.CHECK_ANSWERED]
    assert [details["check"] for _, _, details in told[1:]] == [check.value for check in ASKED]
    for _, why, details in told[1:]:
        assert why == YES[0].why
        assert (details["version"], details["digest"]) == ("1", row.digest.hex())


def test_an_answer_of_no_keeps_the_record_and_is_logged(ours: Broker) -> None:
    row = drafted(ours)
    no = Answered(check=Check.NEUTRALITY, met=False, why="It is about an election")
    with pytest.raises(Refused) as refusal:
        release(ours, row, [no, YES[1]])
    assert refusal.value.code == "check-failed"
    assert state(ours, row) is RecordState.DRAFT
    assert [details["code"] for _, _, details in events(ours, Act.REFUSED)] == ["check-failed"]
    assert events(ours, Act.CHECK_ANSWERED) == []


def test_an_answer_takes_a_reason(ours: Broker) -> None:
    row = drafted(ours)
    with pytest.raises(Refused) as refusal:
        release(ours, row, [YES[0], Answered(check=ASKED[1], met=True, why=" ")])
    assert refusal.value.code == "justification-missing"


def test_a_withdrawal_is_asked_nothing(ours: Broker) -> None:
    row = drafted(ours)
    release(ours, row, YES)
    release_it(ours, withdraw(ours, AIGUL, row.record_id, reason="mistaken identity"))
    assert state(ours, row) is RecordState.RELEASED
