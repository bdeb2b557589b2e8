"""What the rules and the policy of this hub say of people: who may do what with one record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hub.entries import Direction, RecordRow
from hub.errors import Refused
from hub.exchange.access import permit_doing
from hub.exchange.accounts import actor_of
from hub.exchange.broker import Broker
from hub.policy.access import Doing
from hub.policy.decision import Deny, Reason
from hub.ports import View
from hub.records.actor import Actor, ActorKind


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One verdict: who would do what; why not, or which rule of the policy lets them."""

    who: str
    doing: Doing
    reasons: tuple[Reason, ...]
    allowed_by: str | None

    @property
    def permitted(self) -> bool:
        """Tell whether they may."""
        return not self.reasons


def judge_people(
    broker: Broker, view: View, row: RecordRow, recipient: str, *, officer: str | None
) -> Sequence[Judged]:
    """Ask about an officer, with the roles of their account, and about the member that it would go to.

    Raises Refused `not-found` for an officer who is none. A purpose and a justification are not stated.
    """
    found = []
    if officer is not None:
        account = view.directory.officer(officer)
        if account is None:
            raise Refused("not-found", f"There is no officer {officer}.")
        actor = actor_of(account, agency=broker.agency)
        answers = row.direction is Direction.IN
        own = (Doing.ANSWER,) if answers else (Doing.RELEASE, Doing.DERIVE)
        for doing in (Doing.READ, Doing.EXPORT, *own):
            found.append(_judged(broker, view, row, actor, doing, recipient))
    if recipient in broker.standings.of(view).members:
        system = Actor(kind=ActorKind.SYSTEM, id=recipient, agency=recipient)
        found.append(_judged(broker, view, row, system, Doing.COLLECT, recipient))
    return found


def _judged(broker: Broker, view: View, row: RecordRow, actor: Actor, doing: Doing, recipient: str) -> Judged:
    to = recipient if doing is Doing.RELEASE else None
    decision = permit_doing(broker, view, row, actor, doing, recipient=to)
    if isinstance(decision, Deny):
        return Judged(who=str(actor), doing=doing, reasons=decision.reasons, allowed_by=None)
    return Judged(who=str(actor), doing=doing, reasons=(), allowed_by=decision.clause)
