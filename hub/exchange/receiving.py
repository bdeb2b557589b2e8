"""identify peer → open → verify → admit once → permit → store → receipt: what comes in, a batch at a time.

Opening, verifying and signing receipts happen before the transaction; it holds rows alone. A receipt is
handed out only after the commit that it tells of.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hub.audit.events import Act
from hub.entries import InboxEntry
from hub.envelope import sealing
from hub.errors import HubError, IntegrityFailure, PeerFault, Refused
from hub.exchange import relaying
from hub.exchange.abreast import Way, abreast
from hub.exchange.admitting import (
    Admitted,
    Answer,
    Key,
    admit,
    originator_of,
    refuse_stale,
    repeat,
)
from hub.exchange.attachments import use
from hub.exchange.broker import Broker, Counterparty, Standing
from hub.exchange.consenting import take_consent
from hub.exchange.custody import waits_for_token
from hub.exchange.numbering import Stated, Statements
from hub.exchange.passing.storing import take_over, take_passed
from hub.exchange.rejecting import Rejected, reject
from hub.exchange.relying import keep_relied, relied_on
from hub.exchange.settling import mark_answered, supersede, tied
from hub.exchange.switch import refuse_suspended
from hub.ports import Outcome, Transfer, UnitOfWork, View
from hub.records.actor import Actor, ActorKind
from hub.records.lifecycle import RecordState


def receive(
    broker: Broker, peer: str, transfers: Sequence[Transfer], *, leaf: bytes | None = None
) -> Sequence[Outcome]:
    """Take a batch from an identified peer; return one outcome per transfer, in order.

    One durable commit covers all of them. A repeat gets the receipt it got the first time. `leaf` is the
    certificate (DER) that the peer showed. Raises Refused
    `partner-unknown` or `partner-suspended` for the peer, `request-invalid` for too many envelopes;
    what is wrong with one envelope is in its outcome. Raises OurFault `token-unavailable` when our own keys
    cannot be used: then none of it was taken.
    """
    at = broker.clock.now()
    if len(transfers) > broker.limits.batch_max_envelopes:
        raise Refused(
            "request-invalid",
            f"{len(transfers)} envelopes in one request are more than the limit "
            f"{broker.limits.batch_max_envelopes}.",
        )
    actor = Actor(kind=ActorKind.PARTNER, id=peer, agency=peer)
    # The same bytes twice in one request are one envelope, and get one answer.
    different = {transfer.sealed: transfer for transfer in reversed(transfers)}
    with broker.store.read() as view:
        standing = broker.standings.of(view)
        standing.partner(peer)
        refuse_suspended(standing, peer)
        raws = list(dict.fromkeys(transfer.sealed for transfer in transfers))
        peeked = {raw: _peek(broker, raw) for raw in raws}
        keys = [_key(item) for item in peeked.values() if isinstance(item, sealing.Sealed)]
        batch = _Batch(
            broker=broker,
            view=view,
            standing=standing,
            actor=actor,
            at=at,
            seen=view.inbox.seen(keys) if keys else {},
            statements=Statements(broker=broker, at=at),
            leaf=leaf,
        )
        taken: dict[bytes, Answer] = {}
        for turn in _turns(peeked):
            ways = (_take(batch, different[raw], peeked[raw]) for raw in turn)
            taken |= zip(turn, abreast(ways), strict=True)
        answers = refuse_stale(broker, view, actor, [taken[raw] for raw in raws], at)
    outcomes = dict(zip(raws, _store(batch, answers), strict=True))
    return [outcomes[transfer.sealed] for transfer in transfers]


def _turns(peeked: Mapping[bytes, sealing.Sealed | HubError]) -> Iterable[Sequence[bytes]]:
    """Return what goes abreast: an envelope whose id stands before waits for what became of that one."""
    turns: dict[int, list[bytes]] = defaultdict(list)
    before: Counter[object] = Counter()
    for raw, item in peeked.items():
        key = _key(item) if isinstance(item, sealing.Sealed) else raw
        turns[before[key]].append(raw)
        before[key] += 1
    return turns.values()


@dataclass(frozen=True, kw_only=True)
class _Batch:
    """What the envelopes of one request are weighed against; `fresh` are those taken so far."""

    broker: Broker
    view: View
    standing: Standing
    actor: Actor
    at: datetime
    seen: Mapping[Key, InboxEntry]
    statements: Statements
    leaf: bytes | None = None
    fresh: set[Key] = field(default_factory=set)
    relayed: list[relaying.Relayed] = field(default_factory=list)
    known: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def relied(self, sender: Counterparty) -> Mapping[str, str]:
        """Return the details that name what a sender and the peer are trusted by."""
        name = sender.row.agency
        if name not in self.known:
            self.known[name] = relied_on(sender, self.standing.partner(self.actor.id), leaf=self.leaf)
        return self.known[name]


def _peek(broker: Broker, raw: bytes) -> sealing.Sealed | HubError:
    """Take an envelope apart, also one above our limit if it can be read, so that its refusal is signed."""
    limits = broker.limits
    try:
        return sealing.peek(
            raw,
            max_bytes=max(limits.batch_max_bytes, limits.envelope_max_bytes),
            max_depth=limits.json_max_depth,
        )
    except HubError as error:
        return _too_large(broker, raw) or error


def _too_large(broker: Broker, raw: bytes) -> PeerFault | None:
    most = broker.limits.envelope_max_bytes
    if len(raw) <= most:
        return None
    return PeerFault("envelope-too-large", f"The envelope has {len(raw)} bytes; at most {most} are taken.")


def _key(sealed: sealing.Sealed) -> Key:
    return sealed.header.originator, sealed.header.envelope_id


def _take(batch: _Batch, transfer: Transfer, item: sealing.Sealed | HubError) -> Way[Answer]:
    """Return what one envelope comes to.

    Whether its id came before is asked only for a peer that may hand it over: no other is told what came,
    or is given our signature about it.
    """
    broker, actor, at = batch.broker, batch.actor, batch.at
    if isinstance(item, HubError):
        return reject(broker, actor, None, item, at)
    try:
        sender = originator_of(batch.standing, actor.id, item)
    except HubError as error:
        return reject(broker, actor, item, error, at, known=False)
    try:
        if (again := _again(batch, item)) is not None:
            return again
        if broker.agency not in item.header.recipients:
            return _relay(batch, sender, transfer, item)
        stated = batch.statements.number(sender, transfer, item, broker.agency)
    except HubError as error:
        _raise_unsigned(error)
        return reject(broker, actor, item, error, at, relied=batch.relied(sender))
    try:
        return (yield from _admit(batch, sender, transfer, item, stated))
    except HubError as error:
        _raise_unsigned(error)
        return reject(broker, actor, item, error, at, stated=stated, relied=batch.relied(sender))


def _raise_unsigned(error: HubError) -> None:
    """Raise what our token failed with: no answer could be signed, so the sender is told to come again.

    The whole request is, by its HTTP status: a hub that does not know the code comes again for that too.
    """
    if waits_for_token(error):
        raise error


def _again(batch: _Batch, sealed: sealing.Sealed) -> Outcome | None:
    """Answer what came before, whatever statement it has now."""
    before = batch.seen.get(_key(sealed))
    if before is not None:
        return repeat(sealed, before)
    if _key(sealed) in batch.fresh:
        raise IntegrityFailure("envelope-id-reused", "This id stands twice in one request, for other bytes.")
    return None


def _admit(
    batch: _Batch, sender: Counterparty, transfer: Transfer, sealed: sealing.Sealed, stated: Stated
) -> Way[Admitted]:
    _refuse_unfit(batch.broker, sealed, batch.at)
    answer = yield from admit(
        batch.broker,
        batch.view,
        batch.standing,
        sender,
        batch.actor,
        transfer,
        sealed,
        stated=stated,
        relied=batch.relied(sender),
        at=batch.at,
    )
    batch.fresh.add(answer.key)
    return answer


def _relay(
    batch: _Batch, sender: Counterparty, transfer: Transfer, sealed: sealing.Sealed
) -> relaying.Relayed:
    _refuse_unfit(batch.broker, sealed, batch.at)
    answer = relaying.relay(
        batch.broker,
        batch.view,
        batch.standing,
        batch.actor.id,
        transfer,
        sealed,
        number=lambda recipient: batch.statements.number(sender, transfer, sealed, recipient),
        waiting=len(batch.relayed),
        relied=batch.relied(sender),
        at=batch.at,
    )
    batch.relayed.append(answer)
    batch.fresh.add(answer.key)
    return answer


def _refuse_unfit(broker: Broker, sealed: sealing.Sealed, at: datetime) -> None:
    """Raise PeerFault for what is larger, or would live longer, than this hub takes to keep or relay."""
    limits = broker.limits
    if too_large := _too_large(broker, sealed.raw):
        raise too_large
    if sealed.header.expires_at > at + timedelta(seconds=limits.time_to_live_s + limits.clock_skew_s):
        raise PeerFault(
            "time-to-live-too-long",
            f"The envelope's life ends later than {limits.time_to_live_s:.0f} seconds from now.",
        )


def _store(batch: _Batch, answers: Sequence[Answer]) -> Sequence[Outcome]:
    """Commit everything the batch brought, once; then, and only then, hand out the outcomes.

    What another worker stored first gets its receipt. What is not stored although its envelope never came
    has the number of another one.
    """
    broker, actor, at = batch.broker, batch.actor, batch.at
    admitted = [a for a in answers if isinstance(a, Admitted)]
    relayed = [a for a in answers if isinstance(a, relaying.Relayed)]
    rejected = [a for a in answers if isinstance(a, Rejected)]
    overtaken: Mapping[Key, InboxEntry] = {}
    reused: set[Key] = set()
    if admitted or relayed or rejected:
        with broker.store.work() as work:
            # Who was suspended while this was opened and verified is refused here, and nothing is stored.
            refuse_suspended(broker.standings.of(work), actor.id, *{a.entry.originator for a in admitted})
            new = work.inbox.admit([a.entry for a in admitted] + [r.entry for r in relayed])
            store(broker, work, [a for a in admitted if a.key in new])
            relaying.store(work, [r for r in relayed if r.key in new])
            work.stage(a.event for a in rejected)
            work.books.note([a.note for a in rejected if a.note is not None])
            late = [key for key in [a.key for a in admitted] + [r.key for r in relayed] if key not in new]
            overtaken = work.inbox.seen(late) if late else {}
            reused = {key for key in late if key not in overtaken}
            work.stage(
                broker.event(Act.REFUSED, actor, envelope_id, at, code="number-reused")
                for _originator, envelope_id in sorted(reused)
            )
            events = [a.event for a in answers if not isinstance(a, Outcome)]
            events += [
                a.passed.event for a in admitted if a.passed is not None and a.passed.event is not None
            ]
            leaves = () if batch.leaf is None else (batch.leaf,)
            keep_relied(broker, work, batch.standing.partners.values(), events, leaves=leaves)
            work.commit()
        for lane in {r.forward.lane for r in relayed}:
            broker.wake(lane)
    return [_outcome(answer, overtaken, reused) for answer in answers]


def store(broker: Broker, work: UnitOfWork, admitted: Sequence[Admitted]) -> None:
    """Put admitted envelopes into the transaction: body, record, deliveries and leaf."""
    new = [a for a in admitted if not a.again]
    work.bodies.add([a.body for a in admitted if not a.again or a.before is not None])
    work.books.add_statements([a.stated.row for a in admitted])
    work.records.add([a.row for a in new])
    work.deliveries.add([delivery for a in new for delivery in a.deliveries])
    for item in new:
        if item.row.version > 1:
            supersede(work, item.row)
    for answer, asked in mark_answered(work, [a.row for a in new]):
        work.stage(tied(broker, a.event, asked) for a in new if a.row is answer)
    for item in new:
        if item.granted is not None and item.row.state is RecordState.RECEIVED:
            take_consent(broker, work, item.row, item.granted)
    pass_further(broker, work, new)
    for item in admitted:
        if item.before is not None:
            take_over(broker, work, item.row, item.before, at=item.event.at)
    use(work, [name for a in new for name, _size in a.sealed.header.attachments])
    for item in new:
        if names := [name for name, _size in item.sealed.header.attachments]:
            work.attachments.name((item.row.originator, item.row.record_id, item.row.version), names)
    work.stage(a.event for a in admitted)


def pass_further(broker: Broker, work: UnitOfWork, new: Sequence[Admitted]) -> None:
    """Take what passages bring, and mark our own passages of what has changed: they follow it."""
    for item in new:
        row = item.row
        if item.passed is not None:
            take_passed(broker, work, row, item.passed, item.event.at)
        if item.granted is not None:
            work.passages.mark_consent(broker.agency, row.originator, consent_id=row.record_id)
        elif row.version > 1:
            work.passages.mark(broker.agency, row.originator, record_id=row.record_id)


def _outcome(answer: Answer, overtaken: Mapping[Key, InboxEntry], reused: Collection[Key]) -> Outcome:
    if isinstance(answer, Outcome):
        return answer
    if isinstance(answer, Rejected):
        return answer.outcome
    if answer.key in reused:
        return Outcome(
            envelope_id=answer.entry.envelope_id,
            code="number-reused",
            sentence="Its originator gave this number to another envelope before; none has two.",
        )
    first = overtaken.get(answer.key)
    if isinstance(answer, relaying.Relayed):
        return Outcome(envelope_id=answer.entry.envelope_id, relayed=True)
    return Outcome(
        envelope_id=answer.entry.envelope_id, receipt=first.receipt if first else answer.entry.receipt
    )
