"""A card that would shut another partner out does not follow by itself, as it is not paired by people."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from hub.errors import IntegrityFailure
from hub.exchange.broker import Broker
from hub.exchange.cards.following import WAITING, approve_card, take_card
from hub.exchange.partners import present_card
from hub.federation.authorities import TlsCard
from hub.federation.card import make_card, read_card
from tests.exchange.hubs import CUSTODIAN, START, Hubs
from tests.exchange.keyed import Keyed, confirming, keyed
from tests.transport.foreign import named, usage


def ministry_pem(key: ec.EllipticCurvePrivateKey, common: str) -> str:
    name = named(common)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(START - timedelta(days=1))
        .not_valid_after(START + timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage(ca=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(Encoding.PEM).decode()


def abroad(broker: Broker, pem: str, pin: str, name: str) -> bytes:
    """Return a hub's next card, with a ministry's authority and the pin of a leaf below it."""
    tls = TlsCard(pins=(pin,), names=(name,))
    card = replace(read_card(present_card(broker)), tls_ca_pem=pem, tls=tls)
    return make_card(card, broker.keyring.signing())


@pytest.fixture
def ministry() -> str:
    return ministry_pem(ec.generate_private_key(ec.SECP256R1()), "Ministry CA")


@pytest.fixture
def ours(hubs: Hubs) -> Keyed:
    return keyed(hubs, "kz-knb")


@pytest.fixture
def victim(hubs: Hubs, ours: Keyed) -> Keyed:
    return keyed(hubs, "cis-atc")


@pytest.fixture
def hostile(hubs: Hubs, victim: Keyed) -> Keyed:
    made = keyed(hubs, "sco-rats")
    hubs.pair_all()
    hubs.clock.pass_(60)
    return made


@pytest.mark.parametrize("shadow", ["its leaf's key", "its authority's name"])
def test_a_card_that_shadows_another_partner_does_not_follow(
    ours: Keyed, victim: Keyed, hostile: Keyed, ministry: str, shadow: str
) -> None:
    itself = ours.broker.itself
    genuine = abroad(victim.broker, ministry, "a" * 64, "dns:hub.atc.example")
    assert take_card(ours.broker, itself, "cis-atc", genuine) is None
    before = ours.card_of("sco-rats")
    alike = ministry_pem(ec.generate_private_key(ec.SECP256R1()), "Ministry CA")
    pem, pin = (ministry, "a" * 64) if shadow == "its leaf's key" else (alike, "b" * 64)
    raw = abroad(hostile.broker, pem, pin, "dns:hub.rats.example")
    assert take_card(ours.broker, itself, "sco-rats", raw) == "succession-refused"
    assert ours.card_of("sco-rats") == before
    theirs = abroad(hostile.broker, ministry, "b" * 64, "dns:hub.rats.example")
    assert take_card(ours.broker, itself, "sco-rats", theirs) is None


def test_a_card_that_came_to_shadow_another_while_it_waited_is_not_approved(
    hubs: Hubs, ours: Keyed, victim: Keyed, hostile: Keyed, ministry: str
) -> None:
    careful = confirming(hubs, ours).broker
    raw = abroad(hostile.broker, ministry, "a" * 64, "dns:hub.rats.example")
    assert take_card(careful, careful.itself, "sco-rats", raw) == WAITING
    genuine = abroad(victim.broker, ministry, "a" * 64, "dns:hub.atc.example")
    assert take_card(careful, careful.itself, "cis-atc", genuine) == WAITING
    approve_card(careful, CUSTODIAN, "cis-atc")
    with pytest.raises(IntegrityFailure, match="succession-refused"):
        approve_card(careful, CUSTODIAN, "sco-rats")
