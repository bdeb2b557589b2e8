"""permit: may this actor do this with a record, by the rules of every hub and by the policy of this one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hub.entries import RecordRow
from hub.exchange.broker import Broker, Standing
from hub.policy.access import Access, Doing, clearance, permit_access
from hub.policy.decision import Decision, Deny, Permit, Reason, decide, require
from hub.ports import View
from hub.records.actor import Actor
from hub.records.kinds import Action, Kind, Purpose
from hub.records.label import Label
from hub.records.record import Record

#: Compartments of records, by originator and id; what is confined to none is not there.
Compartments = Mapping[tuple[str, str], frozenset[str]]

#: Recipients from whom the rules keep a record, and why.
Kept = Mapping[str, tuple[Reason, ...]]


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
    """Ask whether an actor may do something with a record now.

    A passage holds the record of another: what keeps that from them keeps the passage from them too.
    """
    return _permit_all(broker, view, [row, *_passed(view, row)], actor, doing, recipient=recipient, said=said)


def refuse_passed(
    broker: Broker,
    view: View,
    record: Record,
    actor: Actor,
    doing: Doing,
    *,
    recipients: Sequence[str] = (),
    said: Said = Said(),
) -> None:
    """Raise the refusal unless an actor may have the record that an opened passage holds.

    Drafts hold one too. `recipients` are those of a release.
    """
    if record.kind is not Kind.PASSAGE:
        return
    meant = record.details["record"]
    inner = view.records.get(meant["id"], originator=meant["originator"])
    for recipient in recipients or (None,):
        rows = [] if inner is None else [inner]
        require(_permit_all(broker, view, rows, actor, doing, recipient=recipient, said=said))


def _permit_all(
    broker: Broker,
    view: View,
    rows: Sequence[RecordRow],
    actor: Actor,
    doing: Doing,
    *,
    recipient: str | None,
    said: Said,
) -> Decision:
    standing = broker.standings.of(view)
    groups = confined(view, [row.record_id for row in rows])
    found = [
        permit_access(
            access_of(
                broker, standing, row, actor, doing, compartments=groups, recipient=recipient, said=said
            ),
            standing.policy,
        )
        for row in rows
    ]
    reasons = dict.fromkeys(reason for one in found if isinstance(one, Deny) for reason in one.reasons)
    return decide(list(reasons)) if reasons or not found else found[0]


def _passed(view: View, row: RecordRow) -> Sequence[RecordRow]:
    """Return the record that a passage holds, as it lies here; nothing of any other record."""
    if row.kind != Kind.PASSAGE.value:
        return []
    key = row.originator, row.record_id
    passage = view.passages.get_many([key]).get(key)
    if passage is None:
        return []
    inner = view.records.get(passage.record_id, originator=passage.originator)
    return [] if inner is None else [inner]


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
    """Ask whether an officer may let a record go.

    A first version goes to all of its recipients or to nobody. A correction goes to those who may have it:
    what a rule forbids for one keeps it from none of the others (`kept_from` tells from whom). No policy is
    asked about a withdrawal: what is recalled must reach everyone who got it.
    """
    if row.action == Action.WITHDRAWAL.value:
        return decide(clearance(actor, Label.of(row.label)))
    kept = kept_from(broker, view, row, actor)
    if row.action == Action.CORRECTION.value and len(kept) < len(row.recipients):
        return Permit()
    return decide(list(dict.fromkeys(reason for reasons in kept.values() for reason in reasons)))


def kept_from(broker: Broker, view: View, row: RecordRow, actor: Actor) -> Kept:
    """Return from whom the rules keep a record that an officer would let go, and why; nobody of a recall."""
    if row.action == Action.WITHDRAWAL.value:
        return {}
    decisions = {
        recipient: permit_doing(broker, view, row, actor, Doing.RELEASE, recipient=recipient)
        for recipient in row.recipients
    }
    return {who: said.reasons for who, said in decisions.items() if isinstance(said, Deny)}


def permit_collecting(
    broker: Broker, standing: Standing, row: RecordRow, system: Actor, *, compartments: Compartments
) -> Decision:
    """Ask whether a member's system may take a record; a withdrawal always, which tells it to forget."""
    if row.action == Action.WITHDRAWAL.value:
        return decide([])
    access = access_of(broker, standing, row, system, Doing.COLLECT, compartments=compartments)
    return permit_access(access, standing.policy)
