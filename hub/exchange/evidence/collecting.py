"""All that this hub can show of one record's life, gathered from one snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hub.audit.events import Act, AuditEvent
from hub.entries import Body, Direction, InboxEntry, RecordRow, TrustKind
from hub.envelope import sealing
from hub.envelope.vault import body_key, unlock
from hub.errors import HubError, Refused
from hub.evidence.bundle import BUNDLE_MAX_BYTES, PARTS_MAX
from hub.evidence.parcel_parts import ApprovalPart, ParcelPart
from hub.evidence.parts import CardPart, ContentPart, DeliveryPart, EnvelopePart, Mode, Shown, TrustPart
from hub.exchange.approving import kids_of
from hub.exchange.broker import Broker
from hub.exchange.contents import find_row
from hub.exchange.custody import waits_for_token
from hub.exchange.evidence.parcels import (
    approval_parts,
    body_ids,
    parcel_parts,
    parcels_came,
    parcels_sent,
    profiles_named,
)
from hub.exchange.evidence.partner_certificates import changes_of
from hub.exchange.relying import names_relied_on
from hub.federation.snapshot import read_snapshot
from hub.ports import View
from hub.records.lifecycle import RecordState

#: One more than a bundle can show: what is above that is refused, and not left out.
_ENTRIES_MOST: Final = PARTS_MAX["entries"] + 1
#: The states of versions whose content left, or came.
_NEVER_SENT: Final = frozenset({RecordState.DRAFT, RecordState.REJECTED, RecordState.DISCARDED})


@dataclass(frozen=True, kw_only=True)
class Collected:
    """What is known of a record: everything of a bundle but the log's proofs. `events` are in log order."""

    row: RecordRow
    envelopes: tuple[EnvelopePart, ...]
    contents: tuple[ContentPart, ...]
    receipts: tuple[str, ...]
    deliveries: tuple[DeliveryPart, ...]
    cards: tuple[CardPart, ...]
    events: tuple[AuditEvent, ...]
    trust: tuple[TrustPart, ...] = ()
    parcels: tuple[ParcelPart, ...] = ()
    approvals: tuple[ApprovalPart, ...] = ()
    transfers: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Named:
    """One envelope of the record, as rows and entries name it."""

    envelope_id: str
    version: int
    digest: str | None
    body_id: str | None


@dataclass(frozen=True, kw_only=True)
class _Life:
    """What names the parts of a record's life; none of them is opened. `others` may have signed some."""

    row: RecordRow
    versions: tuple[RecordRow, ...]
    named: tuple[_Named, ...]
    others: tuple[str, ...]
    events: tuple[AuditEvent, ...]


def collect(broker: Broker, view: View, record_id: str, mode: Mode, *, originator: str | None) -> Collected:
    """Gather a record's life.

    Raises Refused `not-found`, `conflict` as `find_row` does, and `evidence-too-large`.
    """
    life = _life(broker, view, record_id, originator)
    ids = [one.envelope_id for one in life.named]
    full = mode is Mode.FULL
    if full:
        _refuse_too_large(view, life)
    parcels = tuple(parcel_parts(broker, view, life.row, full=full))
    return Collected(
        row=life.row,
        envelopes=tuple(_envelope(broker, view, one, full=full) for one in life.named),
        contents=tuple(_contents(broker, view, life.row, life.versions)) if full else (),
        receipts=tuple(_receipts(view, broker, life.row, ids)),
        deliveries=tuple(
            DeliveryPart(
                delivery_id=one.delivery_id,
                member=one.member,
                version=one.version,
                state=one.state,
                at=one.at,
            )
            for one in view.deliveries.of_record(record_id)
            if one.originator == life.row.originator
        ),
        cards=tuple(_cards(view, life.others)),
        events=life.events,
        trust=tuple(_trust(view, life.events)),
        parcels=parcels,
        approvals=tuple(approval_parts(broker, view, life.versions, parcels, full=full)),
        transfers=tuple(_transfers(view, life.events)),
    )


def events_of(broker: Broker, view: View, record_id: str, *, originator: str | None) -> Sequence[AuditEvent]:
    """Return the events that a bundle of a record shows, in the order of the log; opens nothing."""
    return _life(broker, view, record_id, originator).events


def _life(broker: Broker, view: View, record_id: str, originator: str | None) -> _Life:
    row = find_row(view, record_id, originator=originator)
    versions = [
        one
        for one in view.records.versions(record_id, originator=row.originator)
        if one.state not in _NEVER_SENT
    ]
    named = tuple(_named(view, row, versions, _about(view, row, [record_id])))
    ids = [one.envelope_id for one in named]
    others, hubless = _others(view, broker, row, ids), _hubless(view, row)
    pins = [
        (position, event)
        for position, event in view.events_about([*others], limit=_ENTRIES_MOST)
        if event.act is Act.PARTNER_CHANGED
    ]
    pins += [change for agency in hubless for change in changes_of(view, agency)]
    own = _about(view, row, [record_id, *ids, *(one.parcel_id for one in parcels_sent(view, row))])
    keys = sorted(kids_of(event for _position, event in own if event.salt is not None))
    placed = [*own, *pins, *(view.events_about(keys, limit=_ENTRIES_MOST) if keys else ())]
    return _Life(
        row=row,
        versions=tuple(versions),
        named=named,
        others=tuple(others),
        events=tuple(event for _position, event in sorted(placed, key=lambda pair: pair[0])),
    )


def _refuse_too_large(view: View, life: _Life) -> None:
    """Raise Refused `evidence-too-large` before anything is opened: memory is bounded by the file's limit."""
    ids = [one.body_id for one in life.named if one.body_id is not None]
    ids += body_ids(view, life.row)
    size = sum(view.bodies.sizes([*ids, *(one.body_id for one in life.versions)]).values())
    if size > BUNDLE_MAX_BYTES:
        raise Refused(
            "evidence-too-large",
            f"The record's envelopes have {size} bytes; a bundle has at most {BUNDLE_MAX_BYTES}.",
        )


def _about(view: View, row: RecordRow, subjects: Sequence[str]) -> list[tuple[int, AuditEvent]]:
    """Return the entries about a record and its envelopes, without those of another's record of its id."""
    return [
        (position, event)
        for position, event in view.events_about(subjects, limit=_ENTRIES_MOST)
        if event.details.get("originator", row.originator) == row.originator
    ]


def _named(
    view: View, row: RecordRow, versions: Sequence[RecordRow], about: Sequence[tuple[int, AuditEvent]]
) -> Iterable[_Named]:
    """Yield the record's envelopes: ours as they were queued or released, others' as they were admitted."""
    if row.direction is Direction.OUT:
        digests = dict(
            pair
            for _position, event in about
            for pair in zip(
                event.details.get("envelopes", "").split(","),
                event.details.get("envelope_digests", "").split(","),
                strict=False,
            )
        )
        found: dict[str, int] = {}
        for release in view.records.releases(row.record_id):
            found |= dict.fromkeys(release.envelope_ids, release.version)
        parcels = {one.parcel_id for one in view.hubless.parcels_of(row.record_id)}
        for entry in view.outbox.of_record(row.record_id):
            if entry.envelope_id in parcels:
                continue  # a partner's parcel is no envelope, and is shown as what it is
            found.setdefault(entry.envelope_id, entry.version or 0)
        for envelope_id, version in found.items():
            yield _Named(
                envelope_id=envelope_id,
                version=version,
                digest=digests.get(envelope_id) or None,
                body_id=envelope_id,
            )
        return
    held = {one.envelope_id: one.body_id for one in versions}
    for entry_ in _admitted(view, row, about):
        yield _Named(
            envelope_id=entry_.envelope_id,
            version=entry_.version or 0,
            digest=entry_.digest.hex(),
            body_id=held.get(entry_.envelope_id),
        )


def _admitted(view: View, row: RecordRow, about: Sequence[tuple[int, AuditEvent]]) -> Sequence[InboxEntry]:
    keys = [
        (row.originator, event.details["envelope"])
        for _position, event in about
        if event.act is Act.ADMITTED and "envelope" in event.details
    ]
    came = view.inbox.seen(keys) if keys else {}
    return [came[key] for key in dict.fromkeys(keys) if key in came]


def _envelope(broker: Broker, view: View, named: _Named, *, full: bool) -> EnvelopePart:
    """Return what is shown of an envelope: its bytes and what opens them, or why they are not there."""
    told: dict[str, Any] = {"envelope_id": named.envelope_id, "version": named.version}
    if named.body_id is None:
        return EnvelopePart(**told, digest=named.digest, shown=Shown.NOT_KEPT)
    body = view.bodies.get_many([named.body_id]).get(named.body_id)
    if body is None:
        return EnvelopePart(**told, digest=named.digest, shown=Shown.ERASED)
    master_key = broker.keyring.master_key()
    raw = unlock(body, master_key=master_key)
    sealed = sealing.peek(raw, max_bytes=len(raw))
    digest = sealed.digest.hex()
    if not full:
        return EnvelopePart(**told, digest=digest, shown=Shown.WITHHELD)
    text = raw.decode("ascii")
    try:
        key = _content_key(broker, sealed, body)
    except HubError as error:
        if waits_for_token(error):
            raise
        return EnvelopePart(**told, digest=digest, shown=Shown.SEALED, sealed=text)
    return EnvelopePart(**told, digest=digest, shown=Shown.DISCLOSED, sealed=text, content_key=key)


def _content_key(broker: Broker, sealed: sealing.Sealed, body: Body) -> bytes:
    """Return what opens an envelope: unwrapped as its recipient, or kept where we sealed it."""
    if broker.agency in sealed.header.recipients:
        return sealing.unwrap_key(sealed, agency=broker.agency, keys=broker.keyring.decryption())
    key = body_key(body, master_key=broker.keyring.master_key())
    sealing.open_with_key(sealed, key)
    return key


def _contents(
    broker: Broker, view: View, row: RecordRow, versions: Sequence[RecordRow]
) -> Iterable[ContentPart]:
    """Yield the content of versions that went, or came, in no envelope: to members, and by parcels."""
    if row.direction is Direction.IN and not parcels_came(view, row):
        return
    alone = [one for one in versions if one.envelope_id is None]
    bodies = view.bodies.get_many([one.body_id for one in alone])
    for one in alone:
        if (body := bodies.get(one.body_id)) is not None:
            content = unlock(body, master_key=broker.keyring.master_key()).decode()
            yield ContentPart(version=one.version, content=content)


def _receipts(view: View, broker: Broker, row: RecordRow, ids: Sequence[str]) -> Iterable[str]:
    """Yield the signed receipts about a record's envelopes: theirs to us, or ours to its originator."""
    ours = row.direction is Direction.OUT
    raws: dict[bytes, None] = {}
    if not ours and ids:
        came = view.inbox.seen([(row.originator, name) for name in ids])
        raws |= dict.fromkeys(entry.receipt for entry in came.values() if entry.receipt)
    known = set(ids)
    for receipt in view.receipts.of_record(row.record_id):
        if receipt.envelope_id in known and (receipt.by == broker.agency) is not ours:
            raws[receipt.raw] = None
    for raw in raws:
        yield raw.decode("utf-8")


def _transfers(view: View, events: Sequence[AuditEvent]) -> Iterable[str]:
    """Yield the statements in which originators numbered what was admitted, as they came."""
    admitted = [event.details for event in events if event.act is Act.ADMITTED]
    named = dict.fromkeys(details["statement"] for details in admitted if "statement" in details)
    kept = view.books.statements([*named])
    for name in named:
        if name in kept:
            yield kept[name].decode("utf-8")


def _others(view: View, broker: Broker, row: RecordRow, ids: Sequence[str]) -> Sequence[str]:
    """Return the other agencies that may have signed: the originator, or those that stated receipts."""
    if row.direction is Direction.IN:
        return [] if parcels_came(view, row) else [row.originator]
    signers = {receipt.by for receipt in view.receipts.of_record(row.record_id) if receipt.envelope_id in ids}
    return sorted(signers - {broker.agency})


def _hubless(view: View, row: RecordRow) -> Sequence[str]:
    """Return the partners without a hub between whom and us its parcels moved."""
    sent = {one.agency for one in parcels_sent(view, row)}
    return sorted(sent | {one.agency for one in parcels_came(view, row)})


def _trust(view: View, events: Sequence[AuditEvent]) -> Iterable[TrustPart]:
    """Yield what the events name as relied on, and what those snapshots name, each once."""
    named = dict(view.trust.items(names_relied_on(events)))
    further = [
        name
        for item in named.values()
        if item.kind is TrustKind.SNAPSHOT
        for name in read_snapshot(item.raw).names
    ]
    profiles = {item.digest: item for item in profiles_named(view, events)}
    for item in (named | dict(view.trust.items(further)) | profiles).values():
        yield TrustPart(kind=item.kind, raw=item.raw)


def _cards(view: View, agencies: Sequence[str]) -> Iterable[CardPart]:
    """Yield every card that was pinned for them: which one was in force, the entries of the log tell."""
    for agency in agencies:
        for card in view.directory.cards(agency):
            yield CardPart(agency=agency, card=card.decode("utf-8"))
