"""What a passage says: the originator's record and its consent as they were signed, under one label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from hub.entries import ConsentRow, Direction, RecordRow
from hub.envelope.passing import as_jws, as_object
from hub.envelope.sealing import read_signed as read_signed_again
from hub.errors import Refused
from hub.exchange.broker import Broker, Standing
from hub.exchange.contents import find_row, read_content, read_signed
from hub.exchange.recipients import question_of_record
from hub.policy.decision import Decision, Deny
from hub.policy.permission import Question
from hub.ports import View
from hub.records.kinds import Action, Kind
from hub.records.lifecycle import RecordState
from hub.records.record import Record, load_record

#: What is about passing on is not passed on itself.
NEVER_PASSED: Final = frozenset({Kind.CONSENT_REQUEST, Kind.CONSENT, Kind.PASSAGE})
IN_FORCE: Final = frozenset({RecordState.RECEIVED, RecordState.OPENED, RecordState.ANSWERED})


@dataclass(frozen=True, kw_only=True)
class Held:
    """A record of another originator as it lies here, opened."""

    row: RecordRow
    record: Record

    @property
    def named(self) -> dict[str, object]:
        """Return how a passage names it."""
        return {"originator": self.row.originator, "id": self.row.record_id, "version": self.row.version}


def held_record(
    broker: Broker, view: View, record_id: str, version: int | None = None, *, originator: str | None
) -> Held:
    """Return a record that may be passed on as far as it is concerned itself.

    Raises Refused `not-found`, `content-erased`, and `transition-invalid` for our own, for what is not in
    force, and for what is about passing on.
    """
    row = find_row(view, record_id, version, originator=originator)
    if row.direction is Direction.OUT or row.envelope_id is None:
        raise Refused("transition-invalid", "Only what another hub signed is passed on; this was not.")
    if row.state not in IN_FORCE or row.action == Action.WITHDRAWAL.value:
        raise Refused("transition-invalid", "Only what is in force is passed on; this is not, any more.")
    record = read_content(broker, view, row)
    refuse_unpassable(record)
    return Held(row=row, record=record)


def refuse_unpassable(record: Record) -> None:
    """Raise Refused `transition-invalid` for what is never passed on, whoever consents."""
    if record.kind in NEVER_PASSED:
        raise Refused("transition-invalid", f"A {record.kind.value} is not passed on.")


def consent_for(standing: Standing, row: RecordRow, pass_to: Sequence[str], *, at: datetime) -> ConsentRow:
    """Return a consent of a record's originator that names all of these, and stands.

    Raises Refused `consent-missing` and `consent-ended`.
    """
    today = at.astimezone(UTC).date().isoformat()
    about = [
        one for one in standing.consents if (one.originator, one.record_id) == (row.originator, row.record_id)
    ]
    named = {
        one.consent_id: {two.pass_to for two in about if two.consent_id == one.consent_id} for one in about
    }
    full = [one for one in about if set(pass_to) <= named[one.consent_id]]
    if not full:
        raise Refused(
            "consent-missing",
            f"{row.originator} has not consented to passing it on to {', '.join(sorted(pass_to))}; "
            "`hub consent ask` asks for it.",
        )
    best = max(full, key=lambda one: (one.until, one.consent_id))
    if best.until < today:
        raise Refused("consent-ended", f"The consent of {row.originator} ended on {best.until}.")
    return best


def details_of(broker: Broker, view: View, held: Held, consent_id: str) -> dict[str, object]:
    """Return a passage's details: both documents as the originator signed them."""
    consent = find_row(view, consent_id, originator=held.row.originator)
    return {
        "record": held.named,
        "signed": as_object(read_signed(broker, view, held.row)),
        "consent": as_object(read_signed(broker, view, consent)),
    }


def attached_to(record: Record) -> dict[str, object]:
    """Return which attachments a passage names: those of the record in it."""
    return {"attachments": record.document["attachments"]} if record.attachments else {}


def passed_record(passage: Record) -> Record:
    """Return the record that a passage of ours holds; its signature is not asked again."""
    _manifest, document = read_signed_again(as_jws(passage.details["signed"]))
    return load_record(document)


def label_of(record: Record, recipients: Sequence[str]) -> dict[str, object]:
    """Return the label of a passage: as strict as its record's, and releasable to its recipients alone."""
    return record.label.as_document() | {"releasable_to": sorted(recipients)}


def question_of_passing(
    record: Record, *, agreement: str, counterparty: str, direction: Direction, agency: str, at: datetime
) -> Question:
    """Ask the rules about the record in a passage, under the passage's agreement and with consent.

    An answer that it asks for is due to its originator, and its articles are of another agreement.
    """
    question = question_of_record(
        record, counterparty=counterparty, direction=direction, agency=agency, at=at
    )
    return replace(question, agreement=agreement, articles=(), days_to_reply=None, consented=True)


def may_pass(
    standing: Standing, held: Held, *, agreement: str, recipient: str, agency: str, at: datetime
) -> Decision:
    """Ask the rules whether a record may be passed on to a recipient whom its originator's consent names."""
    question = question_of_passing(
        held.record,
        agreement=agreement,
        counterparty=recipient,
        direction=Direction.OUT,
        agency=agency,
        at=at,
    )
    return standing.permit(
        replace(question, came_under=held.row.agreement, came_from=held.row.via or held.row.originator)
    )


def refuse_unpermitted(
    standing: Standing, held: Held, *, agreement: str, pass_to: Sequence[str], agency: str, at: datetime
) -> None:
    """Raise Refused for the first recipient that the rules deny the record itself."""
    for recipient in pass_to:
        decision = may_pass(standing, held, agreement=agreement, recipient=recipient, agency=agency, at=at)
        if isinstance(decision, Deny):
            raise decision.refusal()
