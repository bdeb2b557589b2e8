"""What an operation writes into the log: declared once where the operation is, and checked by machine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from hub.audit.catalogue import CATALOGUE
from hub.audit.events import Act

#: What any operation may write besides: that it, or the sign-in before it, was refused, and that the settings
#: under which it is the first to change something are others than before.
ALWAYS: Final = frozenset({Act.REFUSED, Act.LOGIN_FAILED, Act.POLICY_CHANGED})


@dataclass(frozen=True, kw_only=True)
class Trail:
    """The acts that an operation may write, or why it writes nothing; with both, why it may write nothing.

    Acts alone promise an entry for each success that changed or showed something. A repeat that changes
    nothing writes nothing. `opens` says that content is opened for rules to look at, and not shown.
    """

    acts: frozenset[Act] = frozenset()
    nothing_because: str | None = None
    opens: bool = False

    def __post_init__(self) -> None:
        if not self.acts and not self.nothing_because:
            raise ValueError("a trail says which acts are written, or why none is")

    @property
    def promises(self) -> bool:
        """Tell whether each success that changed or showed something leaves an entry."""
        return bool(self.acts) and self.nothing_because is None

    def undeclared(self, written: Iterable[Act]) -> frozenset[Act]:
        """Return those of the acts that were written which the declaration does not name."""
        return frozenset(written) - self.acts - ALWAYS

    def __str__(self) -> str:
        acts = ", ".join(act.value for act in CATALOGUE if act in self.acts)
        if self.nothing_because is None:
            return acts
        return f"{acts}, or nothing: {self.nothing_because}" if acts else f"nothing: {self.nothing_because}"


def writes(*acts: Act, or_nothing: str | None = None) -> Trail:
    """Declare the acts of an operation; `or_nothing` says when a success leaves none of them."""
    return Trail(acts=frozenset(acts), nothing_because=or_nothing)


def writes_nothing(because: str, *, opens: bool = False) -> Trail:
    """Declare that an operation neither changes anything nor shows content, and why that is so."""
    return Trail(nothing_because=because, opens=opens)
