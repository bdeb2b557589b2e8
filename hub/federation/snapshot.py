"""What one partner was trusted by at one time: canonical documents that are kept under their digests.

A snapshot names what stood for a partner, each by the SHA-256 of its bytes, so that one short text in
an audit event fixes all of it for good (docs/evidence.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from hub.entries import PartnerRow, PartnerStatus, TrustKind
from hub.envelope.canonical import canonical, digest, read_canonical
from hub.envelope.encoding import choice_of, members, text_of, texts_of, time_of
from hub.envelope.header import is_hex_digest
from hub.federation.card import Card
from hub.records.ids import is_agency
from hub.records.times import as_text

SNAPSHOT_FORMAT: Final = "hub-trust/1"
PIN_FORMAT: Final = "hub-pin/1"
#: More than any of them has; what is larger is not read.
DOCUMENT_MAX_BYTES: Final = 65536


@dataclass(frozen=True, kw_only=True)
class Pin:
    """A partner as pinned: which card, by whom and when, with which suites and by which way."""

    agency: str
    fingerprint: str
    suites: tuple[str, ...]
    status: PartnerStatus
    pinned_at: datetime
    pinned_by: str
    url: str | None = None
    via: str | None = None
    relay_for: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not is_agency(self.agency) or not is_hex_digest(self.fingerprint) or not self.suites:
            raise ValueError("a pin names an agency, a card's fingerprint and suites")

    @cached_property
    def raw(self) -> bytes:
        """Return the canonical bytes that are kept."""
        said: dict[str, object] = {
            "format": PIN_FORMAT,
            "agency": self.agency,
            "fingerprint": self.fingerprint,
            "suites": list(self.suites),
            "status": self.status.value,
            "pinned_at": as_text(self.pinned_at),
            "pinned_by": self.pinned_by,
            "relay_for": list(self.relay_for),
        }
        said |= {name: value for name in ("url", "via") if (value := getattr(self, name)) is not None}
        return canonical(said)


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What a partner was trusted by; every member but `agency` holds digests of kept items.

    `authorities` are the certificates of its TLS authority, `revocation` the answers about them that stood
    then (none where none are published), `statement` its entry in a directory.
    """

    agency: str
    card: str
    pin: str
    authorities: tuple[str, ...]
    revocation: tuple[str, ...] = ()
    statement: str | None = None

    def __post_init__(self) -> None:
        if not is_agency(self.agency) or not all(map(is_hex_digest, self.names)):
            raise ValueError("a snapshot names an agency, and digests that are SHA-256 in lowercase hex")

    @property
    def names(self) -> Sequence[str]:
        """Return the digests of all items that it names."""
        last = () if self.statement is None else (self.statement,)
        return (self.card, self.pin, *self.authorities, *self.revocation, *last)

    @cached_property
    def raw(self) -> bytes:
        """Return the canonical bytes that are kept."""
        said: dict[str, object] = {
            "format": SNAPSHOT_FORMAT,
            "agency": self.agency,
            "card": self.card,
            "pin": self.pin,
            "authorities": list(self.authorities),
            "revocation": list(self.revocation),
        }
        return canonical(said if self.statement is None else said | {"statement": self.statement})


@dataclass(frozen=True, kw_only=True)
class Trusted:
    """A snapshot under its digest, with those items that it is made of here."""

    digest: str
    snapshot: Snapshot
    items: tuple[tuple[TrustKind, bytes], ...]


def trusted(
    row: PartnerRow, card: Card, *, revocation: Sequence[str] = (), statement: str | None = None
) -> Trusted:
    """Return what a partner is trusted by as it is pinned; `revocation` and `statement` others have kept."""
    pin = pin_of(row)
    authorities = [
        x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER) for pem in card.authorities
    ]
    snapshot = Snapshot(
        agency=row.agency,
        card=digest(row.card).hex(),
        pin=digest(pin.raw).hex(),
        authorities=tuple(digest(one).hex() for one in authorities),
        revocation=tuple(sorted(revocation)),
        statement=statement,
    )
    return Trusted(
        digest=digest(snapshot.raw).hex(),
        snapshot=snapshot,
        items=(
            (TrustKind.CARD, row.card),
            (TrustKind.PIN, pin.raw),
            *((TrustKind.CERTIFICATE, one) for one in authorities),
            (TrustKind.SNAPSHOT, snapshot.raw),
        ),
    )


def pin_of(row: PartnerRow) -> Pin:
    """Return a partner as it is pinned."""
    return Pin(
        agency=row.agency,
        fingerprint=row.fingerprint,
        suites=row.suites,
        status=row.status,
        pinned_at=row.pinned_at,
        pinned_by=row.pinned_by,
        url=row.url,
        via=row.via,
        relay_for=row.relay_for,
    )


def read_snapshot(raw: bytes) -> Snapshot:
    """Return the snapshot of canonical bytes; raise ValueError."""
    said = _document(
        raw,
        SNAPSHOT_FORMAT,
        frozenset({"agency", "authorities", "card", "pin", "revocation"}),
        frozenset({"statement"}),
    )
    return Snapshot(
        agency=text_of(said, "agency"),
        card=text_of(said, "card"),
        pin=text_of(said, "pin"),
        authorities=texts_of(said, "authorities"),
        revocation=texts_of(said, "revocation"),
        statement=text_of(said, "statement") if "statement" in said else None,
    )


def read_pin(raw: bytes) -> Pin:
    """Return the pin of canonical bytes; raise ValueError."""
    said = _document(
        raw,
        PIN_FORMAT,
        frozenset({"agency", "fingerprint", "pinned_at", "pinned_by", "relay_for", "status", "suites"}),
        frozenset({"url", "via"}),
    )
    return Pin(
        agency=text_of(said, "agency"),
        fingerprint=text_of(said, "fingerprint"),
        suites=texts_of(said, "suites"),
        status=choice_of(said, "status", PartnerStatus),
        pinned_at=time_of(said, "pinned_at"),
        pinned_by=text_of(said, "pinned_by"),
        url=text_of(said, "url") if "url" in said else None,
        via=text_of(said, "via") if "via" in said else None,
        relay_for=texts_of(said, "relay_for"),
    )


def _document(
    raw: bytes, form: str, required: frozenset[str], optional: frozenset[str]
) -> Mapping[str, object]:
    if len(raw) > DOCUMENT_MAX_BYTES:
        raise ValueError(f"a document of trust has more than {DOCUMENT_MAX_BYTES} bytes")
    said = members(read_canonical(raw), required | {"format"}, optional)
    if said["format"] != form:
        raise ValueError(f"its format is not {form}")
    return said
