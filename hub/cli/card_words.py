"""Our card as it was written last, and the words of a card that two people compare before it is pinned."""

from __future__ import annotations

import re
from pathlib import Path

import click

from hub.cli.files import write_bytes
from hub.errors import Refused
from hub.federation.card import CARD_LIFE, Card, read_card, words


def kept_card(path: Path, fresh: bytes) -> bytes:
    """Return the card that was written before, while it says the same and is not half through its life."""
    new = read_card(fresh)
    if path.exists():
        raw = path.read_bytes()
        old = read_card(raw)
        young = new.issued_at - old.issued_at < CARD_LIFE / 2
        if young and _said(old) == _said(new):
            return raw
        path.unlink()
    write_bytes(path, fresh, mode=0o600)
    return fresh


def _said(card: Card) -> tuple[object, ...]:
    """Return what a card says, its dates left out."""
    return (
        card.name,
        card.url,
        card.tls_ca_pem,
        card.public.as_jwks(),
        card.suites,
        card.mailbox,
        card.log_keys,
        card.witness_keys,
        card.log_epochs,
        card.witness_epochs,
    )


def spoken(seen: str) -> str:
    """Return a fingerprint's twelve words in two lines, as two people read them to each other."""
    told = words(seen)
    return f"Its words:  {' '.join(told[:6])}\n            {' '.join(told[6:])}"


def confirmed_card(card: Card, seen: str, typed: str | None) -> str:
    """Return the fingerprint once the partner's words match it.

    Half of the words stay hidden, so that they cannot be typed from the screen without the call.
    """
    expected = words(seen)
    if typed is None:
        click.echo(
            f"This card says it is {card.agency} ({card.name}), reached at {card.url or 'its mailbox'}.",
            err=True,
        )
        click.echo("Call your colleague there on a number that you had before the card came.", err=True)
        click.echo(f"  1. Read out these words:        {' '.join(expected[:6])}", err=True)
        click.echo(
            "  2. Your colleague, who sees them in `hub partner card`, reads six more to you.", err=True
        )
        heard = [*expected[:6], *_words(click.prompt("  3. Type those six", err=True), 6)]
    else:
        heard = _words(typed, len(expected))
    if heard != list(expected):
        raise Refused("pin-not-confirmed", "Those are not the words of this card; nothing was pinned.")
    return seen


def _words(typed: str, count: int) -> list[str]:
    """Return the words that were typed, whatever stands between them; refuse another number of them."""
    found = re.findall(r"[a-z]+", typed.lower())
    if len(found) != count:
        raise Refused(
            "pin-not-confirmed", f"{count} words are expected, {len(found)} came; nothing was pinned."
        )
    return found
