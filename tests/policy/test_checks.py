"""What a machine cannot decide is asked where the agreement takes it, and only of what it concerns."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.errors import Refused
from hub.policy import Deny, Permit, flows_by_rule, load_agreement, permit
from hub.policy.checks import CHECKS, Answered, Check, require_answers
from hub.policy.explanation import Verdict, explain
from hub.policy.permission import checks_of
from hub.records.kinds import Kind
from tests.policy.samples import AGREEMENT, QUESTION, TEXT, agreed, asked

ALL = agreed(checks=frozenset(Check))
SURE = tuple(check for check in Check if check is not Check.MINORS)


def answers(*checks: Check, met: bool = True) -> list[Answered]:
    return [Answered(check=check, met=met, why="as the file says") for check in checks]


def code_of(wanted: tuple[Check, ...], given: list[Answered]) -> str:
    with pytest.raises(Refused) as caught:
        require_answers(wanted, given)
    return caught.value.code


def test_a_file_lists_the_checks_of_a_flow() -> None:
    told = TEXT.replace(
        'highest = "confidential"', 'highest = "confidential"\nchecks = ["minors", "neutrality"]'
    )
    assert load_agreement(told).flows[0].checks == {Check.MINORS, Check.NEUTRALITY}
    assert load_agreement(TEXT).flows[0].checks == frozenset()
    with pytest.raises(Refused, match=r"flows\[0\].checks\[0\]: expected one of"):
        load_agreement(told.replace("minors", "mood"))


def test_nothing_is_asked_where_the_agreement_takes_no_checks() -> None:
    assert checks_of(replace(QUESTION, may_be_minor=True), [AGREEMENT]) == ()
    assert checks_of(asked(agreement="other"), [ALL]) == ()


def test_a_request_about_persons_is_asked_everything_but_minors() -> None:
    assert checks_of(QUESTION, [ALL]) == SURE
    assert checks_of(asked(may_be_minor=True), [ALL]) == tuple(Check)


@pytest.mark.parametrize("check", Check)
def test_a_check_is_asked_of_the_kinds_that_it_concerns_alone(check: Check) -> None:
    wide = agreed(checks=frozenset({check}), kinds=frozenset(Kind), by_rule=frozenset())
    for kind in Kind:
        expected = (check,) if kind in CHECKS[check].kinds else ()
        assert checks_of(asked(kind=kind, may_be_minor=True), [wide]) == expected


@pytest.mark.parametrize("check", Check)
def test_every_check_lets_go_when_answered_yes_and_keeps_otherwise(check: Check) -> None:
    require_answers((check,), answers(check))
    assert code_of((check,), []) == "check-unanswered"
    assert code_of((check,), answers(check, met=False)) == "check-failed"
    assert CHECKS[check].question.endswith("?")
    assert CHECKS[check].source


def test_all_that_is_open_is_asked_at_once() -> None:
    with pytest.raises(Refused) as caught:
        require_answers((Check.NEUTRALITY, Check.MINORS), answers())
    assert "neutrality: Is the matter free" in caught.value.sentence
    assert "minors: A person in it" in caught.value.sentence


def test_an_answer_that_nobody_asked_for_or_a_second_one_is_refused() -> None:
    assert code_of((), answers(Check.MINORS)) == "request-invalid"
    twice = [*answers(Check.MINORS), *answers(Check.MINORS, met=False)]
    assert code_of((Check.MINORS,), twice) == "request-invalid"


def test_what_is_asked_never_flows_by_rule() -> None:
    free = asked(kind=Kind.DESIGNATION)
    assert isinstance(flows_by_rule(free, [ALL]), Permit)
    decision = flows_by_rule(replace(free, may_be_minor=True), [ALL])
    assert isinstance(decision, Deny)
    assert [reason.code for reason in decision.reasons] == ["four-eyes"]
    assert "minors" in decision.reasons[0].sentence
    assert isinstance(permit(replace(free, may_be_minor=True), [ALL], suspended=False), Permit)


def test_what_is_asked_is_explained_as_open() -> None:
    (one,) = (f for f in explain(QUESTION, [ALL], suspended=False).findings if f.code == "check-unanswered")
    assert one.verdict is Verdict.OPEN
    assert "Constitution of the ICPO-INTERPOL, art. 3" in one.told
    (none,) = (
        f for f in explain(QUESTION, [AGREEMENT], suspended=False).findings if f.code == "check-unanswered"
    )
    assert none.verdict is Verdict.NOT_ASKED
