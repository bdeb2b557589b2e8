"""A directory as its founders and participants sign it, or those who hold only some of their keys."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey
from securesystemslib.signer import CryptoSigner, Signer
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, Targets, Timestamp

from hub.federation.directory.documents import (
    Foundation,
    Founder,
    Participant,
    make_role,
    make_root,
    make_snapshot,
    make_targets,
    make_timestamp,
    public_key,
    signed_by,
)

FOUNDERS = ("kz-knb", "kg-gknb", "tj-gknb")
PARTICIPANTS = (*FOUNDERS, "uz-sgb")
YEAR, WEEK = timedelta(days=365), timedelta(days=7)


def now() -> datetime:
    """Return the present: python-tuf asks the machine's clock itself."""
    return datetime.now(UTC)


@cache
def signers(agency: str, what: str) -> tuple[Signer, ...]:
    """Return an agency's keys for something; made once, for nothing here depends on fresh ones."""
    ecdsa = CryptoSigner(ec.generate_private_key(ec.SECP256R1()))
    if what == "publishing":
        return (ecdsa,)
    return (ecdsa, CryptoSigner(MLDSA65PrivateKey.from_seed_bytes(os.urandom(32))))


def founder(agency: str) -> Founder:
    return Founder(
        agency=agency,
        keys=tuple(public_key(one, agency) for one in signers(agency, "root")),
        publishing=public_key(signers(agency, "publishing")[0], agency),
    )


def participant(agency: str, *, suspended: bool = False) -> Participant:
    keys = tuple(public_key(one, agency) for one in signers(agency, "entry"))
    return Participant(agency=agency, keys=keys, suspended=suspended)


def root_signers(*agencies: str) -> list[Signer]:
    return [one for agency in agencies for one in signers(agency, "root")]


@dataclass(kw_only=True)
class Repo:
    """The files of a directory in memory, by name; each step adds what would be published."""

    founders: Sequence[str] = FOUNDERS
    participants: Sequence[str] = PARTICIPANTS
    needed: int = 2
    publisher: str = "kz-knb"
    files: dict[str, bytes] = field(default_factory=dict)
    root: Metadata[Root] | None = None
    targets: Metadata[Targets] | None = None
    snapshot: Snapshot | None = None
    timestamp: int = 0

    def found(self, *, by: Sequence[str] | None = None, life: timedelta = YEAR) -> Repo:
        """Publish the next root."""
        foundation = Foundation(
            name="cis-directory", needed=self.needed, founders=tuple(map(founder, self.founders))
        )
        version = 1 if self.root is None else self.root.signed.version + 1
        made = make_root(foundation, version=version, expires=now() + life)
        return self.put_root(made, root_signers(*(by or self.founders[: self.needed])))

    def put_root(self, made: Metadata[Root], by: Sequence[Signer]) -> Repo:
        self.files[f"metadata/{made.signed.version}.root.json"] = signed_by(made, by)
        self.root = made
        return self

    def list_participants(
        self, *, by: Sequence[Signer] | None = None, life: timedelta = YEAR, suspended: Sequence[str] = ()
    ) -> bytes:
        """Return the next list of participants."""
        version = 1 if self.targets is None else self.targets.signed.version + 1
        participants = [participant(one, suspended=one in suspended) for one in self.participants]
        self.targets = make_targets(participants, version=version, expires=now() + life)
        return signed_by(self.targets, root_signers(*self.founders[: self.needed]) if by is None else by)

    def entry(
        self,
        agency: str,
        content: bytes,
        *,
        version: int = 1,
        by: Sequence[Signer] | None = None,
        life: timedelta = YEAR,
        about: str | None = None,
    ) -> bytes:
        """Return an agency's role over a content, which is stored as well."""
        role = make_role(about or agency, content, version=version, expires=now() + life)
        name = f"targets/{about or agency}/{sha256(content).hexdigest()}.entry.jws"
        self.files.setdefault(name, content)
        return signed_by(role, signers(agency, "entry") if by is None else by)

    def publish(
        self,
        changed: Mapping[str, bytes],
        *,
        by: Sequence[Signer] | None = None,
        version: int | None = None,
        life: timedelta = WEEK,
        snapshot_life: timedelta | None = None,
        meta: Mapping[str, MetaFile] | None = None,
    ) -> Repo:
        """Publish documents by role, with the snapshot and the timestamp over them."""
        keys = signers(self.publisher, "publishing") if by is None else by
        number = version or (self.snapshot.version if self.snapshot else 0) + 1
        made = make_snapshot(self.snapshot, changed, version=number, expires=now() + (snapshot_life or life))
        made.signed.meta = dict(made.signed.meta if meta is None else meta)
        raw = signed_by(made, keys)
        self.timestamp += 1
        stamp = make_timestamp(raw, version=self.timestamp, expires=now() + life)
        self.snapshot = made.signed
        self.files[f"metadata/{number}.snapshot.json"] = raw
        self.files["metadata/timestamp.json"] = signed_by(stamp, keys)
        for role, content in changed.items():
            document: Metadata[Targets] = Metadata.from_bytes(content)
            self.files[f"metadata/{document.signed.version}.{role}.json"] = content
        return self

    def stamp(self, version: int, *, by: Sequence[Signer], snapshot: str, life: timedelta = WEEK) -> None:
        """Put another timestamp over a snapshot that is there."""
        made: Metadata[Timestamp] = make_timestamp(
            self.files[snapshot], version=version, expires=now() + life
        )
        self.files["metadata/timestamp.json"] = signed_by(made, by)

    @property
    def first_root(self) -> bytes:
        return self.files["metadata/1.root.json"]

    def write(self, folder: Path) -> str:
        """Write the files as they stand into a folder; return it as a source."""
        shutil.rmtree(folder, ignore_errors=True)
        for name, content in self.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        return str(folder)


def founded(**told: object) -> Repo:
    """Return a directory of four participants, founded by three."""
    repo = Repo(**told).found()  # type: ignore[arg-type]
    changed = {"targets": repo.list_participants()}
    changed |= {agency: repo.entry(agency, f"{agency} 1".encode()) for agency in repo.participants}
    return repo.publish(changed)
