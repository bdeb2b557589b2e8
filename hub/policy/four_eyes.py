"""Who may draft, who may approve, who may administer: the second officer is never the first."""

from __future__ import annotations

from collections.abc import Collection

from hub.policy.decision import Decision, Reason, decide
from hub.records.actor import Actor, ActorKind, Role


def may(actor: Actor, role: Role) -> Decision:
    """Permit officers who hold the role."""
    return decide(_lacks(actor, role))


def may_draft(actor: Actor) -> Decision:
    """Permit officers who are drafters, and members' systems, whose scopes are checked at the door."""
    return decide([] if actor.kind is ActorKind.SYSTEM else _lacks(actor, Role.DRAFTER))


def may_approve(actor: Actor, author: str) -> Decision:
    """Permit a releaser who did not write the draft.

    `author` is the draft's author as an id (`aigerim`) or as an actor (`officer:aigerim`); one that is
    not known denies.
    """
    reasons = _lacks(actor, Role.RELEASER)
    if not author.strip():
        reasons.append(Reason(code="four-eyes", sentence="The draft does not say who wrote it."))
    elif author in {actor.id, str(actor)}:
        reasons.append(
            Reason(
                code="four-eyes", sentence=f"{actor.id} wrote this draft; another officer must release it."
            )
        )
    return decide(reasons)


def may_propose_erasure(actor: Actor, authors: Collection[str]) -> Decision:
    """Permit a custodian who wrote no version of the record; nobody at the console alone."""
    return decide([*_lacks(actor, Role.CUSTODIAN), *_wrote(actor, authors)])


def may_confirm_erasure(actor: Actor, authors: Collection[str], proposer: str) -> Decision:
    """Permit a custodian or an auditor who neither proposed the erasure nor wrote the record."""
    reasons = [*_wrote(actor, authors)]
    if Role.AUDITOR not in actor.roles:
        reasons += _lacks(actor, Role.CUSTODIAN)
    elif actor.kind is not ActorKind.OFFICER:
        reasons += _lacks(actor, Role.AUDITOR)
    if not proposer.strip() or proposer in {actor.id, str(actor)}:
        reasons.append(
            Reason(code="four-eyes", sentence="Another officer than the one who proposed it must confirm.")
        )
    return decide(reasons)


def _wrote(actor: Actor, authors: Collection[str]) -> list[Reason]:
    if {actor.id, str(actor)} & set(authors):
        return [Reason(code="four-eyes", sentence=f"{actor.id} wrote this record; others must erase it.")]
    return []


def may_review(actor: Actor) -> Decision:
    """Permit readers and custodians who have signed in: whoever reviews has read what is kept."""
    return decide([] if Role.READER in actor.roles else _lacks(actor, Role.CUSTODIAN))


def may_propose_agreement(actor: Actor) -> Decision:
    """Permit custodians who have signed in; the console alone proposes nothing in nobody's name."""
    return decide(_lacks(actor, Role.CUSTODIAN))


def may_approve_agreement(actor: Actor, proposer: str) -> Decision:
    """Permit a custodian who has signed in and did not propose it."""
    reasons = _lacks(actor, Role.CUSTODIAN)
    if not proposer.strip() or proposer in {actor.id, str(actor)}:
        reasons.append(
            Reason(code="four-eyes", sentence="Another custodian than the one who proposed it must approve.")
        )
    return decide(reasons)


def may_confine(actor: Actor) -> Decision:
    """Permit custodians and releasers who have signed in: it only takes away from who may have a record."""
    return decide([] if Role.RELEASER in actor.roles else _lacks(actor, Role.CUSTODIAN))


def may_administer(actor: Actor) -> Decision:
    """Permit custodians, and the hub itself: whoever can open its home holds its keys anyway.

    Partners, members, officers and agreements are changed by nobody else.
    """
    return decide([] if actor.kind is ActorKind.HUB else _lacks(actor, Role.CUSTODIAN))


def may_request(actor: Actor) -> Decision:
    """Permit custodians to ask for a certificate; nobody at the console alone."""
    return decide(_lacks(actor, Role.CUSTODIAN))


def may_issue(actor: Actor, requester: str) -> Decision:
    """Permit a custodian who did not ask for the certificate; nobody at the console alone."""
    reasons = _lacks(actor, Role.CUSTODIAN)
    if not requester.strip() or requester in {actor.id, str(actor)}:
        reasons.append(
            Reason(code="four-eyes", sentence="Another custodian than the one who asked must issue it.")
        )
    return decide(reasons)


def may_operate(actor: Actor) -> Decision:
    """Permit operators, and the hub itself, for whose console the same holds as for administering."""
    return decide([] if actor.kind is ActorKind.HUB else _lacks(actor, Role.OPERATOR))


def may_audit(actor: Actor) -> Decision:
    """Permit auditors, and the hub itself, for whose console the same holds as for administering."""
    return decide([] if actor.kind is ActorKind.HUB else _lacks(actor, Role.AUDITOR))


def _lacks(actor: Actor, role: Role) -> list[Reason]:
    if actor.kind is not ActorKind.OFFICER:
        return [
            Reason(code="role-missing", sentence=f"Only an officer may do this, not a {actor.kind.value}.")
        ]
    if role not in actor.roles:
        held = ", ".join(sorted(r.value for r in actor.roles)) or "none"
        return [
            Reason(
                code="role-missing",
                sentence=f"This needs the role {role.value}; {actor.id} holds: {held}.",
            )
        ]
    return []
