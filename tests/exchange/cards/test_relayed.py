"""Hubs that only meet at a blind relay learn each other's next keys there; the relay can lie about none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from hub.audit.events import Act
from hub.envelope.messages import About
from hub.errors import HubError, PeerFault
from hub.exchange.cards.introducing import answer_message, introduce
from hub.exchange.cards.telling import unaware
from hub.exchange.messages.sending import sealed_to
from hub.exchange.messages.taking import take_messages
from hub.exchange.partners import SUITES, present_card
from hub.federation.card import read_card, said, strongest
from hub.federation.introduction import Told, tell
from hub.ports import Transfer
from tests.exchange.hubs import Hubs, LooseKeyring, own_card_of, released, run_lanes
from tests.exchange.keyed import Keyed, keyed

#: Three hubs and key stores: not for the quick gate.
pytestmark = pytest.mark.slow

US, RELAY, FAR = "kz-knb", "cis-atc", "sco-rats"


@dataclass(frozen=True, kw_only=True)
class Chain:
    """kz-knb reaches sco-rats only through cis-atc; both have keys in real stores."""

    hubs: Hubs
    ours: Keyed
    far: Keyed

    @property
    def pause(self) -> Callable[[float], object]:
        """Return a pause in which the other hubs go on, as their dispatchers would."""
        brokers = self.hubs.network.brokers

        def go_on(_seconds: float) -> bool:
            for name in (RELAY, FAR, RELAY, US):
                run_lanes(brokers[name])
            return False

        return go_on

    def rotated(self, hub: Keyed, *purposes: str) -> None:
        for purpose in purposes:
            hub.custody.make_next(purpose, at=self.hubs.clock.now())
            hub.custody.switch(purpose, at=self.hubs.clock.now())
            self.hubs.clock.pass_(1)


@pytest.fixture
def chain(hubs: Hubs) -> Chain:
    ours, far = keyed(hubs, US), keyed(hubs, FAR)
    relay = hubs.add(RELAY)
    for one in (ours.broker, far.broker):
        hubs.pair(one, relay)
    hubs.pair(ours.broker, far.broker, via=RELAY)
    hubs.pair(far.broker, ours.broker, via=RELAY)
    hubs.pair(relay, ours.broker, relay_for=[FAR])
    hubs.pair(relay, far.broker, relay_for=[US])
    hubs.agree()
    return Chain(hubs=hubs, ours=ours, far=far)


def told_by(chain: Chain, **changes: object) -> Told:
    """Return what kz-knb tells sco-rats of its card."""
    values: dict[str, object] = {
        "by": US,
        "to": FAR,
        "issued_at": chain.hubs.clock.now(),
        "card": present_card(chain.ours.broker),
        "knows": (),
        "said": said(present_card(chain.far.broker)),
    }
    return Told(**{**values, **changes})  # type: ignore[arg-type]


def test_next_keys_are_learnt_by_way_of_a_relay_both_ways(chain: Chain) -> None:
    ours, far = chain.ours, chain.far
    fresh = ours.custody.make_next("sign-es256", at=chain.hubs.clock.now())
    other = far.custody.make_next("decrypt-p256", at=chain.hubs.clock.now())
    chain.hubs.clock.pass_(1)
    row = introduce(ours.broker, FAR, pause=chain.pause)
    assert fresh.kid in far.card_of(US).public.es256
    assert read_card(present_card(far.broker)).public == ours.card_of(FAR).public
    assert other.kid is not None
    assert row.said == said(present_card(ours.broker))
    assert FAR not in unaware(ours.broker)
    with far.broker.store.read() as view:
        changed = [e for _, e in view.events_about([US], limit=100) if e.act is Act.PARTNER_CHANGED]
    assert changed[-1].details["change"] == "succeeded"


def test_records_flow_on_after_rotations_behind_a_relay(chain: Chain) -> None:
    chain.rotated(chain.ours, "sign-es256", "sign-ml-dsa-65", "sign-es256")
    introduce(chain.ours.broker, RELAY)
    introduce(chain.ours.broker, FAR, pause=chain.pause)
    row = released(chain.ours.broker, FAR)
    for name in (US, RELAY):
        run_lanes(chain.hubs.network.brokers[name])
    with chain.far.broker.store.read() as view:
        assert len(view.records.versions(row.record_id, originator=US)) == 1


def test_what_a_relay_makes_up_is_neither_pinned_nor_noted(chain: Chain) -> None:
    stranger = LooseKeyring(US, 77)
    chain.hubs.clock.pass_(1)
    forged = own_card_of(replace(chain.ours.broker, keyring=stranger))
    pinned = chain.far.card_of(US)
    suite = strongest(SUITES)
    raw = tell(told_by(chain, card=forged), keys=stranger.signing(), suite=suite)
    assert answer_message(chain.far.broker, US, raw) != b""
    assert chain.far.card_of(US) == pinned
    # A true card in an introduction that is not ours: it follows, and what is said of theirs is not believed.
    chain.ours.custody.make_next("sign-es256", at=chain.hubs.clock.now())
    chain.hubs.clock.pass_(1)
    raw = tell(told_by(chain), keys=stranger.signing(), suite=suite)
    answer_message(chain.far.broker, US, raw)
    with chain.far.broker.store.read() as view:
        known = view.introductions.get(US)
    assert known is None or known.said is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"to": RELAY}, "document-invalid"), ({"by": RELAY}, "document-invalid"), ({}, "clock-skew")],
)
def test_an_introduction_to_another_or_of_another_time_is_refused(
    chain: Chain, changes: dict[str, object], code: str
) -> None:
    raw = tell(told_by(chain, **changes), keys=chain.ours.broker.keyring.signing(), suite=strongest(SUITES))
    if not changes:
        chain.hubs.clock.pass_(86400)
    with pytest.raises(HubError) as caught:
        answer_message(chain.far.broker, US, raw)
    assert caught.value.code == code


def test_an_answer_that_is_not_the_partners_is_not_believed(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = tell(told_by(chain), keys=chain.ours.broker.keyring.signing(), suite=strongest(SUITES))
    other = answer_message(chain.far.broker, US, raw)  # an answer to another introduction
    monkeypatch.setattr("hub.exchange.cards.relayed.ask", lambda *_told, **_more: other)
    with pytest.raises(PeerFault) as caught:
        introduce(chain.ours.broker, FAR)
    assert caught.value.code == "partner-misbehaved"


def test_a_message_about_cards_that_is_no_introduction_is_refused(chain: Chain) -> None:
    row = sealed_to(chain.ours.broker, chain.ours.broker.standing().partner(FAR), About.CARDS, b"no document")
    (code,) = take_messages(chain.far.broker, RELAY, [Transfer(sealed=row.raw, hops=(US, RELAY))])
    assert code == "document-invalid"
