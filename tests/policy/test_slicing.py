"""A rule is left out of a decision only where it can be neither satisfied nor in error."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.policy.access import Access, Doing
from hub.policy.decision import Deny
from hub.policy.rulebook import check_policy, load_rulebook
from hub.records.actor import Role
from hub.records.label import Classification
from tests.policy.test_access import MEMBER, asked, officer

OVERFLOWS = "resource.classification + 9223372036854775805 > 0"
HERE, ELSEWHERE = 'resource in Agency::"de-bka"', 'resource in Agency::"cis-atc"'
READING = asked(Doing.READ, officer(*Role))
RELEASING = asked(Doing.RELEASE, officer(*Role), originator="kz-knb", recipient="de-bka")


def kept(conditions: str, question: Access = READING, *, head: str = "principal, action, resource") -> bool:
    """Tell whether a rule of these conditions is asked."""
    text = f'@id("all") permit (principal, action, resource);\n@id("one") forbid ({head}) {conditions};'
    assert check_policy(text) == ()
    return len(load_rulebook(text).applying(question)) == 2


@pytest.mark.parametrize(
    ("condition", "applies"),
    [
        (HERE, True),
        (ELSEWHERE, False),
        (f'{ELSEWHERE} && resource.kind == "notice"', False),
        (f'resource.kind == "notice" && {ELSEWHERE}', False),
        (f"{ELSEWHERE} && {OVERFLOWS}", False),
        (f"{OVERFLOWS} && {ELSEWHERE}", True),
        (f'(resource.kind == "notice" || {OVERFLOWS}) && {ELSEWHERE}', True),
        (f"{ELSEWHERE} || {OVERFLOWS}", True),
        (f"{ELSEWHERE} || resource.ours", False),
        (f'{ELSEWHERE} || resource.tlp == "red"', True),
        (f"!({HERE})", False),
        (f"!({ELSEWHERE})", True),
        ('resource in [Agency::"cis-atc", Agency::"sco-rats"]', False),
        ('resource in [Agency::"cis-atc", Agency::"de-bka"]', True),
        ('resource.originator == Agency::"cis-atc"', False),
        ('resource.originator != Agency::"de-bka"', False),
        ('Agency::"cis-atc" == resource.originator', False),
        ('resource.originator in Agency::"cis-atc"', True),
        ('resource.agreement == "cis-1999"', False),
        ('resource.agreement == "de-1999"', True),
        ("resource.ours", False),
        ("!resource.ours", True),
        ('action == Action::"release"', False),
        ('action == Action::"read"', True),
        ('if resource.ours then resource.tlp == "red" else false', False),
        (f"if {ELSEWHERE} then {OVERFLOWS} else resource.ours", False),
        ('context has purpose && context.purpose == "search" && resource.ours', True),
        (f"resource.ours && context has purpose && {OVERFLOWS}", False),
        ('principal is Officer && resource.tlp like "r*" && resource.ours', False),
    ],
)
def test_a_condition_that_is_surely_false_and_cannot_fail_leaves_its_rule_out(
    condition: str, applies: bool
) -> None:
    assert kept(
        f"when {{ {condition} }}", head='principal is Officer, action == Action::"read", resource'
    ) is (applies)


def test_unless_is_the_other_way_round() -> None:
    assert not kept(f"unless {{ {HERE} }}")
    assert kept(f"unless {{ {ELSEWHERE} }}")


def test_a_further_condition_that_could_fail_keeps_its_rule_wherever_it_stands() -> None:
    for conditions in (
        f"when {{ {ELSEWHERE} }} when {{ {OVERFLOWS} }}",
        f"when {{ {OVERFLOWS} }} when {{ {ELSEWHERE} }}",
        f"when {{ {ELSEWHERE} }} unless {{ {OVERFLOWS} }}",
    ):
        assert kept(conditions)
    assert not kept(f'when {{ resource.tlp == "red" }} when {{ {ELSEWHERE} }}')


def test_whom_a_release_goes_to_is_known_of_a_release_alone() -> None:
    head = 'principal, action == Action::"release", resource'
    for condition, applies in (
        ('context.recipient == Agency::"de-bka"', True),
        ('context.recipient == Agency::"cis-atc"', False),
        ("context.member", False),
        ("!context.member", True),
        (HERE, True),
        (ELSEWHERE, False),
        ("resource.ours", True),
    ):
        assert kept(f"when {{ {condition} }}", RELEASING, head=head) is applies
    anyone = 'when { action == Action::"release" && context.recipient == Agency::"de-bka" }'
    assert kept(anyone, RELEASING)
    assert not kept(anyone, READING)


def test_a_rule_that_fails_denies_although_another_of_its_conditions_is_false() -> None:
    text = (
        '@id("all") permit (principal, action, resource);\n'
        f'@id("one") forbid (principal, action, resource) when {{ {OVERFLOWS} && {ELSEWHERE} }};'
    )
    decision = load_rulebook(text).decide(asked(classification=Classification.SECRET))
    assert isinstance(decision, Deny)
    assert [one.code for one in decision.reasons] == ["policy-undecided"]


# Properties.

PARTNERS = ["kz-knb", "de-bka", "cis-atc"]
_ATOMS = st.sampled_from(
    [
        HERE,
        ELSEWHERE,
        'resource in [Agency::"de-bka", Agency::"kz-knb"]',
        'resource.originator == Agency::"de-bka"',
        'resource.originator in Agency::"cis-atc"',
        'resource.agreement != "de-1999"',
        "resource.ours",
        OVERFLOWS,
        'resource.kind == "notice"',
        "resource.compartments.isEmpty()",
        'action == Action::"release"',
        '(action == Action::"release" && context.recipient == Agency::"de-bka")',
        '(action == Action::"release" && context.member)',
        '(context has purpose && context.purpose == "search")',
        'resource.tlp like "r*"',
        "true",
    ]
)
_CONDITIONS = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.builds("({} && {})".format, inner, inner),
        st.builds("({} || {})".format, inner, inner),
        st.builds("!({})".format, inner),
        st.builds("(if {} then {} else {})".format, inner, inner, inner),
    ),
    max_leaves=5,
)
_RULES = st.builds(
    "{} ({}, {}, {}) {}".format,
    st.sampled_from(["permit", "forbid"]),
    st.sampled_from(["principal", "principal is Officer", "principal is Member"]),
    st.sampled_from(
        ["action", 'action == Action::"release"', 'action in [Action::"read", Action::"collect"]']
    ),
    st.sampled_from(["resource", HERE, "resource is Record"]),
    st.lists(
        st.builds("{} {{ {} }}".format, st.sampled_from(["when", "unless"]), _CONDITIONS), max_size=2
    ).map(" ".join),
)


@cache
def usable(rule: str) -> bool:
    """Leave out what the check refuses, like a condition that can never hold."""
    return not check_policy(f'@id("one") {rule};')


@st.composite
def questions(draw: st.DrawFn) -> Access:
    doing = draw(st.sampled_from([Doing.READ, Doing.EXPORT, Doing.RELEASE, Doing.COLLECT]))
    return asked(
        doing,
        MEMBER if doing is Doing.COLLECT else officer(*Role),
        originator=draw(st.sampled_from(PARTNERS)),
        recipient=draw(st.sampled_from(PARTNERS)) if doing is Doing.RELEASE else None,
        member=draw(st.booleans()) if doing is Doing.RELEASE else False,
        agreement=draw(st.sampled_from(["de-1999", "cis-1999"])),
        classification=draw(st.sampled_from(Classification)),
        kind=draw(st.sampled_from(["notice", "wanted-person"])),
    )


@pytest.mark.slow
@given(question=questions(), rules=st.lists(_RULES.filter(usable), min_size=1, max_size=6))
@settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow])  # the engine checks each rule
def test_what_is_decided_by_some_rules_is_what_all_decide_errors_and_all(
    question: Access, rules: list[str]
) -> None:
    policy = load_rulebook("\n".join(f'@id("r{number}") {rule};' for number, rule in enumerate(rules)))
    assert policy.decide(question) == policy.decide_by_all(question)
