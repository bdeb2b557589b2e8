"""What a card may say of TLS: authorities of our making, foreign ones with pins, never another's."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from hub.errors import IntegrityFailure
from hub.federation.authorities import TlsCard, clash, key_pin
from hub.federation.card import make_card, read_card
from keys.authority import make_authority
from tests.transport.agencies import card_of, keyring
from tests.transport.foreign import Issuer, ministry, named, root

CARD = card_of("de-bka")
PIN = key_pin(ec.generate_private_key(ec.SECP256R1()).public_key())
NAME = "dns:hub.bka.example"


def foreign(issuer: Issuer, **told: object) -> TlsCard:
    above = tuple(one.public_bytes(Encoding.PEM).decode() for one in issuer.above)
    return replace(TlsCard(authorities=above, pins=(PIN,), names=(NAME,)), **told)


def test_a_foreign_authority_stands_with_its_chain_and_the_pin_of_its_leaf() -> None:
    tls = foreign(ministry(), crl=("http://ca.example/list.crl",), ocsp=("http://ca.example/ocsp",))
    card = replace(CARD, tls_ca_pem=ministry().pem, tls=tls)
    read = read_card(make_card(card, keyring("de-bka").signing()))
    assert read.tls == tls
    assert read.authorities == (ministry().pem, *tls.authorities)
    assert read.tls.publishes


def test_a_card_without_tls_says_that_nothing_is_published() -> None:
    read = read_card(make_card(CARD, keyring("de-bka").signing()))
    assert read.tls == TlsCard()
    assert not read.tls.publishes


@pytest.mark.parametrize("missing", [{"pins": ()}, {"names": ()}])
def test_a_foreign_authority_without_a_pin_and_a_name_is_refused(missing: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="no leaf is pinned"):
        replace(CARD, tls_ca_pem=ministry().pem, tls=foreign(ministry(), **missing))


def test_an_agencys_own_authority_takes_no_pins() -> None:
    with pytest.raises(ValueError, match="agency's own"):
        replace(CARD, tls=TlsCard(pins=(PIN,), names=(NAME,)))


def test_two_authorities_of_one_agency_stand_side_by_side_while_they_are_exchanged() -> None:
    following = make_authority("de-bka", at=datetime.now(UTC)).certificate.public_bytes(Encoding.PEM).decode()
    card = replace(CARD, tls=TlsCard(authorities=(following,)))
    assert read_card(make_card(card, keyring("de-bka").signing())).authorities == (CARD.tls_ca_pem, following)


def test_another_agencys_authority_cannot_ride_along() -> None:
    other = keyring("cis-atc").tls_files().authority_pem
    for tls, first in (
        (TlsCard(authorities=(other,)), CARD.tls_ca_pem),
        (foreign(ministry(), authorities=(other,)), ministry().pem),
    ):
        with pytest.raises(ValueError, match="that agency alone"):
            replace(CARD, tls_ca_pem=first, tls=tls)


def test_a_foreign_authority_cannot_ride_along_with_ones_own() -> None:
    with pytest.raises(ValueError, match="foreign"):
        replace(CARD, tls=TlsCard(authorities=(root("Other").pem,)))


def test_a_weak_foreign_authority_is_refused() -> None:
    weak = root("Weak", rsa.generate_private_key(public_exponent=65537, key_size=1024))
    with pytest.raises(ValueError, match="too weak"):
        replace(CARD, tls_ca_pem=weak.pem, tls=foreign(weak))


@pytest.mark.parametrize(
    "told",
    [
        {"pins": ["AB" * 32]},
        {"pins": [PIN] * 2},
        {"pins": [f"{n:064x}" for n in range(5)]},
        {"names": ["hub.bka.example"]},
        {"names": ["dns:a b"]},
        {"crl": ["ftp://ca.example/x"]},
        {"crl": ["http://a:b@ca.example/x"]},
        {"crl": ["file:///etc/passwd"]},
        {"ocsp": ["http://"]},
        {"crl": [f"http://ca.example/{n}" for n in range(5)]},
        {"more": []},
        {},
        [],
    ],
)
def test_an_impossible_tls_member_is_refused(told: object) -> None:
    with pytest.raises(ValueError):
        TlsCard.from_document(told)


def test_a_card_with_an_impossible_tls_member_is_no_card() -> None:
    from tests.federation.test_card import payload, signed

    with pytest.raises(IntegrityFailure) as raised:
        read_card(signed(payload() | {"tls": {"pins": [PIN]}}))
    assert raised.value.code == "card-invalid"


def test_authorities_that_share_a_name_and_not_the_key_clash() -> None:
    one, same_name = root("Shared"), root("Shared")
    assert clash((one.pem,), (same_name.pem,))
    assert not clash((one.pem,), (one.pem,))
    assert not clash((one.pem,), (root("Other").pem,))
    assert not clash((one.pem,), (root("Shared", one.key).pem,))  # issued anew for the same key


def test_anothers_name_and_key_in_a_certificate_of_ones_own_making_clash() -> None:
    above, evil = root("Above"), root("Evil")
    issuing = above.below("Issuing")
    again, _ = above.issue(None, key=issuing.key, subject=named("Issuing"), usages=None, ca=True)
    forged, _ = evil.issue(None, key=issuing.key, subject=named("Issuing"), usages=None, ca=True)
    pinned = (issuing.pem, above.pem)
    assert not clash(pinned, pinned)
    assert not clash(pinned, (again.public_bytes(Encoding.PEM).decode(), above.pem))
    assert clash(pinned, (forged.public_bytes(Encoding.PEM).decode(), evil.pem))
