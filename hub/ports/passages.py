"""Which records were passed on, to us and by us."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from hub.entries import PassageRow


class Passages(Protocol):
    """One row for each passage, keyed by (passer, passage_id)."""

    def put(self, row: PassageRow) -> None:
        """Store what a passage holds now."""
        ...

    def held(self, passer: str, passage_id: str) -> PassageRow | None:
        """Return a passage; in a unit of work nobody else changes or marks it until the end."""
        ...

    def get_many(self, keys: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], PassageRow]:
        """Return those (passer, passage_id) that exist."""
        ...

    def of_record(self, originator: str, record_id: str) -> Sequence[PassageRow]:
        """Return all passages of a record."""
        ...

    def mark(self, passer: str, originator: str, *, record_id: str) -> int:
        """Note that a record that `passer` passed on has changed; return how many passages hold it."""
        ...

    def mark_consent(self, passer: str, originator: str, *, consent_id: str) -> int:
        """Note that a consent under which `passer` passed records on has changed; return how many did."""
        ...

    def behind(self, passer: str, *, after: str, limit: int) -> Sequence[PassageRow]:
        """Return passages by `passer` that must follow, from an id on, in its order."""
        ...

    def mark_others(self, originator: str, *, record_id: str) -> int:
        """Note that others who pass on a record of `originator` must follow; return how many passages."""
        ...

    def mark_others_consent(self, originator: str, *, consent_id: str) -> int:
        """Note that others must take back what rests on a consent of `originator`; return how many."""
        ...

    def awaited(self, originator: str, *, after: str, limit: int) -> Sequence[PassageRow]:
        """Return passages of records of `originator` that others must follow, from an id on, in its order."""
        ...
