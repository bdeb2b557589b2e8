"""What verifications relied on, under the digest of its bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import bindparam

from hub.entries import TrustItem, TrustKind
from hub.storage import tables
from hub.storage.session import Session, Shape
from hub.storage.upsert import insert

_T: Final = tables.trust_items
_SHAPE: Final = Shape(TrustItem, _T)
_KEEP: Final = insert(_T).on_conflict_do_nothing()
_GET: Final = _SHAPE.select().where(_T.c.digest.in_(bindparam("which", expanding=True)))


class TrustStore:
    """Implements `hub.ports.TrustItems`."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._new: set[str] = set()

    def keep(self, kind: TrustKind, raw: bytes) -> str:
        """Keep an item, once however often it is given; return its digest. Bookkeeping."""
        digest = hashlib.sha256(raw).hexdigest()
        # Asked first: where two workers add the same row, one waits for the other's end.
        if self.get(digest) is None:
            self._session.change(audited=False)
            self._session.run(_KEEP, {"digest": digest, "kind": kind, "raw": raw})
            self._new.add(digest)
        return digest

    def stands(self, digest: str) -> bool:
        """Tell whether an item was kept before this unit of work began."""
        return digest not in self._new and self.get(digest) is not None

    def get(self, digest: str) -> TrustItem | None:
        """Return an item by its digest."""
        return self.items([digest]).get(digest)

    def items(self, digests: Sequence[str]) -> Mapping[str, TrustItem]:
        """Return those items that are kept, by their digests."""
        if not digests:
            return {}
        found = _SHAPE.load(self._session.rows(_GET, {"which": sorted(set(digests))}))
        return {item.digest: item for item in found}
