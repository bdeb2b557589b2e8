"""A token that fails holds what needs it, says so, and loses nothing: over a real SoftHSM."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from hub.api import TokenCollector
from hub.cli.waiting import prospects
from hub.envelope.keys import DecryptionKeys, PublicKeys, SigningKeys, thumbprint
from hub.envelope.suites import Suite
from hub.errors import OurFault
from hub.exchange.broker import Broker
from hub.exchange.drafting import draft
from hub.exchange.upkeep import expire, trace
from hub.records.lifecycle import EntryState, RecordState
from keys.secret import Secret
from keys.token.making import Use, make_key
from keys.token.private_key import TokenKey
from keys.token.session import Token, TokenAddress
from tests.exchange.hubs import AIGUL, Hubs, LooseKeyring, document, release_it, released, run_lanes
from tests.servers.softhsm import SoftHsm, soft_hsm


@pytest.fixture
def hsm(tmp_path: Path) -> Iterator[SoftHsm]:
    with soft_hsm(tmp_path / "hsm") as made:
        made.add_token("hub")
        yield made


@pytest.fixture
def token(hsm: SoftHsm, hubs: Hubs) -> Token:
    """The token; it is tried again when a second of the hubs' clock is over."""
    address = TokenAddress(module=hsm.module, label="hub")
    pin = Secret(hsm.pin.encode())
    return Token(address, lambda: pin, seconds=lambda: hubs.clock.now().timestamp())


def key_in(token: Token, use: Use) -> TokenKey:
    key_id = os.urandom(16)
    public = make_key(token, key_id=key_id, name=use.value, use=use)
    return TokenKey(token, key_id=key_id, name=use.value, public=public)


def guarded(broker: Broker, token: Token) -> None:
    """Put the keys on P-256 of a hub into a token."""
    keyring = broker.keyring
    assert isinstance(keyring, LooseKeyring)
    signing = SigningKeys(es256=key_in(token, Use.SIGN), mldsa65=keyring.signing().mldsa65)
    opens, public = key_in(token, Use.AGREE), keyring.public()
    kid = thumbprint(opens.public_key())
    keyring._signing = signing
    keyring._decryption = DecryptionKeys(p256={kid: opens}, xwing=keyring.decryption().xwing)
    keyring._public = PublicKeys(
        agency=broker.agency,
        es256={signing.es256_kid: signing.es256.public_key()},
        mldsa65=public.mldsa65,
        p256={kid: opens.public_key()},
        xwing=public.xwing,
        encrypt_p256=kid,
        encrypt_xwing=public.encrypt_xwing,
    )


@pytest.fixture
def pair(hubs: Hubs, token: Token) -> Hubs:
    """kz-knb keeps its keys in a token, cis-atc in memory; they speak classic-1, which needs both keys."""
    ours = hubs.add("kz-knb")
    hubs.add("cis-atc")
    guarded(ours, token)
    hubs.pair_all(suites=[Suite.CLASSIC_1])
    hubs.agree()
    return hubs


def state(broker: Broker, record_id: str) -> tuple[EntryState, str | None]:
    (entry,) = trace(broker, record_id).entries
    return entry.state, entry.reason


def test_what_is_queued_waits_for_the_token_and_says_so(pair: Hubs, hsm: SoftHsm) -> None:
    ours, theirs = pair.network.brokers.values()
    rows = [released(ours, "cis-atc", narrative=f"No {n}") for n in range(3)]
    hsm.take_away()
    for _ in range(3):
        run_lanes(ours)
        assert {state(ours, row.record_id) for row in rows} == {(EntryState.PENDING, "token-unavailable")}
        with ours.store.read() as view:
            lane = view.outbox.lane("cis-atc")
            page = view.outbox.page(after=0, limit=10)
            shown = prospects(view, page, at=pair.clock.now()).why(page[0])
        assert lane.failures == 0, "the partner did nothing wrong"
        assert lane.open_until == pair.clock.now() + timedelta(seconds=5)
        assert shown == "token-unavailable; `hub key doctor` says what is wrong with the token"
        pair.clock.pass_(6)
    assert pair.network.carried == []
    hsm.put_back()
    pair.clock.pass_(6)
    run_lanes(ours)
    assert {state(ours, row.record_id)[0] for row in rows} == {EntryState.ACCEPTED}
    assert [trace(theirs, row.record_id).versions[0].record_id for row in rows] == [r.record_id for r in rows]


def test_what_comes_is_answered_with_later_and_taken_when_the_token_is_back(pair: Hubs, hsm: SoftHsm) -> None:
    ours, theirs = pair.network.brokers.values()
    row = released(theirs, "kz-knb")
    hsm.take_away()
    with pytest.raises(OurFault) as raised:
        run_lanes(theirs)  # the link hands on what would be an answer 503
    assert (raised.value.code, raised.value.row.status) == ("token-unavailable", 503)
    with ours.store.read() as view:
        assert not view.records.page(after=0, limit=10)
        codes = {event.details.get("code") for _at, event in view.events(after=0, limit=1000)}
        assert "token-unavailable" not in codes, "nothing happened, so nothing is logged of it"
    hsm.put_back()
    pair.clock.pass_(120)
    run_lanes(theirs)
    assert state(theirs, row.record_id)[0] is EntryState.ACCEPTED
    assert trace(ours, row.record_id).versions[0].record_id == row.record_id


def test_a_release_fails_cleanly_and_can_be_made_later(pair: Hubs, hsm: SoftHsm) -> None:
    ours = pair.network.brokers["kz-knb"]
    row = draft(ours, AIGUL, document(), recipients=["cis-atc"])
    hsm.take_away()
    with pytest.raises(OurFault) as raised:
        release_it(ours, row)
    assert (raised.value.code, raised.value.row.exit) == ("token-unavailable", 75)
    assert trace(ours, row.record_id).versions[0].state is RecordState.DRAFT
    hsm.put_back()
    pair.clock.pass_(2)
    release_it(ours, row)
    run_lanes(ours)
    assert state(ours, row.record_id)[0] is EntryState.ACCEPTED


def test_the_metrics_tell_whether_the_token_is_there(token: Token, hubs: Hubs, hsm: SoftHsm) -> None:
    registry = CollectorRegistry()
    registry.register(TokenCollector(token.failure))
    assert "hub_token_up 1.0" in generate_latest(registry).decode()
    hsm.take_away()
    assert "hub_token_up 0.0" in generate_latest(registry).decode()
    hsm.put_back()
    hubs.clock.pass_(1)
    assert "hub_token_up 1.0" in generate_latest(registry).decode()


def test_what_is_our_own_expires_while_what_we_relay_waits_for_our_signature(
    hubs: Hubs, token: Token, hsm: SoftHsm
) -> None:
    ours, relay, far = (hubs.add(agency) for agency in ("kz-knb", "cis-atc", "sco-rats"))
    guarded(relay, token)
    hubs.pair(ours, relay)
    hubs.pair(far, relay)
    hubs.pair(ours, far, via="cis-atc")
    hubs.pair(far, ours, via="cis-atc")
    hubs.pair(relay, ours, relay_for=["sco-rats"])
    hubs.pair(relay, far, relay_for=["kz-knb"])
    hubs.agree()
    released(ours, "sco-rats")
    own = released(relay, "kz-knb")
    run_lanes(ours)
    hsm.take_away()
    hubs.clock.pass_(8 * 86400)
    assert expire(relay) == 1
    assert state(relay, own.record_id) == (EntryState.DEAD, "time-to-live-passed")
    hsm.put_back()
    hubs.clock.pass_(2)
    assert expire(relay) == 1
    with relay.store.read() as view:
        assert [row.reason for row in view.receipts.unsent("kz-knb", 9)] == ["time-to-live-passed"]
