"""Ask a partner behind a relay: its answer comes by the way that the question went, in its own time."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from hub.envelope.messages import About, open_message, peek_message
from hub.errors import PeerFault
from hub.exchange.broker import Broker, Counterparty
from hub.exchange.messages.sending import hand_over, sealed_to
from hub.ports import MessageRow, MessageState

Pause = Callable[[float], object]


def ask(
    broker: Broker, partner: Counterparty, about: About, body: bytes, *, pause: Pause = time.sleep
) -> bytes:
    """Send a signed document to a partner behind a relay; return what it answers, for the caller to verify.

    Waits `message_wait_s` at most; `pause` waits so many seconds, and says by a true value that nobody waits
    any longer. A hub that polls its relay must be served for an answer to come. Raises PeerFault
    `partner-unreachable`.
    """
    row = sealed_to(broker, partner, about, body)
    with broker.store.work() as work:
        work.messages.add(row)
        work.commit()
    broker.wake(partner.lane)
    until = time.monotonic() + broker.limits.message_wait_s
    while (answer := _answer(broker, row)) is None:
        _go_on(broker, partner.lane, row)
        if pause(broker.limits.poll_interval_s) or time.monotonic() >= until:
            raise _unreachable(row, "has not answered in time; its hub, or the relay, may be away")
    told, said = open_message(peek_message(answer.raw), keys=broker.keyring.decryption())
    if told is not about:
        raise _unreachable(row, f"answered about {told.value}, and was asked about {about.value}")
    return said


def _answer(broker: Broker, row: MessageRow) -> MessageRow | None:
    with broker.store.read() as view:
        return view.messages.answer_to(row.message_id)


def _go_on(broker: Broker, lane: str, row: MessageRow) -> None:
    """Hand the question over ourselves where the relay can be called: not every process dispatches."""
    with broker.store.read() as view:
        now = view.messages.get(row.message_id)
        relay = broker.standings.of(view).partners.get(lane)
    if now is None or now.state is MessageState.REFUSED:
        code = "it expired" if now is None else str(now.code)
        raise _unreachable(row, f"was not asked: {row.next} did not hand the question on ({code})")
    if now.state is MessageState.WAITING and relay is not None and relay.active and relay.row.url is not None:
        with suppress(PeerFault):
            hand_over(broker, relay.row)


def _unreachable(row: MessageRow, why: str) -> PeerFault:
    return PeerFault("partner-unreachable", f"{row.recipient}, by way of {row.next}, {why}.")
