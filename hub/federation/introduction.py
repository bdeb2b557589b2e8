"""What one hub tells another of cards by way of a relay: signed, for the relay is no witness.

It is signed by the keys that sign the card in it, so whoever pins either can verify it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from hub.envelope.canonical import digest
from hub.envelope.documents import peek_document, sign_document, verify_document
from hub.envelope.encoding import members, text_of, texts_of, time_of
from hub.envelope.header import is_hex_digest
from hub.envelope.keys import SigningKeys
from hub.envelope.suites import Suite
from hub.errors import IntegrityFailure, PeerFault
from hub.federation.card import CARD_MAX_BYTES, Card, strongest
from hub.records.ids import is_agency
from hub.records.times import as_text

INTRODUCTION_TYPE: Final = "hub-introduction+jws"
_KEYS_MAX: Final = 64
_REQUIRED: Final = frozenset({"by", "to", "issued_at", "card", "knows", "said"})


@dataclass(frozen=True, kw_only=True)
class Told:
    """One hub's card, and what it has pinned of the other's; see `hub.ports.Introduction`.

    `answers` is the digest of the introduction that it answers.
    """

    by: str
    to: str
    issued_at: datetime
    card: bytes = field(repr=False)
    knows: tuple[str, ...]
    said: str
    code: str | None = None
    answers: str | None = None

    def __post_init__(self) -> None:
        if not is_agency(self.by) or not is_agency(self.to):
            raise ValueError("it is not by one agency to another")
        if len(self.card) > CARD_MAX_BYTES or len(self.knows) > _KEYS_MAX:
            raise ValueError("its card, or what it knows, is too much")
        if not all(map(is_hex_digest, filter(None, (self.said, self.answers)))) or not self.said:
            raise ValueError("a digest in it is not a SHA-256 in lowercase hex")


def tell(told: Told, *, keys: SigningKeys, suite: Suite) -> bytes:
    """Return an introduction as signed bytes."""
    payload: dict[str, object] = {
        "by": told.by,
        "to": told.to,
        "issued_at": as_text(told.issued_at),
        "card": told.card.decode("ascii"),
        "knows": list(told.knows),
        "said": told.said,
    }
    payload |= {name: value for name in ("code", "answers") if (value := getattr(told, name)) is not None}
    return sign_document(payload, typ=INTRODUCTION_TYPE, keys=keys, suite=suite)


def read_told(raw: bytes, *, by: str, to: str, at: datetime, age_max_s: float, ahead_max_s: float) -> Told:
    """Return what an introduction says WITHOUT its signature verified: `is_signed` tells of that.

    Raises IntegrityFailure `document-invalid`, PeerFault `clock-skew` for one of another time than now.
    """
    try:
        told = _told(peek_document(raw, INTRODUCTION_TYPE))
    except ValueError as error:
        raise IntegrityFailure("document-invalid", f"The introduction cannot be read: {error}.") from None
    if (told.by, told.to) != (by, to):
        raise IntegrityFailure("document-invalid", f"The introduction is not by {by} to {to}.")
    if not timedelta(seconds=-ahead_max_s) <= at - told.issued_at <= timedelta(seconds=age_max_s):
        raise PeerFault("clock-skew", f"The introduction of {by} is from another time than now.")
    return told


def is_signed(raw: bytes, *pinned: Card) -> bool:
    """Tell whether keys of one of these cards signed an introduction, by the strongest suite there."""
    return any(_verifies(raw, card) for card in pinned)


def digest_of(raw: bytes) -> str:
    """Return the digest by which an answer names what it answers."""
    return digest(raw).hex()


def _verifies(raw: bytes, card: Card) -> bool:
    try:
        allowed = frozenset({strongest(card.suites)})
        verify_document(raw, typ=INTRODUCTION_TYPE, keys=card.public, allowed=allowed)
    except (IntegrityFailure, PeerFault):
        return False
    return True


def _told(payload: Mapping[str, object]) -> Told:
    said = members(payload, _REQUIRED, frozenset({"code", "answers"}))
    return Told(
        by=text_of(said, "by"),
        to=text_of(said, "to"),
        issued_at=time_of(said, "issued_at"),
        card=text_of(said, "card").encode("ascii"),
        knows=texts_of(said, "knows"),
        said=text_of(said, "said"),
        code=text_of(said, "code") if "code" in said else None,
        answers=text_of(said, "answers") if "answers" in said else None,
    )
