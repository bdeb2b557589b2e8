"""Introductions: one request in which two hubs tell one another of their present cards.

Whoever can call does, so a partner that cannot be called learns of our card when it calls us. Each says which
of the other's keys it has pinned; a card is then signed with the newest pair among those, also one of before,
so that a partner that was away for several rotations still finds its way to the present card.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import replace

from hub.entries import IntroductionRow, PartnerRow
from hub.envelope.keys import SigningKeys
from hub.exchange.broker import Broker
from hub.exchange.cards.following import WAITING, take_card
from hub.exchange.cards.relayed import answer_by_relay, introduce_by_relay
from hub.exchange.messages.asking import Pause
from hub.exchange.partners import find_partner, present_card
from hub.federation.card import read_card, said
from hub.federation.succession import signing_ids
from hub.ports import Introduction
from hub.records.actor import Actor, ActorKind

#: A card that was not taken is offered once more, signed by keys that the partner says it knows.
_TRIES = 2


def introduce(broker: Broker, agency: str, *, pause: Pause = time.sleep) -> IntroductionRow:
    """Tell a partner of our card and take the one it tells of; return how far both know.

    One behind a relay is asked by a message, for whose answer `pause` waits. Raises Refused
    `partner-unknown`, PeerFault `partner-unreachable` and `partner-misbehaved`.
    """
    with broker.store.read() as view:
        row = find_partner(view, agency)
        known = view.introductions.get(agency)
    # Not known yet, or paired before cards were exchanged: the present keys may well be on the pin.
    knows: Collection[str] = () if known is None else known.knows
    for _ in range(_TRIES):
        keys = _keys(broker, knows)
        ours = replace(_ours(broker, agency, keys), code=None)
        if row.via is None:
            answer = broker.carrier.introduce(row, ours)
        else:
            answer = introduce_by_relay(broker, row, ours, keys, pause=pause)
        again = answer.code not in {None, WAITING} and _keys(broker, answer.knows) is not keys
        if not again:
            break
        knows = answer.knows
    return _took(broker, broker.itself, row, answer)


def answer_introduction(broker: Broker, peer: str, theirs: Introduction) -> Introduction:
    """Take the card that a partner tells of, and tell it of ours.

    What is wrong with its card is in the answer, for its next try needs to know what we know of it. Raises
    Refused `partner-unknown`.
    """
    return _answer(broker, peer, theirs, True)[0]


def answer_message(broker: Broker, peer: str, raw: bytes) -> bytes:
    """Do the same for a partner behind a relay, which a message tells of."""
    return answer_by_relay(broker, peer, raw, answer=_answer)


def _answer(
    broker: Broker, peer: str, theirs: Introduction, proven: bool
) -> tuple[Introduction, SigningKeys]:
    """Take a card, and return ours with the keys that signed it; what is not `proven` theirs is not noted."""
    with broker.store.read() as view:
        row = find_partner(view, peer)
    actor = Actor(kind=ActorKind.PARTNER, id=peer, agency=peer)
    code = take_card(broker, actor, peer, theirs.card)
    if proven:
        _note(broker, peer, theirs)
    keys = _keys(broker, theirs.knows)
    return replace(_ours(broker, row.agency, keys), code=code), keys


def _keys(broker: Broker, knows: Collection[str]) -> SigningKeys:
    """Return what a card is signed with for a partner that knows these keys of ours."""
    return broker.keyring.signing_known(knows) or broker.keyring.signing()


def _ours(broker: Broker, agency: str, keys: SigningKeys) -> Introduction:
    with broker.store.read() as view:
        row = find_partner(view, agency)
    return Introduction(
        card=present_card(broker, keys), knows=signing_ids(read_card(row.card)), said=said(row.card)
    )


def _took(broker: Broker, actor: Actor, row: PartnerRow, answer: Introduction) -> IntroductionRow:
    take_card(broker, actor, row.agency, answer.card)
    return _note(broker, row.agency, answer)


def _note(broker: Broker, agency: str, told: Introduction) -> IntroductionRow:
    """Remember what a partner has of our card."""
    at = broker.clock.now()
    with broker.store.work() as work:
        before = work.introductions.get(agency) or IntroductionRow(agency=agency, at=at)
        after = replace(before, at=at, said=told.said, knows=tuple(told.knows))
        work.introductions.put(after)
        work.commit()
    return after


def reachable(row: PartnerRow) -> bool:
    """Tell whether we can call a partner itself; one behind a relay answers in its own time."""
    return row.url is not None and row.via is None
