"""Who may do what with one record: the rules that no policy loosens, and then the policy's own word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol

from hub.policy.decision import Decision, Deny, Permit, Reason
from hub.policy.four_eyes import may
from hub.records.actor import Actor, ActorKind, Role
from hub.records.kinds import Purpose
from hub.records.label import Label


class Doing(Enum):
    """What somebody would do with a record."""

    READ = "read"
    EXPORT = "export"
    RELEASE = "release"
    ANSWER = "answer"
    DERIVE = "derive"
    COLLECT = "collect"


#: The role that each takes of an officer; what has none is not for officers.
ROLES: Final[Mapping[Doing, Role]] = {
    Doing.READ: Role.READER,
    Doing.EXPORT: Role.AUDITOR,
    Doing.RELEASE: Role.RELEASER,
    Doing.ANSWER: Role.DRAFTER,
    Doing.DERIVE: Role.DRAFTER,
}


@dataclass(frozen=True, kw_only=True)
class Access:
    """What is asked: an actor, what they would do, and the record as its row tells of it, without content.

    `record_purpose` is what the record was given for, `purpose` what a reader states, `recipient` whom a
    release goes to, and `member` whether that is one of our members. `compartments` are those that the
    record is confined to here.
    """

    doing: Doing
    actor: Actor
    our_agency: str
    record_id: str
    originator: str
    kind: str
    record_purpose: str
    label: Label
    agreement: str
    compartments: frozenset[str] = frozenset()
    recipient: str | None = None
    member: bool = False
    purpose: Purpose | None = None
    justification: str = ""

    def __post_init__(self) -> None:
        """Refuse a release to nobody: each recipient is asked about by name."""
        if (self.doing is Doing.RELEASE) is not (self.recipient is not None):
            raise ValueError("a release, and nothing else, names its recipient")


class Policy(Protocol):
    """What custodians have put in force; it only ever takes away from what the hard rules permit."""

    def decide(self, access: Access) -> Decision:
        """Permit or deny; what cannot be decided is denied."""
        ...


def permit_access(access: Access, policy: Policy) -> Decision:
    """Permit what the hard rules and the policy both permit; the policy is not asked about anything else.

    The hub's own console holds every key, so that no policy is asked about it either.
    """
    if reasons := hard_rules(access):
        return Deny(reasons=tuple(reasons))
    return Permit() if access.actor.kind is ActorKind.HUB else policy.decide(access)


def hard_rules(access: Access) -> list[Reason]:
    """Return which rules of every hub do not permit it: the role, and a clearance for the classification."""
    actor = access.actor
    if access.doing is Doing.COLLECT:
        return [] if actor.kind is ActorKind.SYSTEM else _only("a member's system", actor)
    if actor.kind is ActorKind.HUB and access.doing is Doing.EXPORT:
        return []
    decision = may(actor, ROLES[access.doing])
    reasons = list(decision.reasons) if isinstance(decision, Deny) else []
    return reasons + clearance(actor, access.label)


def clearance(actor: Actor, label: Label) -> list[Reason]:
    """Hold an officer's clearance against a label."""
    if actor.kind is not ActorKind.OFFICER or actor.clearance.rank >= label.classification.rank:
        return []
    sentence = (
        f"The record is {label.classification.value}, and {actor.id} is cleared up to "
        f"{actor.clearance.value}."
    )
    return [Reason(code="clearance-missing", sentence=sentence)]


def _only(who: str, actor: Actor) -> list[Reason]:
    return [Reason(code="role-missing", sentence=f"Only {who} may do this, not a {actor.kind.value}.")]
