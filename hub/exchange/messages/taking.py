"""Take messages from a hub: those for others wait to be handed on, those for us are answered.

A relay sees from whom, to whom and until when; it hands on what it agreed to hand on, and an answer to what
it handed on before. A message is taken once: its id is kept for as long as it lives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hub.audit.events import Act
from hub.envelope.messages import About, MessageHeader, SealedMessage, open_message, peek_message
from hub.errors import HubError, IntegrityFailure, PeerFault, Refused
from hub.exchange.backoff import TEMPORARY
from hub.exchange.broker import Broker, Counterparty, Standing
from hub.exchange.cards.introducing import answer_message
from hub.exchange.custody import waits_for_token
from hub.exchange.messages.sending import AT_ONCE, sealed_to
from hub.exchange.reconciling.answering import answer_books
from hub.exchange.relying import relied_on, stage_relying
from hub.exchange.switch import refuse_suspended
from hub.ports import MessageRow, MessageState, Transfer, View
from hub.records.actor import Actor, ActorKind


def _answer_books(broker: Broker, peer: str, body: bytes) -> bytes:
    """Answer a statement that may have been on its way for as long as a message lives."""
    return answer_books(broker, peer, body, age_max_s=broker.limits.message_life_s)


#: Who answers what is asked; the document that was asked with is verified there.
_ANSWERERS: Final[Mapping[About, Callable[[Broker, str, bytes], bytes]]] = {
    About.BOOKS: _answer_books,
    About.CARDS: answer_message,
}


@dataclass(frozen=True, kw_only=True)
class _Come:
    """One message, and what is known of who handed it over."""

    broker: Broker
    standing: Standing
    actor: Actor
    transfer: Transfer
    sealed: SealedMessage
    sender: Counterparty
    at: datetime
    leaf: bytes | None

    @property
    def header(self) -> MessageHeader:
        return self.sealed.header

    def row(self, next_hub: str, state: MessageState, raw: bytes) -> MessageRow:
        return MessageRow(
            message_id=self.header.message_id,
            sender=self.header.sender,
            recipient=self.header.recipient,
            peer=self.actor.agency,
            next=next_hub,
            state=state,
            at=self.at,
            expires_at=self.header.expires_at,
            hops=self.transfer.hops,
            answers=self.header.answers,
            raw=raw,
        )


def take_messages(
    broker: Broker,
    peer: str,
    transfers: Sequence[Transfer],
    *,
    taken: Sequence[str] = (),
    leaf: bytes | None = None,
) -> Sequence[str | None]:
    """Take messages that a peer hands over; return a failure code or None for each, in order.

    `taken` are the ids of those that the peer got from its mailbox. Raises Refused `partner-unknown`,
    `partner-suspended`, and `request-invalid` for too many; OurFault `token-unavailable`.
    """
    if max(len(transfers), len(taken)) > AT_ONCE:
        raise Refused("request-invalid", f"{len(transfers)} messages in one request; at most {AT_ONCE}.")
    with broker.store.read() as view:
        standing = broker.standings.of(view)
        standing.partner(peer)
        refuse_suspended(standing, peer)
        mine = {row.message_id for row in view.messages.waiting(peer, 2 * AT_ONCE)} if taken else set()
    if done := mine & set(taken):
        with broker.store.work() as work:
            for message_id in sorted(done):
                work.messages.settle(message_id)
            work.commit()
    return [_take(broker, standing, peer, transfer, leaf) for transfer in transfers]


def _take(
    broker: Broker, standing: Standing, peer: str, transfer: Transfer, leaf: bytes | None
) -> str | None:
    at = broker.clock.now()
    actor = Actor(kind=ActorKind.PARTNER, id=peer, agency=peer)
    subject = peer
    try:
        sealed = peek_message(transfer.sealed)
        subject = sealed.header.message_id
        come = _Come(
            broker=broker,
            standing=standing,
            actor=actor,
            transfer=transfer,
            sealed=sealed,
            sender=_sender(standing, peer, sealed.header),
            at=at,
            leaf=leaf,
        )
        if not _came_before(come):
            (_arrive if sealed.header.recipient == broker.agency else _relay)(come)
    except HubError as error:
        if waits_for_token(error):
            raise
        if error.code not in TEMPORARY:
            with broker.store.work() as work:
                work.stage([broker.event(Act.REFUSED, actor, subject, at, code=error.code)])
                work.commit()
        return error.code
    return None


def _sender(standing: Standing, peer: str, header: MessageHeader) -> Counterparty:
    """Return the pinned sender, who must be the peer itself or reach us through it, as with envelopes."""
    sender = standing.partner(header.sender)
    if header.sender != peer and sender.row.via != peer:
        raise IntegrityFailure(
            "originator-mismatch", f"{peer} may not hand over messages of {header.sender} to this hub."
        )
    refuse_suspended(standing, header.sender)
    return sender


def _came_before(come: _Come) -> bool:
    """Tell whether a message is here; refuse one that is over, lives too long, or has another's id."""
    header, limits = come.header, come.broker.limits
    if header.expires_at <= come.at:
        raise PeerFault("envelope-expired", "The message's time to live has passed.")
    if header.expires_at > come.at + timedelta(seconds=limits.message_life_s + limits.clock_skew_s):
        raise PeerFault(
            "time-to-live-too-long",
            f"The message's life ends later than {limits.message_life_s:.0f} seconds from now.",
        )
    with come.broker.store.read() as view:
        known = view.messages.get(header.message_id)
    if known is not None and (known.sender, known.recipient) != (header.sender, header.recipient):
        raise IntegrityFailure("envelope-id-reused", "This id is that of another message.")
    return known is not None


def _relay(come: _Come) -> None:
    """Keep a message for another hub until it is handed on; nothing in it is opened."""
    broker, header = come.broker, come.header
    if broker.agency in come.transfer.hops:
        raise PeerFault("relay-loop", "The message has passed this hub before.")
    if len(come.transfer.hops) >= broker.limits.hops_max:
        raise PeerFault("hop-limit", f"It passed {len(come.transfer.hops)} hubs, which is the limit.")
    target = come.standing.partners.get(header.recipient)
    peer = come.standing.partner(come.actor.agency)
    most = broker.limits.relay_messages_max
    with broker.store.read() as view:
        agreed = header.recipient in peer.row.relay_for or _answers_relayed(view, header)
        waiting = view.messages.waiting_of(peer.row.agency, most=most)
    if not agreed or target is None or not target.active:
        raise Refused(
            "relay-refused", f"This hub does not relay from {peer.row.agency} to {header.recipient}."
        )
    if waiting >= most:
        raise Refused("quota-exceeded", f"{most} messages of {peer.row.agency} wait here.")
    with broker.store.work() as work:
        if work.messages.add(come.row(target.lane, MessageState.WAITING, come.sealed.raw)):
            event = broker.event(
                Act.RELAYED,
                come.actor,
                header.message_id,
                come.at,
                recipient=header.recipient,
                message_digest=come.sealed.digest.hex(),
                **relied_on(come.sender, peer, leaf=come.leaf),
            )
            leaves = () if come.leaf is None else (come.leaf,)
            stage_relying(broker, work, come.standing.partners.values(), [event], leaves=leaves)
        work.commit()
    broker.wake(target.lane)


def _answers_relayed(view: View, header: MessageHeader) -> bool:
    """Tell whether a message answers one that was handed on here, whichever way was agreed."""
    asked = None if header.answers is None else view.messages.get(header.answers)
    return asked is not None and (asked.sender, asked.recipient) == (header.recipient, header.sender)


def _arrive(come: _Come) -> None:
    """Keep an answer for whoever waits for it; answer a question, and send the answer back."""
    broker, header = come.broker, come.header
    if header.answers is not None:
        with broker.store.work() as work:
            asked = work.messages.get(header.answers)
            if asked is None or (asked.sender, asked.recipient) != (broker.agency, header.sender):
                raise Refused("request-invalid", "This message answers nothing that was asked from here.")
            work.messages.add(come.row(broker.agency, MessageState.ARRIVED, come.sealed.raw))
            work.commit()
        return
    about, body = open_message(come.sealed, keys=broker.keyring.decryption())
    said = _ANSWERERS[about](broker, header.sender, body)
    answer = sealed_to(broker, come.sender, about, said, answers=header.message_id)
    with broker.store.work() as work:
        if work.messages.add(come.row(broker.agency, MessageState.TAKEN, b"")):
            work.messages.add(answer)
        work.commit()
    broker.wake(come.sender.lane)
