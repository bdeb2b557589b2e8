"""Confine a record to compartments of this hub, at once; lifting one takes two custodians."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from hub.audit.events import Act
from hub.audit.justification import justified
from hub.entries import ConfinementRow, RecordRow
from hub.errors import Refused
from hub.exchange.access import Compartments, access_of, confined
from hub.exchange.broker import Broker
from hub.exchange.contents import find_row
from hub.policy.access import Doing, permit_access
from hub.policy.decision import Deny, Reason, require
from hub.policy.four_eyes import may_approve_agreement, may_confine, may_propose_agreement
from hub.ports import UnitOfWork, View
from hub.records.actor import Actor, ActorKind, Role
from hub.records.compartments import compartment_name
from hub.records.label import Classification

_COMPARTMENTS_MAX: Final = 16
#: No account has such a name.
_ANYBODY: Final = "any officer"


def confine(
    broker: Broker,
    actor: Actor,
    record_id: str,
    compartment: str,
    *,
    justification: str | None,
    originator: str | None = None,
) -> Sequence[ConfinementRow]:
    """Confine a record with its versions, and what will answer it or derive from it; return all it has.

    It also ends a proposal to lift that compartment. Raises Refused `role-missing`, `justification-missing`,
    `request-invalid`, `not-found`, and `conflict` as `find_row` does.
    """
    require(may_confine(actor))
    name, why, at = compartment_name(compartment), justified(justification), broker.clock.now()
    with broker.store.work() as work:
        row = find_row(work, record_id, originator=originator)
        held = confinements_of(work, row.originator, record_id)
        if any(one.compartment == name and one.lift_by is None for one in held):
            return held
        if len(held) >= _COMPARTMENTS_MAX:
            raise Refused("request-invalid", f"A record has at most {_COMPARTMENTS_MAX} compartments.")
        work.access.confine(
            ConfinementRow(
                originator=row.originator,
                record_id=record_id,
                compartment=name,
                confined_by=str(actor),
                confined_at=at,
            )
        )
        told = {"compartment": name, "originator": row.originator}
        work.stage([broker.event(Act.CONFINED, actor, record_id, at, justification=why, **told)])
        found = confinements_of(work, row.originator, record_id)
        work.commit()
    return found


def lift(
    broker: Broker,
    actor: Actor,
    record_id: str,
    compartment: str,
    *,
    justification: str | None,
    originator: str | None = None,
) -> Sequence[ConfinementRow]:
    """Propose to lift a compartment, or lift what another custodian proposed; return what holds then.

    Raises Refused `role-missing`, `four-eyes`, `justification-missing`, `not-found` where the record is not
    confined to it, and `conflict` where somebody confines it anew meanwhile.
    """
    require(may_propose_agreement(actor))
    why, at = justified(justification), broker.clock.now()
    with broker.store.work() as work:
        row = find_row(work, record_id, originator=originator)
        held = {one.compartment: one for one in confinements_of(work, row.originator, record_id)}
        one = held.get(compartment)
        if one is None:
            raise Refused("not-found", f"Record {record_id} is not confined to {compartment}.")
        told = {"compartment": compartment, "originator": row.originator}
        if one.lift_by is None:
            work.access.confine(replace(one, lift_by=str(actor), lift_at=at))
            act = Act.LIFT_PROPOSED
        else:
            require(may_approve_agreement(actor, one.lift_by))
            if not work.access.lift(one):
                raise Refused("conflict", "The confinement was changed meanwhile; look at it again.")
            act, told = Act.LIFTED, {**told, "proposed_by": one.lift_by}
        work.stage([broker.event(act, actor, record_id, at, justification=why, **told)])
        found = confinements_of(work, row.originator, record_id)
        work.commit()
    return found


def confine_alike(
    work: UnitOfWork, row: RecordRow, actor: Actor, models: Sequence[str | None], at: datetime
) -> dict[str, str]:
    """Confine a draft as all that it answers or is made from; return what its entry says of that."""
    held = work.access.confinements([one for one in models if one is not None])
    names = sorted({one.compartment for one in held})
    for name in names:
        work.access.confine(
            ConfinementRow(
                originator=row.originator,
                record_id=row.record_id,
                compartment=name,
                confined_by=str(actor),
                confined_at=at,
            )
        )
    return {"compartments": " ".join(names)} if names else {}


def kept_outside(broker: Broker, view: View, row: RecordRow) -> tuple[Reason, ...]:
    """Return what keeps an officer who is in none of a record's compartments from reading it.

    It is nothing where it has none, and where the policy in force does not ask for them.
    """
    groups = confined(view, [row.record_id])
    if (row.originator, row.record_id) not in groups:
        return ()
    standing = broker.standings.of(view)

    def said(compartments: Compartments) -> tuple[Reason, ...]:
        anybody = Actor(
            kind=ActorKind.OFFICER,
            id=_ANYBODY,
            agency=broker.agency,
            roles=frozenset(Role),
            clearance=Classification.TOP_SECRET,
        )
        asked = access_of(broker, standing, row, anybody, Doing.READ, compartments=compartments)
        decision = permit_access(asked, standing.policy)
        return decision.reasons if isinstance(decision, Deny) else ()

    anyway = said({})
    return tuple(reason for reason in said(groups) if reason not in anyway)


def confinements_of(view: View, originator: str, record_id: str) -> Sequence[ConfinementRow]:
    """Return what one record is confined to."""
    return [one for one in view.access.confinements([record_id]) if one.originator == originator]
