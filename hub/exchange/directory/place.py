"""Where a hub keeps what it knows of the directory, in its home.

trusted/      the documents as python-tuf verified them last, every root since the pinned one, the entries
repository/   the same files under the names that others fetch; any web server can serve it
pinned.json   the root that a person confirmed
state.json    what people and other parts of the hub ask: versions, expiry, failures, differences

All of it is bookkeeping over signed files: state.json can be made again by a refresh. What a refresh found
is first committed to the audit log and then written here, so that a crash between the two logs it twice
and never loses it.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from tuf.api.metadata import Root, Snapshot, Targets, Timestamp

from hub.errors import OurFault, Refused
from hub.exchange.log.publishing import write_whole
from hub.federation.directory.changes import Base
from hub.federation.directory.documents import entry_path, read_document
from hub.federation.directory.statement import Mark
from hub.records.times import as_text, as_time

_FORMAT: Final = "hub-directory-state/1"
_LOOK_S: Final = 0.05


@dataclass(frozen=True, kw_only=True)
class AgencyState:
    """What the directory says of one agency. `statement` is the digest of its entry, if it could be used.

    `differences` are those from its pin here; `marks` are the trust marks that others give to it, each as
    ISSUER:KIND.
    """

    version: int
    statement: str | None = None
    expires_at: datetime | None = None
    code: str | None = None
    suspended: bool = False
    differences: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why the directory could not be fetched from where it is followed."""

    code: str
    sentence: str
    since: datetime


@dataclass(frozen=True, kw_only=True)
class State:
    """What is known of the directory. `source` is where it is followed; without one we publish it ourselves,
    or a courier brings it.

    `entry_version` and `given` are of our own entry: its last version, and the trust marks in it.
    """

    name: str | None = None
    source: str | None = None
    checked_at: datetime | None = None
    failure: Failure | None = None
    versions: Mapping[str, int] = field(default_factory=dict)
    expires: Mapping[str, datetime] = field(default_factory=dict)
    agencies: Mapping[str, AgencyState] = field(default_factory=dict)
    entry_version: int = 0
    given: tuple[Mark, ...] = ()

    @property
    def good_until(self) -> datetime | None:
        """Return when the first of the documents above the entries expires."""
        return min(self.expires.values(), default=None)


@dataclass(frozen=True, kw_only=True)
class Place:
    """The folder of the directory in a hub's home. `wait_s` is how long to wait for another process at it."""

    folder: Path
    wait_s: float = 10.0

    @property
    def trusted(self) -> Path:
        """Where the verified documents are."""
        return self.folder / "trusted"

    @property
    def repository(self) -> Path:
        """Where the files are that others fetch."""
        return self.folder / "repository"

    @property
    def pinned(self) -> bytes:
        """Return the root that a person confirmed; raise Refused `directory-unknown` when there is none."""
        try:
            return (self.folder / "pinned.json").read_bytes()
        except FileNotFoundError:
            raise Refused(
                "directory-unknown",
                "This hub follows no directory yet; `hub directory join --from SOURCE` begins.",
            ) from None

    @property
    def joined(self) -> bool:
        """Tell whether a directory is followed."""
        return (self.folder / "pinned.json").exists()

    def pin(self, root: bytes) -> None:
        """Begin to follow the directory of a root, and forget what was known of another one."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        for known in (self.trusted, self.repository):
            shutil.rmtree(known, ignore_errors=True)
        write_whole(self.folder / "pinned.json", root)
        state = self.state()
        self.write(State(entry_version=state.entry_version, given=state.given))

    def base(self) -> Base:
        """Return the root and the list of participants as they were verified last."""
        if not (self.trusted / "targets.json").exists():
            return Base()
        return Base(
            root=read_document(self.document("root"), Root).signed,
            targets=read_document(self.document("targets"), Targets).signed,
        )

    def snapshot(self) -> Snapshot | None:
        """Return the snapshot as it was verified last."""
        found = self.trusted / "snapshot.json"
        return read_document(found.read_bytes(), Snapshot).signed if found.exists() else None

    def timestamp(self) -> Timestamp | None:
        """Return the timestamp as it was verified last."""
        found = self.trusted / "timestamp.json"
        return read_document(found.read_bytes(), Timestamp).signed if found.exists() else None

    def document(self, role: str) -> bytes:
        """Return a verified document."""
        return (self.trusted / f"{role}.json").read_bytes()

    def statement(self, agency: str) -> bytes | None:
        """Return an entry as it was verified last."""
        try:
            return (self.trusted / "entries" / f"{agency}.jws").read_bytes()
        except FileNotFoundError:
            return None

    def state(self) -> State:
        """Return what is known; raise OurFault `storage-unavailable` when the file cannot be used."""
        try:
            return _read(json.loads((self.folder / "state.json").read_bytes()))
        except FileNotFoundError:
            return State()
        except (OSError, ValueError, KeyError, TypeError):
            raise OurFault(
                "storage-unavailable",
                f"{self.folder / 'state.json'} cannot be read; remove it and refresh the directory.",
            ) from None

    def write(self, state: State) -> None:
        """Write what is known."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        write_whole(self.folder / "state.json", json.dumps(_document(state), indent=1).encode() + b"\n")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other processes out; raise Refused `conflict` when one is at it for longer than `wait_s`."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _lock(handle, self.wait_s)
            yield
        finally:
            os.close(handle)

    def mirror(self) -> None:
        """Put the verified files where others fetch them, the timestamp last; older ones are taken away."""
        snapshot = read_document(self.document("snapshot"), Snapshot).signed
        targets = read_document(self.document("targets"), Targets).signed
        files = {f"metadata/{p.name}": p for p in (self.trusted / "root_history").glob("*.root.json")}
        files[f"metadata/{snapshot.version}.snapshot.json"] = self.trusted / "snapshot.json"
        files[f"metadata/{targets.version}.targets.json"] = self.trusted / "targets.json"
        for agency in targets.delegations.roles or {} if targets.delegations else {}:
            files |= self._entry_files(agency)
        for name, path in files.items():
            _place(self.repository / name, path.read_bytes())
        _place(self.repository / "metadata/timestamp.json", self.document("timestamp"), again=True)
        files["metadata/timestamp.json"] = self.trusted / "timestamp.json"
        for path in self.repository.glob("*/**/*"):
            if path.is_file() and str(path.relative_to(self.repository)) not in files:
                path.unlink()

    def _entry_files(self, agency: str) -> dict[str, Path]:
        role, entry = self.trusted / f"{agency}.json", self.trusted / "entries" / f"{agency}.jws"
        if not role.exists() or not entry.exists():
            return {}
        signed = read_document(role.read_bytes(), Targets).signed
        info = signed.targets.get(entry_path(agency))
        if info is None:
            return {}
        return {
            f"metadata/{signed.version}.{agency}.json": role,
            f"targets/{agency}/{info.hashes['sha256']}.entry.jws": entry,
        }


def _lock(handle: int, wait_s: float) -> None:
    until = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= until:
                raise Refused(
                    "conflict", "The directory is being fetched or published right now; try again."
                ) from None
        time.sleep(_LOOK_S)  # flock itself waits for ever or not at all


def _place(path: Path, content: bytes, *, again: bool = False) -> None:
    if again or not path.exists():
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        write_whole(path, content)


def _document(state: State) -> dict[str, object]:
    failure = state.failure
    return {
        "format": _FORMAT,
        "name": state.name,
        "source": state.source,
        "checked_at": _text(state.checked_at),
        "failure": None
        if failure is None
        else {"code": failure.code, "sentence": failure.sentence, "since": as_text(failure.since)},
        "versions": dict(state.versions),
        "expires": {role: as_text(at) for role, at in state.expires.items()},
        "agencies": {
            agency: {
                "version": one.version,
                "statement": one.statement,
                "expires_at": _text(one.expires_at),
                "code": one.code,
                "suspended": one.suspended,
                "differences": list(one.differences),
                "marks": list(one.marks),
            }
            for agency, one in state.agencies.items()
        },
        "entry_version": state.entry_version,
        "given": [
            {"kind": mark.kind, "subject": mark.subject, "expires_at": as_text(mark.expires_at)}
            for mark in state.given
        ],
    }


def _read(told: Mapping[str, Any]) -> State:
    if told["format"] != _FORMAT:
        raise ValueError("its format is another one")
    failure = told["failure"]
    return State(
        name=told["name"],
        source=told["source"],
        checked_at=_time(told["checked_at"]),
        failure=None if failure is None else Failure(**{**failure, "since": as_time(failure["since"])}),
        versions=told["versions"],
        expires={role: as_time(at) for role, at in told["expires"].items()},
        agencies={
            agency: AgencyState(
                version=one["version"],
                statement=one["statement"],
                expires_at=_time(one["expires_at"]),
                code=one["code"],
                suspended=one["suspended"],
                differences=tuple(one["differences"]),
                marks=tuple(one["marks"]),
            )
            for agency, one in told["agencies"].items()
        },
        entry_version=told["entry_version"],
        given=tuple(Mark(**{**mark, "expires_at": as_time(mark["expires_at"])}) for mark in told["given"]),
    )


def _text(at: datetime | None) -> str | None:
    return None if at is None else as_text(at)


def _time(text: str | None) -> datetime | None:
    return None if text is None else as_time(text)


def with_failure(state: State, failure: Failure | None) -> State:
    """Return a state with another failure."""
    return replace(state, failure=failure)
