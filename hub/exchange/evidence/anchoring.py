"""Anchors: what this hub trusts of others and of itself, for whoever trusts this hub to say so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from cryptography import x509

from hub.envelope.suites import Suite
from hub.errors import Refused
from hub.evidence.anchors import AgencyAnchor, Anchors, merge_keys
from hub.exchange.broker import Broker, Counterparty
from hub.exchange.evidence.partner_certificates import certificates_ever
from hub.exchange.log.epochs import own_keys, own_witness_epochs
from hub.exchange.partners import SUITES
from hub.exchange.trust_history import suites_ever
from hub.federation.card import Card, fingerprint, read_card


def anchors_of(
    broker: Broker,
    *,
    own_fingerprint: str,
    tsa_roots: Sequence[x509.Certificate] = (),
) -> Anchors:
    """Return the keys of this hub and of its pinned partners, the quorum and the roots of time stamps.

    Of partners without a hub they are the certificates by which these sign.

    `own_fingerprint` is that of our card. Raises Refused `partner-unknown` for a witness that is not pinned.
    """
    keyring = broker.keyring
    with broker.store.read() as view:
        log_epochs = own_keys(view.log, keyring).epochs
    witness_epochs = own_witness_epochs(keyring)
    ourselves = AgencyAnchor(
        agency=broker.agency,
        public=keyring.public_ever(),
        suites=frozenset(SUITES),
        fingerprints=(own_fingerprint,),
        log_keys=log_epochs[-1].keys,
        witness_keys=witness_epochs[-1].keys,
        log_epochs=log_epochs if len(log_epochs) > 1 else (),
        witness_epochs=witness_epochs if len(witness_epochs) > 1 else (),
        given_up=keyring.given_up(),
    )
    policy = broker.witnesses
    with broker.store.read() as view:
        partners = [
            _anchor(one, view.directory.cards_since(name), suites_ever(view, name))
            for name, one in broker.standings.of(view).partners.items()
        ]
        hubless = certificates_ever(broker, view)
    keyed = {anchor.agency for anchor in partners if anchor.witness_keys}
    if missing := sorted(set(policy.witnesses) - keyed):
        raise Refused(
            "partner-unknown",
            f"{missing[0]} is to witness our log, and no partner of that name is pinned with witness keys.",
        )
    return Anchors(
        agencies={anchor.agency: anchor for anchor in (ourselves, *partners)},
        needed=policy.needed,
        witnesses=tuple(sorted(policy.witnesses)),
        tsa_roots=tuple(tsa_roots),
        partners=hubless,
        made_by=broker.agency,
        made_at=broker.clock.now(),
    )


def _anchor(
    partner: Counterparty, pinned: Sequence[tuple[datetime, bytes]], suites: frozenset[Suite]
) -> AgencyAnchor:
    """Return a partner with the keys of every card that was pinned for it: old signatures are by old keys.

    Which of them counted when is told by the log that the evidence shows.
    """
    cards = [(at, read_card(raw)) for at, raw in pinned]
    known = [partner.public, *(card.public for _at, card in cards)]
    fingerprints = [partner.row.fingerprint, *(fingerprint(raw) for _at, raw in pinned)]
    return AgencyAnchor(
        agency=partner.row.agency,
        public=merge_keys(partner.row.agency, known),
        suites=partner.allowed | suites,
        fingerprints=tuple(dict.fromkeys(fingerprints)),
        log_keys=partner.card.log_keys,
        witness_keys=partner.card.witness_keys,
        log_epochs=partner.card.log_epochs,
        witness_epochs=partner.card.witness_epochs,
        given_up=_given_up(cards),
    )


def _given_up(cards: Iterable[tuple[datetime, Card]]) -> Mapping[str, datetime]:
    """Return the keys that cards say were given up, each since the first that says so was pinned here.

    Not since the card was made, as it says: whoever wants to take back what it signed would date it back.
    """
    found: dict[str, datetime] = {}
    for at, card in cards:
        for kid in card.given_up:
            found[kid] = min(at, found.get(kid, at))
    return found
