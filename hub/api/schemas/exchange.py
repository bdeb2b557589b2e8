"""The wire format between hubs."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from hub.api.schemas.basics import EXAMPLE_ID, View, a_number, a_text, an_agency, an_id, many

_ITEMS_MAX = 1000
_KEYS_MAX = 64
_MESSAGES_MAX = 8
_DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_KID = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
_SEALED = '{"protected":"eyJlbmMiOiJBMjU2R0NNIn0","recipients":[],"iv":"","ciphertext":"","tag":""}'
_STATEMENT = '{"payload":"e30","signatures":[]}'
_RECEIPT = '{"payload":"e30","signatures":[]}'


def _statements() -> fields.List[Any]:
    return fields.List(
        a_text(_STATEMENT, validate=validate.Length(min=1)),
        load_default=list,
        validate=validate.Length(max=_ITEMS_MAX),
        metadata={"description": "Transfer statements, each a JWS that numbers some of the envelopes."},
    )


class TransferBody(Schema):
    """One sealed envelope on one hop."""

    sealed = a_text(
        _SEALED,
        "The JWE (General JSON serialization) as a string, exactly its bytes.",
        required=True,
        validate=validate.Length(min=1),
    )
    hops = fields.List(
        an_agency(),
        load_default=list,
        validate=validate.Length(max=64),
        metadata={"description": "The hubs it has passed, in order."},
    )
    statement = a_number(
        0,
        "Which of `statements` gives it its number, counted from 0.",
        load_default=None,
        allow_none=True,
        validate=validate.Range(min=0, max=_ITEMS_MAX - 1),
    )


class EnvelopesBody(Schema):
    """A batch of envelopes; one durable commit covers it."""

    transfers = many(TransferBody, validate=validate.Length(min=1, max=_ITEMS_MAX))
    statements = _statements()


class OutcomeView(View):
    """What became of one envelope: a signed receipt, taken by a relay, or refused with a code."""

    envelope_id = a_text(EXAMPLE_ID, "Empty where the envelope could not be read.", required=True)
    receipt = a_text(_RECEIPT, "The signed receipt, a JWS.")
    relayed = fields.Boolean(required=True, metadata={"examples": [False]})
    code = a_text("attachment-missing", "Why it was not taken; the codes are those of problem documents.")
    sentence = a_text("1 of its attachments has not arrived yet.")


class OutcomesView(View):
    """One outcome for each envelope, in order."""

    outcomes = many(OutcomeView)


class ReceiptsBody(Schema):
    """Signed receipts; and the ids of those from our mailbox that the sender has stored."""

    receipts = fields.List(
        a_text(_RECEIPT, validate=validate.Length(min=1)),
        required=True,
        validate=validate.Length(max=_ITEMS_MAX),
    )
    taken = fields.List(an_id(), load_default=list, validate=validate.Length(max=_ITEMS_MAX))


class ReceiptOutcomeView(View):
    """What became of one receipt: without a code, it was taken."""

    code = a_text("receipt-invalid")


class ReceiptOutcomesView(View):
    """One outcome for each receipt, in order."""

    outcomes = many(ReceiptOutcomeView)


class MessageBody(Schema):
    """One sealed message on one hop."""

    sealed = a_text(
        _SEALED,
        "The JWE (General JSON serialization) as a string, exactly its bytes.",
        required=True,
        validate=validate.Length(min=1),
    )
    hops = fields.List(
        an_agency(),
        load_default=list,
        validate=validate.Length(max=64),
        metadata={"description": "The hubs it has passed, in order."},
    )


class MessagesBody(Schema):
    """Sealed messages; and the ids of those from our mailbox that the sender has stored."""

    messages = many(MessageBody, validate=validate.Length(max=_MESSAGES_MAX))
    taken = fields.List(an_id(), load_default=list, validate=validate.Length(max=_MESSAGES_MAX))


class MessageOutcomeView(View):
    """What became of one message: without a code, it was taken."""

    code = a_text("relay-refused")


class MessageOutcomesView(View):
    """One outcome for each message, in order."""

    outcomes = many(MessageOutcomeView)


class BooksBody(Schema):
    """What the caller states about its books with us; a JWS."""

    statement = a_text(_STATEMENT, required=True, validate=validate.Length(min=1))


class BooksView(View):
    """What we state about our books with the caller, over the same ranges; a JWS."""

    statement = a_text(_STATEMENT, required=True)


class MailboxQuery(Schema):
    """How much, and how long to wait for it."""

    limit = a_number(50, load_default=50, validate=validate.Range(min=1, max=_ITEMS_MAX))
    wait_s = a_number(
        20,
        "Wait so many seconds for something to come; this hub may wait less.",
        load_default=0,
        validate=validate.Range(min=0, max=60),
    )


class MailView(View):
    """What waits for the caller; it stays until receipts, or `taken`, confirm it."""

    transfers = many(TransferBody)
    statements = _statements()
    receipts = fields.List(a_text(_RECEIPT), required=True)
    messages = many(MessageBody)


def _known_ids() -> fields.List[Any]:
    return fields.List(
        a_text(_KID, validate=validate.Length(min=1, max=64)),
        required=True,
        validate=validate.Length(max=_KEYS_MAX),
        metadata={"description": "The ids of the other's signing keys on the card that is pinned."},
    )


class IntroductionBody(Schema):
    """A hub's present card, and what it has pinned of the other's."""

    card = a_text(_STATEMENT, "The signed card, a JWS.", required=True, validate=validate.Length(min=1))
    knows = _known_ids()
    said = a_text(
        _DIGEST,
        "The SHA-256 of what the pinned card says, its dates left out.",
        required=True,
        validate=validate.Regexp("^[0-9a-f]{64}$"),
    )


class IntroductionView(View):
    """Our present card, what we have pinned of yours, and why your card was not taken, if it was not."""

    card = a_text(_STATEMENT, "The signed card, a JWS.", required=True)
    knows = _known_ids()
    said = a_text(_DIGEST, "The SHA-256 of what your pinned card says.", required=True)
    code = a_text("succession-refused", "Why the card was not taken; `card-waiting`: a person decides.")
