"""Every rule is explained, and the explanation never says anything else than the decision."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given

from hub.codes import CODES
from hub.errors import Refused
from hub.policy import Agreement, Deny, Permit, Question, flows_by_rule, load_agreement, permit
from hub.policy.cases import Expected, Table, load_table, try_case
from hub.policy.explanation import Explanation, Finding, Verdict, explain
from hub.policy.rules import RULES
from hub.records.kinds import Kind
from hub.records.label import Handling
from tests.policy.samples import AGREEMENT, QUESTION, agreed, asked, labelled
from tests.policy.test_permission import cases, few

HERE = Path(__file__).parent / "cases"
TABLES = sorted(HERE.glob("*.toml"))


def explained(question: Question, *agreements: Agreement, suspended: bool = False) -> Explanation:
    return explain(question, agreements or (AGREEMENT,), suspended=suspended)


def finding(found: Explanation, code: str) -> Finding:
    (one,) = (each for each in found.findings if each.code == code)
    return one


@few
@given(cases())
def test_an_explanation_says_what_is_decided(case: tuple[Question, Agreement]) -> None:
    question, agreement = case
    decision = permit(question, [agreement], suspended=False)
    found = explained(question, agreement)
    assert found.permitted is isinstance(decision, Permit)
    failed = {one.code for one in found.findings if one.verdict is Verdict.FAILED} - {"four-eyes"}
    assert failed == ({reason.code for reason in decision.reasons} if isinstance(decision, Deny) else set())
    if isinstance(decision, Permit):
        assert found.by_rule is isinstance(flows_by_rule(question, [agreement]), Permit)


def test_every_rule_is_told_with_its_code_source_and_sentence() -> None:
    assert len({row.code for row in RULES}) == len(RULES) == 18
    assert {row.code for row in RULES} <= CODES.keys()
    for one in explained(QUESTION).findings:
        assert one.rule.endswith(".")
        assert one.told.endswith(".")
        assert one.source


def test_what_may_go_with_a_second_officer_is_told_so() -> None:
    found = explained(QUESTION)
    assert (found.permitted, found.by_rule, found.recipient) == (True, False, "cis-atc")
    assert finding(found, "four-eyes").remedy == "nothing need change: a second officer releases it"
    assert finding(found, "language-not-agreed") == Finding(
        code="language-not-agreed",
        rule="The language is agreed.",
        verdict=Verdict.MET,
        told="ru; agreed: kk, ru.",
        source="cis-1999, version 1, art. 5",
    )


def test_what_flows_by_rule_is_told_so() -> None:
    found = explained(asked(kind=Kind.DESIGNATION))
    assert (found.permitted, found.by_rule) == (True, True)
    assert finding(found, "four-eyes").verdict is Verdict.MET


def test_a_rule_that_failed_names_its_clause_and_what_would_change_it() -> None:
    one = finding(explained(asked(language="fr")), "language-not-agreed")
    assert one.verdict is Verdict.FAILED
    assert one.source == "cis-1999 art. 5"
    assert one.remedy == "a translation into an agreed language"
    assert "agreed: kk, ru" in one.told


def test_a_rule_that_concerns_nothing_is_not_asked() -> None:
    found = explained(QUESTION, agreed(tlp=None))
    for code in ("article-not-agreed", "tlp-not-agreed", "level-not-mapped", "third-party-rule"):
        assert finding(found, code).verdict is Verdict.NOT_ASKED
    assert finding(explained(labelled(handling=(Handling.H0,))), "handling-not-agreed").verdict is (
        Verdict.NOT_ASKED
    )


def test_without_an_agreement_what_it_would_say_is_not_asked() -> None:
    found = explained(asked(agreement="other"))
    failed = [one.code for one in found.findings if one.verdict is Verdict.FAILED]
    assert failed == ["agreement-missing", "four-eyes"]
    assert finding(found, "kind-not-agreed").verdict is Verdict.NOT_ASKED


def test_the_newest_version_is_the_one_explained() -> None:
    newer = replace(agreed(languages=frozenset({"fr"})), version=2)
    one = finding(explained(QUESTION, AGREEMENT, newer), "language-not-agreed")
    assert (one.verdict, "fr" in one.told) == (Verdict.FAILED, True)


def test_a_suspended_partner_is_explained() -> None:
    one = finding(explained(QUESTION, suspended=True), "partner-suspended")
    assert (one.verdict, one.source) == (Verdict.FAILED, "this hub's directory")


def read(path: Path) -> tuple[Table, list[Agreement]]:
    table = load_table(path.read_text("utf-8"))
    return table, [load_agreement((path.parent / name).read_text("utf-8")) for name in table.agreements]


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_every_case_of_the_tables_is_decided_as_lawyers_expect(path: Path) -> None:
    table, agreements = read(path)
    tried = [try_case(case, agreements) for case in table.cases]
    assert [(each.case.name, each.found, each.because) for each in tried if not each.right] == []


def test_the_tables_have_at_least_eighty_cases_and_expect_all_that_can_come() -> None:
    every = [case for path in TABLES for case in read(path)[0].cases]
    assert len(every) >= 80
    assert {case.expected for case in every} == set(Expected)


@cache
def verdicts() -> tuple[Set[str], Set[str]]:
    """Return the codes of the rules by which some case goes, and of those by which some case does not.

    A rule lets a case go that goes and that it concerns. Checks leave a case open until a person answers;
    they let go what nobody is asked about.
    """
    lets, keeps = set(), set()
    for table, agreements in map(read, TABLES):
        for case in table.cases:
            told = explain(case.question, agreements, suspended=case.suspended)
            for one in told.findings:
                asked_of_people = one.code == "check-unanswered"
                if one.verdict is (Verdict.OPEN if asked_of_people else Verdict.FAILED):
                    keeps.add(one.code)
                elif told.permitted and one.verdict is (
                    Verdict.NOT_ASKED if asked_of_people else Verdict.MET
                ):
                    lets.add(one.code)
    return lets, keeps


@pytest.mark.parametrize("code", [row.code for row in RULES])
def test_every_rule_has_a_case_that_it_lets_go_and_one_that_it_keeps(code: str) -> None:
    lets, keeps = verdicts()
    assert code in lets, f"write a case that goes and to which {code} applies"
    assert code in keeps, f"write a case that {code} keeps from going"
    assert code in CODES


def test_a_rule_that_no_case_tries_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.TABLES", [path for path in TABLES if path.stem == "labels"])
    verdicts.cache_clear()
    try:
        assert {row.code for row in RULES} > verdicts()[1]
    finally:
        monkeypatch.undo()
        verdicts.cache_clear()


CASE = """
title = "One"
agreements = ["a.toml"]

[given]
us = "kz-knb"
from = "kz-knb"
under = "cis-1999"
on = 2026-03-31
purpose = "investigation"
language = "ru"
classification = "confidential"
tlp = "amber"

[[cases]]
name = "A request"
to = "cis-atc"
kind = "assistance-request"
expect = "goes with a second officer"
"""


def tried(text: str, *agreements: Agreement) -> tuple[bool, Expected, frozenset[str]]:
    (case,) = load_table(text).cases
    found = try_case(case, agreements or (AGREEMENT,))
    return found.right, found.found, found.because


def test_a_case_is_right_for_exactly_the_reasons_expected() -> None:
    assert tried(CASE) == (True, Expected.SECOND_OFFICER, frozenset())
    wrong = CASE.replace('expect = "goes with a second officer"', 'expect = "goes by rule"')
    assert tried(wrong) == (False, Expected.SECOND_OFFICER, frozenset())
    french = CASE.replace('"ru"', '"fr"').replace(
        'expect = "goes with a second officer"', 'expect = "refused"\nbecause = ["language-not-agreed"]'
    )
    assert tried(french) == (True, Expected.REFUSED, frozenset({"language-not-agreed"}))
    also = french.replace('"assistance-request"', '"notice"')
    assert tried(also) == (
        False,
        Expected.REFUSED,
        frozenset({"language-not-agreed", "kind-not-agreed"}),
    )


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('title = "One"', "", "title: is missing"),
        ('language = "ru"', 'langauge = "ru"', "given.langauge: is not a field here"),
        ('language = "ru"\n', "", "the case “A request” says nothing of language, and nor does [given]"),
        ('"assistance-request"', '"letter"', "cases[0].kind: expected one of"),
        ("2026-03-31", '"2026-03-31"', "given.on: expected a date"),
        ('"goes with a second officer"', '"goes"', "cases[0].expect: expected one of"),
        ('"goes with a second officer"', '"refused"', "says because exactly where it is refused"),
        (
            '"goes with a second officer"',
            '"goes by rule"\nbecause = ["kind-not-agreed"]',
            "says because exactly where it is refused",
        ),
        (
            '"goes with a second officer"',
            '"refused"\nbecause = ["dislike"]',
            "cases[0].because[0]: expected one of",
        ),
        ('tlp = "amber"', 'tlp = "clear"', "the case “A request”: label.tlp: expected green or stricter"),
        ('us = "kz-knb"', 'us = "kz-mvd"', "expected kz-mvd, whose hub is asked, as sender or recipient"),
        ("[[cases]]", "[cases]", "cases"),
        ("title = ", "title ", "it is not TOML"),
    ],
)
def test_a_table_that_is_wrong_is_refused_with_the_place(old: str, new: str, says: str) -> None:
    assert old in CASE
    with pytest.raises(Refused) as caught:
        load_table(CASE.replace(old, new, 1))
    assert caught.value.code == "cases-invalid"
    assert says in caught.value.sentence


def test_a_name_is_given_to_one_case_alone() -> None:
    with pytest.raises(Refused, match="cases has A request more than once"):
        load_table(CASE + CASE[CASE.index("[[cases]]") :])


def test_a_table_beyond_the_limit_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(Refused, match="larger than 524,288 bytes"):
        load_table("#" * 524_289)
