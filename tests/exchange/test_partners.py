"""A partner is pinned by a card whose fingerprint was confirmed, and by nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from hub.audit.events import Act, AuditEvent
from hub.entries import PartnerRow, PartnerStatus
from hub.envelope.suites import Suite
from hub.errors import HubError, IntegrityFailure, Refused
from hub.exchange import partners, suspending
from hub.exchange.broker import Broker
from hub.exchange.partners import pair
from hub.federation.card import fingerprint, read_card
from hub.federation.snapshot import trusted
from hub.records.actor import Role
from tests.exchange.hubs import CUSTODIAN, START, Hubs, add_member, authority_pem, officer, signed_card


@pytest.fixture
def ours(hubs: Hubs) -> Broker:
    return hubs.add("kz-knb")


@pytest.fixture
def theirs(hubs: Hubs) -> Broker:
    return hubs.add("cis-atc")


def card_of(broker: Broker, **told: Any) -> bytes:
    told = {"url": f"https://{broker.agency}.test:8443"} | told
    return signed_card(broker, name="A hub", tls_ca_pem=authority_pem(broker.agency), **told)


def pinned(ours: Broker, card: bytes, **told: Any) -> PartnerRow:
    return pair(ours, CUSTODIAN, card, confirmed_fingerprint=fingerprint(card), **told)


def refused(ours: Broker, card: bytes, **told: Any) -> HubError:
    told = {"confirmed_fingerprint": fingerprint(card)} | told
    with pytest.raises(HubError) as caught:
        pair(ours, CUSTODIAN, card, **told)
    with ours.store.read() as view:
        assert view.directory.partner("cis-atc") is None
    return caught.value


def events(broker: Broker) -> list[AuditEvent]:
    with broker.store.read() as view:
        return [event for _, event in view.events(after=0, limit=100)]


def test_a_confirmed_card_is_pinned_whole(ours: Broker, theirs: Broker) -> None:
    card = card_of(theirs)
    row = pinned(ours, card)
    assert row.agency == "cis-atc"
    assert row.card == card
    assert row.fingerprint == fingerprint(card)
    assert row.status is PartnerStatus.ACTIVE
    assert row.url == "https://cis-atc.test:8443"
    assert row.suites == ("hybrid-1", "classic-1")
    assert (row.pinned_at, row.pinned_by) == (START, "hub:local:test")
    with ours.store.read() as view:
        assert partners.find_partner(view, "cis-atc") == row
    (event,) = events(ours)
    assert (event.act, event.subject) == (Act.PARTNER_CHANGED, "cis-atc")
    assert event.details == {
        "change": "paired",
        "fingerprint": row.fingerprint,
        "suites": "hybrid-1 classic-1",
        "trust": trusted(row, read_card(row.card)).digest,
    }


def test_our_card_carries_our_keys_and_says_how_we_are_reached(ours: Broker) -> None:
    card = read_card(card_of(ours))
    assert card.agency == "kz-knb"
    assert card.public.as_jwks() == ours.keyring.public().as_jwks()
    assert (card.url, card.mailbox) == ("https://kz-knb.test:8443", True)
    uncallable = read_card(card_of(ours, url=None))
    assert (uncallable.url, uncallable.mailbox) == (None, False)


def test_an_unconfirmed_fingerprint_pins_nothing(ours: Broker, theirs: Broker) -> None:
    card = card_of(theirs)
    for confirmed in ("", "0" * 64, fingerprint(card)[:16]):
        assert refused(ours, card, confirmed_fingerprint=confirmed).code == "pin-not-confirmed"
    assert events(ours) == []


def test_a_fingerprint_is_taken_as_people_type_it(ours: Broker, theirs: Broker) -> None:
    card = card_of(theirs)
    typed = f"  {fingerprint(card).upper()}\n"
    assert pair(ours, CUSTODIAN, card, confirmed_fingerprint=typed).agency == "cis-atc"


def test_a_card_that_does_not_verify_is_refused(ours: Broker, theirs: Broker) -> None:
    card = card_of(theirs)
    broken = card.replace(b'"signature":"', b'"signature":"AA', 1)
    with pytest.raises(IntegrityFailure) as caught:
        pair(ours, CUSTODIAN, broken, confirmed_fingerprint=fingerprint(card))
    assert caught.value.code == "card-invalid"


def test_an_expired_card_is_refused(ours: Broker, theirs: Broker, hubs: Hubs) -> None:
    card = card_of(theirs)
    hubs.clock.pass_(91 * 86400)
    assert refused(ours, card).code == "card-invalid"


def test_asked_suites_narrow_those_on_the_card(ours: Broker, theirs: Broker) -> None:
    assert pinned(ours, card_of(theirs), suites=[Suite.CLASSIC_1]).suites == ("classic-1",)
    only = card_of(theirs, suites=(Suite.CLASSIC_1,))
    assert pinned(ours, only).suites == ("classic-1",)


def test_no_suite_in_common_is_refused(ours: Broker, theirs: Broker) -> None:
    card = card_of(theirs, suites=(Suite.CLASSIC_1,))
    assert refused(ours, card, suites=[Suite.HYBRID_1]).code == "request-invalid"


def test_another_address_overrides_the_cards(ours: Broker, theirs: Broker) -> None:
    assert pinned(ours, card_of(theirs), url="https://10.0.0.7:9443").url == "https://10.0.0.7:9443"


def test_an_address_without_tls_is_refused(ours: Broker, theirs: Broker) -> None:
    for url in ("http://cis-atc.test", "https://user@cis-atc.test", ""):
        assert refused(ours, card_of(theirs), url=url).code == "request-invalid"


def test_our_own_card_is_no_partners(ours: Broker) -> None:
    assert refused(ours, card_of(ours)).code == "request-invalid"


def test_a_member_cannot_be_a_partner_too(ours: Broker, theirs: Broker) -> None:
    add_member(ours, "cis-atc")
    assert refused(ours, card_of(theirs)).code == "conflict"


def test_a_relay_must_be_pinned_first(ours: Broker, theirs: Broker, hubs: Hubs) -> None:
    assert refused(ours, card_of(theirs), via="kg-gknb").code == "partner-unknown"
    assert refused(ours, card_of(theirs), via="cis-atc").code == "request-invalid"
    pinned(ours, card_of(hubs.add("kg-gknb")))
    assert pinned(ours, card_of(theirs), via="kg-gknb").via == "kg-gknb"


def test_the_agencies_it_may_reach_through_us_are_kept(ours: Broker, theirs: Broker) -> None:
    row = pinned(ours, card_of(theirs), relay_for=["sco-rats", "kg-gknb", "sco-rats"])
    assert row.relay_for == ("kg-gknb", "sco-rats")
    with pytest.raises(Refused, match="not an agency id"):
        pinned(ours, card_of(theirs), relay_for=["Somebody"])


def test_a_newer_card_renews_the_pin_and_keeps_a_suspension(ours: Broker, theirs: Broker, hubs: Hubs) -> None:
    first = pinned(ours, card_of(theirs))
    suspending.suspend(ours, CUSTODIAN, "cis-atc")
    hubs.clock.pass_(60)
    second = pinned(ours, card_of(theirs, url="https://elsewhere.test"))
    assert second.fingerprint != first.fingerprint
    assert second.url == "https://elsewhere.test"
    assert second.status is PartnerStatus.SUSPENDED
    assert [event.details["change"] for event in events(ours)] == ["paired", "suspended", "paired-again"]


def test_an_older_card_does_not_replace_a_newer_one(ours: Broker, theirs: Broker, hubs: Hubs) -> None:
    old = card_of(theirs)
    hubs.clock.pass_(60)
    row = pinned(ours, card_of(theirs))
    with pytest.raises(Refused) as caught:
        pinned(ours, old)
    assert caught.value.code == "conflict"
    with ours.store.read() as view:
        assert view.directory.partner("cis-atc") == row


def test_a_partner_is_suspended_and_resumed_once_each(ours: Broker, theirs: Broker) -> None:
    pinned(ours, card_of(theirs))
    assert suspending.suspend(ours, CUSTODIAN, "cis-atc").status is PartnerStatus.SUSPENDED
    suspending.suspend(ours, CUSTODIAN, "cis-atc")
    assert not ours.standing().partner("cis-atc").active
    assert suspending.resume(ours, CUSTODIAN, "cis-atc").row.status is PartnerStatus.ACTIVE
    assert ours.standing().partner("cis-atc").active
    assert [event.details["change"] for event in events(ours)] == ["paired", "suspended", "resumed"]


def test_an_unknown_partner_is_not_suspended(ours: Broker) -> None:
    with pytest.raises(Refused) as caught:
        suspending.suspend(ours, CUSTODIAN, "cis-atc")
    assert caught.value.code == "partner-unknown"


def test_only_custodians_pin_and_suspend(ours: Broker, theirs: Broker) -> None:
    releaser = officer("bolat", Role.RELEASER, Role.OPERATOR)
    card = card_of(theirs)
    with pytest.raises(Refused) as caught:
        pair(ours, releaser, card, confirmed_fingerprint=fingerprint(card))
    assert caught.value.code == "role-missing"
    pinned(ours, card)
    for change in (suspending.suspend, suspending.resume):
        with pytest.raises(Refused) as caught:
            change(ours, releaser, "cis-atc")
        assert caught.value.code == "role-missing"
