"""Where the policy on who releases and reads what is kept, and which records are confined."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from hub.entries import ConfinementRow, PolicyRow


class AccessRules(Protocol):
    """Versions of the policy, and the compartments that records are confined to at this hub."""

    def policies(self) -> Sequence[PolicyRow]:
        """Return all versions of the policy, also what is proposed, lowest first."""
        ...

    def policy(self) -> PolicyRow | None:
        """Return the policy in force, or None where the shipped one is."""
        ...

    def put_policy(self, row: PolicyRow) -> None:
        """Store or replace a version; it changes the directory's generation, on which caches hang."""
        ...

    def confinements(self, record_ids: Sequence[str]) -> Sequence[ConfinementRow]:
        """Return what records with these ids are confined to, whoever originated them."""
        ...

    def confine(self, row: ConfinementRow) -> None: ...

    def lift(self, row: ConfinementRow) -> bool:
        """End a confinement as it was proposed; False where another worker has changed it since."""
        ...
