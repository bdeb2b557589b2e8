"""Following a directory as TUF prescribes, by python-tuf's own client; its failures are told in our codes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadError,
    DownloadHTTPError,
    DownloadLengthMismatchError,
    ExpiredMetadataError,
    LengthOrHashMismatchError,
    RepositoryError,
    UnsignedMetadataError,
)
from tuf.api.metadata import Root, Snapshot, Targets
from tuf.api.serialization import DeserializationError
from tuf.ngclient import Updater, UpdaterConfig

from hub.errors import HubError, IntegrityFailure, OurFault, PeerFault
from hub.federation.directory.documents import (
    entry_path,
    foundation_of,
    malformed,
    participants_of,
    read_document,
    role_versions,
)
from hub.federation.directory.statement import STATEMENT_MAX_BYTES
from hub.limits import Limits
from hub.ports import DirectorySeen, EntrySeen
from hub.transport.client import HttpsClient
from hub.transport.directory.fetching import (
    METADATA,
    TARGETS,
    BoundedFetcher,
    FindPartner,
    fetcher_for,
)

_ROOT_MAX_BYTES: Final = 512 * 1024
_TIMESTAMP_MAX_BYTES: Final = 16 * 1024
_ROOTS_MAX: Final = 256
_ENTRIES: Final = "entries"


class TufDirectoryClient:
    """Implements `hub.ports.DirectoryClient`.

    In its folder python-tuf keeps the trusted documents, so that nothing older is taken later; beside them
    lie the entries that were fetched last.
    """

    def __init__(self, limits: Limits, *, partner: FindPartner, client: HttpsClient) -> None:
        self._limits = limits
        self._partner = partner
        self._client = client

    def newest_root(self, source: str) -> bytes:
        """Return the newest root that a source shows, which nothing has verified."""
        fetcher = self._fetcher(source)
        found: bytes | None = None
        with told(source):
            for version in range(1, _ROOTS_MAX + 1):
                try:
                    found = fetcher.download_bytes(f"{METADATA}{version}.root.json", _ROOT_MAX_BYTES)
                except DownloadHTTPError:
                    break
        if found is None:
            raise PeerFault("directory-unreachable", f"There is no directory at {source}.")
        return found

    def refresh(self, source: str, folder: Path, pinned_root: bytes) -> DirectorySeen:
        """Follow the directory from the pinned root; what is known of it is kept in a folder."""
        entries = folder / _ENTRIES
        with told(source):
            entries.mkdir(mode=0o700, parents=True, exist_ok=True)
            updater = Updater(
                str(folder),
                METADATA,
                target_dir=str(entries),
                target_base_url=TARGETS,
                fetcher=self._fetcher(source),
                config=UpdaterConfig(
                    max_root_rotations=_ROOTS_MAX,
                    root_max_length=_ROOT_MAX_BYTES,
                    timestamp_max_length=_TIMESTAMP_MAX_BYTES,
                    snapshot_max_length=self._limits.directory_document_max_bytes,
                    targets_max_length=self._limits.directory_document_max_bytes,
                ),
                bootstrap=pinned_root,
            )
            updater.refresh()
            return self._seen(source, updater, folder)

    def _seen(self, source: str, updater: Updater, folder: Path) -> DirectorySeen:
        root, timestamp, snapshot, targets = (
            (folder / f"{role}.json").read_bytes() for role in ("root", "timestamp", "snapshot", "targets")
        )
        foundation_of(read_document(root, Root).signed)
        participants = participants_of(read_document(targets, Targets).signed)
        if len(participants) > self._limits.directory_agencies_max:
            raise malformed(
                "list of participants",
                f"it has {len(participants)}; at most {self._limits.directory_agencies_max} are taken here",
            )
        versions = role_versions(read_document(snapshot, Snapshot).signed)
        return DirectorySeen(
            root=root,
            timestamp=timestamp,
            snapshot=snapshot,
            targets=targets,
            entries={
                participant.agency: self._entry(
                    source, updater, folder, participant.agency, versions.get(participant.agency, 0)
                )
                for participant in participants
            },
        )

    def _entry(self, source: str, updater: Updater, folder: Path, agency: str, version: int) -> EntrySeen:
        """Fetch one entry; what is wrong with it is no other's fault, unless nothing comes at all."""
        path = folder / _ENTRIES / f"{agency}.jws"
        try:
            with told(source, entry_of=agency):
                info = updater.get_targetinfo(entry_path(agency))
                if info is None:
                    raise RepositoryError("it signs no entry")
                if info.length > STATEMENT_MAX_BYTES:
                    raise DownloadLengthMismatchError(f"it has {info.length} bytes")
                if updater.find_cached_target(info, str(path)) is None:
                    updater.download_target(info, str(path))
        except HubError as failure:
            if failure.code in {"directory-unreachable", "directory-slow", "storage-unavailable"}:
                raise
            return EntrySeen(version=version, failure=failure)
        return EntrySeen(version=version, path=path)

    def _fetcher(self, source: str) -> BoundedFetcher:
        return fetcher_for(source, self._limits, partner=self._partner, client=self._client)


@contextmanager
def told(source: str, *, entry_of: str | None = None) -> Iterator[None]:
    """Tell python-tuf's failures in our codes."""
    what = "the directory" if entry_of is None else f"the entry of {entry_of}"
    try:
        yield
    except (DownloadError, RepositoryError) as error:
        raise _failure(error, source, what) from None
    except OSError as error:
        raise OurFault(
            "storage-unavailable", f"What is known of the directory cannot be kept: {error.strerror}."
        ) from None


def _failure(error: Exception, source: str, what: str) -> HubError:
    why = str(error).rstrip(".")
    if isinstance(error, DownloadLengthMismatchError):
        return PeerFault(
            "directory-too-large", f"What {source} sends for {what} does not end in time: {why}."
        )
    if isinstance(error, DownloadHTTPError):
        return IntegrityFailure("directory-mismatched", f"{source} does not have all of {what}: {why}.")
    if isinstance(error, DownloadError):
        return PeerFault("directory-unreachable", f"The directory cannot be had from {source}: {why}.")
    if isinstance(error, ExpiredMetadataError):
        return PeerFault(
            "directory-expired",
            f"What {source} shows of {what} has expired ({why}): nobody renewed it, or newer files are held "
            "back.",
        )
    if isinstance(error, UnsignedMetadataError):
        return IntegrityFailure(
            "directory-signature-invalid", f"{source} shows {what} without enough signatures: {why}."
        )
    if isinstance(error, BadVersionNumberError):
        return IntegrityFailure(
            "directory-rolled-back", f"{source} shows an older state of {what} than was seen before: {why}."
        )
    if isinstance(error, LengthOrHashMismatchError):
        return IntegrityFailure(
            "directory-mismatched", f"{source} shows files of {what} that do not belong together: {why}."
        )
    if isinstance(error, DeserializationError):
        return malformed("files", f"{source} shows what is no TUF document")
    return IntegrityFailure("directory-mismatched", f"{source} shows no whole {what}: {why}.")
