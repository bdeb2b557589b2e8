"""What the directory of agencies needs from outside: keys that sign for it, and a way to fetch it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from securesystemslib.signer import Signer

from hub.errors import HubError


class DirectoryKeys(Protocol):
    """Our keys in the directory: apart from those that sign records, and apart from one another."""

    def entry(self) -> Sequence[Signer]:
        """Return what signs our own entry; nothing before `make_entry`."""
        ...

    def root(self, outside: Path | None = None) -> Sequence[Signer]:
        """Return what signs roots and lists of participants, from the store or from a file outside of it."""
        ...

    def publishing(self) -> Sequence[Signer]:
        """Return what signs which documents are current."""
        ...

    def make_entry(self) -> None:
        """Make fresh keys for our entry; those before them are gone."""
        ...

    def make_root(self, outside: Path | None = None) -> None:
        """Make fresh root keys, and a publishing key; root keys may go into a file outside of the store."""
        ...


@dataclass(frozen=True, kw_only=True)
class EntrySeen:
    """A participant's entry as it was fetched and verified: the file that holds it, or why there is none."""

    version: int = 0
    path: Path | None = None
    failure: HubError | None = None


@dataclass(frozen=True, kw_only=True)
class DirectorySeen:
    """The directory as it was fetched and verified: the four documents above the entries, and the entries."""

    root: bytes = field(repr=False)
    timestamp: bytes = field(repr=False)
    snapshot: bytes = field(repr=False)
    targets: bytes = field(repr=False)
    entries: Mapping[str, EntrySeen] = field(default_factory=dict, repr=False)


class DirectoryClient(Protocol):
    """Fetches a directory and believes nothing that its keys do not prove (TUF specification §5).

    A source is a pinned partner's id, an http(s) address, a folder or a zip file. Raises PeerFault
    `directory-unreachable`, `directory-slow`, `directory-too-large`, `directory-expired`; IntegrityFailure
    `directory-signature-invalid`, `directory-rolled-back`, `directory-mismatched`, `directory-malformed`.
    """

    def newest_root(self, source: str) -> bytes:
        """Return the newest root that a source shows, which nothing has verified."""
        ...

    def refresh(self, source: str, folder: Path, pinned_root: bytes) -> DirectorySeen:
        """Follow the directory from the pinned root; what is known of it is kept in a folder."""
        ...
