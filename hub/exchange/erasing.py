"""propose → confirm: two officers destroy what opens a record's content, and the log still proves the rest.

What is left of an erased record is its row, its way and its entries in the log. Gone are the keys of its
content, of the envelopes sealed here and of the attachments that no other record names; and what derives
from content: its digests, also where entries commit to them, so that nobody can test a guess against them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from hub.audit.events import SECRET_DETAILS, Act, AuditEvent
from hub.audit.justification import justified
from hub.entries import AttachmentRow, Direction, ErasureRow, OutboxEntry, RecordRow
from hub.errors import Refused
from hub.exchange.attachments.naming import first_name
from hub.exchange.broker import Broker
from hub.exchange.contents import find_row
from hub.exchange.hubless.erasing import erase_parcels, parcels_erased, parcels_sent
from hub.policy.decision import require
from hub.policy.four_eyes import may_confirm_erasure, may_propose_erasure
from hub.ports import UnitOfWork, View
from hub.records.actor import Actor
from hub.records.kinds import Kind
from hub.records.lifecycle import EntryState, RecordState

_UNFINISHED: Final = frozenset({RecordState.DRAFT, RecordState.REJECTED})
_ON_ITS_WAY: Final = frozenset({EntryState.PENDING, EntryState.CARRIED, EntryState.HELD})
_EVENTS_AT_ONCE: Final = 500


@dataclass(frozen=True, kw_only=True)
class Erased:
    """What an erasure came to: versions that lost their content, and attachments that went with it.

    `kept` are attachments that another record names too.
    """

    row: ErasureRow
    versions: tuple[int, ...]
    attachments: tuple[str, ...]
    kept: tuple[str, ...]


def propose_erasure(
    broker: Broker, actor: Actor, record_id: str, *, justification: str | None, originator: str | None = None
) -> ErasureRow:
    """Ask for a record's content to be destroyed, in all its versions; nothing is destroyed yet.

    Raises Refused `justification-missing`, `role-missing`, `four-eyes`, `not-found`, `content-erased`, and
    `transition-invalid` for a draft and for what is still on its way.
    """
    why, at = justified(justification), broker.clock.now()
    with broker.store.work() as work:
        versions = _versions(work, record_id, originator)
        require(may_propose_erasure(actor, _authors(versions)))
        _refuse_unless_at_rest(work, versions)
        key = versions[-1].originator, record_id
        row = ErasureRow(
            originator=key[0],
            record_id=record_id,
            proposed_by=str(actor),
            proposed_at=at,
            justification=why,
        )
        work.erasures.put(row)
        told = {"originator": row.originator, "versions": _numbers(versions)}
        work.stage([broker.event(Act.ERASURE_PROPOSED, actor, record_id, at, justification=why, **told)])
        work.commit()
    return row


def confirm_erasure(broker: Broker, actor: Actor, record_id: str, *, originator: str | None = None) -> Erased:
    """Destroy the content of a record whose erasure another officer has proposed.

    The entry says again what the entries whose secrets are destroyed can prove no more: to whom the record
    went, in which envelopes, by their digests. Raises what proposing raises, and Refused `not-found` without
    a proposal, `conflict` where another version came since.
    """
    at = broker.clock.now()
    with ExitStack() as held, broker.store.work() as work:
        versions = _versions(work, record_id, originator)
        proposal = work.erasures.get(versions[-1].originator, record_id)
        if proposal is None or proposal.confirmed_by is not None:
            raise Refused("not-found", f"Nobody has proposed to erase record {record_id}.")
        require(may_confirm_erasure(actor, _authors(versions), proposal.proposed_by))
        _refuse_unproposed(work, versions)
        done = replace(proposal, confirmed_by=str(actor), confirmed_at=at)
        erased = _destroy(broker, actor, work, held, versions, done, at)
        work.commit()
    return erased


def erase_by_rule(broker: Broker, row: RecordRow, *, why: str, at: datetime) -> Erased:
    """Destroy the content of a record because a rule that was agreed says so, without a person.

    Raises Refused `conflict` where its retention ends with `row` no more, `transition-invalid` while an
    envelope of it is on its way, and `content-erased`.
    """
    rule = f"rule:{row.agreement}"
    with ExitStack() as held, broker.store.work() as work:
        for one in _versions(work, row.record_id, row.originator):
            work.records.held_state(one)  # who decides to keep it longer meanwhile is waited for, and read
        versions = _versions(work, row.record_id, row.originator)
        if not ended_with(versions, row, at=at):
            raise Refused(
                "conflict", "The record was corrected, or is kept longer, since this was looked at."
            )
        done = ErasureRow(
            originator=row.originator,
            record_id=row.record_id,
            proposed_by=rule,
            proposed_at=at,
            justification=why,
            confirmed_by=str(broker.itself),
            confirmed_at=at,
        )
        erased = _destroy(broker, broker.itself, work, held, versions, done, at)
        work.commit()
    return erased


def _refuse_unproposed(view: View, versions: Sequence[RecordRow]) -> None:
    """Raise Refused `conflict` when a version came since the erasure was proposed: nobody weighed it."""
    newest, proposed = versions[-1], None
    for event in _events(view, [newest.record_id]):
        if event.act is Act.ERASURE_PROPOSED and event.details.get("originator") == newest.originator:
            proposed = event.details.get("versions")
    if proposed != _numbers(versions):
        raise Refused(
            "conflict",
            f"Versions {proposed} were to be erased, and {_numbers(versions)} are here; propose it again.",
        )


def ended_with(versions: Sequence[RecordRow], row: RecordRow, *, at: datetime) -> bool:
    """Tell whether a version is a record's newest and its retention ended: a later one may say another day.

    The draft of a correction that was given up says nothing.
    """
    newest = next((one for one in reversed(versions) if one.state is not RecordState.DISCARDED), None)
    if newest is None or newest.version != row.version or newest.retain_until is None:
        return False
    return newest.retain_until <= at


def _destroy(
    broker: Broker,
    actor: Actor,
    work: UnitOfWork,
    held: ExitStack,
    versions: Sequence[RecordRow],
    done: ErasureRow,
    at: datetime,
) -> Erased:
    """Put into the transaction all that an erasure destroys, and its entry."""
    _refuse_unless_at_rest(work, versions)
    beside = _beside(broker, work, versions)
    onward = _onward(broker, work, beside)
    entries = _entries(work, versions)
    sent = parcels_sent(work, versions)
    enveloped = [entry for entry in entries if entry.envelope_id not in sent]
    sealed = _sealed(work, done, enveloped)
    event = _told(broker, actor, done, versions, sealed, parcels_erased(work, versions), at)
    parcels = erase_parcels(work, versions)
    signed = {one.body_id for one in work.approvals.of_record(done.originator, done.record_id)}
    gone_with_it = {*(v.body_id for v in versions), *(e.body_id for e in entries), *parcels, *signed}
    gone_with_it |= {*(row.body_id for row in beside), *(entry.body_id for entry in onward)}
    for body_id in sorted(gone_with_it):
        work.bodies.erase(body_id)
    gone, kept = _erase_attachments(broker, work, held, [*versions, *beside], at)
    work.erasures.forget_digests(done.originator, done.record_id)
    if deriving := [one.event_id for one in _deriving(work, done, sent, ours=_ours(versions))]:
        work.erasures.erase_secrets(deriving)
    work.erasures.put(done)
    for what in ("review_at", "retain_until"):  # nothing is left that could fall due
        work.dues.put_off(done.originator, done.record_id, what, None)
    work.stage([event])
    return Erased(
        row=done, versions=tuple(v.version for v in versions), attachments=tuple(gone), kept=tuple(kept)
    )


def _versions(view: View, record_id: str, originator: str | None) -> Sequence[RecordRow]:
    newest = find_row(view, record_id, originator=originator)
    return view.records.versions(record_id, originator=newest.originator)


def authors_of(view: View, row: RecordRow) -> frozenset[str]:
    """Return all who wrote in any version of a record."""
    return _authors(view.records.versions(row.record_id, originator=row.originator))


def _authors(versions: Sequence[RecordRow]) -> frozenset[str]:
    return frozenset(who for row in versions for who in (row.author, *row.editors))


def _numbers(versions: Sequence[RecordRow]) -> str:
    return ",".join(str(row.version) for row in versions)


def _ours(versions: Sequence[RecordRow]) -> bool:
    return versions[-1].direction is Direction.OUT


def _entries(view: View, versions: Sequence[RecordRow]) -> Sequence[OutboxEntry]:
    """Return the queue entries of a record of our own; one that came has none."""
    return view.outbox.of_record(versions[-1].record_id) if _ours(versions) else ()


def _refuse_unless_at_rest(view: View, versions: Sequence[RecordRow]) -> None:
    """Refuse what is being written, what is being carried, and what was erased already."""
    for row in versions:
        if row.state in _UNFINISHED:
            raise Refused(
                "transition-invalid", f"Version {row.version} is still a draft; discard it, which erases it."
            )
    _refuse_moving(_entries(view, versions))
    if not view.bodies.get_many([row.body_id for row in versions]):
        raise Refused("content-erased", "The content of this record was erased already.")


def _refuse_moving(entries: Sequence[OutboxEntry]) -> None:
    if moving := [entry for entry in entries if entry.state in _ON_ITS_WAY]:
        raise Refused(
            "transition-invalid",
            f"{len(moving)} envelopes of it are still on their way; wait for them, or give them up first.",
        )


def _beside(broker: Broker, view: View, versions: Sequence[RecordRow]) -> Sequence[RecordRow]:
    """Return the versions of other records that hold the same content: passages, or what came by this one.

    Raises Refused `transition-invalid` while a passage of ours is on its way.
    """
    last = versions[-1]
    key = last.originator, last.record_id
    if (passage := view.passages.get_many([key]).get(key)) is not None:
        here = {row.body_id for row in versions}
        held = view.records.versions(passage.record_id, originator=passage.originator)
        return [row for row in held if row.body_id in here]
    passages = view.passages.of_record(last.originator, last.record_id)
    return [row for one in passages for row in view.records.versions(one.passage_id, originator=one.passer)]


def _onward(broker: Broker, view: View, beside: Sequence[RecordRow]) -> Sequence[OutboxEntry]:
    """Return the queue entries of our passages of a record, of which none may be on its way."""
    ours = {
        row.record_id for row in beside if row.originator == broker.agency and row.kind == Kind.PASSAGE.value
    }
    entries = [entry for record_id in sorted(ours) for entry in view.outbox.of_record(record_id)]
    _refuse_moving(entries)
    return entries


def _told(
    broker: Broker,
    actor: Actor,
    done: ErasureRow,
    versions: Sequence[RecordRow],
    sealed: Mapping[str, str],
    parcels: Mapping[str, str],
    at: datetime,
) -> AuditEvent:
    recipients = sorted({who for row in versions for who in row.recipients})
    return broker.event(
        Act.ERASED,
        actor,
        done.record_id,
        at,
        justification=done.justification,
        originator=done.originator,
        proposed_by=done.proposed_by,
        versions=_numbers(versions),
        recipients=",".join(recipients),
        envelopes=",".join(sealed),
        envelope_digests=",".join(sealed.values()),
        **parcels,
    )


def _sealed(view: View, done: ErasureRow, entries: Sequence[OutboxEntry]) -> Mapping[str, str]:
    """Return the digests of the sealed bytes of a record's envelopes, as the entries of the log named them.

    They tell nothing of the content, for its key was random; receipts go on naming them.
    """
    known: dict[str, str] = {}
    for event in _events(view, [done.record_id, *{entry.envelope_id for entry in entries}]):
        told = event.details
        known |= zip(
            told.get("envelopes", "").split(","), told.get("envelope_digests", "").split(","), strict=False
        )
        if "envelope" in told:
            known[told["envelope"]] = told.get("envelope_digest", "")
    return {name: known.get(name, "") for name in sorted({entry.envelope_id for entry in entries})}


def _erase_attachments(
    broker: Broker, work: UnitOfWork, held: ExitStack, versions: Sequence[RecordRow], at: datetime
) -> tuple[list[str], list[str]]:
    """Forget what these versions name and nothing else does; return what went and what is kept."""
    named: dict[str, AttachmentRow] = {}
    for row in versions:
        key = (row.originator, row.record_id, row.version)
        if of_version := work.attachments.of_record(key):
            named |= {one.digest: one for one in of_version}
            work.attachments.name(key, [])
    gone: list[str] = []
    for digest, attachment in sorted(named.items()):
        # Whoever is sending the same bytes again makes this a conflict: try again when they are done.
        held.enter_context(broker.blobs.hold(first_name(attachment)))
        work.attachments.let_go(digest, at)
        if not work.attachments.remove_unused(digest):
            continue
        if attachment.secret_body_id is not None:
            work.bodies.erase(attachment.secret_body_id)
        broker.blobs.discard(digest)
        broker.blobs.discard(first_name(attachment))
        gone.append(digest)
    return gone, sorted(named.keys() - set(gone))


def _deriving(view: View, done: ErasureRow, sent: Sequence[str], *, ours: bool) -> Iterator[AuditEvent]:
    """Return the entries about a record, and about parcels that it went in, whose details derive from it.

    What came in envelopes leaves none: those entries hold digests of sealed bytes alone. A partner's parcel
    may not be sealed, and the entry of its admission names the originator.
    """
    about = (one for one in _events(view, [done.record_id, *sent]) if SECRET_DETAILS & one.details.keys())
    return (one for one in about if ours or one.details.get("originator") == done.originator)


def _events(view: View, subjects: Sequence[str]) -> Iterator[AuditEvent]:
    after = 0
    while page := view.events_about(subjects, after=after, limit=_EVENTS_AT_ONCE):
        after = page[-1][0]
        yield from (event for _, event in page)
