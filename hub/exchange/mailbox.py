"""Pull: a mailbox for partners that cannot be called, and the polling of partners when we cannot be."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from types import MappingProxyType

from hub.entries import OutboxEntry, PartnerRow, PartnerStatus
from hub.envelope.documents import peek_document
from hub.envelope.messages import peek_message
from hub.envelope.receipts import RECEIPT_TYPE
from hub.envelope.sealing import peek
from hub.errors import HubError, PeerFault, Refused
from hub.exchange.answering import put_off, send_receipts, take_receipts
from hub.exchange.attachments import fetch
from hub.exchange.backoff import TEMPORARY, retry_at
from hub.exchange.broker import Broker
from hub.exchange.claiming import claim_for_mailbox
from hub.exchange.dispatching import permit_again, tell_origins, transfers_of
from hub.exchange.messages.sending import AT_ONCE, hand_over, waiting_for
from hub.exchange.messages.taking import take_messages
from hub.exchange.receiving import receive
from hub.exchange.weighing import Settled, happened
from hub.ports import Mail, Transfer

log = logging.getLogger("hub.mailbox")


def mailbox(broker: Broker, peer: str, *, limit: int) -> Mail:
    """Return what waits for a partner: sealed envelopes, each permitted again, and our receipts.

    An envelope stays until its receipt comes, a receipt until it is confirmed. What was handed out is due
    again later, each time after a longer rest, so that what a partner does not complete gives others their
    turn. What may no longer go is held.
    """
    size = max(1, min(limit, broker.limits.batch_max_envelopes))
    with broker.store.read() as view:
        standing = broker.standings.of(view)
        partner = standing.partner(peer)
        if partner.row.status is not PartnerStatus.ACTIVE:
            raise Refused("partner-suspended", f"{peer} is suspended here.")
        claimed = claim_for_mailbox(broker, view, standing, peer, size=size)
        receipts = view.receipts.unsent(peer, size, due=broker.clock.now())
        messages = view.messages.waiting(peer, min(size, AT_ONCE))
    settled, at = Settled(), broker.clock.now()
    going = permit_again(broker, claimed, settled, at)
    out = transfers_of(broker, claimed, going, settled, at)
    settled.entries += [handed_out(broker, entry, at) for entry, _transfer in out]
    tell_origins(broker, claimed, settled)
    keep(broker, settled, receipts=put_off(broker, receipts, at))
    return Mail(
        transfers=tuple(transfer for _entry, transfer in out),
        receipts=tuple(row.raw for row in receipts),
        messages=tuple(waiting_for(broker, peer, [row for row in messages if row.expires_at > at])),
    )


def handed_out(broker: Broker, entry: OutboxEntry, at: datetime) -> OutboxEntry:
    """Return an entry as it waits for its receipt; that it was handed out before in vain is shown."""
    again = entry.attempts > 0
    return replace(
        entry,
        attempts=entry.attempts + 1,
        retries=entry.retries + again,
        reason="receipt-missing" if again else None,
        next_at=retry_at(entry.attempts + 1, at=at, limits=broker.limits),
    )


def keep(
    broker: Broker, settled: Settled, *, receipts: Mapping[str, datetime] = MappingProxyType({})
) -> None:
    """Store what handing out came to, and when receipts that were handed out are due again."""
    if settled.entries or receipts:
        with broker.store.work() as work:
            work.receipts.put_off(receipts)
            work.receipts.queue(settled.onward)
            ended = work.outbox.settle(None, settled.entries, yielding=True)
            work.stage(event for event in settled.events if happened(event, ended))
            work.commit()


def wait_for_mail(
    broker: Broker, peer: str, *, limit: int, wait_s: float, pause: Callable[[float], object] = time.sleep
) -> Mail:
    """Return the mailbox as soon as it holds something, or empty when the time is up.

    `pause` waits so many seconds, and says by a true value that the hub stops and waiting ends.
    """
    until = time.monotonic() + min(wait_s, broker.limits.mailbox_wait_max_s)
    while True:
        mail = mailbox(broker, peer, limit=limit)
        left_s = until - time.monotonic()
        if mail.transfers or mail.receipts or mail.messages or left_s <= 0:
            return mail
        if pause(min(broker.limits.poll_interval_s, left_s)):
            return mail


def poll(
    broker: Broker,
    partner: PartnerRow,
    *,
    wait_s: float,
    fetched: Callable[[str, int], bool] | None = None,
) -> int:
    """Fetch and take what a partner's mailbox holds, and give it our receipts; return how much there was.

    Attachments come before their envelopes are taken, so that what is accepted is whole. `fetched` tells
    whether one is here, and envelopes whose attachments are still on their way are left for a later poll;
    without it they are fetched at once.
    """
    mail = broker.carrier.poll(partner, limit=broker.limits.batch_max_envelopes, wait_s=wait_s)
    come = fetched or partial(_fetch_now, broker, partner)
    if transfers := [transfer for transfer in mail.transfers if _is_whole(broker, transfer, come)]:
        outcomes = receive(broker, partner.agency, transfers, leaf=mail.leaf)
        answers = [o.receipt for o in outcomes if o.receipt is not None]
        if answers:
            broker.carrier.carry_receipts(partner, answers)
    taken: list[str] = []
    if mail.receipts:
        codes = take_receipts(broker, partner.agency, mail.receipts, leaf=mail.leaf)
        taken = [
            str(peek_document(raw, RECEIPT_TYPE)["receipt_id"])
            for raw, code in zip(mail.receipts, codes, strict=True)
            if code not in TEMPORARY  # what is refused for good is logged, and not asked for again
        ]
    send_receipts(broker, partner, taken=taken)
    hand_over(broker, partner, taken=_messages(broker, partner, mail))
    return len(mail.transfers) + len(mail.receipts) + len(mail.messages)


def _messages(broker: Broker, partner: PartnerRow, mail: Mail) -> Sequence[str]:
    """Take messages from a mailbox; return the ids of those that are done with."""
    messages = mail.messages[:AT_ONCE]
    codes = take_messages(broker, partner.agency, messages, leaf=mail.leaf)
    done = [one for one, code in zip(messages, codes, strict=True) if code not in TEMPORARY]
    ids = []
    for one in done:
        with suppress(PeerFault):  # what cannot be read has no id to confirm, and expires
            ids.append(peek_message(one.sealed).header.message_id)
    return ids


def _fetch_now(broker: Broker, partner: PartnerRow, digest: str, size_bytes: int) -> bool:
    fetch(broker, partner, digest, size_bytes)
    return True


def _is_whole(broker: Broker, transfer: Transfer, fetched: Callable[[str, int], bool]) -> bool:
    """Tell whether an envelope may be taken; where something cannot be had, `receive` answers it alone."""
    try:
        named = peek(transfer.sealed, max_bytes=broker.limits.envelope_max_bytes).header.attachments
        if len(named) > broker.limits.attachments_per_record_max:
            return True
        come = [fetched(digest, size_bytes) for digest, size_bytes in named]  # all of them are begun
        return all(come)
    except HubError as error:
        log.warning("an attachment could not be fetched", extra={"code": error.code})
        return True
