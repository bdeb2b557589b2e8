"""Hubs whose keys lie in a real key store, so that they can be rotated."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from hub.exchange.broker import Broker
from hub.exchange.keys.keeping import KeyKeeper
from hub.federation.card import Card, read_card
from keys.changes import KeyChanges
from keys.file_store import create_store
from keys.keyring import FileKeyring
from tests.exchange.hubs import START, Hubs, profile_of

UNLOCK = b"0123456789abcdef0123456789abcdef"


@cache
def _made(agency: str) -> Path:
    directory = Path(mkdtemp(prefix="hub-keyed-")) / "keys"
    create_store(directory, agency=agency, host_names=["localhost"], unlock=UNLOCK, at=START)
    return directory


@dataclass(frozen=True, kw_only=True)
class Keyed:
    """A hub with what changes its keys, and what keeps them moving."""

    broker: Broker
    custody: KeyChanges
    keeper: KeyKeeper

    @property
    def agency(self) -> str:
        return self.broker.agency

    def card_of(self, agency: str) -> Card:
        """Return the card that is pinned here for a partner."""
        with self.broker.store.read() as view:
            row = view.directory.partner(agency)
        assert row is not None
        return read_card(row.card)


def keyed(hubs: Hubs, agency: str, *, pulls: bool = False) -> Keyed:
    """Add a hub with keys in files."""
    broker = hubs.add(agency)
    directory = Path(shutil.copytree(_made(agency), hubs.folder / agency / "keys"))
    keyring = FileKeyring.open(directory, agency=agency, unlock=UNLOCK)
    broker = replace(broker, keyring=keyring, profile=lambda: profile_of(agency, pulls=pulls))
    hubs.network.brokers[agency] = broker
    custody = KeyChanges(keyring)
    return Keyed(broker=broker, custody=custody, keeper=KeyKeeper(broker, custody))


def confirming(hubs: Hubs, hub: Keyed) -> Keyed:
    """Return a hub whose custodian approves each card."""
    broker = replace(hub.broker, confirm_cards=True)
    hubs.network.brokers[hub.agency] = broker
    return replace(hub, broker=broker, keeper=KeyKeeper(broker, hub.custody))
