"""What originators have consented to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from hub.entries import ConsentRow


class Consents(Protocol):
    """Consents that came, one row for each agency that a record may be passed on to."""

    def replace(self, originator: str, consent_id: str, rows: Sequence[ConsentRow], *, today: date) -> None:
        """Put what one consent grants now in place of what it granted; forget what ended before today.

        It changes the directory's generation, on which caches hang.
        """
        ...

    def standing(self) -> Sequence[ConsentRow]:
        """Return all that was granted; some of it may have ended."""
        ...
