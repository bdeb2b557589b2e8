"""What a partner's own rules ask before a release, and the loss report: answered, or refused with a code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.audit.events import Act, AuditEvent
from hub.audit.justification import justified
from hub.entries import RecordRow
from hub.errors import Refused
from hub.exchange.broker import Broker
from hub.exchange.contents import find_row, read_content
from hub.exchange.hubless.translating import Prepared, losses_digest, prepare_all
from hub.records.actor import Actor


@dataclass(frozen=True, kw_only=True)
class PartnerAnswer:
    """An officer's answer to what one partner's rules ask, by the name of the question; with the reason."""

    recipient: str
    code: str
    met: bool
    why: str


@dataclass(frozen=True, kw_only=True)
class Losses:
    """What each partner without a hub gets of a draft and what not; `digest` names it in a release."""

    digest: bytes | None
    prepared: Sequence[Prepared]


def losses_of(broker: Broker, record_id: str) -> Losses:
    """Return the loss report of a record's newest version; its content is opened and not shown."""
    with broker.store.read() as view:
        standing = broker.standings.of(view)
        row = find_row(view, record_id)
        record = read_content(broker, view, row)
    prepared = prepare_all(broker, standing, record, row.recipients, at=broker.clock.now())
    return Losses(digest=losses_digest(prepared), prepared=prepared)


def refuse_other_losses(prepared: Sequence[Prepared], seen: bytes | None) -> bytes | None:
    """Return the digest of the losses; raise Refused `losses-unseen` where another, or none, was seen."""
    digest = losses_digest(prepared)
    if digest == seen:
        return digest
    if digest is None:
        raise Refused("losses-unseen", "No recipient is reached through an adapter; name no losses.")
    who = ", ".join(one.agency for one in prepared)
    raise Refused(
        "losses-unseen",
        f"What the formats of {who} cannot carry is decided with the release: read it with "
        "`hub record losses`, and name its digest. "
        + ("None was named." if seen is None else "It is not the one that was named; read it again."),
    )


def answered_partners(
    broker: Broker,
    actor: Actor,
    row: RecordRow,
    prepared: Sequence[Prepared],
    answers: Sequence[PartnerAnswer],
    *,
    at: datetime,
) -> list[AuditEvent]:
    """Return an entry for each answer, for the transaction of the release.

    Raises Refused `check-unanswered`, `check-failed`, and `request-invalid` for what nobody asked.
    """
    asked = {(one.agency, name): each for one in prepared for name, each in one.questions.items()}
    given = [(one.recipient, one.code) for one in answers]
    if len(set(given)) < len(given) or not set(given) <= asked.keys():
        told = ", ".join(f"{agency}/{code}" for agency, code in asked) or "none"
        raise Refused("request-invalid", f"Each question of a partner is answered once; asked here: {told}.")
    if open_ := [key for key in asked if key not in given]:
        questions = " ".join(f"{agency}/{code}: {asked[agency, code].sentence}" for agency, code in open_)
        raise Refused("check-unanswered", f"Whoever releases it answers first. {questions}")
    if failed := [f"{one.recipient}/{one.code}" for one in answers if not one.met]:
        raise Refused("check-failed", f"It does not go, because of the answer to {', '.join(failed)}.")
    return [
        broker.event(
            Act.CHECK_ANSWERED,
            actor,
            row.record_id,
            at,
            justification=justified(one.why),
            version=str(row.version),
            check=f"{one.recipient}/{one.code}",
            digest=row.digest.hex(),
        )
        for one in answers
    ]
