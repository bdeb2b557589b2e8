"""What came in, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import bindparam

from hub.entries import InboxEntry
from hub.storage import tables
from hub.storage.session import Session, Shape
from hub.storage.upsert import insert

_T: Final = tables.inbox
_SHAPE: Final = Shape(InboxEntry, _T)
# Ids are unique but for a peer that reuses another's, so the originator is compared afterwards.
_SEEN: Final = _SHAPE.select().where(_T.c.envelope_id.in_(bindparam("which", expanding=True)))
_ADMIT: Final = insert(_T).on_conflict_do_nothing().returning(_T.c.originator, _T.c.envelope_id)


class InboxStore:
    """Implements `hub.ports.Inbox`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def seen(self, keys: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], InboxEntry]:
        """Return the entries that exist among (originator, envelope_id) keys."""
        wanted = set(keys)
        rows = self._session.rows(_SEEN, {"which": sorted({envelope_id for _, envelope_id in wanted})})
        found = {(entry.originator, entry.envelope_id): entry for entry in _SHAPE.load(rows)}
        return {key: entry for key, entry in found.items() if key in wanted}

    def admit(self, entries: Sequence[InboxEntry]) -> frozenset[tuple[str, str]]:
        """Store entries; return the keys that were new, without those another worker stored first.

        Where another worker is storing the same key just now, this waits for its commit.
        """
        self._session.change(audited=False)
        if not entries:
            return frozenset()
        # In one order everywhere, so that two workers with the same envelopes cannot wait for each other.
        ordered = sorted(entries, key=lambda entry: (entry.envelope_id, entry.originator))
        stored = self._session.rows(_ADMIT, [vars(entry) for entry in ordered])
        new = frozenset((row.originator, row.envelope_id) for row in stored)
        if new:
            self._session.change()
        return new
