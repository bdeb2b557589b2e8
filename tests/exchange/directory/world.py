"""Agencies with real keys, stores and use cases, whose directory moves through folders."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from hub.audit.events import Act, AuditEvent
from hub.exchange.broker import Broker
from hub.exchange.directory import approving, joining, publishing, refreshing
from hub.exchange.directory.approving import Reviewed
from hub.exchange.directory.place import Place, State
from hub.exchange.kept_card import kept_card
from hub.federation.directory.changes import Change, read_change, write_change
from hub.federation.directory.documents import root_fingerprint
from hub.federation.directory.proposing import Wish
from hub.limits import Limits
from hub.ports import DirectoryKeys
from hub.transport.directory.following import TufDirectoryClient
from keys.directory_keys import FileDirectoryKeys
from keys.sealing import Sealer
from tests.exchange.hubs import CUSTODIAN, Hubs, own_card_of

FOUNDERS = ("kz-knb", "kg-gknb", "tj-gknb")


@dataclass(kw_only=True)
class Agency:
    """One agency's hub, as far as it has to do with the directory."""

    broker: Broker
    folder: Path
    place: Place = field(init=False)
    keys: DirectoryKeys = field(init=False)
    client: TufDirectoryClient = field(init=False)
    source: str | None = None

    def __post_init__(self) -> None:
        self.place = Place(folder=self.folder / "directory")
        sealer = Sealer(agency=self.name, key=os.urandom(32))
        self.keys = FileDirectoryKeys(self.folder / "keys", sealer)
        self.client = TufDirectoryClient(
            Limits(),
            partner=lambda _agency: None,
            client=None,  # type: ignore[arg-type]
        )

    @property
    def name(self) -> str:
        return self.broker.agency

    @property
    def source_here(self) -> str:
        """Return where this agency's copy of the directory is."""
        return str(self.place.repository)

    def card(self) -> bytes:
        return kept_card(self.folder / "our.card", own_card_of(self.broker))

    def ask(self, *, founder: bool = False, fresh_keys: bool = False) -> bytes:
        return joining.ask_to_join(
            self.broker, self.keys, self.place, CUSTODIAN, self.card(), founder=founder, fresh_keys=fresh_keys
        )

    def propose(self, *, confirmed: Sequence[str] = (), **wish: object) -> Change:
        """Propose, and return the change as it comes out of the file that is passed on."""
        made = approving.propose(
            self.broker,
            self.keys,
            self.place,
            CUSTODIAN,
            Wish(**wish),  # type: ignore[arg-type]
            confirmed=confirmed,
        )
        return read_change(write_change(made.change))

    def approve(self, change: Change, *, confirmed: Sequence[str] = ()) -> Change:
        return self.approved(change, confirmed=confirmed).change

    def approved(self, change: Change, *, confirmed: Sequence[str] = ()) -> Reviewed:
        return approving.approve(self.broker, self.keys, self.place, CUSTODIAN, change, confirmed=confirmed)

    def publish(self, *changes: Change, requests: Sequence[bytes] = (), **edition: object) -> State:
        told = publishing.Edition(changes=changes, requests=requests, **edition)  # type: ignore[arg-type]
        return publishing.publish(
            self.broker, self.client, self.keys, self.place, CUSTODIAN, self.card(), told
        )

    def begin(self, source: str, **told: object) -> State:
        """Follow the directory at a source, its words compared."""
        root = self.client.newest_root(source)
        told = {"confirmed_fingerprint": root_fingerprint(root)} | told
        return joining.begin(
            self.broker,
            self.client,
            self.place,
            CUSTODIAN,
            root,
            source=source,
            **told,  # type: ignore[arg-type]
        )

    def refresh(self, source: str | None = None, *, always: bool = False) -> State:
        return refreshing.refresh(
            self.broker, self.client, self.place, CUSTODIAN, source=source, always=always
        )

    def events(self, step: str | None = None) -> list[AuditEvent]:
        """Return what the log has about the directory."""
        with self.broker.store.read() as view:
            found = [event for _, event in view.events(after=0, limit=10_000)]
        return [
            one for one in found if one.act is Act.DIRECTORY_CHANGED and step in (None, one.details["step"])
        ]


@dataclass(kw_only=True)
class Federation:
    """Agencies that have pinned one another, each with its own view of the directory."""

    hubs: Hubs
    agencies: dict[str, Agency] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # python-tuf asks the machine's clock itself.
        self.hubs.clock.at = datetime.now(UTC)

    def __getitem__(self, name: str) -> Agency:
        return self.agencies[name]

    def add(self, *names: str) -> None:
        for name in names:
            broker = self.hubs.add(name)
            self.agencies[name] = Agency(broker=broker, folder=self.hubs.folder / name)

    def found(self, needed: int = 2) -> Agency:
        """Found the directory; the first founder publishes it and the others follow it there."""
        first, *others = (self[name] for name in FOUNDERS)
        change = first.propose(
            name="cis-directory", needed=needed, found=[one.ask(founder=True) for one in (first, *others)]
        )
        for other in others[: needed - 1]:
            change = other.approve(change)
        first.publish(change)
        for other in others:
            other.begin(first.source_here)
        return first
