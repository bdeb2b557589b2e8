"""ask → answer → shown on: an originator's consent to pass its record on (the third-party rule).

Both messages are records: drafted by one officer, released by a second, signed, carried and followed like any
other. What is granted holds as long as the consent says, and ends when it is withdrawn or corrected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from hub.entries import ConsentRow, Delivery, Direction, PartnerStatus, Priority, RecordRow
from hub.errors import Refused
from hub.exchange.broker import Broker, Standing
from hub.exchange.contents import find_row, read_content
from hub.exchange.drafting import answer, draft, refuse_unless_drafter
from hub.exchange.passing.reported import everyone_told_of
from hub.exchange.recalling import everyone_who_got
from hub.exchange.recipients import permit_showing
from hub.exchange.routing import collects, delivery_of
from hub.policy.decision import Permit
from hub.policy.permission import articles_for
from hub.ports import UnitOfWork, View
from hub.records.actor import Actor
from hub.records.kinds import Action, Kind
from hub.records.label import Label, Tlp
from hub.records.lifecycle import RecordState
from hub.records.record import Record
from hub.records.times import as_text

_IN_FORCE = frozenset({RecordState.RECEIVED, RecordState.OPENED, RecordState.ANSWERED})


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What an originator says: granted `until` a day, perhaps on `conditions`, or refused and why."""

    until: date | None = None
    conditions: str | None = None
    explained: str | None = None

    def as_details(self) -> dict[str, object]:
        """Return it as a consent's details carry it."""
        told = {"decision": "granted" if self.until else "refused"}
        if self.until is not None:
            told["until"] = self.until.isoformat()
        more = {"conditions": self.conditions, "explained": self.explained}
        return {**told, **{name: text for name, text in more.items() if text is not None}}


def ask_consent(
    broker: Broker,
    actor: Actor,
    record_id: str,
    *,
    pass_to: Sequence[str],
    aim: str,
    reply_by: date | None = None,
    originator: str | None = None,
) -> RecordRow:
    """Draft the request to a record's originator; nothing goes before a second officer releases it.

    It takes the record's agreement, purpose, language and classification, and its articles as far as they
    hold that way, and goes to the originator alone. Raises Refused `not-found`, `partner-unknown` for
    whoever is not known here, `transition-invalid` for what is our own or not in force, and what drafting
    raises.
    """
    refuse_unless_drafter(actor)
    with broker.store.read() as view:
        standing = broker.standings.of(view)
        row = find_row(view, record_id, originator=originator)
        if row.direction is Direction.OUT:
            raise Refused("transition-invalid", "The record is our own; nobody's consent is needed.")
        if row.state not in _IN_FORCE or row.action == Action.WITHDRAWAL.value:
            raise Refused("transition-invalid", "Only what is in force is passed on; this is not, any more.")
        if strangers := sorted(set(pass_to) - {*standing.members, *standing.partners}):
            raise Refused(
                "partner-unknown",
                f"{strangers[0]} is no member here, and no partner with a hub; it cannot be passed on.",
            )
        read_content(broker, view, row)  # nobody asks for consent to what was erased
    level = Label.of(row.label).classification
    label = Label(classification=level, tlp=Tlp.RED, releasable_to=(row.originator,)).as_document()
    document: dict[str, object] = {
        "kind": Kind.CONSENT_REQUEST.value,
        "label": label,
        "legal_basis": _basis(broker, standing, row),
        "purpose": row.purpose,
        "language": row.language,
        "conversation": row.conversation,
        "subjects": [],
        "narrative": "",
        "details": {
            "record": {"id": row.record_id, "version": row.version},
            "pass_to": sorted(set(pass_to)),
            "aim": aim,
        },
    }
    if reply_by is not None:
        end = datetime.combine(reply_by + timedelta(days=1), time(), tzinfo=UTC)
        document["reply_due_at"] = as_text(end)
    return draft(broker, actor, document, recipients=[row.originator], priority=Priority.URGENT)


def answer_consent(
    broker: Broker,
    actor: Actor,
    request_id: str,
    said: Answered,
    *,
    pass_to: Sequence[str] = (),
    originator: str | None = None,
) -> RecordRow:
    """Draft the answer to a request for consent; nothing is granted before a second officer releases it.

    `pass_to` grants to some of those that were asked for; without it, to all. Raises Refused `not-found`,
    `transition-invalid` for what is no such request, or asks about a record that is not ours,
    `request-invalid` for somebody who was not asked for, and `consent-unfounded` where granting it to who
    never got the record; that may be refused.
    """
    refuse_unless_drafter(actor)
    with broker.store.read() as view:
        standing = broker.standings.of(view)
        row = find_row(view, request_id, originator=originator)
        if row.direction is Direction.OUT or row.kind != Kind.CONSENT_REQUEST.value:
            raise Refused("transition-invalid", "Only a request for consent that came is answered so.")
        asked = read_content(broker, view, row)
        meant = asked.details["record"]
        about = view.records.get(meant["id"], originator=broker.agency)
        if said.until is not None and about is not None:
            _refuse_strangers(view, about, [row.originator])
    if about is None:
        raise Refused("transition-invalid", "The record that it asks about is not ours to consent to.")
    if strangers := sorted(set(pass_to) - set(asked.details["pass_to"])):
        raise Refused("request-invalid", f"{strangers[0]} was not asked for.")
    details = {
        "record": meant,
        "pass_to": sorted(set(pass_to)) or asked.details["pass_to"],
        **said.as_details(),
    }
    document: dict[str, object] = {
        "kind": Kind.CONSENT.value,
        "label": asked.label.as_document() | {"releasable_to": [row.originator]},
        "legal_basis": _basis(broker, standing, row),
        "purpose": row.purpose,
        "language": row.language,
        "subjects": [],
        "narrative": "",
        "details": details,
    }
    return answer(broker, actor, request_id, document, originator=row.originator, priority=Priority.URGENT)


def _basis(broker: Broker, standing: Standing, row: RecordRow) -> dict[str, object]:
    """Return the legal basis of what goes back about a record that came: other articles may hold that way."""
    articles = articles_for(
        standing.agreements,
        row.agreement,
        sender=broker.agency,
        recipient=row.originator,
        cited=row.articles,
    )
    return {"agreement": row.agreement, "articles": list(articles)}


def refuse_unfounded(view: View, row: RecordRow, record: Record) -> None:
    """Raise Refused `consent-unfounded` for a consent of ours to who never got the record that it is about.

    Asked again at the release: a consent may be drafted as any answer is.
    """
    if not granted_by(record):
        return
    about = view.records.get(record.details["record"]["id"], originator=row.originator)
    if about is None:
        raise Refused("consent-unfounded", "There is no record of this hub that it consents to pass on.")
    _refuse_strangers(view, about, row.recipients)


def _refuse_strangers(view: View, about: RecordRow, askers: Sequence[str]) -> None:
    """Raise Refused unless all of these got a record of ours, from us or by a passage that we know of."""
    got = {*everyone_who_got(view, about.record_id), *everyone_told_of(view, about)}
    if strangers := sorted(set(askers) - got):
        raise Refused(
            "consent-unfounded",
            f"{strangers[0]} never got this record, neither from us nor by way of another hub that told us; "
            "there is nothing that it could pass on.",
        )


def granted_by(record: Record) -> tuple[ConsentRow, ...] | None:
    """Return what a consent grants, one row for each agency; None for a record that is no consent.

    A withdrawal and a refusal grant nothing, also of what the consent granted before.
    """
    details = record.details
    if record.kind is not Kind.CONSENT:
        return None
    if record.action is Action.WITHDRAWAL or details["decision"] != "granted":
        return ()
    return tuple(
        ConsentRow(
            originator=record.originator,
            consent_id=record.id,
            consent_version=record.version,
            record_id=details["record"]["id"],
            pass_to=agency,
            until=details["until"],
        )
        for agency in details["pass_to"]
    )


def take_consent(broker: Broker, work: UnitOfWork, row: RecordRow, granted: Sequence[ConsentRow]) -> None:
    """Put what an admitted consent grants into force, and show its record to the members that it names.

    Of the others those are forgotten that ended before its originator wrote it: a clock here that has jumped
    forward forgets none that is still to hold once it is right again.
    """
    at = broker.clock.now()
    today = min(at, row.created_at).astimezone(UTC).date()
    work.consents.replace(row.originator, row.record_id, granted, today=today)
    if granted:
        standing = broker.standings.of(work).consenting(granted)
        work.deliveries.add(_shown_on(work, standing, granted, agency=broker.agency, at=at))


def _shown_on(
    work: UnitOfWork, standing: Standing, granted: Sequence[ConsentRow], *, agency: str, at: datetime
) -> Sequence[Delivery]:
    """Return deliveries to members that may have the record now and have not been told of this version."""
    row = work.records.get(granted[0].record_id, originator=granted[0].originator)
    if row is None or row.state not in _IN_FORCE or row.action == Action.WITHDRAWAL.value:
        return []
    known = work.deliveries.of_record(row.record_id)  # whoever else's record has the same id
    told = {(one.member, one.version) for one in known if one.originator == row.originator}
    deliveries = []
    for one in granted:
        member = standing.members.get(one.pass_to)
        if member is None or member.status is not PartnerStatus.ACTIVE:
            continue
        if (member.agency, row.version) in told or not collects(member.scopes, row.kind):
            continue
        if isinstance(permit_showing(standing, row, member.agency, agency=agency, at=at), Permit):
            deliveries.append(delivery_of(row, member=member.agency, at=at))
    return deliveries
