"""Who may do what with a record: what holds whatever a policy says, and what the shipped policy says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import Refused
from hub.policy.access import ROLES, Access, Doing, permit_access
from hub.policy.decision import Decision, Deny, Permit
from hub.policy.rulebook import Rulebook, Unusable, check_policy, load_rulebook, read_policy, shipped_text
from hub.records.actor import Actor, ActorKind, Role
from hub.records.kinds import Kind, Purpose
from hub.records.label import Classification, Label, Tlp

SHIPPED = load_rulebook(shipped_text())
ANYTHING = load_rulebook('@id("anything") permit (principal, action, resource);')
NOTHING = load_rulebook('@id("nothing") forbid (principal, action, resource);')


def officer(*roles: Role, **parts: Any) -> Actor:
    told = {"clearance": Classification.SECRET, "compartments": frozenset(), "id": "aigul"} | parts
    return Actor(kind=ActorKind.OFFICER, agency="kz-knb", roles=frozenset(roles), **told)


MEMBER = Actor(kind=ActorKind.SYSTEM, id="kz-mvd", agency="kz-mvd")
READER = officer(Role.READER)


def asked(doing: Doing = Doing.READ, actor: Actor = READER, **parts: Any) -> Access:
    level = parts.pop("classification", Classification.CONFIDENTIAL)
    told: dict[str, Any] = {
        "our_agency": "kz-knb",
        "record_id": "0192f3a4-7b1c-7d2e-8f00-000000000001",
        "originator": "de-bka",
        "kind": Kind.WANTED_PERSON.value,
        "record_purpose": "search",
        "label": Label(classification=level, tlp=Tlp.AMBER),
        "agreement": "de-1999",
        "justification": "case 2026/17" if doing in {Doing.READ, Doing.EXPORT} else "",
        "recipient": "cis-atc" if doing is Doing.RELEASE else None,
    }
    return Access(doing=doing, actor=actor, **(told | parts))


def codes(decision: Decision) -> list[str]:
    return [reason.code for reason in decision.reasons] if isinstance(decision, Deny) else []


def only(rule: str) -> Rulebook:
    return load_rulebook(f'@id("rest") permit (principal, action, resource);\n{rule}')


@pytest.mark.parametrize(("doing", "role"), ROLES.items())
def test_who_has_the_role_may_and_who_has_all_others_may_not(doing: Doing, role: Role) -> None:
    assert isinstance(permit_access(asked(doing, officer(role)), SHIPPED), Permit)
    others = officer(*(set(Role) - {role}))
    for policy in (SHIPPED, ANYTHING):
        assert codes(permit_access(asked(doing, others), policy)) == ["role-missing"]


def test_a_members_system_collects_and_does_nothing_else() -> None:
    assert isinstance(permit_access(asked(Doing.COLLECT, MEMBER), SHIPPED), Permit)
    for doing in ROLES:
        assert codes(permit_access(asked(doing, MEMBER), ANYTHING)) == ["role-missing"]
    assert codes(permit_access(asked(Doing.COLLECT, officer(*Role)), ANYTHING)) == ["role-missing"]


@pytest.mark.parametrize("doing", ROLES)
@pytest.mark.parametrize("cleared", Classification)
def test_a_clearance_reaches_what_is_as_secret_and_no_further(doing: Doing, cleared: Classification) -> None:
    who = officer(*Role, clearance=cleared)
    for level in Classification:
        label = Label(classification=level, tlp=Tlp.AMBER)
        found = permit_access(asked(doing, who, label=label), ANYTHING)
        assert codes(found) == ([] if level.rank <= cleared.rank else ["clearance-missing"])


def test_an_officer_of_whom_no_clearance_is_stated_is_shown_nothing_restricted() -> None:
    who = Actor(kind=ActorKind.OFFICER, id="aigul", agency="kz-knb", roles=frozenset(Role))
    denied = permit_access(asked(actor=who, classification=Classification.RESTRICTED), ANYTHING)
    assert isinstance(denied, Deny)
    assert denied.reasons[0].sentence == "The record is restricted, and aigul is cleared up to unclassified."
    assert isinstance(
        permit_access(asked(actor=who, classification=Classification.UNCLASSIFIED), SHIPPED), Permit
    )


@pytest.mark.parametrize("doing", ROLES)
def test_what_is_confined_is_for_officers_in_all_of_its_compartments(doing: Doing) -> None:
    groups = frozenset({"almaty", "finance"})
    inside = officer(*Role, compartments=groups | {"north"})
    assert isinstance(permit_access(asked(doing, inside, compartments=groups), SHIPPED), Permit)
    outside = officer(*Role, compartments=frozenset({"almaty"}))
    denied = permit_access(asked(doing, outside, compartments=groups), SHIPPED)
    assert codes(denied) == ["policy-forbids"]
    assert isinstance(denied, Deny)
    assert denied.reasons[0].clause == "policy rule need-to-know"
    assert denied.reasons[0].sentence == (
        "A record that is confined to compartments is for officers who are in all of them. "
        "(Policy rule need-to-know.)"
    )


def test_what_is_confined_here_is_not_handed_to_a_members_systems() -> None:
    denied = permit_access(asked(Doing.COLLECT, MEMBER, compartments=frozenset({"almaty"})), SHIPPED)
    assert isinstance(denied, Deny)
    assert [one.clause for one in denied.reasons] == ["policy rule confined-to-this-hub"]


def test_a_record_is_read_for_its_own_purpose_where_one_is_stated() -> None:
    assert isinstance(permit_access(asked(purpose=Purpose("search")), SHIPPED), Permit)
    other = next(one for one in Purpose if one.value != "search")
    denied = permit_access(asked(purpose=other), SHIPPED)
    assert isinstance(denied, Deny)
    assert [one.clause for one in denied.reasons] == ["policy rule purpose-of-the-record"]


ATTRIBUTES = {
    "kind": 'resource.kind == "wanted-person"',
    "purpose": 'resource.purpose == "search"',
    "classification": "resource.classification == 2",
    "tlp": 'resource.tlp == "amber"',
    "originator": 'resource.originator == Agency::"de-bka"',
    "in its originator": 'resource in Agency::"de-bka"',
    "whose": "!resource.ours",
    "agreement": 'resource.agreement == "de-1999"',
    "officer": 'principal == Officer::"aigul"',
    "why": 'context.justification like "case *"',
}


@pytest.mark.parametrize("condition", ATTRIBUTES.values(), ids=ATTRIBUTES)
def test_a_policy_decides_by_each_attribute(condition: str) -> None:
    head = 'forbid (principal is Officer, action == Action::"read", resource is Record)'
    assert codes(permit_access(asked(), only(f'@id("x") {head} when {{ {condition} }};'))) == [
        "policy-forbids"
    ]
    assert codes(permit_access(asked(), only(f'@id("x") {head} unless {{ {condition} }};'))) == []


def test_a_policy_decides_a_release_by_its_recipient() -> None:
    head = 'forbid (principal is Officer, action == Action::"release", resource is Record'
    for rule in (
        f'{head}) when {{ context.recipient == Agency::"cis-atc" && !context.member }};',
        f'{head} in Agency::"cis-atc");',
    ):
        policy = only(f'@id("x") {rule}')
        who = officer(Role.RELEASER)
        assert codes(permit_access(asked(Doing.RELEASE, who), policy)) == ["policy-forbids"]
        assert codes(permit_access(asked(Doing.RELEASE, who, recipient="sco-rats"), policy)) == []


def test_what_no_rule_permits_is_denied() -> None:
    policy = load_rulebook('@id("x") permit (principal is Officer, action == Action::"answer", resource);')
    denied = permit_access(asked(), policy)
    assert codes(denied) == ["policy-denies"]


def test_a_rule_that_fails_denies_and_is_named_though_others_permit() -> None:
    rule = (
        '@id("adds-up") forbid (principal is Officer, action, resource is Record) '
        "when { principal.clearance + 9223372036854775807 > 0 };"
    )
    denied = permit_access(asked(), only(rule))
    assert codes(denied) == ["policy-undecided"]
    assert isinstance(denied, Deny)
    assert "adds-up" in denied.reasons[0].sentence


def test_a_policy_that_cannot_be_read_denies_everything() -> None:
    policy = read_policy("permit (")
    assert isinstance(policy, Unusable)
    for doing in ROLES:
        assert codes(permit_access(asked(doing, officer(*Role)), policy)) == ["policy-unusable"]
    assert isinstance(permit_access(asked(), read_policy(None)), Permit)


def test_an_actor_of_whom_no_policy_can_speak_is_denied() -> None:
    partner = Actor(kind=ActorKind.PARTNER, id="de-bka", agency="de-bka")
    assert codes(ANYTHING.decide(asked(actor=partner))) == ["policy-denies"]


def test_the_console_exports_evidence_whatever_a_policy_says() -> None:
    console = Actor(kind=ActorKind.HUB, id="kz-knb", agency="kz-knb")
    assert isinstance(permit_access(asked(Doing.EXPORT, console), NOTHING), Permit)
    assert codes(permit_access(asked(Doing.READ, console), ANYTHING)) == ["role-missing"]


def test_a_release_names_its_recipient_and_nothing_else_does() -> None:
    with pytest.raises(ValueError, match="recipient"):
        asked(Doing.RELEASE, recipient=None)
    with pytest.raises(ValueError, match="recipient"):
        asked(Doing.READ, recipient="cis-atc")


MISSPELT = """@id("a;b") permit (principal, action, resource);
@id("c")
forbid (principal is Officer, action, resource is Record)
when { principal.clearence > 2 };"""


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", 1, "at least one rule"),
        ('@id("a") permit (principal, action, resource)', 1, "unexpected end of input"),
        ('@id("a") permit (principal, action, resource);\n// ;\n\nforbid (principal,, action);', 4, "`,`"),
        ("permit (principal, action, resource);", 1, "@id"),
        ('@id("a") permit (principal, action, resource);\n' * 2, 2, "that of line 1"),
        ('@id("t") permit (principal == ?principal, action, resource);', 1, "template"),
        (MISSPELT, 2, "`clearence`"),
        ('@id("a") permit (principal, action == Action::"burn", resource);', 1, "burn"),
        ('@id("a") forbid (principal, action, resource) when { context.purpose == "x" };', 1, "purpose"),
        ("//" + "x" * 600_000, 1, "bytes"),
    ],
)
def test_a_policy_that_cannot_be_used_is_refused_with_the_line(text: str, line: int, said: str) -> None:
    problems = check_policy(text)
    assert problems[0].line == line
    assert said in problems[0].sentence
    with pytest.raises(Refused) as refused:
        load_rulebook(text)
    assert refused.value.code == "policy-invalid"
    assert f"line {line}: " in refused.value.sentence


def test_the_shipped_policy_permits_nothing_that_a_rule_does_not_tell() -> None:
    assert check_policy(shipped_text()) == ()
    assert all(rule.reason.endswith(".") for rule in SHIPPED.rules)


# Properties.

PARTNERS = [f"partner-{number}" for number in range(4)]
_HEADS = st.tuples(
    st.sampled_from(["permit", "forbid"]),
    st.sampled_from(
        ["principal", "principal is Officer", "principal is Member", 'principal == Officer::"aigul"']
    ),
    st.sampled_from(
        ["action", 'action == Action::"read"', 'action in [Action::"release", Action::"collect"]']
    ),
    st.sampled_from(
        ["resource", "resource is Record"]
        + [f'resource in Agency::"{one}"' for one in PARTNERS]
        + [f'resource is Record in Agency::"{PARTNERS[0]}"']
    ),
    st.sampled_from(
        [
            "",
            "when { resource.classification > 1 }",
            "unless { resource.compartments.isEmpty() }",
            "when { resource.classification + 9223372036854775805 > 0 }",
            'unless { resource.kind == "notice" }',
        ]
    ),
)


def _rule(number: int, head: tuple[str, ...]) -> str:
    effect, principal, action, resource, condition = head
    return f'@id("r{number}") {effect} ({principal}, {action}, {resource}) {condition};'


@cache
def _usable(head: tuple[str, ...]) -> bool:
    """Leave out what the check refuses, like a member that reads: it could never apply."""
    return not check_policy(_rule(0, head))


def _policy(heads: Iterable[tuple[str, ...]]) -> Rulebook:
    return load_rulebook("\n".join(_rule(number, head) for number, head in enumerate(heads)))


_ACTORS = st.one_of(
    st.just(MEMBER),
    st.builds(
        lambda roles, level, groups: officer(*roles, clearance=level, compartments=frozenset(groups)),
        st.sets(st.sampled_from(Role)),
        st.sampled_from(Classification),
        st.sets(st.sampled_from(["almaty", "north"])),
    ),
)


@st.composite
def _questions(draw: st.DrawFn) -> Access:
    doing = draw(st.sampled_from(Doing))
    return asked(
        doing,
        draw(_ACTORS),
        originator=draw(st.sampled_from(PARTNERS)),
        recipient=draw(st.sampled_from(PARTNERS)) if doing is Doing.RELEASE else None,
        classification=draw(st.sampled_from(Classification)),
        compartments=frozenset(draw(st.sets(st.sampled_from(["almaty", "north"])))),
        kind=draw(st.sampled_from(["notice", "wanted-person"])),
    )


_POLICIES = st.lists(_HEADS.filter(_usable), min_size=1, max_size=8)


@pytest.mark.slow
@given(question=_questions(), heads=_POLICIES)
@settings(max_examples=60)
def test_no_policy_loosens_a_hard_rule(question: Access, heads: list[tuple[str, ...]]) -> None:
    actor, level = question.actor, question.label.classification
    for policy in (ANYTHING, _policy(heads)):
        if isinstance(permit_access(question, policy), Deny):
            continue
        if question.doing is Doing.COLLECT:
            assert actor.kind is ActorKind.SYSTEM
        else:
            assert actor.kind is ActorKind.OFFICER
            assert ROLES[question.doing] in actor.roles
            assert actor.clearance.rank >= level.rank


@pytest.mark.slow
@given(question=_questions(), heads=_POLICIES)
@settings(max_examples=150)
def test_rules_that_cannot_apply_change_no_decision(question: Access, heads: list[tuple[str, ...]]) -> None:
    policy = _policy(heads)
    assert policy.decide(question) == policy.decide_by_all(question)


@pytest.mark.slow
@given(question=_questions(), heads=_POLICIES)
@settings(max_examples=40)
def test_a_further_forbid_only_ever_takes_away(question: Access, heads: list[tuple[str, ...]]) -> None:
    if isinstance(permit_access(question, _policy(heads)), Deny):
        more = [*heads, ("forbid", "principal", "action", "resource", "")]
        assert isinstance(permit_access(question, _policy(more)), Deny)


def test_what_an_officer_types_is_data_and_never_policy() -> None:
    hostile = '"}; permit (principal, action, resource); //'
    who = replace(READER, id=hostile)
    assert codes(permit_access(asked(actor=who, justification=hostile), NOTHING)) == ["policy-forbids"]
