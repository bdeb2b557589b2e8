"""permit: may this actor do this with a record, by the rules of every hub and by the policy of this one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hub.entries import RecordRow
from hub.exchange.broker import Broker, Standing
from hub.policy.access import Access, Doing, clearance, permit_access
from hub.policy.decision import Decision, Deny, Reason, decide, require
from hub.ports import View
from hub.records.actor import Actor
from hub.records.kinds import Action, Purpose
from hub.records.label import Label

#: Compartments of records, by originator and id; what is confined to none is not there.
Compartments = Mapping[tuple[str, str], frozenset[str]]


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a reader says of why they read: the justification, and the purpose where they state one."""

    justification: str = ""
    purpose: Purpose | None = None


def confined(view: View, record_ids: Iterable[str]) -> Compartments:
    """Return to which compartments records with these ids are confined here."""
    found: dict[tuple[str, str], set[str]] = {}
    for one in view.access.confinements(sorted(set(record_ids))):
        found.setdefault((one.originator, one.record_id), set()).add(one.compartment)
    return {key: frozenset(names) for key, names in found.items()}


def access_of(
    broker: Broker,
    standing: Standing,
    row: RecordRow,
    actor: Actor,
    doing: Doing,
    *,
    compartments: Compartments,
    recipient: str | None = None,
    said: Said = Said(),
) -> Access:
    """Return the question that the rules are asked about a stored record."""
    return Access(
        doing=doing,
        actor=actor,
        our_agency=broker.agency,
        record_id=row.record_id,
        originator=row.originator,
        kind=row.kind,
        record_purpose=row.purpose,
        label=Label.of(row.label),
        agreement=row.agreement,
        compartments=compartments.get((row.originator, row.record_id), frozenset()),
        recipient=recipient,
        member=recipient in standing.members,
        purpose=said.purpose,
        justification=said.justification,
    )


def permit_doing(
    broker: Broker,
    view: View,
    row: RecordRow,
    actor: Actor,
    doing: Doing,
    *,
    recipient: str | None = None,
    said: Said = Said(),
) -> Decision:
    """Ask whether an actor may do something with a record now."""
    standing = broker.standings.of(view)
    access = access_of(
        broker,
        standing,
        row,
        actor,
        doing,
        compartments=confined(view, [row.record_id]),
        recipient=recipient,
        said=said,
    )
    return permit_access(access, standing.policy)


def refuse_access(
    broker: Broker,
    view: View,
    row: RecordRow,
    actor: Actor,
    doing: Doing,
    *,
    said: Said = Said(),
) -> None:
    """Raise the refusal unless an actor may do it: its code, or `policy-denied` where there are several."""
    require(permit_doing(broker, view, row, actor, doing, said=said))


def permit_release(broker: Broker, view: View, row: RecordRow, actor: Actor) -> Decision:
    """Ask whether an officer may let a record go to all of its recipients.

    No policy is asked about a withdrawal: what is recalled must reach everyone who got it.
    """
    if row.action == Action.WITHDRAWAL.value:
        return decide(clearance(actor, Label.of(row.label)))
    reasons: dict[Reason, None] = {}
    for recipient in row.recipients:
        decision = permit_doing(broker, view, row, actor, Doing.RELEASE, recipient=recipient)
        if isinstance(decision, Deny):
            reasons |= dict.fromkeys(decision.reasons)
    return decide(list(reasons))


def permit_collecting(
    broker: Broker, standing: Standing, row: RecordRow, system: Actor, *, compartments: Compartments
) -> Decision:
    """Ask whether a member's system may take a record; a withdrawal always, which tells it to forget."""
    if row.action == Action.WITHDRAWAL.value:
        return decide([])
    access = access_of(broker, standing, row, system, Doing.COLLECT, compartments=compartments)
    return permit_access(access, standing.policy)
