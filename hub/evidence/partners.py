"""What evidence needs to know of partners' own forms: seals, receipts and documents. A port.

Whoever verifies brings what reads them (`hub.bootstrap`); without it, what a partner signed is not checked.
Nothing here adds a key: signatures count by the certificates that are handed over, and by no others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from cryptography import x509


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One parcel between `us` and `them`, as the profile of its time reads it; `at` is that time.

    `certificates` are those by which the partner's signatures count, under the names that the profile gives
    them. Without `content` the bytes are not shown.
    """

    source: str = field(repr=False)
    us: str
    them: str
    certificates: Mapping[str, tuple[x509.Certificate, ...]]
    at: datetime
    parcel_id: str
    content: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Signer:
    """Who signed in a partner's form: the certificate's subject and SHA-256 (hex)."""

    subject: str
    fingerprint: str
    form: str


@dataclass(frozen=True, kw_only=True)
class Word:
    """What a receipt says: `accepted`, `refused` with a code, or nothing by itself.

    `digest` (hex) is of the parcel's bytes, where the receipt names them. Without a signer nobody signed it.
    """

    status: str
    code: str | None = None
    signer: Signer | None = None
    digest: str | None = None


@dataclass(frozen=True, kw_only=True)
class Uncovered:
    """The document in a parcel. `sealed` tells that it was sealed; `signer` is who did, where that was asked.

    `meant_for` are the SHA-256 of the certificates that it was signed for; None where the profile does not
    ask. `unchecked` names a further signature that nothing here verifies.
    """

    document: bytes = field(repr=False)
    sealed: bool
    signer: Signer | None = None
    meant_for: tuple[bytes, ...] | None = None
    unchecked: str = ""


class Forms(Protocol):
    """Reads partners' forms. All raise HubError for what does not hold."""

    def seal_names(self, agency: str, source: str) -> frozenset[str]:
        """Return the names, in a profile, of the certificates that may sign what the partner sends."""
        ...

    def receipt_names(self, agency: str, source: str) -> frozenset[str]:
        """Return those of the certificates that may sign its receipts."""
        ...

    def word(self, asked: Asked, raw: bytes) -> Word | None:
        """Return what a receipt says; None where its form is not known here."""
        ...

    def uncover(self, asked: Asked, key: bytes | None, *, signed: bool) -> Uncovered | None:
        """Return the document in a parcel; None where its seal is not known here, or nothing opens it.

        With `signed` it is what the partner sent, and its signature is verified.
        """
        ...

    def translate(self, source: str, record: Mapping[str, Any]) -> bytes | None:
        """Return the document that a record makes here; None where the format is not known."""
        ...

    def interpret(
        self, agency: str, source: str, document: bytes, *, record_id: str, at: str, version: int
    ) -> Mapping[str, object] | None:
        """Return the record that a document says; None where the format is not known.

        The other three stand in for what it says nothing of.
        """
        ...


class NoForms:
    """Stands where nothing reads partners' forms: what they signed is not checked then."""

    def seal_names(self, agency: str, source: str) -> frozenset[str]:
        """Know no names."""
        return frozenset()

    def receipt_names(self, agency: str, source: str) -> frozenset[str]:
        """Know no names."""
        return frozenset()

    def word(self, asked: Asked, raw: bytes) -> Word | None:
        """Know no receipt."""
        return None

    def uncover(self, asked: Asked, key: bytes | None, *, signed: bool) -> Uncovered | None:
        """Know no seal."""
        return None

    def translate(self, source: str, record: Mapping[str, Any]) -> bytes | None:
        """Know no format."""
        return None

    def interpret(
        self, agency: str, source: str, document: bytes, *, record_id: str, at: str, version: int
    ) -> Mapping[str, object] | None:
        """Know no format."""
        return None
