"""What a hub says to another that only a relay reaches: sealed to its recipient, small, and soon over.

A message vouches for nothing. What it carries is a document that its signer's keys prove by themselves, so
that whoever forges a message has only said something that nobody believes. The header is bound to what is
sealed; a relay reads it and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Final

from hub.envelope.canonical import canonical, digest, read_canonical
from hub.envelope.encoding import choice_of, members, text_of, time_of
from hub.envelope.jwe import (
    KEY_MEMBERS,
    Jwe,
    content_key_of,
    decrypt,
    encrypt,
    read_jwe,
    refuse_other_algorithms,
    write_jwe,
)
from hub.envelope.keys import DecryptionKeys, PublicKeys
from hub.envelope.suites import Suite
from hub.errors import PeerFault
from hub.records.ids import is_agency, is_id
from hub.records.times import as_text

MESSAGE_TYPE: Final = "hub-message+json"
#: A signed document, quoted and sealed: each step makes a third more of it.
MESSAGE_MAX_BYTES: Final = 512 * 1024

_REQUIRED: Final = frozenset({"enc", "expires_at", "from", "message_id", "suite", "to", "typ"})
_OPTIONAL: Final = frozenset({"answers"}) | KEY_MEMBERS
_DEPTH: Final = 8


class About(Enum):
    """What a message is about; only its recipient sees it."""

    BOOKS = "books"
    CARDS = "cards"


@dataclass(frozen=True, kw_only=True)
class MessageHeader:
    """What everyone on the way sees. `answers` is the id of the message that this one answers."""

    message_id: str
    sender: str
    recipient: str
    suite: Suite
    expires_at: datetime
    answers: str | None = None

    def __post_init__(self) -> None:
        if not all(map(is_id, (self.message_id, *filter(None, [self.answers])))):
            raise ValueError("message_id and answers are UUIDv7 in lowercase")
        if not (is_agency(self.sender) and is_agency(self.recipient) and self.sender != self.recipient):
            raise ValueError("from and to are ids of two agencies")

    def as_members(self) -> dict[str, object]:
        """Return the header as JSON holds it."""
        told: dict[str, object] = {
            "expires_at": as_text(self.expires_at),
            "from": self.sender,
            "message_id": self.message_id,
            "suite": self.suite.value,
            "to": self.recipient,
        }
        return told if self.answers is None else told | {"answers": self.answers}


@dataclass(frozen=True, kw_only=True)
class SealedMessage:
    """A message's bytes and its header, which nobody has verified."""

    raw: bytes = field(repr=False)
    header: MessageHeader
    jwe: Jwe = field(repr=False, compare=False)

    @property
    def digest(self) -> bytes:
        """Return the SHA-256 of the bytes."""
        return digest(self.raw)


def seal_message(header: MessageHeader, about: About, body: bytes, *, to: PublicKeys) -> SealedMessage:
    """Encrypt a signed document to the agency that a header names."""
    jwe, _key = encrypt(
        canonical({"about": about.value, "body": body.decode("ascii")}),
        header=header.as_members() | {"typ": MESSAGE_TYPE},
        suite=header.suite,
        recipients=[to],
    )
    return SealedMessage(raw=write_jwe(jwe), header=header, jwe=jwe)


def peek_message(raw: bytes) -> SealedMessage:
    """Take a message apart without opening it.

    Raises PeerFault `envelope-too-large` and `envelope-malformed`.
    """
    if len(raw) > MESSAGE_MAX_BYTES:
        raise PeerFault(
            "envelope-too-large", f"The message has {len(raw)} bytes; at most {MESSAGE_MAX_BYTES} are taken."
        )
    try:
        jwe = read_jwe(raw, max_depth=_DEPTH)
        told = members(jwe.header, _REQUIRED, _OPTIONAL)
        if told["typ"] != MESSAGE_TYPE or len(jwe.recipients) != 1:
            raise ValueError(f"it is no {MESSAGE_TYPE} to one recipient")
        header = MessageHeader(
            message_id=text_of(told, "message_id"),
            sender=text_of(told, "from"),
            recipient=text_of(told, "to"),
            suite=choice_of(told, "suite", Suite),
            expires_at=time_of(told, "expires_at"),
            answers=text_of(told, "answers") if "answers" in told else None,
        )
        refuse_other_algorithms(jwe, header.suite)
    except ValueError as error:
        raise _malformed(error) from None
    return SealedMessage(raw=raw, header=header, jwe=jwe)


def open_message(sealed: SealedMessage, *, keys: DecryptionKeys) -> tuple[About, bytes]:
    """Return what a message to us is about and what it carries; whoever knew our key may have written it.

    Raises PeerFault `envelope-malformed` and `key-unknown`, IntegrityFailure `decryption-failed`.
    """
    try:
        content_key = content_key_of(sealed.jwe, 0, suite=sealed.header.suite, keys=keys)
        told = members(
            read_canonical(decrypt(sealed.jwe, content_key)), frozenset({"about", "body"}), frozenset()
        )
        return choice_of(told, "about", About), text_of(told, "body").encode("ascii")
    except ValueError as error:
        raise _malformed(error) from None


def _malformed(error: ValueError) -> PeerFault:
    return PeerFault("envelope-malformed", f"The message cannot be read: {error}.")
