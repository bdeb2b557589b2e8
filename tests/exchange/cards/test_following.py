"""A partner's next card takes the place of the pinned one when its pinned keys signed it, and never else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest

from hub.audit.events import Act, AuditEvent
from hub.envelope.suites import Suite
from hub.errors import IntegrityFailure, PeerFault, Refused
from hub.exchange.broker import Broker
from hub.exchange.cards.following import WAITING, approve_card, take_card
from hub.exchange.cards.introducing import answer_introduction, introduce
from hub.exchange.partners import pair, present_card
from hub.federation.card import fingerprint, make_card, read_card, said
from hub.federation.succession import follow
from hub.federation.trust import pending
from hub.ports import Introduction
from tests.exchange.hubs import (
    CUSTODIAN,
    START,
    Hubs,
    LooseKeyring,
    authority_pem,
    own_card_of,
    profile_of,
    signed_card,
)
from tests.exchange.keyed import Keyed, confirming, keyed


@pytest.fixture
def ours(hubs: Hubs) -> Keyed:
    return keyed(hubs, "kz-knb")


@pytest.fixture
def theirs(hubs: Hubs, ours: Keyed) -> Keyed:
    made = keyed(hubs, "cis-atc")
    hubs.pair_all()
    return made


def rotated(hub: Keyed, hubs: Hubs, *purposes: str) -> None:
    for purpose in purposes:
        hub.custody.make_next(purpose, at=hubs.clock.now())
        hub.custody.switch(purpose, at=hubs.clock.now())
        hubs.clock.pass_(1)


def events(broker: Broker, act: Act) -> list[AuditEvent]:
    with broker.store.read() as view:
        return [event for _, event in view.events(after=0, limit=1000) if event.act is act]


def knows(hub: Keyed, agency: str) -> set[str]:
    card = hub.card_of(agency)
    return {*card.public.es256, *card.public.mldsa65}


def test_a_card_with_a_next_key_follows_by_itself(hubs: Hubs, ours: Keyed, theirs: Keyed) -> None:
    fresh = ours.custody.make_next("sign-es256", at=START)
    hubs.clock.pass_(1)
    row = introduce(ours.broker, "cis-atc")
    assert fresh.kid in knows(theirs, "kz-knb")
    assert row.said == said(present_card(ours.broker))
    told = events(theirs.broker, Act.PARTNER_CHANGED)[-1]
    assert (told.subject, told.details["change"]) == ("kz-knb", "succeeded")
    assert told.details["before"] != told.details["fingerprint"]
    with theirs.broker.store.read() as view:
        assert len(view.directory.cards("kz-knb")) == 2


def test_a_partner_that_was_away_for_several_rotations_finds_its_way(
    hubs: Hubs, ours: Keyed, theirs: Keyed
) -> None:
    rotated(ours, hubs, "sign-es256", "sign-ml-dsa-65", "sign-es256", "decrypt-xwing")
    introduce(ours.broker, "cis-atc")
    signing = ours.broker.keyring.signing()
    assert {signing.es256_kid, signing.mldsa65_kid} <= knows(theirs, "kz-knb")
    assert theirs.card_of("kz-knb").public.encrypt_xwing == ours.broker.keyring.public().encrypt_xwing


def test_a_partner_that_cannot_be_called_learns_when_it_calls(hubs: Hubs, ours: Keyed, theirs: Keyed) -> None:
    rotated(theirs, hubs, "sign-es256", "sign-ml-dsa-65")
    introduce(ours.broker, "cis-atc")  # ours calls, and theirs has rotated
    assert theirs.broker.keyring.signing().es256_kid in knows(ours, "cis-atc")
    hubs.clock.pass_(1)
    introduce(ours.broker, "cis-atc")
    with theirs.broker.store.read() as view:
        row = view.introductions.get("kz-knb")
    assert row is not None
    assert row.said == said(present_card(theirs.broker))


def test_the_same_card_again_changes_nothing(hubs: Hubs, ours: Keyed, theirs: Keyed) -> None:
    before = len(events(theirs.broker, Act.PARTNER_CHANGED))
    for _ in range(3):
        hubs.clock.pass_(60)
        introduce(ours.broker, "cis-atc")
    assert len(events(theirs.broker, Act.PARTNER_CHANGED)) == before


def test_an_older_card_changes_nothing(hubs: Hubs, ours: Keyed, theirs: Keyed) -> None:
    old = present_card(ours.broker)
    hubs.clock.pass_(10)
    ours.custody.make_next("sign-es256", at=hubs.clock.now())
    introduce(ours.broker, "cis-atc")
    now = theirs.card_of("kz-knb")
    assert take_card(theirs.broker, theirs.broker.itself, "kz-knb", old) is None
    assert theirs.card_of("kz-knb") == now


def test_after_a_compromise_of_a_signing_key_people_must_pair_again(
    hubs: Hubs, ours: Keyed, theirs: Keyed
) -> None:
    lost = next(key for key in ours.custody.inventory() if key.purpose == "sign-ml-dsa-65")
    ours.custody.compromise(lost.key_id, why="seen by others", at=START)
    hubs.clock.pass_(1)
    for _ in range(2):
        introduce(ours.broker, "cis-atc")
    assert lost.kid in knows(theirs, "kz-knb")
    refusals = events(theirs.broker, Act.REFUSED)
    assert [event.details["code"] for event in refusals if event.subject == "kz-knb"] == [
        "succession-refused"
    ] * len(refusals)
    card = present_card(ours.broker)
    pair(theirs.broker, CUSTODIAN, card, confirmed_fingerprint=fingerprint(card))
    assert lost.kid not in knows(theirs, "kz-knb")


def test_a_compromised_key_that_only_opens_is_replaced_without_people(
    hubs: Hubs, ours: Keyed, theirs: Keyed
) -> None:
    lost = next(key for key in ours.custody.inventory() if key.purpose == "decrypt-xwing")
    ours.custody.compromise(lost.key_id, why="seen by others", at=START)
    hubs.clock.pass_(1)
    introduce(ours.broker, "cis-atc")
    assert lost.kid not in theirs.card_of("kz-knb").public.xwing


def test_with_confirm_a_card_waits_until_a_custodian_approves_it(
    hubs: Hubs, ours: Keyed, theirs: Keyed
) -> None:
    theirs = confirming(hubs, theirs)
    fresh = ours.custody.make_next("sign-es256", at=START)
    hubs.clock.pass_(1)
    for _ in range(2):
        introduce(ours.broker, "cis-atc")
        assert fresh.kid not in knows(theirs, "kz-knb")
    waits = [e for e in events(theirs.broker, Act.PARTNER_CHANGED) if e.details["change"] == "card-waits"]
    assert len(waits) == 1
    approve_card(theirs.broker, CUSTODIAN, "kz-knb")
    assert fresh.kid in knows(theirs, "kz-knb")
    told = events(theirs.broker, Act.PARTNER_CHANGED)[-1]
    assert str(told.actor) == "hub:local:test"
    with pytest.raises(Refused, match="not-found"):
        approve_card(theirs.broker, CUSTODIAN, "kz-knb")


def test_the_other_side_is_told_that_a_person_decides(hubs: Hubs, ours: Keyed, theirs: Keyed) -> None:
    theirs = confirming(hubs, theirs)
    ours.custody.make_next("sign-es256", at=START)
    hubs.clock.pass_(1)
    told = answer_introduction(
        theirs.broker, "kz-knb", Introduction(card=present_card(ours.broker), knows=(), said="0" * 64)
    )
    assert told.code == WAITING == "card-waiting"


def test_what_was_set_by_hand_stays(hubs: Hubs, ours: Keyed, theirs: Keyed) -> None:
    card = present_card(ours.broker)
    pair(
        theirs.broker,
        CUSTODIAN,
        card,
        confirmed_fingerprint=fingerprint(card),
        url="https://inside.test:9443",
        suites=[Suite.HYBRID_1],
        relay_for=["sco-rats"],
        accept_fewer_suites=True,
    )
    ours.custody.make_next("sign-es256", at=START)
    hubs.clock.pass_(1)
    introduce(ours.broker, "cis-atc")
    with theirs.broker.store.read() as view:
        row = view.directory.partner("kz-knb")
    assert row is not None
    assert (row.url, row.suites, row.relay_for) == ("https://inside.test:9443", ("hybrid-1",), ("sco-rats",))
    assert len(read_card(row.card).public.es256) == 2


def test_a_new_address_follows_too(hubs: Hubs, ours: Keyed, theirs: Keyed) -> None:
    moved = replace(
        ours.broker, profile=lambda: replace(profile_of("kz-knb"), url="https://new.kz-knb.test:8443")
    )
    hubs.clock.pass_(1)
    introduce(moved, "cis-atc")
    with theirs.broker.store.read() as view:
        row = view.directory.partner("kz-knb")
    assert row is not None
    assert row.url == "https://new.kz-knb.test:8443"


def test_a_stranger_is_told_nothing(ours: Keyed, theirs: Keyed) -> None:
    with pytest.raises(Refused, match="partner-unknown"):
        answer_introduction(theirs.broker, "sco-rats", Introduction(card=b"", knows=(), said="0" * 64))


def test_a_cut_wire_changes_nothing(hubs: Hubs, ours: Keyed, theirs: Keyed) -> None:
    hubs.network.down.add("cis-atc")
    with pytest.raises(PeerFault, match="partner-unreachable"):
        introduce(ours.broker, "cis-atc")


def _unreadable(_ours: Keyed, _theirs: Keyed) -> bytes:
    return b"{}"


def _of_another(_ours: Keyed, theirs: Keyed) -> bytes:
    return present_card(theirs.broker)


def _without_a_suite(ours: Keyed, _theirs: Keyed) -> bytes:
    return signed_card(
        ours.broker,
        name="kz-knb",
        url=None,
        tls_ca_pem=authority_pem("kz-knb"),
        suites=[Suite.HYBRID_1],
    )


def _signed_by_less(ours: Keyed, _theirs: Keyed) -> bytes:
    return signed_card(
        ours.broker,
        name="kz-knb",
        url=None,
        tls_ca_pem=authority_pem("kz-knb"),
        suites=[Suite.CLASSIC_1],
    )


def _expired(ours: Keyed, _theirs: Keyed) -> bytes:
    card = read_card(present_card(ours.broker))
    return make_card(replace(card, expires_at=START), ours.broker.keyring.signing())


@pytest.mark.parametrize("card_of", [_unreadable, _of_another, _without_a_suite, _signed_by_less, _expired])
def test_a_card_that_does_not_follow_is_refused_and_logged_once(
    hubs: Hubs, ours: Keyed, theirs: Keyed, card_of: Callable[[Keyed, Keyed], bytes]
) -> None:
    ours.custody.make_next("sign-es256", at=START)
    hubs.clock.pass_(60)
    raw = card_of(ours, theirs)
    before = theirs.card_of("kz-knb")
    codes = {take_card(theirs.broker, theirs.broker.itself, "kz-knb", raw) for _ in range(2)}
    assert codes <= {"succession-refused", "card-invalid"}
    assert theirs.card_of("kz-knb") == before
    refusals = [event for event in events(theirs.broker, Act.REFUSED) if event.subject == "kz-knb"]
    assert len(refusals) == 1
    with pytest.raises(IntegrityFailure, match="succession-refused"):
        follow(before, raw, suites=("hybrid-1", "classic-1"), at=hubs.clock.now())


def test_cards_that_are_refused_in_turn_leave_one_entry_for_a_while(
    hubs: Hubs, ours: Keyed, theirs: Keyed
) -> None:
    strangers = [LooseKeyring("kz-knb", seed) for seed in (71, 72)]
    hubs.clock.pass_(1)
    cards = [own_card_of(replace(ours.broker, keyring=one)) for one in strangers]

    def refused() -> int:
        told = [event for event in events(theirs.broker, Act.REFUSED) if event.subject == "kz-knb"]
        return len(told)

    for _ in range(3):
        for raw in cards:
            code = take_card(theirs.broker, theirs.broker.itself, "kz-knb", raw)
            assert code == "succession-refused"
    assert refused() == 1
    hubs.clock.pass_(theirs.broker.limits.card_refusal_s + 1)
    for raw in cards:
        take_card(theirs.broker, theirs.broker.itself, "kz-knb", raw)
    assert refused() == 2


def test_a_card_that_names_another_host_to_ask_about_revocation_waits_for_a_custodian(
    hubs: Hubs, ours: Keyed, theirs: Keyed
) -> None:
    hubs.clock.pass_(1)
    keys = ours.broker.keyring.signing()
    pinned = theirs.card_of("kz-knb")

    def card(*crl: str) -> bytes:
        hubs.clock.pass_(1)
        tls = replace(pinned.tls, crl=crl)
        return make_card(replace(pinned, issued_at=hubs.clock.now(), expires_at=None, tls=tls), keys)

    assert pinned.url is not None
    assert take_card(theirs.broker, theirs.broker.itself, "kz-knb", card(f"{pinned.url}/ca/crl")) is None
    elsewhere = card("http://169.254.169.254/crl")
    assert take_card(theirs.broker, theirs.broker.itself, "kz-knb", elsewhere) == WAITING
    assert theirs.card_of("kz-knb").tls.crl == (f"{pinned.url}/ca/crl",)
    approve_card(theirs.broker, CUSTODIAN, "kz-knb")
    again = card("http://169.254.169.254/other")
    assert take_card(theirs.broker, theirs.broker.itself, "kz-knb", again) is None


def test_a_following_card_begins_no_time_anew_in_which_revocation_need_not_be_answered(
    hubs: Hubs, ours: Keyed, theirs: Keyed
) -> None:
    def waits() -> dict[str, datetime]:
        with theirs.broker.store.read() as view:
            row = view.directory.partner("kz-knb")
            assert row is not None
            return dict(pending(view.directory, row, read_card(row.card).authorities, 3600.0))

    before = waits()
    hubs.clock.pass_(3000)
    ours.custody.make_next("sign-es256", at=hubs.clock.now())
    hubs.clock.pass_(1)
    introduce(ours.broker, "cis-atc")
    assert events(theirs.broker, Act.PARTNER_CHANGED)[-1].details["change"] == "succeeded"
    assert waits() == before
