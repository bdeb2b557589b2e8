"""Where the directory says something else of a partner than the card that is pinned here."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum

from hub.envelope.canonical import canonical
from hub.federation.card import Card


class Difference(Enum):
    """One way in which the card in the directory is not the pinned one. None of them changes the pin."""

    KEYS = "keys"
    AUTHORITY = "authority"
    SUITES = "suites"
    ADDRESS = "address"
    LOG = "log"
    NAME = "name"
    OTHER = "other"
    OLDER = "older"


def differences(card: Card, pinned: Card) -> tuple[Difference, ...]:
    """Return how a card in the directory differs from the pinned card; a later date alone is none."""
    found = {
        Difference.KEYS: canonical(card.public.as_jwks()) != canonical(pinned.public.as_jwks()),
        Difference.AUTHORITY: card.tls_ca_pem != pinned.tls_ca_pem,
        Difference.SUITES: set(card.suites) != set(pinned.suites),
        Difference.ADDRESS: (card.url, card.mailbox) != (pinned.url, pinned.mailbox),
        Difference.LOG: _log(card) != _log(pinned),
        Difference.NAME: card.name != pinned.name,
    }
    told = [difference for difference, so in found.items() if so]
    if not told and not says_the_same(card, pinned):
        told.append(Difference.OTHER)
    if told and card.issued_at < pinned.issued_at:
        told.append(Difference.OLDER)
    return tuple(told)


def _log(card: Card) -> tuple[object, ...]:
    return (card.log_keys, card.witness_keys, card.log_epochs, card.witness_epochs)


def says_the_same(one: Card, other: Card) -> bool:
    """Tell whether two cards differ in nothing but their dates."""
    return replace(one, issued_at=other.issued_at, expires_at=other.expires_at) == other
