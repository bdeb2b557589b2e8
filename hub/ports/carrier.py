"""How sealed bytes move to a partner."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from hub.entries import PartnerRow
from hub.ports.attachments import BlobStore


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """One envelope on one hop: the sealed bytes and the hubs they have passed. The hops are not signed.

    `statement` is the originator's transfer statement, which numbers this envelope among others.
    """

    sealed: bytes
    hops: tuple[str, ...] = ()
    statement: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class BooksAnswer:
    """What a partner states about its books, and the certificate (DER) with which it answered."""

    statement: bytes
    leaf: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Mail:
    """What a mailbox holds for us: envelopes, and receipts and messages that we have not confirmed yet.

    `leaf` is the certificate (DER) with which the partner answered.
    """

    transfers: tuple[Transfer, ...] = ()
    receipts: tuple[bytes, ...] = ()
    messages: tuple[Transfer, ...] = ()
    leaf: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a hub said of one transfer: a signed receipt, or a failure code that asks for a retry.

    `relayed` tells that a relay has taken it durably; the recipient's own receipt is still to come. `leaf` is
    the certificate (DER) with which it answered.
    """

    envelope_id: str
    receipt: bytes | None = None
    code: str | None = None
    sentence: str | None = None
    relayed: bool = False
    leaf: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Introduction:
    """What one hub tells another of cards: its own, and what it has pinned of the other's.

    `knows` are the ids of the other's signing keys there, `said` is the digest of what that card says. `code`
    tells why the other's last card was not taken; `card-waiting` says that a person is to approve it.
    """

    card: bytes = field(repr=False)
    knows: tuple[str, ...]
    said: str
    code: str | None = None


class Carrier(Protocol):
    """A way to move sealed bytes to one partner. Raises PeerFault `partner-unreachable` or `-misbehaved`."""

    def cut(self, suspended: Collection[str]) -> None:
        """Break off what moves with these partners, and move nothing until they are no longer among them.

        What is asked for them then fails with PeerFault `partner-unreachable`.
        """
        ...

    def carry(self, partner: PartnerRow, transfers: Sequence[Transfer]) -> Sequence[Outcome]:
        """Hand over a batch; return one outcome per transfer, in order."""
        ...

    def carry_receipts(
        self, partner: PartnerRow, receipts: Sequence[bytes], *, taken: Sequence[str] = ()
    ) -> Sequence[str | None]:
        """Hand over receipts; return a failure code, or None for taken, per receipt, in order.

        `taken` are the ids of receipts from its mailbox that we have stored and it need not repeat.
        """
        ...

    def carry_messages(
        self, partner: PartnerRow, messages: Sequence[Transfer], *, taken: Sequence[str] = ()
    ) -> Sequence[str | None]:
        """Hand over sealed messages as `carry_receipts` does receipts; `taken` came from its mailbox."""
        ...

    def reconcile(self, partner: PartnerRow, statement: bytes) -> BooksAnswer:
        """Hand over what we state about our books; return what the partner states about its own."""
        ...

    def introduce(self, partner: PartnerRow, ours: Introduction) -> Introduction:
        """Tell a partner of our card, and return what it tells of its own."""
        ...

    def carry_attachment(self, partner: PartnerRow, digest: str, size_bytes: int, blobs: BlobStore) -> None:
        """Push an attachment's ciphertext, going on where an earlier push stopped."""
        ...

    def poll(self, partner: PartnerRow, *, limit: int, wait_s: float) -> Mail:
        """Fetch what a partner's mailbox holds for us: `{"transfers": [...], "receipts": [...]}`."""
        ...

    def fetch_attachment(self, partner: PartnerRow, digest: str, offset: int) -> Iterator[bytes]:
        """Stream an attachment's ciphertext from an offset."""
        ...
