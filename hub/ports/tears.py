"""Which records of ours were derived from which, with parts left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from hub.entries import TearRow


class Tears(Protocol):
    """The ties between versions of derived records and the versions of their masters; all are our own."""

    def add(self, row: TearRow) -> None:
        """Store the tie of a new version."""
        ...

    def get(self, record_id: str, version: int | None = None) -> TearRow | None:
        """Return the tie of a derived record's version, or of the highest one that has one."""
        ...

    def of_master(self, master_id: str) -> Sequence[TearRow]:
        """Return the newest tie of each record that was torn from a master, by its id."""
        ...

    def note_changed(self, record_id: str, version: int, parts: Sequence[str]) -> None:
        """Store which parts of the master were changed since a version was torn from it."""
        ...
