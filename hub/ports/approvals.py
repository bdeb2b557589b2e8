"""Where officers' keys are kept, and what they approved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from hub.entries import ApprovalRow, OfficerKeyRow


class Approvals(Protocol):
    """Who approved which version of our records; what was signed lies in a body."""

    def of_record(self, originator: str, record_id: str) -> Sequence[ApprovalRow]:
        """Return the approvals of all versions, by version and time."""
        ...

    def of_version(self, originator: str, record_id: str, version: int) -> Sequence[ApprovalRow]:
        """Return the approvals of one version, the first before the others."""
        ...

    def add(self, rows: Sequence[ApprovalRow]) -> None:
        """Store approvals; their bodies are stored before."""
        ...

    def void(self, row: ApprovalRow) -> None:
        """Forget an approval; whoever does erases its body."""
        ...


class OfficerKeys(Protocol):
    """The keys with which officers sign; a key is never another officer's later."""

    def of_officer(self, officer: str) -> Sequence[OfficerKeyRow]:
        """Return an officer's keys, also revoked ones, the first before the others."""
        ...

    def get(self, kid: str) -> OfficerKeyRow | None:
        """Return one key."""
        ...

    def put(self, row: OfficerKeyRow) -> None:
        """Store a key, or that it was revoked."""
        ...
