"""Who has our record through others: what the hubs that pass it on told us, and who has not acknowledged.

What a recipient stated itself is verified with its pinned keys. That its receipt is about the version that
we were shown is certain where the same envelope came to us; else it is the word of the hub that passed it on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any

from hub.entries import PassageRow, ReceiptRow, RecordRow
from hub.envelope.documents import peek_document
from hub.envelope.passing import as_jws
from hub.envelope.receipts import RECEIPT_TYPE, Acknowledgement, Statement, verify_receipt
from hub.errors import HubError, IntegrityFailure, PeerFault
from hub.exchange.broker import Standing
from hub.ports import UnitOfWork, View
from hub.records.kinds import Action, Kind
from hub.records.lifecycle import ReceiptStatus, RecordState

_WENT = frozenset({RecordState.RELEASED, RecordState.ANSWERED})


class Proof(Enum):
    """What shows that somebody acknowledged what was passed on to it.

    `signed`: its own signature, over an envelope that came to us too. `stated`: its own signature, over an
    envelope that only the hub which passed it on has. `reported`: the word of that hub alone.
    """

    SIGNED = "signed"
    STATED = "stated"
    REPORTED = "reported"


@dataclass(frozen=True, kw_only=True)
class Onward:
    """One recipient of one passage of our record, and the last version of the passage that it acknowledged.

    `version` is that of our record which the passage has brought so far; None where it was taken back.
    `current` tells that the recipient has acknowledged the last of it.
    """

    passer: str
    passage_id: str
    who: str
    version: int | None
    current: bool
    at: datetime | None = None
    proof: Proof | None = None


@dataclass(frozen=True, kw_only=True)
class Awaited:
    """A correction or withdrawal that somebody who has it through another hub has not acknowledged.

    `row` is what went out: the version of our record, or the recall of the consent. `told` tells that the hub
    between has passed it on.
    """

    row: RecordRow
    who: str
    via: str
    since: datetime
    told: bool


def check_report(view: View, standing: Standing, statement: Statement) -> Proof:
    """Return what shows that a recipient acknowledged a passage, as the hub that passes on has stated it.

    Raises IntegrityFailure `receipt-invalid`, and what verifying a receipt raises, for one that is not what
    it is said to be. Where we do not know the recipient's key, nothing is shown but the other's word.
    """
    told = statement.passed
    if told is None:
        raise IntegrityFailure("receipt-invalid", "The statement is about nothing that was passed on.")
    raw = as_jws(told.receipt)
    signer = standing.partners.get(str(statement.member))
    said = _peek(raw) if signer is None else None
    if signer is not None:
        try:
            said = verify_receipt(raw, by=signer.public, allowed=signer.offered)
        except PeerFault as fault:
            if fault.code != "key-unknown":
                raise
            signer, said = None, _peek(raw)
    assert said is not None
    if (said.by, said.to) != (statement.member, statement.by) or said.status is ReceiptStatus.REFUSED:
        raise IntegrityFailure("receipt-invalid", "The receipt in it is another's, or a refusal.")
    if said.record_id not in (None, told.passage):
        raise IntegrityFailure("receipt-invalid", "The receipt in it is about another record.")
    shown = _is_shown(view, statement.by, told, said)
    if signer is None:
        return Proof.REPORTED
    return Proof.SIGNED if shown else Proof.STATED


def _peek(raw: bytes) -> Statement:
    try:
        return Statement.load(peek_document(raw, RECEIPT_TYPE))
    except (HubError, ValueError) as error:
        raise IntegrityFailure("receipt-invalid", f"The receipt in it cannot be read: {error}.") from None


def _is_shown(view: View, passer: str, told: Acknowledgement, said: Statement) -> bool:
    """Tell whether a receipt is about the very envelope that brought us this version of the passage."""
    here = view.records.get(told.passage, told.version, originator=passer)
    if here is None or here.envelope_id != said.envelope_id:
        return False
    key = passer, said.envelope_id
    came = view.inbox.seen([key]).get(key)
    if came is None or came.digest.hex() != said.envelope_digest:
        raise IntegrityFailure("receipt-invalid", "The receipt in it is about other bytes than came here.")
    return True


def everyone_told_of(view: View, row: RecordRow) -> frozenset[str]:
    """Return who got a record of ours by passages of which their hubs told us."""
    found: set[str] = set()
    for passage in view.passages.of_record(row.originator, row.record_id):
        newest = view.records.get(passage.passage_id, originator=passage.passer)
        if newest is not None and passage.passer != row.originator:
            found |= set(_told_to(newest, passage))
    return frozenset(found)


def onward_of(view: View, standing: Standing, row: RecordRow) -> Sequence[Onward]:
    """Return who got a record of ours by passages, as the hubs that passed it on have told us."""
    return [
        one
        for passage in view.passages.of_record(row.originator, row.record_id)
        if passage.passer != row.originator
        for one in _recipients(view, standing, passage)
    ]


def _recipients(view: View, standing: Standing, passage: PassageRow) -> Sequence[Onward]:
    newest = view.records.get(passage.passage_id, originator=passage.passer)
    if newest is None:
        return []
    got = _acknowledged(view, passage)
    taken_back = newest.action == Action.WITHDRAWAL.value
    found = []
    for who in _told_to(newest, passage):
        receipt, version = got.get(who, (None, 0))
        found.append(
            Onward(
                passer=passage.passer,
                passage_id=passage.passage_id,
                who=who,
                version=None if taken_back else passage.version,
                current=version >= newest.version,
                at=None if receipt is None else receipt.at,
                proof=None if receipt is None else _proof(view, standing, receipt),
            )
        )
    return found


def _told_to(row: RecordRow, passage: PassageRow) -> Sequence[str]:
    """Return to whom a passage goes but its originator: its label names all, its envelope perhaps fewer."""
    named: Any = row.label.get("releasable_to", ())
    return [who for who in named if who != passage.originator]


def _acknowledged(view: View, passage: PassageRow) -> Mapping[str, tuple[ReceiptRow, int]]:
    """Return the last version of a passage that each recipient acknowledged, with what says so."""
    found: dict[str, tuple[ReceiptRow, int]] = {}
    for row in view.receipts.of_record(passage.consent_id):
        if row.by != passage.passer or row.member is None:
            continue
        told: Any = peek_document(row.raw, RECEIPT_TYPE).get("passed")
        if told is None or told["passage"] != passage.passage_id:
            continue
        if row.member not in found or found[row.member][1] < told["version"]:
            found[row.member] = row, told["version"]
    return found


def _proof(view: View, standing: Standing, row: ReceiptRow) -> Proof:
    try:
        return check_report(view, standing, Statement.load(peek_document(row.raw, RECEIPT_TYPE)))
    except HubError:  # a key that was good when it came, and is not any more
        return Proof.REPORTED


def awaited(view: View, passage: PassageRow) -> Sequence[Awaited]:
    """Return who has not acknowledged what we last changed of a record that another hub passed on."""
    newest = view.records.get(passage.passage_id, originator=passage.passer)
    row = _last_that_went(view, passage.originator, passage.record_id)
    consent = _last_that_went(view, passage.originator, passage.consent_id)
    if newest is None or row is None:
        return []
    over = newest.action == Action.WITHDRAWAL.value
    recalled = consent is not None and consent.action == Action.WITHDRAWAL.value
    if recalled and row.action != Action.WITHDRAWAL.value:
        assert consent is not None
        row, told = consent, over
    elif row.version == 1:
        return []
    else:
        told = over or passage.version >= row.version
    got = _acknowledged(view, passage) if told else {}
    since = _released_at(view, row)
    return [
        Awaited(row=row, who=who, via=passage.passer, since=since, told=told)
        for who in _told_to(newest, passage)
        if got.get(who, (None, 0))[1] < newest.version
    ]


def note_awaited(work: UnitOfWork, passer: str, passage_id: str) -> None:
    """Remember whether anybody still has to acknowledge what we last changed of a record that went onward."""
    here = work.passages.held(passer, passage_id)
    if here is not None:
        work.passages.put(replace(here, behind=bool(awaited(work, here))))


def await_others(work: UnitOfWork, row: RecordRow) -> None:
    """Note that a version of ours that has just gone must reach those who have the record by passages.

    With the recall of a consent goes what rests on it.
    """
    if row.kind != Kind.CONSENT.value:
        work.passages.mark_others(row.originator, record_id=row.record_id)
    elif row.action == Action.WITHDRAWAL.value:
        work.passages.mark_others_consent(row.originator, consent_id=row.record_id)


def _last_that_went(view: View, originator: str, record_id: str) -> RecordRow | None:
    versions = view.records.versions(record_id, originator=originator)
    return next((one for one in reversed(versions) if one.state in _WENT), None)


def _released_at(view: View, row: RecordRow) -> datetime:
    found = [one.at for one in view.records.releases(row.record_id) if one.version == row.version]
    return max(found, default=row.created_at)
