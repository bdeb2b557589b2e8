"""Introductions by way of a relay: the same exchange of cards, in signed documents that messages carry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from hub.codes import CODES
from hub.entries import PartnerRow
from hub.envelope.keys import SigningKeys
from hub.envelope.messages import About
from hub.errors import PeerFault
from hub.exchange.broker import Broker
from hub.exchange.messages.asking import Pause, ask
from hub.exchange.partners import SUITES, find_partner
from hub.federation.card import read_card, strongest
from hub.federation.introduction import Told, digest_of, is_signed, read_told, tell
from hub.ports import Introduction

#: Takes what a partner tells, and returns what it is told: see `introducing.answer_introduction`.
Answer = Callable[[Broker, str, Introduction, bool], tuple[Introduction, SigningKeys]]

_SUITE: Final = strongest(SUITES)


def introduce_by_relay(
    broker: Broker, row: PartnerRow, ours: Introduction, keys: SigningKeys, *, pause: Pause
) -> Introduction:
    """Tell a partner behind a relay of our card; return what it tells, once that proves to be its answer.

    Raises PeerFault `partner-unreachable`, and `partner-misbehaved` for an answer that nobody need believe.
    """
    raw = tell(_told(broker, row.agency, ours), keys=keys, suite=_SUITE)
    answer = ask(broker, broker.standing().partner(row.agency), About.CARDS, raw, pause=pause)
    told = _read(broker, row.agency, answer)
    if told.answers != digest_of(raw) or not is_signed(answer, read_card(row.card)):
        raise PeerFault("partner-misbehaved", f"The answer about cards is not one of {row.agency} to ours.")
    return _introduction(told)


def answer_by_relay(broker: Broker, peer: str, raw: bytes, *, answer: Answer) -> bytes:
    """Answer an introduction that came in a message.

    What signs it may be unknown here; then only its card is looked at, and what we know is in the answer.
    """
    told = _read(broker, peer, raw)
    with broker.store.read() as view:
        pinned = read_card(find_partner(view, peer).card)
    ours, keys = answer(broker, peer, _introduction(told), is_signed(raw, pinned))
    return tell(replace(_told(broker, peer, ours), answers=digest_of(raw)), keys=keys, suite=_SUITE)


def _read(broker: Broker, peer: str, raw: bytes) -> Told:
    limits = broker.limits
    return read_told(
        raw,
        by=peer,
        to=broker.agency,
        at=broker.clock.now(),
        age_max_s=limits.message_life_s + limits.clock_skew_s,
        ahead_max_s=limits.clock_skew_s,
    )


def _told(broker: Broker, to: str, ours: Introduction) -> Told:
    return Told(
        by=broker.agency,
        to=to,
        issued_at=broker.clock.now(),
        card=ours.card,
        knows=tuple(ours.knows),
        said=ours.said,
        code=ours.code,
    )


def _introduction(told: Told) -> Introduction:
    """Return what was told; a code that is not known here says only that it failed."""
    code = told.code if told.code is None or told.code in CODES else "partner-misbehaved"
    return Introduction(card=told.card, knows=told.knows, said=told.said, code=code)
