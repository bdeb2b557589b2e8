"""Transfer statements: which numbers an originator gave to the envelopes it hands over to one recipient.

Every envelope to a recipient has the next whole number, so that the recipient sees what is missing. The
numbers are not in the envelope: each of its recipients has numbers of its own, which are nobody else's
business, and they are given when it is queued, long after it was signed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import pairwise
from typing import Final

from hub.envelope.canonical import INTEGER_MAX
from hub.envelope.documents import DOCUMENT_MAX_BYTES, sign_document, verify_document
from hub.envelope.encoding import list_of, members, text_of, time_of
from hub.envelope.header import is_hex_digest
from hub.envelope.keys import PublicKeys, SigningKeys
from hub.envelope.suites import Suite
from hub.errors import HubError, IntegrityFailure
from hub.records.ids import is_agency, is_id
from hub.records.times import as_text

TRANSFER_TYPE: Final = "hub-transfer+json"
TRANSFER_MAX_BYTES: Final = DOCUMENT_MAX_BYTES
#: As many as one request has at most.
ENTRIES_MAX: Final = 1000

_MEMBERS: Final = frozenset({"entries", "from", "issued_at", "to"})


def is_number(value: object) -> bool:
    """Tell whether a value can number an envelope: whole, from 1."""
    return type(value) is int and 1 <= value <= INTEGER_MAX


@dataclass(frozen=True, kw_only=True)
class Numbered:
    """One envelope with its number among all that go to the recipient; `digest` is of its bytes, in hex."""

    number: int
    envelope_id: str
    digest: str

    def __post_init__(self) -> None:
        if not is_number(self.number):
            raise ValueError("a number is whole and from 1")
        if not is_id(self.envelope_id):
            raise ValueError("an envelope_id is a UUIDv7 in lowercase")
        if not is_hex_digest(self.digest):
            raise ValueError("a digest is a SHA-256 in lowercase hex")


@dataclass(frozen=True, kw_only=True)
class TransferStatement:
    """What `sender` states to `recipient`: these envelopes have these numbers. Ascending, each once."""

    sender: str
    recipient: str
    issued_at: datetime
    entries: tuple[Numbered, ...]

    def __post_init__(self) -> None:
        if not (is_agency(self.sender) and is_agency(self.recipient)):
            raise ValueError("from and to are ids of agencies")
        if not 1 <= len(self.entries) <= ENTRIES_MAX:
            raise ValueError(f"a statement has 1 to {ENTRIES_MAX} entries")
        numbers = [entry.number for entry in self.entries]
        if any(first >= second for first, second in pairwise(numbers)):
            raise ValueError("the numbers ascend, each once")
        if len(self.by_envelope) != len(self.entries):
            raise ValueError("an envelope has one number")

    @cached_property
    def by_envelope(self) -> Mapping[str, Numbered]:
        """Return the entries by envelope id."""
        return {entry.envelope_id: entry for entry in self.entries}

    def as_document(self) -> dict[str, object]:
        """Return the statement as JSON holds it."""
        return {
            "entries": [[one.number, one.envelope_id, one.digest] for one in self.entries],
            "from": self.sender,
            "issued_at": as_text(self.issued_at),
            "to": self.recipient,
        }

    @classmethod
    def load(cls, value: object) -> TransferStatement:
        """Return the statement of a JSON object; raise ValueError."""
        document = members(value, _MEMBERS)
        return cls(
            sender=text_of(document, "from"),
            recipient=text_of(document, "to"),
            issued_at=time_of(document, "issued_at"),
            entries=tuple(_numbered(entry) for entry in list_of(document, "entries")),
        )


def _numbered(value: object) -> Numbered:
    if type(value) is not list or len(value) != 3 or not is_number(value[0]):
        raise ValueError("an entry is a number, an envelope id and a digest")
    number, envelope_id, digest = value
    if type(envelope_id) is not str or type(digest) is not str:
        raise ValueError("an entry is a number, an envelope id and a digest")
    return Numbered(number=number, envelope_id=envelope_id, digest=digest)


def state_transfer(
    entries: Sequence[Numbered],
    *,
    sender: str,
    recipient: str,
    at: datetime,
    keys: SigningKeys,
    suite: Suite,
) -> bytes:
    """Sign the numbers of envelopes that go to one recipient."""
    statement = TransferStatement(
        sender=sender,
        recipient=recipient,
        issued_at=at,
        entries=tuple(sorted(entries, key=lambda one: one.number)),
    )
    return sign_document(statement.as_document(), typ=TRANSFER_TYPE, keys=keys, suite=suite)


def verify_transfer(raw: bytes, *, by: PublicKeys, to: str, allowed: frozenset[Suite]) -> TransferStatement:
    """Return what an originator stated to a recipient about the envelopes it hands over.

    Raises IntegrityFailure `statement-invalid`, whatever is wrong with it: it says nothing about an envelope.
    """
    try:
        statement = TransferStatement.load(verify_document(raw, typ=TRANSFER_TYPE, keys=by, allowed=allowed))
    except HubError as error:
        raise _invalid(error.sentence) from None
    except ValueError as error:
        raise _invalid(f"it cannot be read: {error}.") from None
    if (statement.sender, statement.recipient) != (by.agency, to):
        raise _invalid(f"it is not from {by.agency} to {to}.")
    return statement


def _invalid(why: str) -> IntegrityFailure:
    return IntegrityFailure("statement-invalid", f"The transfer statement proves nothing: {why}")
