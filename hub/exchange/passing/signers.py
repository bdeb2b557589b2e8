"""By which keys an originator signed what is passed on: those on its pinned card, or those of before.

A record may be passed on long after it was signed. What stood on a card that was pinned here before counts
for what was signed while it stood; what its agency gave up counts for nothing, whenever it was signed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hub.envelope import sealing
from hub.envelope.keys import PublicKeys
from hub.envelope.suites import Suite
from hub.errors import IntegrityFailure, PeerFault
from hub.evidence.anchors import merge_keys
from hub.exchange.broker import Broker, Counterparty
from hub.exchange.partners import SUITES
from hub.federation.card import Card, fingerprint, read_card
from hub.federation.succession import signing_ids
from hub.ports import View

#: Of how many cards of one partner the keys are looked for.
_CARDS_MAX: Final = 64


@dataclass(frozen=True, kw_only=True)
class Before:
    """Keys of cards that were pinned before: until when each stood, and on which card last.

    `until` is when a card without the key was pinned; `cards` are fingerprints. `given_up` are the keys of
    which any card since said that others may have them.
    """

    public: PublicKeys
    until: Mapping[str, datetime]
    cards: Mapping[str, str]
    given_up: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Signed:
    """What an originator signed; `card` is the fingerprint of the card of before that it rests on, if any."""

    stated: sealing.Stated
    card: str | None = None


@dataclass(frozen=True, kw_only=True)
class Signer:
    """An originator, and what of its signatures counts here."""

    broker: Broker
    view: View
    partner: Counterparty

    def read(self, jws: bytes) -> Signed:
        """Verify a JWS of the originator by the keys that were in force when it was made."""
        return verify_by(
            jws,
            self.partner.public,
            lambda: keys_before(self.view, self.partner),
            allowed=self.partner.allowed,
            skew_s=self.broker.limits.clock_skew_s,
        )


def verify_by(
    jws: bytes,
    public: PublicKeys,
    before: Callable[[], Before | None],
    *,
    allowed: frozenset[Suite],
    skew_s: float,
) -> Signed:
    """Verify a JWS by the pinned keys; where one of them did not sign, by those that were pinned before.

    Raises IntegrityFailure `key-given-up` and `key-not-in-force`, and what `sealing.verify_signed` does.
    """
    try:
        return Signed(stated=sealing.verify_signed(jws, sender=public, allowed=allowed))
    except PeerFault as fault:
        if fault.code != "key-unknown" or (known := before()) is None:
            raise
    stated = sealing.verify_signed(jws, sender=known.public, allowed=allowed)
    _refuse(stated, known, skew=timedelta(seconds=skew_s))
    cards = [known.cards[kid] for kid in stated.signed_by if kid in known.cards]
    return Signed(stated=stated, card=cards[0])


def _refuse(stated: sealing.Stated, before: Before, *, skew: timedelta) -> None:
    agency, kids = before.public.agency, set(stated.signed_by)
    if kids & before.given_up:
        raise IntegrityFailure(
            "key-given-up",
            f"A key of {agency} signed it that others may have; {agency} can correct the record, which "
            "signs it anew.",
        )
    dated = stated.manifest.created_at - skew
    if any(before.until[kid] < dated for kid in kids & before.until.keys()):
        raise IntegrityFailure(
            "key-not-in-force", f"It is dated later than {agency} took back a key that signed it."
        )


@dataclass(frozen=True, kw_only=True)
class Ourselves:
    """This hub as the originator: what others pass on of ours, verified by every key that we ever had."""

    broker: Broker

    def read(self, jws: bytes) -> Signed:
        """Verify a JWS of ours; raises what `sealing.verify_signed` does."""
        keys, allowed = self.broker.keyring.public_ever(), frozenset(SUITES)
        return Signed(stated=sealing.verify_signed(jws, sender=keys, allowed=allowed))


def keys_before(view: View, partner: Counterparty) -> Before | None:
    """Return the keys of the cards that led to the pinned one; None where there are none.

    A card leads to the next when the next has a signing key of it, or says that one was given up. A pin that
    people renewed with nothing in common ends it: who holds the new keys may never have held those of before.
    """
    newer = partner.card
    linked = [partner.public]
    until: dict[str, datetime] = {}
    cards: dict[str, str] = {}
    standing = set(signing_ids(newer))
    given_up = set(newer.given_up)
    end: datetime | None = None
    for pinned_at, card, raw in _newest_first(view, partner):
        if not _leads_to(card, newer):
            break
        given_up |= set(card.given_up)
        if end is not None:
            gone = set(signing_ids(card)) - standing
            until |= dict.fromkeys(gone, end)
            cards |= dict.fromkeys(gone, fingerprint(raw))
            standing |= gone
            linked.append(card.public)
        newer, end = card, pinned_at
    if not until:
        return None
    public = merge_keys(partner.row.agency, linked)
    return Before(public=public, until=until, cards=cards, given_up=frozenset(given_up))


def _newest_first(view: View, partner: Counterparty) -> Sequence[tuple[datetime, Card, bytes]]:
    """Return the cards that were pinned last, each with when it was; of one moment, the one issued last."""
    pinned = view.directory.cards_since(partner.row.agency)[-_CARDS_MAX:]
    read = [(at, read_card(raw), raw) for at, raw in pinned]
    return sorted(read, key=lambda one: (one[0], one[1].issued_at), reverse=True)


def _leads_to(card: Card, newer: Card) -> bool:
    return bool({*signing_ids(newer), *newer.given_up} & set(signing_ids(card)))
