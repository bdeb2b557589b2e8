"""Where what verifications relied on is kept for good, under the digest of its bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from hub.entries import TrustItem, TrustKind


class TrustItems(Protocol):
    """Cards, pins, certificates, revocation answers: kept as they were, and never changed or deleted.

    An item by itself proves nothing and needs no audit event; the event whose verification relied on it
    names its digest.
    """

    def keep(self, kind: TrustKind, raw: bytes) -> str:
        """Keep an item, once however often it is given; return its digest (SHA-256, lowercase hex)."""
        ...

    def stands(self, digest: str) -> bool:
        """Tell whether an item was kept before this unit of work began, and so for good."""
        ...

    def get(self, digest: str) -> TrustItem | None:
        """Return an item by its digest."""
        ...

    def items(self, digests: Sequence[str]) -> Mapping[str, TrustItem]:
        """Return those items that are kept, by their digests."""
        ...
