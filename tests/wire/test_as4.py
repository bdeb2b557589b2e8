"""Another implementation's gateway, the PyPI package `as4`, against a served hub, in both directions."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from adapters.carriers.as4.names import UNREGISTERED
from adapters.registry import make
from bench.peer_as4 import Gateway, environment, gateway, kept
from hub.bootstrap.opening import Hub, open_hub
from hub.bootstrap.showing import partner_forms
from hub.entries import OutboxEntry
from hub.evidence.findings import Outcome, Standing
from hub.evidence.verifying import verify_bundle
from hub.exchange.agreements import adopt
from hub.exchange.drafting import draft
from hub.exchange.evidence.anchoring import anchors_of
from hub.exchange.evidence.exporting import export
from hub.exchange.hubless.asking import losses_of
from hub.exchange.hubless.pinning import pin_profile, profile_digest, put_material
from hub.exchange.releasing import approve
from hub.federation.card import fingerprint
from hub.records.actor import Actor, ActorKind
from hub.records.kinds import Kind
from hub.records.lifecycle import EntryState
from hub.records.record import load_record
from hub.records.template import template
from tests.adapters.carriers.as4.ends import ACTION, SERVICE, sides
from tests.adapters.seals.parties import key_pem
from tests.api.live import live_hub
from tests.evidence.world import keys_of, told
from tests.exchange.hubs import AIGUL, BOLAT, agreement_text, document
from tests.servers.mutual import client_leaf, partner_authority
from tests.wire.test_taxii import until

pytestmark = pytest.mark.slow
US, THEM = "kz-knb", "de-bka"
BASIS = {"agreement": "test-note", "articles": ["1"]}
_CLEAR = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@dataclass(frozen=True, kw_only=True)
class Joined:
    """A served hub, and the partner's gateway beside it."""

    hub: Hub
    peer: Gateway
    url: str


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Joined]:
    folder = tmp_path_factory.mktemp("as4")
    with live_hub(folder, limits="parcels_interval_s = 0.5\n") as live, open_hub(folder / US) as hub:
        home = folder / "gateway"
        leaf = _furnish(home, Path(live.authority).read_text())
        with gateway(environment(kept()), home, (THEM, US, UNREGISTERED, SERVICE, ACTION)) as peer:
            _pin(hub, peer, leaf)
            yield Joined(hub=hub, peer=peer, url=f"{live.url}/as4")


def _furnish(home: Path, hub_authority: str) -> bytes:
    """Give the gateway its keys, and return the certificate with which it calls, and its authority's."""
    us, them = sides()
    home.mkdir()
    leaf, key = partner_authority().issue([x509.IPAddress(ip_address("127.0.0.1"))])
    shown = leaf.public_bytes(Encoding.PEM)
    (home / "tls.pem").write_bytes(key.private_bytes(*_CLEAR) + shown)
    (home / "authority.pem").write_text(partner_authority().pem + hub_authority)
    (home / "ours.key").write_bytes(key_pem(them.key))
    (home / "ours.crt").write_bytes(them.certificate.public_bytes(Encoding.PEM))
    (home / "theirs.crt").write_bytes(us.certificate.public_bytes(Encoding.PEM))
    return shown + partner_authority().pem.encode()


def _pin(hub: Hub, peer: Gateway, leaf: bytes) -> None:
    broker, custodian = hub.broker, Actor(kind=ActorKind.HUB, id="test", agency=US)
    adopt(broker, custodian, agreement_text([US, THEM]).replace("test-treaty", "test-note"))
    us, them = sides()
    shown, key = client_leaf()
    for name, sort, content in (
        ("as4", "key", key_pem(us.key)),
        ("as4", "certificates", us.certificate.public_bytes(Encoding.PEM)),
        (THEM, "certificates", them.certificate.public_bytes(Encoding.PEM)),
        ("as4-tls", "key", key.private_bytes(*_CLEAR)),
        ("as4-tls", "certificates", shown.public_bytes(Encoding.PEM)),
        ("as4-authority", "certificates", partner_authority().pem.encode()),
        ("as4-client", "certificates", leaf),
    ):
        put_material(broker, custodian, THEM, name, sort, content)
    source = f'adapter = "bilateral"\ndialect = "stix"\n[carrier]\nname = "as4"\naddress = "{peer.url}"\n'
    pin_profile(broker, custodian, THEM, source, confirmed_digest=profile_digest(source))


def test_a_released_record_reaches_the_gateway_and_counts_on_its_receipt(joined: Joined) -> None:
    broker = joined.hub.broker
    row = draft(broker, AIGUL, document(legal_basis=BASIS), recipients=[THEM])
    report = losses_of(broker, row.record_id)
    approve(
        broker,
        BOLAT,
        row.record_id,
        digest=row.digest,
        recipients=row.recipients,
        losses=report.digest,
    )

    def accepted() -> OutboxEntry | None:
        with broker.store.read() as view:
            (entry,) = view.outbox.of_record(row.record_id)
        return entry if entry.state is EntryState.ACCEPTED else None

    assert until(accepted)
    (came,) = joined.peer.received()
    with broker.store.read() as view:
        (parcel,) = view.hubless.parcels_of(row.record_id)
    assert (came["taken"], came["id"]) == (True, f"{parcel.parcel_id}@{US}")
    assert [sha256(b64decode(one)).digest() for one in came["payloads"]] == [parcel.digest]
    assert (parcel.signer or "").startswith(f"CN={THEM} ")
    _prove(joined.hub, row.record_id)


def _prove(hub: Hub, record_id: str) -> None:
    """Have the gateway's receipt prove that these very bytes came, to who has the anchors alone."""
    auditor = Actor(kind=ActorKind.HUB, id="test", agency=US)
    raw = export(hub.broker, auditor, record_id, justification="case 2026/17")
    anchors = anchors_of(hub.broker, own_fingerprint=fingerprint(hub.card()))
    verdict = verify_bundle(raw, anchors, partner_forms())
    assert verdict.outcome is Outcome.PROVEN, told(verdict)
    assert {"parcel-receipt-signed", "parcel-translated"} <= keys_of(verdict, Standing.PROVEN)


def test_a_gateways_message_is_a_record_once_and_its_receipt_comes_again(joined: Joined) -> None:
    record = {
        **template(Kind.SPONTANEOUS_INFORMATION),
        "originator": THEM,
        "legal_basis": BASIS,
        "language": "en",
        "attachments": [],
    }
    written = make("bilateral-stix").dialect.translate(dict(load_record(record).document)).document

    def taken() -> dict[str, Any] | None:
        told = joined.peer.send(joined.url, written, "theirs@de-bka")
        return told if told["status"] == 200 else None

    first = until(taken)
    assert (first["taken"], first["error"]) == (True, None)
    assert joined.peer.again() == first
    with joined.hub.broker.store.read() as view:
        stored = view.records.get(record["id"], originator=THEM)
        intakes = view.hubless.intakes_by_id(THEM, "theirs")
    assert stored is not None
    assert stored.kind == "spontaneous-information"
    assert [(one.code, one.acknowledged_at is None) for one in intakes] == [(None, False)]
