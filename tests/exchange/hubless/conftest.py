"""A hub with one partner that has none, and that partner's own end of the same adapter."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from adapters.composing import compose
from adapters.contract import Adapter, Carrier, Parcel, Verdict
from adapters.profiles import parse_profile
from hub.bootstrap.adapted import Adapters
from hub.entries import OutboxEntry, ParcelRow, RecordRow
from hub.exchange.agreements import adopt
from hub.exchange.broker import Broker
from hub.exchange.checks import checks_for
from hub.exchange.drafting import draft
from hub.exchange.hubless.asking import PartnerAnswer, losses_of
from hub.exchange.hubless.carrying import work_parcels
from hub.exchange.hubless.keeper import look
from hub.exchange.hubless.pinning import pin_profile, profile_digest
from hub.exchange.releasing import approve
from hub.policy.checks import Answered
from tests.adapters.materials import Given
from tests.exchange.hubs import AIGUL, BOLAT, CUSTODIAN, Hubs, agreement_text, document

US, THEM = "kz-knb", "de-bka"


def profile_text(folder: Path, *, adapter: str = "bilateral", dialect: str = "stix", extra: str = "") -> str:
    """Return a profile that moves parcels through a folder."""
    lines = [f'adapter = "{adapter}"']
    if adapter == "bilateral":
        lines.append(f'dialect = "{dialect}"')
    return "\n".join([*lines, extra, "[carrier]", 'name = "folder"', f'path = "{folder}"', ""])


@dataclass(kw_only=True)
class Pair:
    """Our hub, and the partner's adapter as it stands at the partner."""

    hubs: Hubs
    broker: Broker
    theirs: Adapter
    folder: Path
    source: str

    @property
    def carrier(self) -> Carrier:
        assert self.theirs.carrier is not None
        return self.theirs.carrier

    def drafted(self, kind: str = "spontaneous-information", **changes: object) -> RecordRow:
        return draft(self.broker, AIGUL, document(kind, **changes), recipients=[THEM])

    def release(self, row: RecordRow, *, losses: bytes | None = None) -> RecordRow:
        """Release a draft as an officer would who read the loss report and answers yes to all."""
        report = losses_of(self.broker, row.record_id)
        approve(
            self.broker,
            BOLAT,
            row.record_id,
            digest=row.digest,
            recipients=row.recipients,
            losses=losses or report.digest,
            answers=[
                Answered(check=one, met=True, why="seen") for one in checks_for(self.broker, row.record_id)
            ],
            partner_answers=[
                PartnerAnswer(recipient=one.agency, code=name, met=True, why="seen")
                for one in report.prepared
                for name in one.questions
            ],
        )
        return row

    def carry(self) -> int:
        return work_parcels(self.broker, THEM)

    def look(self) -> None:
        """Look at the partner once, as its turn comes."""
        self.hubs.clock.pass_(self.broker.limits.parcels_interval_s)
        assert look(self.broker, self.broker.standing().hubless[THEM])

    def entry(self, row: RecordRow) -> OutboxEntry:
        with self.broker.store.read() as view:
            (entry,) = view.outbox.of_record(row.record_id)
        return entry

    def parcel(self, row: RecordRow) -> ParcelRow:
        with self.broker.store.read() as view:
            (parcel,) = view.hubless.parcels_of(row.record_id)
        return parcel

    def send(self, content: bytes, parcel_id: str = "theirs-1") -> None:
        """Hand a parcel over at the partner's end."""
        self.carrier.push(Parcel(parcel_id=parcel_id, content=content))

    def take(self, *, code: str | None = None) -> bytes:
        """Take what waits at the partner's end, and give a receipt for it."""
        (parcel,) = self.carrier.pull(limit=5)
        self.carrier.acknowledge(parcel.parcel_id, Verdict(taken=code is None, code=code))
        return parcel.content


def make_pair(hubs: Hubs, source: str, folder: Path) -> Pair:
    broker = hubs.add(US)
    adapting = Adapters(agency=US, store=broker.store, keyring=broker.keyring, folder=folder / "state")
    broker = replace(broker, adapting=adapting)
    hubs.network.brokers[US] = broker
    adopt(broker, CUSTODIAN, agreement_text([US, THEM, "kz-mvd"]))
    pin_profile(broker, CUSTODIAN, THEM, source, confirmed_digest=profile_digest(source))
    theirs = compose(parse_profile(source), Given(us=THEM, them=US, state=folder / "theirs"))
    return Pair(hubs=hubs, broker=broker, theirs=theirs, folder=folder, source=source)


@pytest.fixture
def made(hubs: Hubs, tmp_path: Path) -> Any:
    """What makes the pair from a profile's words."""

    def make(**told: str) -> Pair:
        return make_pair(hubs, profile_text(tmp_path / "drop", **told), tmp_path)

    return make


@pytest.fixture
def pair(made: Any) -> Pair:
    """kz-knb, and de-bka that reads STIX without our extension through a folder."""
    found: Pair = made(extra="extension = false")
    return found
