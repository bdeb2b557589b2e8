"""open → verify → permit, for what a passage brings: the originator's signatures, its consent, our rules.

What the hub that passes it on says is not believed: its originator must be pinned here, and both the record
and the consent be signed by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from hub.audit.events import Act, AuditEvent
from hub.entries import Direction, PassageRow, Priority, RecordRow, changed
from hub.envelope import sealing
from hub.envelope.keys import PublicKeys
from hub.envelope.manifest import RECORD_JSON, Manifest
from hub.envelope.passing import as_jws
from hub.envelope.suites import Suite
from hub.errors import IntegrityFailure, Refused
from hub.exchange.broker import Broker, Standing
from hub.exchange.dues.scheduling import scheduled
from hub.exchange.partners import SUITES
from hub.exchange.passing.written import NEVER_PASSED, question_of_passing
from hub.exchange.preparing import row_of
from hub.exchange.relying import relied_on
from hub.exchange.routing import delivery_of, route
from hub.exchange.settling import supersede
from hub.policy.decision import Deny
from hub.ports import UnitOfWork, View
from hub.records.actor import Actor
from hub.records.kinds import Action, Kind
from hub.records.lifecycle import RECORD_STEPS, RecordState
from hub.records.record import Record, load_record


@dataclass(frozen=True, kw_only=True)
class Passed:
    """What a passage brings: a version of the originator's record, or its recall alone.

    `event` is that of its admission; both are None for a recall without the originator's word.
    """

    passage: PassageRow
    row: RecordRow | None = None
    event: AuditEvent | None = None


def weigh_passage(
    broker: Broker,
    view: View,
    standing: Standing,
    record: Record,
    row: RecordRow,
    *,
    envelope_digest: bytes,
    actor: Actor,
    at: datetime,
) -> Passed | None:
    """Verify what a passage that may come brings; None for any other record, and for what is our own.

    `row` is the passage's own. Raises Refused `originator-unknown`, `partner-suspended`, `consent-mismatch`,
    `consent-ended`, `conflict` and `policy-denied`, IntegrityFailure `passage-invalid`, and what verifying a
    signed record raises.
    """
    if record.kind is not Kind.PASSAGE:
        return None
    meant = record.details["record"]
    if meant["originator"] == broker.agency:
        _refuse_unknown(broker, view, record)
        return None
    known = view.passages.get_many([(record.originator, record.id)]).get((record.originator, record.id))
    if known is not None and (known.originator, known.record_id) != (meant["originator"], meant["id"]):
        raise IntegrityFailure("passage-invalid", "The passage held another record before.")
    passage = PassageRow(
        passer=record.originator,
        passage_id=record.id,
        originator=meant["originator"],
        record_id=meant["id"],
        version=meant["version"],
        consent_id="" if known is None else known.consent_id,
    )
    if "signed" not in record.details:
        return Passed(passage=passage)
    originator = standing.partners.get(passage.originator)
    if originator is None:
        raise Refused(
            "originator-unknown",
            f"{passage.originator} is no partner of this hub; nothing of it is taken from others.",
        )
    if not originator.active:
        raise Refused("partner-suspended", f"{passage.originator} is suspended here; nothing of it is taken.")
    stated, inner = _read(
        broker, record.details["signed"], keys=originator.public, allowed=originator.allowed
    )
    _refuse_other(record, stated.manifest, inner)
    if inner.action is not Action.WITHDRAWAL:
        consent = _consent(broker, record, inner, keys=originator.public, allowed=originator.allowed)
        if known is None and consent.details["until"] < at.astimezone(UTC).date().isoformat():
            raise Refused("consent-ended", f"The consent of {inner.originator} has ended.")
        passage = replace(passage, consent_id=consent.id)
        decision = standing.permit(
            question_of_passing(
                inner,
                agreement=row.agreement,
                counterparty=record.originator,
                direction=Direction.IN,
                agency=broker.agency,
                at=at,
            )
        )
        if isinstance(decision, Deny):
            raise Refused("policy-denied", " ".join(reason.sentence for reason in decision.reasons))
    came = _row(standing, row, inner, stated, agency=broker.agency, at=at)
    _refuse_equivocal(view, came)
    return Passed(
        passage=passage,
        row=came,
        event=broker.event(
            Act.ADMITTED,
            actor,
            inner.id,
            at,
            envelope=row.envelope_id or "",
            envelope_digest=envelope_digest.hex(),
            version=str(inner.version),
            kind=inner.kind.value,
            originator=inner.originator,
            via=record.originator,
            passage=record.id,
            consent=passage.consent_id,
            **relied_on(originator, standing.partners.get(actor.id)),
        ),
    )


def _refuse_unknown(broker: Broker, view: View, record: Record) -> None:
    """Refuse a passage of what we never signed: it is told to us as the originator."""
    meant = record.details["record"]
    if "signed" in record.details:
        _read(broker, record.details["signed"], keys=broker.keyring.public_ever(), allowed=frozenset(SUITES))
    if view.records.get(meant["id"], originator=broker.agency) is None:
        raise IntegrityFailure("passage-invalid", "The record that was passed on is not one of this hub.")


def _read(
    broker: Broker, signed: Mapping[str, object], *, keys: PublicKeys, allowed: frozenset[Suite]
) -> tuple[sealing.Stated, Record]:
    stated = sealing.verify_signed(as_jws(signed), sender=keys, allowed=allowed)
    stated.refuse_contradiction()
    if stated.manifest.dialect != RECORD_JSON or not stated.manifest.approvals:
        raise IntegrityFailure("passage-invalid", "What was signed is no record that somebody released.")
    record = load_record(stated.content, max_bytes=broker.limits.record_max_bytes)
    if not record.originator == stated.manifest.originator == keys.agency:
        raise IntegrityFailure("originator-mismatch", "The record inside names another originator.")
    return stated, record


def _refuse_other(passage: Record, manifest: Manifest, inner: Record) -> None:
    """Raise IntegrityFailure `passage-invalid` when a passage holds another record than it says."""
    meant = passage.details["record"]
    if (inner.originator, inner.id, inner.version) != (meant["originator"], meant["id"], meant["version"]):
        raise IntegrityFailure("passage-invalid", "The passage names another record than is in it.")
    if inner.kind in NEVER_PASSED or inner.attachments or manifest.attachments:
        raise IntegrityFailure("passage-invalid", "The passage holds what is never passed on.")
    if (passage.action is Action.WITHDRAWAL) is not (inner.action is Action.WITHDRAWAL):
        raise IntegrityFailure("passage-invalid", "A withdrawal is passed on by withdrawing its passage.")


def _consent(
    broker: Broker, passage: Record, inner: Record, *, keys: PublicKeys, allowed: frozenset[Suite]
) -> Record:
    """Return the originator's consent; raise Refused `consent-mismatch` unless it lets us have the record.

    It must be for this record, name us, and have been given to the hub that passes it on.
    """
    stated, consent = _read(broker, passage.details["consent"], keys=keys, allowed=allowed)
    details: Mapping[str, Any] = consent.details
    wrong = None
    if consent.kind is not Kind.CONSENT or consent.action is Action.WITHDRAWAL:
        wrong = f"what travels is a {consent.kind.value} and no consent"
    elif details["decision"] != "granted":
        wrong = f"{consent.originator} has refused it"
    elif details["record"]["id"] != inner.id:
        wrong = "it is for another record"
    elif broker.agency not in details["pass_to"]:
        wrong = f"it does not name {broker.agency}"
    elif passage.originator not in stated.manifest.recipients:
        wrong = f"it was not given to {passage.originator}"
    if wrong is not None:
        raise Refused("consent-mismatch", f"The consent does not let it be passed on: {wrong}.")
    return consent


def _row(
    standing: Standing,
    passage: RecordRow,
    inner: Record,
    stated: sealing.Stated,
    *,
    agency: str,
    at: datetime,
) -> RecordRow:
    row = row_of(
        inner,
        body_id=passage.body_id,
        digest=stated.content_digest,
        recipients=tuple(one for one in passage.recipients if one != inner.originator),
        priority=Priority(stated.manifest.priority),
        author=inner.originator,
        direction=Direction.IN,
        envelope_id=passage.envelope_id,
        expires_at=passage.expires_at,
    )
    # It came under the passage's agreement: its own is between others.
    via = changed(row, via=passage.originator, agreement=passage.agreement, articles=passage.articles)
    return scheduled(standing, via, inner, agency=agency, at=at)


def _refuse_equivocal(view: View, row: RecordRow) -> None:
    """Raise Refused `conflict` for other content under a version that is here: one of both was never sent."""
    key = row.originator, row.record_id, row.version
    here = view.records.get_many([key]).get(key)
    if here is not None and here.digest != row.digest:
        raise Refused("conflict", f"Version {row.version} of the record is here with other content.")


def take_passed(
    broker: Broker, work: UnitOfWork, passage: RecordRow, passed: Passed, at: datetime
) -> RecordRow | None:
    """Put what an admitted passage brings into the transaction; return its version where it was new.

    `passage` is its row as it is stored. What is here already stays as it is: once, however it came. A
    passage that was recalled before it came brings nothing.
    """
    recalls = passage.action == Action.WITHDRAWAL.value
    if passage.state is not RecordState.WITHDRAWN or recalls:
        _note(work, passed.passage)
    if passed.row is None:
        if recalls:
            _recall(broker, work, passed.passage, at)
        return None
    if passage.state is RecordState.WITHDRAWN and not recalls:
        return None
    return _store(broker, work, passed, at)


def _note(work: UnitOfWork, passage: PassageRow) -> None:
    key = passage.passer, passage.passage_id
    before = work.passages.get_many([key]).get(key)
    if before is None or before.version <= passage.version:
        work.passages.put(passage)


def _store(broker: Broker, work: UnitOfWork, passed: Passed, at: datetime) -> RecordRow | None:
    row = passed.row
    if row is None or passed.event is None:
        return None
    newest = work.records.get(row.record_id, originator=row.originator)
    key = row.originator, row.record_id, row.version
    here = work.records.get_many([key]).get(key)
    if here is not None:
        if here.digest != row.digest or not recalled(here, newest):
            return None
        work.records.readmit(row)
    else:
        row = _in_order(row, newest)
        work.records.add([row])
    if row.state is RecordState.RECEIVED:
        if newest is not None:
            supersede(work, row)
        standing = broker.standings.of(work)
        holders = _holders(work, row) if row.action == Action.WITHDRAWAL.value else frozenset()
        work.deliveries.add(route(standing, row, agency=broker.agency, at=at, holders=holders))
        work.passages.mark(broker.agency, row.originator, record_id=row.record_id)
    work.stage([passed.event])
    return row


def take_over(broker: Broker, work: UnitOfWork, row: RecordRow, before: RecordRow, *, at: datetime) -> None:
    """Keep a version that came by a passage as what its originator has sent now: nobody else recalls it.

    `row` is what the originator's envelope becomes; what was done with the version here stays.
    """
    here = work.records.get(before.record_id, before.version, originator=before.originator)
    if here is None or here.via is None:
        return
    back = recalled(here, work.records.get(row.record_id, originator=row.originator))
    state = RecordState.RECEIVED if back else here.state
    work.records.readmit(changed(row, state=state))
    if back:
        standing = broker.standings.of(work)
        work.deliveries.add(route(standing, row, agency=broker.agency, at=at))


def recalled(here: RecordRow, newest: RecordRow | None) -> bool:
    """Tell whether a version was taken back by who passed it on, and not by its originator."""
    overtaken = newest is None or newest.version != here.version
    return (
        here.via is not None
        and here.state is RecordState.WITHDRAWN
        and here.action != Action.WITHDRAWAL.value
        and not overtaken
    )


def _in_order(row: RecordRow, newest: RecordRow | None) -> RecordRow:
    if newest is None or newest.version < row.version:
        return row
    withdrawn = newest.action == Action.WITHDRAWAL.value
    return changed(row, state=RecordState.WITHDRAWN if withdrawn else RecordState.SUPERSEDED)


def _holders(view: View, row: RecordRow) -> frozenset[str]:
    got = view.deliveries.of_record(row.record_id)
    return frozenset(one.member for one in got if one.originator == row.originator)


def _recall(broker: Broker, work: UnitOfWork, passage: PassageRow, at: datetime) -> None:
    """Take what came by a passage out of force, and tell the members that have it.

    What another hub has passed on too is kept as that.
    """
    versions = work.records.versions(passage.record_id, originator=passage.originator)
    if not versions or versions[-1].action == Action.WITHDRAWAL.value:
        return
    last = versions[-1]
    ours = last.via == passage.passer and last.state is not RecordState.WITHDRAWN
    if ours and (other := _passed_too(broker, work, passage, last)) is not None:
        keep = {"body_id": other.body_id, "envelope_id": other.envelope_id, "agreement": other.agreement}
        work.records.readmit(changed(last, via=other.originator, articles=other.articles, **keep))
        return
    for one in versions:
        if one.via == passage.passer and RecordState.WITHDRAWN in RECORD_STEPS[one.state]:
            work.records.advance(one, to=RecordState.WITHDRAWN)
    if ours:
        work.deliveries.add([delivery_of(last, member=one, at=at) for one in sorted(_holders(work, last))])
    work.passages.mark(broker.agency, passage.originator, record_id=passage.record_id)


def _passed_too(broker: Broker, view: View, passage: PassageRow, row: RecordRow) -> RecordRow | None:
    """Return another passage, in force, that brought the same version."""
    for one in view.passages.of_record(passage.originator, passage.record_id):
        if one.passer == broker.agency or one.version != row.version:
            continue
        if (one.passer, one.passage_id) == (passage.passer, passage.passage_id):
            continue
        found = view.records.get(one.passage_id, originator=one.passer)
        if found is not None and found.action != Action.WITHDRAWAL.value:
            return found
    return None
