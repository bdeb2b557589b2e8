"""Whom this hub trusts on the wire, as one frozen snapshot that follows the directory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from hub.entries import MemberRow, PartnerRow, PartnerStatus
from hub.federation.card import read_card

#: How long a snapshot is believed before the directory's generation is asked for again.
REFRESH_AFTER: Final = timedelta(seconds=1)


class DirectoryRows(Protocol):
    """The part of the directory that trust is built from."""

    def generation(self) -> int: ...
    def partners(self) -> Sequence[PartnerRow]: ...
    def members(self) -> Sequence[MemberRow]: ...


class HasDirectory(Protocol):
    """A snapshot of the stores, as far as trust looks into it."""

    @property
    def directory(self) -> DirectoryRows: ...


@dataclass(frozen=True, kw_only=True)
class Pinned:
    """One partner as trusted: its certificate authority, and whether traffic flows."""

    agency: str
    authority_pem: str
    fingerprint: str
    status: PartnerStatus


@dataclass(frozen=True, kw_only=True)
class Trust:
    """Whose certificates are taken, at one generation of the directory; never changes.

    `members` is keyed by the thumbprint of the registered certificate (SHA-256 of its DER, lowercase hex).
    """

    generation: int
    authority_pem: str
    partners: Mapping[str, Pinned] = field(default_factory=dict)
    members: Mapping[str, MemberRow] = field(default_factory=dict)

    def authorities(self) -> tuple[str, ...]:
        """Return every authority a client certificate may chain to: our own and the pinned ones."""
        return (self.authority_pem, *(pinned.authority_pem for pinned in self.partners.values()))


def build_trust(directory: DirectoryRows, *, authority_pem: str, before: Trust | None = None) -> Trust:
    """Build the snapshot; a card that is the same as in `before` is not verified again."""
    generation = directory.generation()
    known = before.partners if before else {}
    return Trust(
        generation=generation,
        authority_pem=authority_pem,
        partners={row.agency: _pinned(row, known.get(row.agency)) for row in directory.partners()},
        members={row.certificate_thumbprint: row for row in directory.members()},
    )


def _pinned(row: PartnerRow, before: Pinned | None) -> Pinned:
    same = before is not None and before.fingerprint == row.fingerprint
    return Pinned(
        agency=row.agency,
        authority_pem=before.authority_pem if before and same else read_card(row.card).tls_ca_pem,
        fingerprint=row.fingerprint,
        status=row.status,
    )


class TrustSource:
    """Hands out the present Trust and follows changes, also those that another process makes.

    `read` opens a snapshot of the stores (`Store.read`); `authority_pem` is our own authority, which
    signs our members' certificates.
    """

    def __init__(
        self, read: Callable[[], AbstractContextManager[HasDirectory]], *, authority_pem: str
    ) -> None:
        self._read = read
        self._authority_pem = authority_pem
        self._lock = threading.Lock()
        self._trust: Trust | None = None
        self._asked_at: datetime | None = None

    def current(self, at: datetime) -> Trust:
        """Return the snapshot, asking the directory at most once a second whether it still holds."""
        with self._lock:
            if self._trust is None or self._due(at):
                with self._read() as view:
                    if self._trust is None or view.directory.generation() != self._trust.generation:
                        self._trust = build_trust(
                            view.directory, authority_pem=self._authority_pem, before=self._trust
                        )
                self._asked_at = at
            return self._trust

    def _due(self, at: datetime) -> bool:
        # The distance either way: a clock that was set back must not stop the refreshing.
        return self._asked_at is None or abs(at - self._asked_at) >= REFRESH_AFTER
