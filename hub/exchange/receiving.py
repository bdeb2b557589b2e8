"""identify peer → open → verify → admit once → permit → store → receipt: what comes in, a batch at a time.

Opening, verifying and signing receipts happen before the transaction; it holds rows alone. A receipt is
handed out only after the commit that it tells of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from hub.entries import InboxEntry
from hub.envelope import sealing
from hub.errors import HubError, IntegrityFailure, Refused
from hub.exchange import relaying
from hub.exchange.admitting import Admitted, Answer, Key, Rejected, admit, refuse_stale, reject
from hub.exchange.attachments import use
from hub.exchange.broker import Broker, Standing
from hub.exchange.settling import mark_answered, supersede
from hub.ports import Outcome, Transfer, UnitOfWork, View
from hub.records.actor import Actor, ActorKind


def receive(broker: Broker, peer: str, transfers: Sequence[Transfer]) -> Sequence[Outcome]:
    """Take a batch from an identified peer; return one outcome per transfer, in order.

    One durable commit covers all of them. A repeat gets the receipt it got the first time. Raises Refused
    `partner-unknown` or `partner-suspended` for the peer, `request-invalid` for too many envelopes;
    what is wrong with one envelope is in its outcome.
    """
    at = broker.clock.now()
    actor = Actor(kind=ActorKind.PARTNER, id=peer, agency=peer)
    if len(transfers) > broker.limits.batch_max_envelopes:
        raise Refused(
            "request-invalid",
            f"{len(transfers)} envelopes in one request are more than the limit "
            f"{broker.limits.batch_max_envelopes}.",
        )
    with broker.store.read() as view:
        standing = broker.standings.of(view)
        _refuse_suspended(standing, peer)
        peeked = [_peek(broker, transfer) for transfer in transfers]
        keys = [_key(item) for item in peeked if isinstance(item, sealing.Sealed)]
        seen = view.inbox.seen(keys) if keys else {}
        answers: list[Answer] = []
        fresh: set[Key] = set()
        for transfer, item in zip(transfers, peeked, strict=True):
            answer = _take(broker, view, standing, actor, transfer, item, seen=seen, fresh=fresh, at=at)
            answers.append(answer)
        answers = refuse_stale(broker, view, actor, answers, at)
    return _store(broker, actor, answers, at)


def _refuse_suspended(standing: Standing, peer: str) -> None:
    if not standing.partner(peer).active:
        raise Refused("partner-suspended", f"{peer} is suspended here; nothing is taken from it now.")


def _peek(broker: Broker, transfer: Transfer) -> sealing.Sealed | HubError:
    try:
        return sealing.peek(
            transfer.sealed,
            max_bytes=broker.limits.envelope_max_bytes,
            max_depth=broker.limits.json_max_depth,
        )
    except HubError as error:
        return error


def _key(sealed: sealing.Sealed) -> Key:
    return sealed.header.originator, sealed.header.envelope_id


def _take(
    broker: Broker,
    view: View,
    standing: Standing,
    actor: Actor,
    transfer: Transfer,
    item: sealing.Sealed | HubError,
    *,
    seen: Mapping[Key, InboxEntry],
    fresh: set[Key],
    at: datetime,
) -> Answer:
    if isinstance(item, HubError):
        return reject(broker, actor, None, item, at)
    try:
        before = seen.get(_key(item))
        if before is not None:
            return repeat(item, before)
        if _key(item) in fresh:
            raise IntegrityFailure("envelope-id-reused", "The same envelope stands twice in one request.")
        if broker.agency not in item.header.recipients:
            answer = relaying.relay(broker, view, standing, actor.id, transfer, item, at=at)
            fresh.add(_key(item))
            return answer
        admitted = admit(broker, view, standing, actor, transfer, item, at=at)
    except HubError as error:
        known = item.header.originator in standing.partners
        return reject(broker, actor, item, error, at, known=known)
    fresh.add(admitted.key)
    return admitted


def repeat(sealed: sealing.Sealed, before: InboxEntry) -> Outcome:
    """Answer a repeat with the receipt it got the first time; refuse other bytes under the same id."""
    if before.digest != sealed.digest:
        raise IntegrityFailure(
            "envelope-id-reused",
            "This envelope id came before with other bytes; a new envelope needs a new id.",
        )
    if not before.receipt:
        return Outcome(envelope_id=sealed.header.envelope_id, relayed=True)
    return Outcome(envelope_id=sealed.header.envelope_id, receipt=before.receipt)


def _store(
    broker: Broker,
    actor: Actor,
    answers: Sequence[Answer],
    at: datetime,
) -> Sequence[Outcome]:
    """Commit everything the batch brought, once; then, and only then, hand out the outcomes."""
    admitted = [a for a in answers if isinstance(a, Admitted)]
    relayed = [a for a in answers if isinstance(a, relaying.Relayed)]
    rejected = [a for a in answers if isinstance(a, Rejected)]
    overtaken: Mapping[Key, InboxEntry] = {}
    if admitted or relayed or rejected:
        with broker.store.work() as work:
            new = work.inbox.admit([a.entry for a in admitted] + [r.entry for r in relayed])
            store(work, [a for a in admitted if a.key in new])
            relaying.store(work, [r for r in relayed if r.key in new])
            work.stage(a.event for a in rejected)
            late = [key for key in [a.key for a in admitted] + [r.key for r in relayed] if key not in new]
            overtaken = work.inbox.seen(late) if late else {}
            work.commit()
        for lane in {r.forward.lane for r in relayed}:
            broker.wake(lane)
    return [_outcome(answer, overtaken) for answer in answers]


def store(work: UnitOfWork, admitted: Sequence[Admitted]) -> None:
    """Put admitted envelopes into the transaction: body, record, deliveries and leaf."""
    work.bodies.add([a.body for a in admitted])
    work.records.add([a.row for a in admitted])
    work.deliveries.add([delivery for a in admitted for delivery in a.deliveries])
    for item in admitted:
        if item.row.version > 1:
            supersede(work, item.row)
    mark_answered(work, [a.row for a in admitted])
    use(work, [name for a in admitted for name, _size in a.sealed.header.attachments])
    work.stage(a.event for a in admitted)


def _outcome(answer: Answer, overtaken: Mapping[Key, InboxEntry]) -> Outcome:
    if isinstance(answer, Outcome):
        return answer
    if isinstance(answer, Rejected):
        return answer.outcome
    first = overtaken.get(answer.key)
    if isinstance(answer, relaying.Relayed):
        return Outcome(envelope_id=answer.entry.envelope_id, relayed=True)
    return Outcome(
        envelope_id=answer.entry.envelope_id, receipt=first.receipt if first else answer.entry.receipt
    )
