"""From the medium: each bundle that a partner signed for us, through the same gate as over a network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hub.audit.events import Act
from hub.envelope.bundles import Bundle, PackedTransfer, verify_bundle
from hub.envelope.canonical import digest
from hub.envelope.documents import DOCUMENT_MAX_BYTES
from hub.errors import HubError, IntegrityFailure
from hub.exchange.answering import take_receipts
from hub.exchange.attachments import offset, receive_part
from hub.exchange.backoff import TEMPORARY
from hub.exchange.broker import Broker
from hub.exchange.courier.places import (
    attachment_of,
    bundles_of,
    confirmed,
    file_of,
    keep_answers,
    keep_taken,
    receipt_id,
)
from hub.exchange.receiving import receive
from hub.exchange.switch import refuse_suspended
from hub.ports import Transfer
from hub.ports.medium import Medium
from hub.records.actor import Actor, ActorKind
from hub.records.ids import is_agency


@dataclass(frozen=True, kw_only=True)
class Came:
    """One thing on a medium: whose, what it is, which one, and why it was not taken."""

    sender: str
    what: str
    name: str
    code: str | None = None
    sentence: str | None = None


def senders(broker: Broker, medium: Medium) -> Sequence[str]:
    """Return the agencies that have something on a medium for us."""
    return [
        name for name in medium.names("") if is_agency(name) and medium.names(bundles_of(name, broker.agency))
    ]


def bring_in(broker: Broker, peer: str, medium: Medium, kept: Medium) -> Iterator[Came]:
    """Take everything that a partner's bundles list, in any order; yield what each thing came to.

    What is wrong with one thing keeps none of the others out. Our receipts are kept for the next export.
    """
    for name in medium.names(bundles_of(peer, broker.agency)):
        try:
            bundle = _bundle(broker, peer, medium, name)
        except HubError as error:
            _log(broker, peer, error.code)
            yield _not(peer, "bundle", name, error)
            continue
        for digested, size in bundle.attachments:
            yield _attachment(broker, medium, bundle, digested, size)
        yield from _transfers(broker, medium, kept, bundle)
        yield from _receipts(broker, medium, kept, bundle)


def _bundle(broker: Broker, peer: str, medium: Medium, name: str) -> Bundle:
    raw = medium.read(f"{bundles_of(peer, broker.agency)}/{name}", max_bytes=DOCUMENT_MAX_BYTES)
    if raw is None:
        raise _damaged()
    with broker.store.read() as view:
        standing = broker.standings.of(view)
        partner = standing.partner(peer)
        refuse_suspended(standing, peer)
    return verify_bundle(raw, by=partner.public, to=broker.agency, allowed=partner.allowed)


def _log(broker: Broker, peer: str, code: str) -> None:
    """Leave an entry of what does not pass: what passes is logged where it is taken."""
    actor = Actor(kind=ActorKind.PARTNER, id=peer, agency=peer)
    with broker.store.work() as work:
        work.stage([broker.event(Act.REFUSED, actor, peer, broker.clock.now(), code=code)])
        work.commit()


def _attachment(broker: Broker, medium: Medium, bundle: Bundle, name: str, size: int) -> Came:
    try:
        start = offset(broker, bundle.by, name)
        if start < size:
            parts = medium.parts(attachment_of(bundle.by, bundle.to, name), start)
            end = receive_part(broker, bundle.by, name, start, size, parts)
            if end != size:
                raise _damaged()
    except HubError as error:
        return _not(bundle.by, "attachment", name, error)
    return Came(sender=bundle.by, what="attachment", name=name)


def _transfers(broker: Broker, medium: Medium, kept: Medium, bundle: Bundle) -> Iterator[Came]:
    sound: list[Transfer] = []
    for packed in bundle.transfers:
        try:
            sound.append(_transfer(broker, medium, bundle, packed))
        except HubError as error:
            _log(broker, bundle.by, error.code)
            yield _not(bundle.by, "envelope", packed.sealed, error)
    size = broker.limits.batch_max_envelopes
    for start in range(0, len(sound), size):
        batch = sound[start : start + size]
        try:
            outcomes = receive(broker, bundle.by, batch)
        except HubError as error:
            yield from (_not(bundle.by, "envelope", digest(one.sealed).hex(), error) for one in batch)
            continue
        keep_answers(kept, [one.receipt for one in outcomes if one.receipt is not None])
        for one in outcomes:
            yield Came(
                sender=bundle.by,
                what="envelope",
                name=one.envelope_id,
                code=one.code,
                sentence=one.sentence,
            )


def _transfer(broker: Broker, medium: Medium, bundle: Bundle, packed: PackedTransfer) -> Transfer:
    most = broker.limits.batch_max_bytes
    sealed = _file(medium, bundle, packed.sealed, most)
    statement = (
        None if packed.statement is None else _file(medium, bundle, packed.statement, DOCUMENT_MAX_BYTES)
    )
    return Transfer(sealed=sealed, hops=packed.hops, statement=statement)


def _receipts(broker: Broker, medium: Medium, kept: Medium, bundle: Bundle) -> Iterator[Came]:
    """Take receipts, and the partner's word on which of ours it has."""
    raws: list[bytes] = []
    for name in bundle.receipts:
        try:
            raws.append(_file(medium, bundle, name, DOCUMENT_MAX_BYTES))
        except HubError as error:
            _log(broker, bundle.by, error.code)
            yield _not(bundle.by, "receipt", name, error)
    size = broker.limits.batch_max_envelopes
    for start in range(0, max(len(raws), len(bundle.taken)), size):
        batch, ours = raws[start : start + size], bundle.taken[start : start + size]
        try:
            codes = take_receipts(broker, bundle.by, batch, taken=ours)
        except HubError as error:
            yield from (_not(bundle.by, "receipt", digest(one).hex(), error) for one in batch)
            continue
        confirmed(kept, ours)
        # What is refused for good is logged, and need not come again either.
        done = [one for one, code in zip(batch, codes, strict=True) if code not in TEMPORARY]
        keep_taken(kept, map(receipt_id, _readable(done)))
        for one, code in zip(batch, codes, strict=True):
            yield Came(sender=bundle.by, what="receipt", name=digest(one).hex(), code=code)


def _readable(raws: Sequence[bytes]) -> Iterator[bytes]:
    for raw in raws:
        try:
            receipt_id(raw)
        except (HubError, KeyError):
            continue
        yield raw


def _file(medium: Medium, bundle: Bundle, name: str, max_bytes: int) -> bytes:
    raw = medium.read(file_of(bundle.by, bundle.to, name), max_bytes=max_bytes)
    if raw is None or digest(raw).hex() != name:
        raise _damaged()
    return raw


def _damaged() -> IntegrityFailure:
    return IntegrityFailure(
        "bundle-damaged", "Expected a file as the bundle lists it; it is missing or altered."
    )


def _not(sender: str, what: str, name: str, error: HubError) -> Came:
    return Came(sender=sender, what=what, name=name, code=error.code, sentence=error.sentence)
