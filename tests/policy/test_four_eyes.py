from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.codes import CODES
from hub.errors import Refused
from hub.policy import Deny, Permit, Reason, may, may_administer, may_approve, may_draft, may_operate, require
from hub.records.actor import Actor, ActorKind, Role
from tests.policy.samples import officer

SYSTEM = Actor(kind=ActorKind.SYSTEM, id="kz-mvd", agency="kz-mvd")
HUB = Actor(kind=ActorKind.HUB, id="kz-knb", agency="kz-knb")

actors = st.builds(
    Actor,
    kind=st.sampled_from(ActorKind),
    id=st.sampled_from(["aigerim", "daniyar", "kz-mvd"]),
    agency=st.just("kz-knb"),
    roles=st.frozensets(st.sampled_from(Role)),
)


def codes(decision: object) -> list[str]:
    assert isinstance(decision, Deny)
    return [reason.code for reason in decision.reasons]


def test_a_second_officer_who_is_a_releaser_may_approve() -> None:
    assert may_approve(officer("daniyar", Role.RELEASER), "aigerim") == Permit()


@pytest.mark.parametrize("author", ["daniyar", "officer:daniyar"])
def test_approver_cannot_be_author(author: str) -> None:
    decision = may_approve(officer("daniyar", Role.DRAFTER, Role.RELEASER), author)
    assert codes(decision) == ["four-eyes"]


def test_approver_needs_the_role_releaser() -> None:
    assert codes(may_approve(officer("daniyar", Role.DRAFTER), "aigerim")) == ["role-missing"]


def test_an_author_without_the_role_hears_both() -> None:
    assert codes(may_approve(officer("daniyar"), "daniyar")) == ["role-missing", "four-eyes"]


@pytest.mark.parametrize("kind", [kind for kind in ActorKind if kind is not ActorKind.OFFICER])
def test_only_an_officer_approves(kind: ActorKind) -> None:
    actor = Actor(kind=kind, id="x", agency="kz-knb", roles=frozenset(Role))
    assert codes(may_approve(actor, "aigerim")) == ["role-missing"]


def test_a_draft_without_author_is_not_approved() -> None:
    assert codes(may_approve(officer("daniyar", Role.RELEASER), " ")) == ["four-eyes"]


def test_drafters_and_systems_draft() -> None:
    assert may_draft(officer("aigerim", Role.DRAFTER)) == Permit()
    assert may_draft(SYSTEM) == Permit()
    assert codes(may_draft(officer("aigerim", Role.READER))) == ["role-missing"]
    assert codes(may_draft(HUB)) == ["role-missing"]


def test_custodians_and_the_hub_itself_administer() -> None:
    assert may_administer(officer("saule", Role.CUSTODIAN)) == Permit()
    assert may_administer(HUB) == Permit()
    assert codes(may_administer(officer("daniyar", Role.OPERATOR))) == ["role-missing"]
    assert codes(may_administer(SYSTEM)) == ["role-missing"]


def test_operators_and_the_hub_itself_operate() -> None:
    assert may_operate(officer("daniyar", Role.OPERATOR)) == Permit()
    assert may_operate(HUB) == Permit()
    assert codes(may_operate(officer("saule", Role.CUSTODIAN))) == ["role-missing"]
    assert codes(may_operate(SYSTEM)) == ["role-missing"]


@given(actors, st.sampled_from(Role))
def test_a_role_is_held_by_officers_alone(actor: Actor, role: Role) -> None:
    permitted = may(actor, role) == Permit()
    assert permitted == (actor.kind is ActorKind.OFFICER and role in actor.roles)


@given(actors, st.sampled_from(["aigerim", "officer:aigerim", "system:kz-mvd", ""]))
def test_whoever_approves_is_another_officer(actor: Actor, author: str) -> None:
    if may_approve(actor, author) == Permit():
        assert actor.kind is ActorKind.OFFICER
        assert author not in {actor.id, str(actor), ""}


def test_a_deny_gives_a_reason_and_a_reason_blames_a_rule() -> None:
    with pytest.raises(ValueError, match="at least one reason"):
        Deny(reasons=())
    with pytest.raises(ValueError, match="not the code of a refusal"):
        Reason(code="signature-invalid", sentence="x")


def test_a_deny_is_raised_with_the_one_reason_or_as_policy_denied() -> None:
    one = Reason(code="four-eyes", sentence="First.")
    two = Reason(code="role-missing", sentence="Second.")
    with pytest.raises(Refused, match=r"First\.") as caught:
        require(Deny(reasons=(one,)))
    assert caught.value.code == "four-eyes"
    with pytest.raises(Refused, match=r"First\. Second\.") as caught:
        require(Deny(reasons=(one, two)))
    assert caught.value.code == "policy-denied"
    assert caught.value.details == {"reasons": (one, two)}
    assert "policy-denied" in CODES
    require(Permit())
