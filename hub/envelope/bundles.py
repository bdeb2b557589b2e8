"""What one hub hands another on a medium: a signed list of files, each named by its SHA-256.

The signature stands for what mutual TLS is on a network: it tells who hands over. What is in the files is
sealed and signed by itself, and is verified by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hub.envelope.documents import sign_document, verify_document
from hub.envelope.encoding import list_of, members, number_of, text_of, texts_of, time_of
from hub.envelope.header import is_hex_digest
from hub.envelope.keys import PublicKeys, SigningKeys
from hub.envelope.suites import Suite
from hub.errors import IntegrityFailure
from hub.records.ids import is_agency, is_id
from hub.records.times import as_text

BUNDLE_TYPE: Final = "hub-courier+json"
#: In one bundle, so that it stays below what a signed document may have.
TAKEN_MAX: Final = 1000
_ITEMS_MAX: Final = 250
_REQUIRED: Final = frozenset({"attachments", "from", "issued_at", "receipts", "taken", "to", "transfers"})
_TRANSFER: Final = frozenset({"hops", "sealed"})
_ATTACHMENT: Final = frozenset({"bytes", "digest"})


@dataclass(frozen=True, kw_only=True)
class PackedTransfer:
    """One envelope: the digests of its sealed bytes and of its statement, and the hubs that it passed."""

    sealed: str
    statement: str | None
    hops: tuple[str, ...]

    def as_document(self) -> dict[str, object]:
        """Return it as JSON holds it."""
        told: dict[str, object] = {"sealed": self.sealed, "hops": list(self.hops)}
        return told if self.statement is None else told | {"statement": self.statement}


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """One list: what is handed over, and the ids of the other's receipts that need not come again.

    `receipts` are digests, `attachments` digests with sizes in bytes.
    """

    by: str
    to: str
    issued_at: datetime
    transfers: tuple[PackedTransfer, ...] = ()
    receipts: tuple[str, ...] = ()
    attachments: tuple[tuple[str, int], ...] = ()
    taken: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        digests = [digest for one in self.transfers for digest in (one.sealed, one.statement) if digest]
        digests += [*self.receipts, *(digest for digest, _ in self.attachments)]
        if not (is_agency(self.by) and is_agency(self.to)) or not all(map(is_hex_digest, digests)):
            raise ValueError("a bundle names two agencies, and files by SHA-256 in lowercase hex")
        counts = [len(self.transfers), len(self.receipts), len(self.attachments)]
        if max(counts) > _ITEMS_MAX or len(self.taken) > TAKEN_MAX or not all(map(is_id, self.taken)):
            raise ValueError(f"a bundle has at most {_ITEMS_MAX} of each, and {TAKEN_MAX} ids")
        if any(size < 1 for _, size in self.attachments) or not all(map(is_agency, _hops(self))):
            raise ValueError("an attachment has bytes, and hops are agencies")

    def files(self) -> frozenset[str]:
        """Return the digests of all files that are no attachments."""
        statements = [one.statement for one in self.transfers if one.statement is not None]
        return frozenset([*(one.sealed for one in self.transfers), *statements, *self.receipts])


def _hops(bundle: Bundle) -> list[str]:
    return [hop for one in bundle.transfers for hop in one.hops]


def sign_bundle(bundle: Bundle, *, keys: SigningKeys, suite: Suite) -> bytes:
    """Sign what we hand over."""
    document = {
        "attachments": [{"bytes": size, "digest": digest} for digest, size in bundle.attachments],
        "from": bundle.by,
        "issued_at": as_text(bundle.issued_at),
        "receipts": list(bundle.receipts),
        "taken": list(bundle.taken),
        "to": bundle.to,
        "transfers": [one.as_document() for one in bundle.transfers],
    }
    return sign_document(document, typ=BUNDLE_TYPE, keys=keys, suite=suite)


def verify_bundle(raw: bytes, *, by: PublicKeys, to: str, allowed: frozenset[Suite]) -> Bundle:
    """Return what an agency hands over to another.

    Raises what `verify_document` raises, and IntegrityFailure `document-invalid` when it is not of the form
    or not between those two.
    """
    document = verify_document(raw, typ=BUNDLE_TYPE, keys=by, allowed=allowed)
    try:
        bundle = _load(document)
    except ValueError as error:
        raise IntegrityFailure("document-invalid", f"The bundle cannot be read: {error}.") from None
    if (bundle.by, bundle.to) != (by.agency, to):
        raise IntegrityFailure("document-invalid", f"The bundle is not of {by.agency} for {to}.")
    return bundle


def _load(value: object) -> Bundle:
    document = members(value, _REQUIRED)
    return Bundle(
        by=text_of(document, "from"),
        to=text_of(document, "to"),
        issued_at=time_of(document, "issued_at"),
        transfers=tuple(_transfer(one) for one in list_of(document, "transfers")),
        receipts=texts_of(document, "receipts"),
        attachments=tuple(_attachment(one) for one in list_of(document, "attachments")),
        taken=texts_of(document, "taken"),
    )


def _transfer(value: object) -> PackedTransfer:
    one = members(value, _TRANSFER, frozenset({"statement"}))
    return PackedTransfer(
        sealed=text_of(one, "sealed"),
        statement=text_of(one, "statement") if "statement" in one else None,
        hops=texts_of(one, "hops"),
    )


def _attachment(value: object) -> tuple[str, int]:
    one: Mapping[str, object] = members(value, _ATTACHMENT)
    return text_of(one, "digest"), number_of(one, "bytes")
