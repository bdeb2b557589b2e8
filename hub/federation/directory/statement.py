"""What an agency says of itself in the directory: an entity statement in the shape of OpenID Federation.

It holds the agency's card as it stands, and the trust marks that the agency gives to others. It is signed
by the very keys on the card, all algorithms of its strongest suite.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from hub.envelope.canonical import canonical, digest
from hub.envelope.documents import DOCUMENT_MAX_BYTES, peek_document, sign_document, verify_document
from hub.envelope.encoding import list_of, members, number_of, text_of
from hub.envelope.keys import PublicKeys, SigningKeys
from hub.envelope.suites import Suite
from hub.errors import HubError, IntegrityFailure
from hub.federation.card import Card, fingerprint, read_card
from hub.federation.names import agency_in, agency_uri
from hub.records.ids import is_agency

STATEMENT_TYPE: Final = "hub-entity+jws"
STATEMENT_MAX_BYTES: Final = DOCUMENT_MAX_BYTES
MARKS_MAX: Final = 200
_MARK: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_MARK_MAX: Final = 64
_SAID: Final = frozenset({"iss", "sub", "iat", "exp", "jwks", "metadata", "trust_marks_issued"})


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A trust mark: its issuer vouches that an agency is something, such as `sco-member`.

    It holds while it stands in the issuer's current statement and has not expired: leaving it out is its
    withdrawal.
    """

    kind: str
    subject: str
    expires_at: datetime

    def __post_init__(self) -> None:
        if not _MARK.fullmatch(self.kind) or len(self.kind) > _MARK_MAX:
            raise ValueError("a trust mark is named like sco-member: lowercase parts and hyphens")
        if not is_agency(self.subject):
            raise ValueError("a trust mark is about an agency, with an id like kz-knb")


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One agency's statement. `card_raw` is its signed card, byte for byte."""

    agency: str
    issued_at: datetime
    expires_at: datetime
    card: Card
    card_raw: bytes = field(repr=False)
    marks: tuple[Mark, ...] = ()

    def __post_init__(self) -> None:
        if self.card.agency != self.agency:
            raise ValueError("its card is another agency's")
        if self.expires_at <= self.issued_at:
            raise ValueError("it expires before it is issued")
        named = {(mark.kind, mark.subject) for mark in self.marks}
        if len(self.marks) > MARKS_MAX or len(named) != len(self.marks):
            raise ValueError(f"its trust marks are not at most {MARKS_MAX} different ones")

    @property
    def card_fingerprint(self) -> str:
        """Return the fingerprint of the card in it."""
        return fingerprint(self.card_raw)


def make_statement(statement: Statement, keys: SigningKeys) -> bytes:
    """Return a statement as signed bytes."""
    uri = agency_uri(statement.agency)
    payload: dict[str, object] = {
        "iss": uri,
        "sub": uri,
        "iat": _seconds(statement.issued_at),
        "exp": _seconds(statement.expires_at),
        "jwks": statement.card.public.as_jwks(),
        "metadata": {"hub": {"card": statement.card_raw.decode("ascii")}},
        "trust_marks_issued": [
            {"sub": agency_uri(mark.subject), "trust_mark_type": mark.kind, "exp": _seconds(mark.expires_at)}
            for mark in statement.marks
        ],
    }
    return sign_document(payload, typ=STATEMENT_TYPE, keys=keys, suite=strongest(statement.card))


def read_statement(raw: bytes, *, agency: str) -> Statement:
    """Return the statement of one agency; raise IntegrityFailure `directory-entry-invalid` for any other.

    Whether it has expired is for the reader to say: `expires_at` is on it.
    """
    try:
        statement = _statement(peek_document(raw, STATEMENT_TYPE), agency)
        verify_by(raw, STATEMENT_TYPE, statement.card)
    except HubError as error:
        raise _invalid(agency, error.sentence) from None
    except ValueError as error:
        raise _invalid(agency, f"{error}.") from None
    return statement


def verify_by(raw: bytes, typ: str, card: Card) -> Mapping[str, object]:
    """Return the payload of a document that is signed by the keys on a card, by its strongest suite."""
    return verify_document(raw, typ=typ, keys=card.public, allowed=frozenset({strongest(card)}))


def strongest(card: Card) -> Suite:
    """Return the suite that the agency of a card signs its statements by."""
    return Suite.HYBRID_1 if Suite.HYBRID_1 in card.suites else Suite.CLASSIC_1


def held_marks(
    agency: str, statements: Collection[Statement], *, at: datetime
) -> tuple[tuple[str, Mark], ...]:
    """Return the trust marks that agencies give to one agency now, each after its issuer."""
    return tuple(
        (statement.agency, mark)
        for statement in statements
        for mark in statement.marks
        if mark.subject == agency and at < mark.expires_at and at < statement.expires_at
    )


def statement_digest(raw: bytes) -> str:
    """Return the SHA-256 (lowercase hex) of a statement's bytes."""
    return digest(raw).hex()


def _statement(payload: Mapping[str, object], agency: str) -> Statement:
    said = members(payload, _SAID)
    if text_of(said, "iss") != agency_uri(agency) or text_of(said, "sub") != agency_uri(agency):
        raise ValueError(f"it is not a statement of {agency} about itself")
    hub = members(members(said["metadata"], frozenset({"hub"}))["hub"], frozenset({"card"}))
    card_raw = text_of(hub, "card").encode()
    card = read_card(card_raw)
    jwks = said["jwks"]
    if not isinstance(jwks, Mapping):
        raise ValueError("its keys are not a JWK set")
    if canonical(PublicKeys.from_jwks(agency, jwks).as_jwks()) != canonical(card.public.as_jwks()):
        raise ValueError("its keys are not those on its card")
    return Statement(
        agency=agency,
        issued_at=_time(number_of(said, "iat")),
        expires_at=_time(number_of(said, "exp")),
        card=card,
        card_raw=card_raw,
        marks=tuple(_mark(one) for one in list_of(said, "trust_marks_issued")),
    )


def _mark(told: object) -> Mark:
    said = members(told, frozenset({"sub", "trust_mark_type", "exp"}))
    subject = agency_in([text_of(said, "sub")])
    if subject is None:
        raise ValueError("a trust mark is about no agency")
    return Mark(
        kind=text_of(said, "trust_mark_type"), subject=subject, expires_at=_time(number_of(said, "exp"))
    )


def _seconds(at: datetime) -> int:
    return int(at.timestamp())


def _time(seconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        raise ValueError("a time on it is out of range") from None


def _invalid(agency: str, why: str) -> IntegrityFailure:
    return IntegrityFailure("directory-entry-invalid", f"The entry of {agency} cannot be used: {why}")
