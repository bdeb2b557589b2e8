"""What an agreement says beside kinds and labels: levels, forms, deadlines, retention, onward passing."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from hub.errors import Refused
from hub.policy import Agreement, Deny, Flow, Permit, Question, flows_by_rule, load_agreement, permit
from hub.policy.agreements import effective
from hub.policy.description import Difference, described, differences
from hub.policy.terms import Authority, Form, Ground, Level, Onward, RefusalGround
from hub.records.kinds import Kind
from hub.records.label import Classification, Handling
from tests.policy.samples import AGREEMENT, FLOW, LABEL, TEXT, agreed, asked, labelled

MORE = """
authorities = [{ party = "kz-knb", name = "National Security Committee", source = "Declaration" }]
levels = [{ party = "cis-atc", theirs = "для служебного пользования", ours = "restricted" }]
grounds = [{ ground = "sovereignty-or-security", article = "5", about = "Sovereignty" }]
sources = ["Treaty series, volume 1"]
uncertain = ["Who is competent today."]
draft = true
"""
FULL = TEXT.replace("in_force_from = 2000-12-05", f"in_force_from = 2000-12-05{MORE}").replace(
    'handling = ["H1"]',
    'handling = ["H1"]\nonward = "never"\nforms = ["written"]\nconfirm_hours = 24\n'
    "reply_days = { assistance-request = 30 }\nretention_days = 1826",
)


def codes(question: Question, agreement: Agreement) -> list[str]:
    decision = permit(question, [agreement], suspended=False)
    return [reason.code for reason in decision.reasons] if isinstance(decision, Deny) else []


def with_level(level: Classification) -> Agreement:
    return replace(AGREEMENT, levels=(Level(party="cis-atc", theirs="ДСП", ours=level),))


def test_a_file_with_everything_is_read() -> None:
    found = load_agreement(FULL)
    assert found.authorities == (
        Authority(party="kz-knb", name="National Security Committee", source="Declaration"),
    )
    assert found.marking("cis-atc", Classification.RESTRICTED) == "для служебного пользования"
    assert found.marking("cis-atc", Classification.SECRET) is None
    assert found.grounds == (
        Ground(ground=RefusalGround.SOVEREIGNTY_OR_SECURITY, article="5", about="Sovereignty"),
    )
    assert (found.sources, found.uncertain) == (("Treaty series, volume 1",), ("Who is competent today.",))
    (flow,) = found.flows
    assert (flow.onward, flow.forms, flow.confirm_hours) == (Onward.NEVER, {Form.WRITTEN}, 24)
    assert found.draft
    assert not found.holds_on(AGREEMENT.in_force_from)


def test_an_older_file_says_the_same_as_before() -> None:
    (flow,) = load_agreement(TEXT).flows
    assert (flow.onward, flow.forms, flow.confirm_hours) == (Onward.CONSENT, set(Form), 72)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('party = "kz-knb", name', 'party = "de-bka", name', "authorities names de-bka"),
        ('party = "cis-atc", theirs', 'party = "de-bka", theirs', "levels names de-bka"),
        ('ours = "restricted"', 'ours = "cosmic"', "levels[0].ours: expected one of"),
        ('article = "5", about', 'article = "6", about', "grounds rests on article 6"),
        ('ground = "sovereignty', 'ground = "dislike', "grounds[0].ground: expected one of"),
        ('onward = "never"', 'onward = "freely"', "flows[0].onward: expected one of"),
        ('forms = ["written"]', 'forms = ["oral"]', "flows[0].forms[0]: expected one of"),
        ('forms = ["written"]', "forms = []", "flows[0].forms: expected a list of 1"),
        ("confirm_hours = 24", "confirm_hours = 73", "confirm_hours: expected a whole number from 1 to 72"),
        ("draft = true", 'draft = "yes"', "draft: expected"),
        (
            "levels = [{",
            'levels = [{ party = "cis-atc", theirs = "x", ours = "restricted" }, {',
            "levels has",
        ),
    ],
)
def test_terms_that_are_wrong_are_refused_with_the_place(old: str, new: str, says: str) -> None:
    assert old in FULL
    with pytest.raises(Refused) as caught:
        load_agreement(FULL.replace(old, new, 1))
    assert caught.value.code == "agreement-invalid"
    assert says in caught.value.sentence


def test_no_code_makes_urgent_requests_wait_longer_than_72_hours_either() -> None:
    with pytest.raises(ValueError, match="at most 72"):
        replace(FLOW, confirm_hours=73)


@pytest.mark.parametrize(
    ("question", "agreement", "expected"),
    [
        (asked(), with_level(Classification.CONFIDENTIAL), []),
        (asked(), with_level(Classification.RESTRICTED), ["level-not-mapped"]),
        (labelled(classification=Classification.UNCLASSIFIED), with_level(Classification.SECRET), []),
        (asked(urgent=True), agreed(), []),
        (asked(urgent=True), agreed(forms=frozenset({Form.WRITTEN})), ["form-not-agreed"]),
        (asked(), agreed(forms=frozenset({Form.WRITTEN})), []),
        (asked(days_to_reply=30), agreed(reply_days={Kind.ASSISTANCE_REQUEST: 30}), []),
        (asked(days_to_reply=29), agreed(reply_days={Kind.ASSISTANCE_REQUEST: 30}), ["deadline-not-agreed"]),
        (asked(days_to_reply=1, urgent=True), agreed(reply_days={Kind.ASSISTANCE_REQUEST: 30}), []),
        (asked(days_to_reply=1), agreed(reply_days={Kind.DESIGNATION: 30}), []),
        (asked(days_to_reply=1), agreed(), []),
        (asked(), agreed(reply_days={Kind.ASSISTANCE_REQUEST: 30}), []),
        (asked(days_kept=365), agreed(retention_days=365), []),
        (asked(days_kept=366), agreed(retention_days=365), ["retention-not-agreed"]),
        (asked(days_kept=9999), agreed(), []),
        (asked(), agreed(retention_days=365), []),
        (asked(), replace(agreed(), draft=True), ["agreement-not-in-force"]),
    ],
)
def test_each_term_permits_and_denies(question: Question, agreement: Agreement, expected: list[str]) -> None:
    assert codes(question, agreement) == expected


@pytest.mark.parametrize(("onward", "expected"), [(Onward.CONSENT, []), (Onward.NEVER, ["third-party-rule"])])
def test_what_came_under_never_is_shown_on_to_nobody(onward: Onward, expected: list[str]) -> None:
    treaty = replace(
        AGREEMENT,
        id="kz-kg",
        parties=("kz-knb", "kg-gknb"),
        flows=(
            replace(FLOW, senders=frozenset({"kg-gknb"}), recipients=frozenset({"kz-knb"}), onward=onward),
        ),
    )
    domestic = replace(
        AGREEMENT,
        id="kz-domestic",
        parties=("kz-knb", "kz-mvd"),
        flows=(replace(FLOW, recipients=frozenset({"kz-mvd"}), handling=frozenset(Handling)),),
    )
    question = asked(originator="kg-gknb", counterparty="kz-mvd", agreement=None, came_under="kz-kg")
    decision = permit(question, [treaty, domestic], suspended=False)
    assert ([r.code for r in decision.reasons] if isinstance(decision, Deny) else []) == expected
    elsewhere = replace(question, came_under="other")
    assert not isinstance(permit(elsewhere, [treaty, domestic], suspended=False), Deny)


@pytest.mark.parametrize(
    ("label", "by_rule"),
    [
        ({}, True),
        ({"classification": Classification.SECRET}, False),
        ({"classification": Classification.TOP_SECRET}, False),
        ({"originator_control": True}, False),
    ],
)
def test_no_file_lets_what_is_secret_or_controlled_flow_by_rule(label: dict[str, Any], by_rule: bool) -> None:
    question = asked(kind=Kind.DESIGNATION, label=replace(LABEL, **label))
    decision = flows_by_rule(question, [agreed(highest=Classification.TOP_SECRET)])
    assert ([r.code for r in decision.reasons] if isinstance(decision, Deny) else []) == (
        [] if by_rule else ["four-eyes"]
    )


@pytest.mark.parametrize(
    ("until", "since", "last"),
    [
        (date(2026, 6, 30), None, date(2026, 6, 30)),
        (None, date(2025, 7, 1), date(2026, 7, 2)),
        (date(2026, 6, 30), date(2025, 7, 1), date(2026, 6, 30)),
        (date(2030, 1, 1), date(2025, 7, 1), date(2026, 7, 2)),
    ],
)
def test_a_standing_rule_ends_with_its_day_and_never_later_than_a_year_after_it_took_effect(
    until: date | None, since: date | None, last: date
) -> None:
    found = replace(agreed(by_rule_until=until), effective_on=since)
    for day, permitted in ((last, True), (last + timedelta(days=1), False)):
        question = asked(kind=Kind.DESIGNATION, at=datetime(day.year, day.month, day.day, tzinfo=UTC))
        decision = flows_by_rule(question, [found])
        assert isinstance(decision, Permit) is permitted
        assert isinstance(permit(question, [found], suspended=False), Permit), "an officer may release it"
    assert isinstance(decision, Deny)
    (reason,) = decision.reasons
    assert (reason.code, reason.clause) == ("four-eyes", "cis-1999 art. 5")
    assert f"ended with {last.isoformat()}; two custodians renew it" in reason.sentence


def test_a_file_that_took_effect_says_when_its_standing_rules_end() -> None:
    found = effective(TEXT, since=datetime(2026, 1, 31, 23, 30, tzinfo=timezone(timedelta(hours=-5))))
    assert found.effective_on == date(2026, 2, 1)
    flows = described(found)["flows"]
    assert [(one["by_rule_until"], one["by_rule_ends"]) for one in flows] == [(None, "2027-02-02")]  # type: ignore[attr-defined]
    assert replace(found, effective_on=None) == load_agreement(TEXT)


def test_an_agreement_does_not_differ_from_itself() -> None:
    found = load_agreement(FULL)
    assert differences(found, found) == []
    assert described(found)["draft"] is True


def test_every_change_is_told_by_where_it_stands() -> None:
    before = load_agreement(FULL)
    after = load_agreement(
        FULL.replace('highest = "confidential"', 'highest = "secret"')
        .replace('"Exchange of information"', '"Exchange"')
        .replace('ours = "restricted"', 'ours = "confidential"')
        .replace("draft = true", "draft = false")
        .replace("retention_days = 1826", "")
    )
    assert differences(before, after) == [
        Difference(where="draft", before="True", after="False"),
        Difference(
            where="level для служебного пользования of cis-atc", before="restricted", after="confidential"
        ),
        Difference(where="article 5", before="Exchange of information", after="Exchange"),
        Difference(where="kz-knb → cis-atc: highest", before="confidential", after="secret"),
        Difference(where="kz-knb → cis-atc: retention_days", before="1826", after="any"),
    ]


@pytest.mark.parametrize(
    ("line", "where", "after"),
    [
        ("retention_of = { designation = 30 }", "retention_of", "designation: 30"),
        ("review_days = { designation = 365 }", "review_days", "designation: 365"),
        ("by_rule_until = 2026-06-30", "by_rule_until", "2026-06-30"),
    ],
)
def test_what_a_flow_says_of_days_alone_is_told_as_a_change(line: str, where: str, after: str) -> None:
    told = differences(load_agreement(TEXT), load_agreement(f"{TEXT}{line}\n"))
    assert [(one.where, one.after) for one in told] == [(f"kz-knb → cis-atc: {where}", after)]


def test_another_calendar_is_told_as_a_change() -> None:
    before = load_agreement(TEXT)
    after = load_agreement(f"{TEXT}\n[calendar]\nholidays = [2026-12-16]\n")
    assert [(one.where, one.after) for one in differences(before, after)] == [
        ("calendar: weekend", "saturday, sunday"),
        ("calendar: holidays", "2026-12-16"),
        ("calendar: worked", "none"),
    ]


def test_nothing_that_an_agreement_says_is_left_out_of_what_is_told_of_it() -> None:
    found = load_agreement(TEXT)
    told = described(found)
    assert {one.name for one in fields(Agreement)} - {"effective_on"} == set(told)
    (flow,) = told["flows"]  # type: ignore[misc]
    named = {"senders": "from", "recipients": "to"}
    assert {named.get(one.name, one.name) for one in fields(Flow)} == set(flow) - {"by_rule_ends"}


def test_what_is_new_and_what_is_gone_is_told() -> None:
    before = load_agreement(TEXT)
    flow = replace(before.flows[0], senders=frozenset({"cis-atc"}), recipients=frozenset({"kz-knb"}))
    told = differences(before, replace(before, flows=(flow,)))
    assert {d.where for d in told if d.after is None} == {
        d.where.replace("cis-atc → kz-knb", "kz-knb → cis-atc") for d in told if d.before is None
    }
