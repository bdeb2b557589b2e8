"""Succession: when a partner's next card takes the place of the pinned one without people on the phone."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from hub.envelope.documents import verify_document
from hub.errors import HubError, IntegrityFailure
from hub.federation.card import CARD_TYPE, Card, read_card, strongest


def follow(pinned: Card, raw: bytes, *, suites: Collection[str], at: datetime) -> Card:
    """Return a card that follows from a pinned one; raise IntegrityFailure `succession-refused` otherwise.

    It is signed by keys that stand on the pinned card, by every algorithm of the strongest suite there, and
    by keys of its own; it is of the same agency, later, and offers every one of the `suites` that are pinned.
    A stronger suite than any on the pinned card is a matter for two people: its keys have nothing to vouch
    for them.
    """
    try:
        fresh = read_card(raw, at=at)
        allowed = frozenset({strongest(pinned.suites)})
        verify_document(raw, typ=CARD_TYPE, keys=pinned.public, allowed=allowed)
    except HubError as error:
        raise _refused(pinned.agency, error.sentence) from None
    if fresh.agency != pinned.agency:
        raise _refused(pinned.agency, f"It is the card of {fresh.agency}.")
    if fresh.issued_at <= pinned.issued_at:
        raise _refused(pinned.agency, "It is not later than the pinned one.")
    if lost := sorted(set(suites) - {suite.value for suite in fresh.suites}):
        raise _refused(pinned.agency, f"It no longer offers {lost[0]}, which is pinned.")
    return fresh


def signing_ids(card: Card) -> tuple[str, ...]:
    """Return the ids of the keys that verify for an agency by its card."""
    return (*card.public.es256, *card.public.mldsa65)


def _refused(agency: str, why: str) -> IntegrityFailure:
    return IntegrityFailure(
        "succession-refused", f"The card does not follow from the one pinned for {agency}: {why}"
    )
