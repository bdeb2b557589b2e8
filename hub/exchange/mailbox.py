"""Pull: a mailbox for partners that cannot be called, and the polling of partners when we cannot be."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable

from hub.entries import PartnerRow, PartnerStatus
from hub.envelope.documents import peek_document
from hub.envelope.receipts import RECEIPT_TYPE
from hub.envelope.sealing import peek
from hub.errors import HubError, Refused
from hub.exchange.answering import send_receipts, take_receipts
from hub.exchange.attachments import fetch
from hub.exchange.backoff import TEMPORARY
from hub.exchange.broker import Broker
from hub.exchange.dispatching import Settled, claimed_for_mailbox, permit_again, transfers_of
from hub.exchange.receiving import receive
from hub.ports import Mail, Transfer

log = logging.getLogger("hub.mailbox")


def mailbox(broker: Broker, peer: str, *, limit: int) -> Mail:
    """Return what waits for a partner: sealed envelopes, each permitted again, and our receipts.

    Nothing is marked: an envelope stays until its receipt comes, a receipt until it is confirmed. What may
    no longer go is held.
    """
    size = max(1, min(limit, broker.limits.batch_max_envelopes))
    with broker.store.read() as view:
        standing = broker.standings.of(view)
        partner = standing.partner(peer)
        if partner.row.status is not PartnerStatus.ACTIVE:
            raise Refused("partner-suspended", f"{peer} is suspended here.")
        claimed = claimed_for_mailbox(broker, view, standing, peer, size=size)
        receipts = view.receipts.unsent(peer, size)
    settled, at = Settled(), broker.clock.now()
    going = permit_again(broker, claimed, settled, at)
    transfers = (transfer for _entry, transfer in transfers_of(broker, claimed, going, settled, at))
    mail = Mail(
        transfers=_within(transfers, broker.limits.batch_max_bytes),
        receipts=tuple(row.raw for row in receipts),
    )
    _keep_held(broker, settled)
    return mail


def _within(transfers: Iterable[Transfer], max_bytes: int) -> tuple[Transfer, ...]:
    """Return as many as fit into one answer, at least one; the others come with the next."""
    taken: list[Transfer] = []
    size = 0
    for transfer in transfers:
        size += len(transfer.sealed)
        if taken and size > max_bytes:
            break
        taken.append(transfer)
    return tuple(taken)


def _keep_held(broker: Broker, settled: Settled) -> None:
    if settled.entries:
        with broker.store.work() as work:
            work.outbox.settle(None, settled.entries)
            work.stage(settled.events)
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
        if mail.transfers or mail.receipts or left_s <= 0:
            return mail
        if pause(min(broker.limits.poll_interval_s, left_s)):
            return mail


def poll(broker: Broker, partner: PartnerRow, *, wait_s: float) -> int:
    """Fetch and take what a partner's mailbox holds, and give it our receipts; return how much there was.

    Attachments are fetched before their envelopes are taken, so that what is accepted is whole.
    """
    mail = broker.carrier.poll(partner, limit=broker.limits.batch_max_envelopes, wait_s=wait_s)
    if mail.transfers:
        _fetch_attachments(broker, partner, mail)
        outcomes = receive(broker, partner.agency, mail.transfers)
        answers = [o.receipt for o in outcomes if o.receipt is not None]
        if answers:
            broker.carrier.carry_receipts(partner, answers)
    taken: list[str] = []
    if mail.receipts:
        codes = take_receipts(broker, partner.agency, mail.receipts)
        taken = [
            str(peek_document(raw, RECEIPT_TYPE)["receipt_id"])
            for raw, code in zip(mail.receipts, codes, strict=True)
            if code not in TEMPORARY  # what is refused for good is logged, and not asked for again
        ]
    send_receipts(broker, partner, taken=taken)
    return len(mail.transfers) + len(mail.receipts)


def _fetch_attachments(broker: Broker, partner: PartnerRow, mail: Mail) -> None:
    """Fetch what envelopes name; where one cannot be had, `receive` answers its envelope alone."""
    for transfer in mail.transfers:
        try:
            header = peek(transfer.sealed, max_bytes=broker.limits.envelope_max_bytes).header
            for digest, size_bytes in header.attachments:
                fetch(broker, partner, digest, size_bytes)
        except HubError as error:
            log.warning("an attachment could not be fetched", extra={"code": error.code})
