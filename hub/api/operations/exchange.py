"""What hubs say to hubs: envelopes, receipts and the mailbox."""

from __future__ import annotations

from collections.abc import Sequence

from hub.api.callers import Door
from hub.api.room import Answer, Call, Room
from hub.api.schemas.exchange import (
    BooksBody,
    BooksView,
    EnvelopesBody,
    IntroductionBody,
    IntroductionView,
    MailboxQuery,
    MailView,
    MessageOutcomesView,
    MessagesBody,
    OutcomesView,
    ReceiptOutcomesView,
    ReceiptsBody,
)
from hub.audit.events import Act
from hub.audit.trail import writes
from hub.envelope.documents import DOCUMENT_MAX_BYTES
from hub.envelope.messages import MESSAGE_MAX_BYTES
from hub.exchange.answering import take_receipts
from hub.exchange.cards.introducing import answer_introduction
from hub.exchange.mailbox import wait_for_mail
from hub.exchange.messages.sending import AT_ONCE
from hub.exchange.messages.taking import take_messages
from hub.exchange.receiving import receive
from hub.exchange.reconciling.answering import answer_books
from hub.federation.card import CARD_MAX_BYTES
from hub.ports import Introduction, Mail, Outcome, Transfer

room = Room("exchange", __name__, url_prefix="/exchange/v1", description="What hubs say to hubs.")


@room.operation(
    "POST",
    "/envelopes",
    door=Door.PARTNER,
    body=EnvelopesBody,
    size=lambda limits: limits.batch_max_bytes,
    reply=OutcomesView,
    refusals=["partner-unknown"],
    trail=writes(Act.ADMITTED, Act.RELAYED, Act.ANSWERED, or_nothing="a repeat gets its first receipt"),
)
def take_envelopes(call: Call) -> Answer:
    """Hand over envelopes.

    Each gets an outcome, in order: a signed receipt, or a failure code that asks for another try. What is
    said to be accepted is durable. A repeat gets the receipt that it got the first time.
    """
    statements = [one.encode() for one in call.body["statements"]]
    transfers = [
        Transfer(
            sealed=one["sealed"].encode(),
            hops=tuple(one["hops"]),
            statement=_named(statements, one["statement"]),
        )
        for one in call.body["transfers"]
    ]
    outcomes = receive(call.broker, call.actor.agency, transfers, leaf=call.leaf)
    return Answer(body={"outcomes": [_outcome(one) for one in outcomes]})


@room.operation(
    "POST",
    "/receipts",
    door=Door.PARTNER,
    body=ReceiptsBody,
    size=lambda limits: limits.batch_max_bytes,
    reply=ReceiptOutcomesView,
    refusals=["partner-unknown"],
    trail=writes(Act.RECEIPT_VERIFIED, or_nothing="our own receipts were confirmed"),
)
def take_receipts_in(call: Call) -> Answer:
    """Hand over receipts, and confirm those taken from the mailbox."""
    codes = take_receipts(
        call.broker,
        call.actor.agency,
        [one.encode() for one in call.body["receipts"]],
        taken=call.body["taken"],
        leaf=call.leaf,
    )
    return Answer(body={"outcomes": [{"code": code} for code in codes]})


@room.operation(
    "POST",
    "/messages",
    door=Door.PARTNER,
    body=MessagesBody,
    size=lambda limits: max(limits.request_max_bytes, 2 * AT_ONCE * MESSAGE_MAX_BYTES),
    reply=MessageOutcomesView,
    refusals=["partner-unknown"],
    trail=writes(
        Act.RELAYED, Act.RECONCILED, or_nothing="a repeat, and an answer that is logged by who waits for it"
    ),
)
def take_messages_in(call: Call) -> Answer:
    """Hand over sealed messages, and confirm those taken from the mailbox.

    What hubs that only meet at a relay ask one another. Those for others are handed on unopened, as agreed;
    those for us are answered, by a message of ours.
    """
    codes = take_messages(
        call.broker,
        call.actor.agency,
        [Transfer(sealed=one["sealed"].encode(), hops=tuple(one["hops"])) for one in call.body["messages"]],
        taken=call.body["taken"],
        leaf=call.leaf,
    )
    return Answer(body={"outcomes": [{"code": code} for code in codes]})


@room.operation(
    "POST",
    "/reconciliation",
    door=Door.PARTNER,
    trail=writes(Act.RECONCILED),
    body=BooksBody,
    size=lambda limits: max(limits.request_max_bytes, 2 * DOCUMENT_MAX_BYTES),
    reply=BooksView,
    refusals=["partner-unknown", "document-invalid", "clock-skew"],
)
def compare_books(call: Call) -> Answer:
    """Compare books: state yours, and get ours.

    Over the same ranges of numbers, as sums or in rows: what each side says it sent and received. Both
    statements are signed, and both are kept.
    """
    answer = answer_books(call.broker, call.actor.agency, call.body["statement"].encode(), leaf=call.leaf)
    return Answer(body={"statement": answer.decode()})


@room.operation(
    "POST",
    "/introduction",
    door=Door.PARTNER,
    trail=writes(Act.PARTNER_CHANGED, or_nothing="the card says what is pinned already"),
    body=IntroductionBody,
    size=lambda limits: max(limits.request_max_bytes, 2 * CARD_MAX_BYTES),
    reply=IntroductionView,
    refusals=["partner-unknown"],
)
def exchange_cards(call: Call) -> Answer:
    """Exchange cards: tell yours, get ours.

    A card that is signed by keys on the pinned one takes its place. What is wrong with a card is in the
    answer, beside the ids of your keys that are pinned here: sign with those, and tell it again.
    """
    theirs = Introduction(
        card=call.body["card"].encode(), knows=tuple(call.body["knows"]), said=call.body["said"]
    )
    ours = answer_introduction(call.broker, call.actor.agency, theirs)
    return Answer(
        body={"card": ours.card.decode(), "knows": list(ours.knows), "said": ours.said, "code": ours.code}
    )


@room.operation(
    "GET",
    "/mailbox",
    door=Door.PARTNER,
    query=MailboxQuery,
    reply=MailView,
    refusals=["partner-unknown"],
    trail=writes(Act.HELD, or_nothing="sealed bytes for a recipient that their release names"),
)
def open_mailbox(call: Call) -> Answer:
    """Fetch what waits for the caller, and wait for it when there is nothing.

    Nothing is taken out: an envelope stays until its receipt comes, a receipt until it is in `taken`.
    """
    return Answer(body=_mail(_waited(call)))


def _waited(call: Call) -> Mail:
    """Wait only while there is room to: who waits holds a thread that others need."""
    room_to_wait = call.query["wait_s"] > 0 and call.desk.polls.acquire(blocking=False)
    try:
        return wait_for_mail(
            call.broker,
            call.actor.agency,
            limit=call.query["limit"],
            wait_s=call.query["wait_s"] if room_to_wait else 0,
            pause=call.desk.context.pause,
        )
    finally:
        if room_to_wait:
            call.desk.polls.release()


def _outcome(outcome: Outcome) -> dict[str, object]:
    return {
        "envelope_id": outcome.envelope_id,
        "receipt": outcome.receipt.decode() if outcome.receipt else None,
        "relayed": outcome.relayed,
        "code": outcome.code,
        "sentence": outcome.sentence,
    }


def _named(statements: Sequence[bytes], which: int | None) -> bytes | None:
    """Return the statement that a transfer names; one that is not there is missing with that transfer."""
    return statements[which] if which is not None and which < len(statements) else None


def _mail(mail: Mail) -> dict[str, object]:
    raws = dict.fromkeys(one.statement for one in mail.transfers if one.statement is not None)
    which = {raw: n for n, raw in enumerate(raws)}
    return {
        "transfers": [
            {"sealed": one.sealed.decode(), "hops": one.hops}
            | ({} if one.statement is None else {"statement": which[one.statement]})
            for one in mail.transfers
        ],
        "statements": [raw.decode() for raw in raws],
        "receipts": [raw.decode() for raw in mail.receipts],
        "messages": [{"sealed": one.sealed.decode(), "hops": one.hops} for one in mail.messages],
    }
