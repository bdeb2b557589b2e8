"""Seal a message to a partner behind a relay, and hand over what waits for a hub that can be called."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from hub.audit.events import Act
from hub.entries import PartnerRow
from hub.envelope.messages import About, MessageHeader, seal_message
from hub.errors import PeerFault
from hub.exchange.backoff import TEMPORARY
from hub.exchange.broker import Broker, Counterparty
from hub.exchange.claiming import note_call
from hub.ports import MessageRow, MessageState, Transfer
from hub.records.ids import new_id

#: In one request, or in one look into a mailbox.
AT_ONCE: Final = 8
#: What a hub says that knows nothing of messages.
_NOT_THERE: Final = frozenset({404, 405})


def sealed_to(
    broker: Broker, partner: Counterparty, about: About, body: bytes, *, answers: str | None = None
) -> MessageRow:
    """Return a message to a partner as it waits to be handed to its relay; `body` is a signed document."""
    at = broker.clock.now()
    header = MessageHeader(
        message_id=new_id(),
        sender=broker.agency,
        recipient=partner.row.agency,
        suite=partner.suite,
        expires_at=at + timedelta(seconds=broker.limits.message_life_s),
        answers=answers,
    )
    return MessageRow(
        message_id=header.message_id,
        sender=header.sender,
        recipient=header.recipient,
        peer=broker.agency,
        next=partner.lane,
        state=MessageState.WAITING,
        at=at,
        expires_at=header.expires_at,
        answers=answers,
        raw=seal_message(header, about, body, to=partner.public).raw,
    )


def waiting_for(broker: Broker, peer: str, rows: Sequence[MessageRow]) -> Sequence[Transfer]:
    """Return messages as they are handed to a hub, with the hubs that they have passed."""
    return [Transfer(sealed=row.raw, hops=(*row.hops, broker.agency)) for row in rows if row.next == peer]


def hand_over(broker: Broker, partner: PartnerRow, *, taken: Sequence[str] = ()) -> int:
    """Hand our waiting messages to a hub that can be called; return how many it is done with.

    `taken` are the ids of those from its mailbox that we have stored. A message that it refuses for good is
    not offered again, and leaves an entry. A hub that does not answer rests as its lane does, and raises
    PeerFault.
    """
    at = broker.clock.now()
    with broker.store.read() as view:
        lane = view.outbox.lane(partner.agency)
        rests = lane.open_until is not None and lane.open_until > at
        waiting = [] if rests else view.messages.waiting(partner.agency, AT_ONCE)
    rows = [row for row in waiting if row.expires_at > at]
    if not rows and not taken:
        return 0
    try:
        codes = broker.carrier.carry_messages(partner, waiting_for(broker, partner.agency, rows), taken=taken)
        if len(codes) != len(rows):
            raise PeerFault("partner-misbehaved", f"{len(codes)} answers came for {len(rows)} messages.")
    except PeerFault as fault:
        if fault.details.get("status") not in _NOT_THERE:
            note_call(broker, partner.agency, failure=fault)
            raise
        codes = ["relay-refused"] * len(rows)  # it hands on no messages; its envelopes are not held up
    final = [(row, code) for row, code in zip(rows, codes, strict=True) if code not in TEMPORARY]
    if final:
        with broker.store.work() as work:
            for row, code in final:
                work.messages.settle(row.message_id, code=code)
            work.stage(
                broker.event(
                    Act.REFUSED,
                    broker.itself,
                    row.message_id,
                    at,
                    code=code,
                    by=partner.agency,
                    to=row.recipient,
                )
                for row, code in final
                if code is not None
            )
            work.commit()
    return len(final)
