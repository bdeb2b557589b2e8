"""Where it is kept how far partners know of our card."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from hub.entries import IntroductionRow


class Introductions(Protocol):
    """One row for each partner that cards were exchanged with."""

    def get(self, agency: str) -> IntroductionRow | None: ...
    def all(self) -> Sequence[IntroductionRow]:
        """Return all rows by agency."""
        ...

    def put(self, row: IntroductionRow) -> None:
        """Store or replace; bookkeeping: what a card changes is staged with the change."""
        ...
