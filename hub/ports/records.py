"""Where record versions, releases and their encrypted bytes are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from hub.entries import Body, ErasureRow, RecordRow, Release, RewrapRow, WrappedKey
from hub.records.lifecycle import RecordState


class Records(Protocol):
    """Record versions and their releases, keyed by (originator, record_id, version).

    A hostile partner may give its record the id of another one. Where no originator is named, an id means
    our own record, else the only one that came with it, and nothing when several originators sent one.
    """

    def add(self, rows: Sequence[RecordRow]) -> None:
        """Store new versions; raise Refused `conflict`, at the latest at commit, when one is there."""
        ...

    def get(
        self, record_id: str, version: int | None = None, *, originator: str | None = None
    ) -> RecordRow | None:
        """Return a version, or the highest one."""
        ...

    def get_many(self, keys: Sequence[tuple[str, str, int]]) -> Mapping[tuple[str, str, int], RecordRow]:
        """Return those (originator, record_id, version) that exist."""
        ...

    def newest(self, record_ids: Sequence[str]) -> Mapping[tuple[str, str], RecordRow]:
        """Return the highest version for each (originator, record_id) that exists, in one query."""
        ...

    def versions(self, record_id: str, *, originator: str | None = None) -> Sequence[RecordRow]:
        """Return all versions of one originator's record, lowest first."""
        ...

    def replace(self, row: RecordRow, *, expected_revision: int) -> None:
        """Rewrite a row whose revision is the expected one (else Refused `conflict`); store revision + 1."""
        ...

    def readmit(self, row: RecordRow) -> None:
        """Rewrite a received version that came anew, whatever became of it before; store revision + 1."""
        ...

    def advance(self, row: RecordRow, *, to: RecordState) -> None:
        """Take one step of the lifecycle with this version as it is stored now; store revision + 1.

        Raises Refused `transition-invalid` and `not-found`.
        """
        ...

    def held_state(self, row: RecordRow) -> RecordState:
        """Return the state of a version as it is stored now; nobody else changes it until the unit ends."""
        ...

    def page(
        self,
        *,
        after: int,
        limit: int,
        state: RecordState | None = None,
        kind: str | None = None,
        conversation: str | None = None,
    ) -> Sequence[RecordRow]:
        """Return rows with a position above `after`, lowest first."""
        ...

    def add_releases(self, releases: Sequence[Release]) -> None:
        """Store releases."""
        ...

    def releases(self, record_id: str) -> Sequence[Release]:
        """Return all releases of all versions, oldest first; only our own records have any."""
        ...


class Erasures(Protocol):
    """Which records are to lose their content, and which have lost it."""

    def get(self, originator: str, record_id: str) -> ErasureRow | None:
        """Return the latest erasure of a record; in a unit of work others cannot change it until the end."""
        ...

    def put(self, row: ErasureRow) -> None:
        """Store the erasure of a record, in place of an earlier one."""
        ...

    def forget_digests(self, originator: str, record_id: str) -> None:
        """Overwrite with zeros what all versions of a record keep of their content: its digest."""
        ...

    def erase_secrets(self, event_ids: Sequence[str]) -> None:
        """Destroy salts, justifications and what derives from content of audit events; their leaves stay."""
        ...


class Bodies(Protocol):
    """Encrypted bytes at rest."""

    def add(self, bodies: Sequence[Body]) -> None:
        """Store bodies."""
        ...

    def get_many(self, body_ids: Sequence[str]) -> Mapping[str, Body]:
        """Return those that exist and were not erased."""
        ...

    def sizes(self, body_ids: Sequence[str]) -> Mapping[str, int]:
        """Return how many bytes those have that exist, without reading them."""
        ...

    def erase(self, body_id: str) -> None:
        """Destroy the wrapped key; what is left cannot be read."""
        ...

    def wrapped_keys(self, *, after: str, limit: int) -> Sequence[WrappedKey]:
        """Return wrapped keys of bodies with an id above `after`, lowest first; erased ones have none."""
        ...

    def replace_keys(self, keys: Sequence[tuple[WrappedKey, bytes]]) -> int:
        """Put wrapped keys in place of those that are still there; return how many. Bookkeeping.

        A body that was erased meanwhile stays erased.
        """
        ...

    def rewrapping(self) -> RewrapRow | None:
        """Return how far the newest change of the master key has come; a unit of work keeps it for itself."""
        ...

    def put_rewrapping(self, row: RewrapRow) -> None:
        """Store how far it has come. Bookkeeping."""
        ...
