"""Time."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time; the one place where time enters."""

    def now(self) -> datetime:
        """Return the present, aware, in UTC."""
        ...
