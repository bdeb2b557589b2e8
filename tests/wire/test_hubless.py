"""A served hub and a partner that has none: both ways, by its own threads, with the partner's own seal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.composing import compose
from adapters.contract import Adapter, Carrier, Parcel, Seal, Verdict
from adapters.profiles import parse_profile
from demo.ports import free_ports
from hub.bootstrap.making import init_hub
from hub.bootstrap.opening import Hub, open_hub
from hub.exchange.agreements import adopt
from hub.exchange.drafting import draft
from hub.exchange.hubless.asking import losses_of
from hub.exchange.hubless.pinning import pin_profile, profile_digest, put_material
from hub.exchange.preparing import fill_in
from hub.exchange.releasing import approve
from hub.records.lifecycle import EntryState
from hub.records.record import load_record
from tests.adapters.materials import Given
from tests.adapters.seals.parties import Party, ec_key, key_pem, party
from tests.exchange.hubs import AIGUL, BOLAT, CUSTODIAN, agreement_text, document
from tests.servers.postgres import PostgresServer
from tests.wire.served import start, wait_ready

pytestmark = pytest.mark.slow
US, THEM = "kz-knb", "de-bka"

PROFILE = """
adapter = "bilateral"
dialect = "record-json"
[seal]
name = "smime"
our_certificate = "smime"
their_certificates = "de-bka"
[carrier]
name = "folder"
path = "{drop}"
"""


@dataclass(frozen=True, kw_only=True)
class Served:
    """Our served hub, and the partner's end of seal and carrier."""

    hub: Hub
    theirs: Adapter

    @property
    def carrier(self) -> Carrier:
        assert self.theirs.carrier is not None
        return self.theirs.carrier

    @property
    def seal(self) -> Seal:
        assert self.theirs.seal is not None
        return self.theirs.seal


@pytest.fixture
def served(postgres: PostgresServer, tmp_path: Path) -> Iterator[Served]:
    """Serve with two processes, which take turns."""
    with ExitStack() as stack:
        database = stack.enter_context(postgres.database(empty=True))
        (port,) = free_ports(1)
        init_hub(tmp_path / US, agency=US, port=port, database=database)
        toml = tmp_path / US / "hub.toml"
        toml.write_text("workers = 2\n" + toml.read_text() + "\n[limits]\nparcels_interval_s = 0.2\n")
        hub = stack.enter_context(open_hub(tmp_path / US))
        source = PROFILE.format(drop=tmp_path / "drop")
        ours, them = party(US, ec_key()), party(THEM, ec_key())
        _supply(hub, ours, them)
        pin_profile(hub.broker, CUSTODIAN, THEM, source, confirmed_digest=profile_digest(source))
        adopt(hub.broker, CUSTODIAN, agreement_text([US, THEM]))
        theirs = compose(
            parse_profile(source),
            Given(
                us=THEM,
                them=US,
                state=tmp_path / "theirs",
                keys={"smime": them.key},
                chains={"smime": [them.certificate], THEM: [ours.certificate]},
            ),
        )
        process = start(tmp_path / US)
        try:
            wait_ready(hub)
            yield Served(hub=hub, theirs=theirs)
        finally:
            process.terminate()
            process.wait(40)


def _supply(hub: Hub, ours: Party, them: Party) -> None:
    for name, sort, content in (
        ("smime", "key", key_pem(ours.key)),
        ("smime", "certificates", ours.certificate.public_bytes(Encoding.PEM)),
        (THEM, "certificates", them.certificate.public_bytes(Encoding.PEM)),
    ):
        put_material(hub.broker, CUSTODIAN, THEM, name, sort, content)


def until(found: Callable[[], Any], within_s: float = 60.0) -> Any:
    """Return what is found once there is something."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if value := found():
            return value
        time.sleep(0.05)
    raise AssertionError("it did not come")


@pytest.mark.timeout(300)
def test_a_served_hub_exchanges_records_with_a_partner_that_has_none(served: Served) -> None:
    hub, broker = served.hub, served.hub.broker
    row = draft(broker, AIGUL, document(), recipients=[THEM])
    losses = losses_of(broker, row.record_id).digest
    approve(broker, BOLAT, row.record_id, digest=row.digest, recipients=row.recipients, losses=losses)
    (parcel,) = until(lambda: served.carrier.pull(limit=5))
    opened = served.seal.open(parcel.content)
    assert served.theirs.dialect.interpret(opened.document).record["id"] == row.record_id
    served.carrier.acknowledge(parcel.parcel_id, Verdict(taken=True))

    def accepted() -> bool:
        with hub.store.read() as view:
            (entry,) = view.outbox.of_record(row.record_id)
        return entry.state is EntryState.ACCEPTED

    until(accepted)
    filled = fill_in(document(), agency=THEM, at=broker.clock.now())
    theirs = load_record(filled, max_bytes=1 << 20).document
    sealed = served.seal.seal(served.theirs.dialect.translate(theirs).document)
    served.carrier.push(Parcel(parcel_id="answer", content=sealed))
    served.carrier.push(Parcel(parcel_id="clear", content=b"never sealed"))

    def both() -> list[str | None]:
        found = served.carrier.receipts(limit=5)
        return [one.verdict.code for one in found] if len(found) == 2 else []

    codes = until(both)
    assert None in codes
    assert len(set(codes)) == 2
    with hub.store.read() as view:
        came = view.records.get(str(theirs["id"]), originator=THEM)
        (held,) = view.hubless.held_intakes(limit=5)
        (taken,) = view.hubless.intakes_of(THEM, str(theirs["id"]))
    assert came is not None
    assert held.parcel_id == "clear"
    assert taken.signer
