"""Blind relay: hand on what is sealed for another, for partners we agreed to do that for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.audit.events import Act, AuditEvent
from hub.entries import Body, InboxEntry, OutboxEntry, Priority, StatementRow
from hub.envelope import sealing
from hub.envelope.vault import lock
from hub.errors import PeerFault, Refused
from hub.exchange.attachments import missing, use
from hub.exchange.broker import Broker, Standing
from hub.exchange.numbering import Stated
from hub.ports import Transfer, UnitOfWork, View
from hub.records.actor import Actor, ActorKind
from hub.records.ids import new_id
from hub.records.lifecycle import EntryState


@dataclass(frozen=True, kw_only=True)
class Relayed:
    """An envelope for another hub, taken durably and queued onward unopened."""

    entry: InboxEntry
    forward: OutboxEntry
    body: Body
    event: AuditEvent
    statement: StatementRow

    @property
    def key(self) -> tuple[str, str]:
        """Return what admits it once."""
        return self.entry.originator, self.entry.envelope_id


def relay(
    broker: Broker,
    view: View,
    standing: Standing,
    peer: str,
    transfer: Transfer,
    sealed: sealing.Sealed,
    *,
    number: Callable[[str], Stated],
    waiting: int,
    relied: Mapping[str, str],
    at: datetime,
) -> Relayed:
    """Queue an envelope onward as it is; nothing in it is opened and no key of ours fits it.

    Its originator's statement, which gives it its `number` for the recipient, goes on with it, word for
    word. `waiting` counts those of the same request, `relied` names what was trusted. Raises PeerFault
    `relay-loop`, `hop-limit`, `envelope-expired`, `attachment-missing`, `statement-missing`, Refused
    `relay-refused` when we did not agree to relay from this peer to that recipient, `quota-exceeded` while
    too much of this peer waits here, and IntegrityFailure `statement-invalid`.
    """
    header = sealed.header
    if broker.agency in transfer.hops:
        raise PeerFault("relay-loop", "The envelope has passed this hub before.")
    if len(transfer.hops) >= broker.limits.hops_max:
        raise PeerFault(
            "hop-limit", f"It passed {len(transfer.hops)} hubs; {broker.limits.hops_max} is the limit."
        )
    if header.expires_at <= at:
        raise PeerFault("envelope-expired", "The envelope's time to live has passed.")
    if len(header.recipients) != 1:
        raise Refused("relay-refused", "An envelope to be relayed has exactly one recipient.")
    recipient = header.recipients[0]
    allowed = standing.partner(peer).row.relay_for
    target = standing.partners.get(recipient)
    if recipient not in allowed or target is None or not target.active:
        raise Refused("relay-refused", f"This hub does not relay from {peer} to {recipient}.")
    most = broker.limits.relay_waiting_max - waiting
    if most <= 0 or view.outbox.relayed_waiting(peer, most=most) >= most:
        raise Refused("quota-exceeded", f"{broker.limits.relay_waiting_max} envelopes of {peer} wait here.")
    names = [name for name, _size in header.attachments]
    if absent := missing(view, broker, names):
        raise PeerFault("attachment-missing", f"{len(absent)} of its attachments have not arrived yet.")
    stated = number(recipient)
    body_id = new_id()
    return Relayed(
        entry=InboxEntry(
            originator=header.originator,
            envelope_id=header.envelope_id,
            digest=sealed.digest,
            peer=peer,
            received_at=at,
            receipt=b"",
            body_id=body_id,
            hops=transfer.hops,
        ),
        forward=OutboxEntry(
            entry_id=new_id(),
            lane=target.lane,
            recipient=recipient,
            envelope_id=header.envelope_id,
            body_id=body_id,
            record_id=None,
            version=None,
            # What one originator hands over for relaying keeps its order, and stops nobody else's.
            conversation=f"{header.originator}/{header.conversation}",
            priority=Priority(header.priority),
            state=EntryState.PENDING,
            created_at=at,
            next_at=at,
            expires_at=header.expires_at,
            hops=transfer.hops,
            origin=peer,
            attachments=tuple(names),
            digest=sealed.digest,
            statement=stated.row.digest,
        ),
        statement=stated.row,
        body=lock(sealed.raw, body_id=body_id, master_key=broker.keyring.master_key()),
        event=broker.event(
            Act.RELAYED,
            Actor(kind=ActorKind.PARTNER, id=peer, agency=peer),
            header.envelope_id,
            at,
            recipient=recipient,
            envelope_digest=sealed.digest.hex(),
            **relied,
        ),
    )


def store(work: UnitOfWork, relayed: Sequence[Relayed]) -> None:
    """Put relayed envelopes into the transaction."""
    work.bodies.add([r.body for r in relayed])
    work.books.add_statements([r.statement for r in relayed])
    use(work, [name for r in relayed for name in r.forward.attachments])
    work.outbox.queue([r.forward for r in relayed])
    work.stage(r.event for r in relayed)
