"""pass on → approve: two officers send another originator's record on, to partners that its consent names.

The passage is a record of this hub: drafted, released, signed, carried, receipted and kept as any other. It
goes to the originator too, who so learns, signed by us, what went to whom.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from hub.audit.events import Act, AuditEvent
from hub.entries import PassageRow, RecordRow
from hub.errors import Refused
from hub.exchange.access import refuse_access
from hub.exchange.broker import Broker, Standing
from hub.exchange.drafting import basis, draft, refuse_unless_drafter
from hub.exchange.passing.written import (
    Held,
    attached_to,
    consent_for,
    details_of,
    held_record,
    label_of,
    refuse_unpermitted,
)
from hub.policy.access import Doing
from hub.policy.permission import articles_for
from hub.policy.terms import Agreement
from hub.ports import UnitOfWork, View
from hub.records.actor import Actor
from hub.records.kinds import Action, Kind
from hub.records.record import Record


def pass_on(
    broker: Broker,
    actor: Actor,
    record_id: str,
    *,
    to: Sequence[str],
    under: str | None = None,
    originator: str | None = None,
) -> RecordRow:
    """Draft the passage of a record that came to further partners; nothing goes before a second officer.

    It rests on the agreement `under` which we exchange with them; without it, on that which the record came
    under. Raises Refused `not-found`, `conflict` where several originators sent a record with this id,
    `partner-unknown` for whoever is no partner with a hub, `consent-missing`, `consent-ended`,
    `transition-invalid` for what is not passed on, what the rules say of it, and what drafting raises.
    """
    refuse_unless_drafter(actor)
    at = broker.clock.now()
    pass_to = tuple(sorted(set(to)))
    with broker.store.read() as view:
        standing = broker.standings.of(view)
        held = held_record(broker, view, record_id, originator=originator)
        refuse_access(broker, view, held.row, actor, Doing.DERIVE)
        _refuse_strangers(standing, held, pass_to)
        _refuse_again(broker, view, held, pass_to)
        consent = consent_for(standing, held.row, pass_to, at=at)
        agreement = under or held.row.agreement
        refuse_unpermitted(standing, held, agreement=agreement, pass_to=pass_to, agency=broker.agency, at=at)
        details = details_of(broker, view, held, consent.consent_id)
    recipients = (*pass_to, held.row.originator)
    document: dict[str, object] = {
        "kind": Kind.PASSAGE.value,
        "label": label_of(held.record, recipients),
        "legal_basis": {
            "agreement": agreement,
            "articles": list(_articles(standing.agreements, agreement, broker.agency, pass_to)),
        },
        "purpose": held.row.purpose,
        "language": held.row.language,
        "subjects": [],
        "narrative": "",
        "details": details,
        **kept_until(held.record),
        **attached_to(held.record),
    }
    return draft(
        broker,
        actor,
        document,
        recipients=recipients,
        priority=held.row.priority,
        made_from=[held.row.record_id],
    )


def kept_until(record: Record) -> dict[str, object]:
    """Return how long a record says that it is kept, as its passage says it too."""
    days = {"review_on": record.review_on, "retain_until": record.retain_until}
    return {name: day.isoformat() for name, day in days.items() if day is not None}


def _refuse_strangers(standing: Standing, held: Held, pass_to: Sequence[str]) -> None:
    if not pass_to:
        raise Refused("request-invalid", "A record is passed on to at least one partner.")
    if held.row.originator in pass_to:
        raise Refused("request-invalid", f"{held.row.originator} made the record; it is not passed back.")
    for name in (*pass_to, held.row.originator):
        if name not in standing.partners:
            raise Refused("partner-unknown", f"{name} is no partner with a hub here; it cannot be passed on.")


def _refuse_again(broker: Broker, view: View, held: Held, pass_to: Sequence[str]) -> None:
    """Raise Refused `conflict` for a recipient who has the record through us: it is told of every change."""
    for one in view.passages.of_record(held.row.originator, held.row.record_id):
        if one.passer != broker.agency:
            continue
        last = view.records.get(one.passage_id, originator=broker.agency)
        if last is None or last.action == Action.WITHDRAWAL.value:
            continue
        if had := sorted(set(last.recipients) & set(pass_to)):
            raise Refused("conflict", f"{had[0]} has it already, by passage {one.passage_id}.")


def _articles(agreements: Sequence[Agreement], name: str, us: str, pass_to: Sequence[str]) -> tuple[str, ...]:
    """Return the articles of the agreement that let something go to these partners."""
    found: dict[str, None] = {}
    for to in pass_to:
        granting = articles_for(agreements, name, sender=us, recipient=to, cited=())
        if not granting:
            raise Refused(
                "agreement-missing", f"There is no agreement {name} under which it could go to {to}."
            )
        found |= dict.fromkeys(granting)
    return tuple(found)


def passed_by(
    broker: Broker, view: View, standing: Standing, row: RecordRow, record: Record, *, at: datetime
) -> PassageRow | None:
    """Return what the release of a passage passes on, asked anew; None for every other record.

    Raises Refused `conflict` when the record or its consent is not any more what was drafted, and what
    `pass_on` raises. A recall is no passing: it only takes back.
    """
    if record.kind is not Kind.PASSAGE or record.action is Action.WITHDRAWAL:
        return None
    meant = record.details["record"]
    held = held_record(broker, view, meant["id"], originator=meant["originator"])
    pass_to = tuple(one for one in row.recipients if one != held.row.originator)
    _refuse_strangers(standing, held, pass_to)
    _refuse_again(broker, view, held, pass_to)
    if held.row.originator not in row.recipients:
        raise Refused("policy-denied", f"What is passed on is told to {held.row.originator}, who made it.")
    consent = consent_for(standing, held.row, pass_to, at=at)
    refuse_unpermitted(standing, held, agreement=row.agreement, pass_to=pass_to, agency=broker.agency, at=at)
    same_files = record.attachments == held.record.attachments
    if not same_files or record.details != details_of(broker, view, held, consent.consent_id):
        raise Refused("conflict", "The record or its consent has changed since; draft the passage anew.")
    if record.label.as_document() != label_of(held.record, row.recipients):
        raise Refused("conflict", "The passage's label is not that of its record; draft the passage anew.")
    return PassageRow(
        passer=broker.agency,
        passage_id=row.record_id,
        originator=held.row.originator,
        record_id=held.row.record_id,
        version=held.row.version,
        consent_id=consent.consent_id,
    )


def passing_event(
    broker: Broker, actor: Actor, row: RecordRow, passage: PassageRow, at: datetime
) -> AuditEvent:
    """Return the entry that a record goes on: what was passed to whom, under which consent."""
    return broker.event(
        Act.PASSED_ON,
        actor,
        passage.record_id,
        at,
        justification=basis(row),
        originator=passage.originator,
        version=str(passage.version),
        recipients=",".join(one for one in row.recipients if one != passage.originator),
        passage=passage.passage_id,
        passage_version=str(row.version),
        consent=passage.consent_id,
    )


def refuse_moved(work: UnitOfWork, passage: PassageRow) -> None:
    """Raise Refused `conflict` when a passage's record has changed since it was looked at."""
    row = work.records.get(passage.record_id, originator=passage.originator)
    if row is None or row.version != passage.version:
        raise Refused("conflict", "The record that is passed on was changed meanwhile; look again.")
