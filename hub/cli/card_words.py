"""The words of a card, and of a directory's root, that two people compare before it is pinned."""

from __future__ import annotations

import re

import click

from hub.errors import Refused
from hub.federation.card import Card, words


def spoken(seen: str) -> str:
    """Return a fingerprint's twelve words in two lines, as two people read them to each other."""
    told = words(seen)
    return f"Its words:  {' '.join(told[:6])}\n            {' '.join(told[6:])}"


def confirmed_card(card: Card, seen: str, typed: str | None) -> str:
    """Return the fingerprint once the partner's words match it.

    Half of the words stay hidden, so that they cannot be typed from the screen without the call.
    """
    what = f"This card says it is {card.agency} ({card.name}), reached at {card.url or 'its mailbox'}."
    return _confirmed(what, seen, typed, shown_by="hub partner card", called="card")


def confirmed_root(name: str, version: int, seen: str, typed: str | None) -> str:
    """Return the fingerprint of a directory's root once a founder's words match it."""
    what = f"This is the directory {name}, as of its root {version}."
    return _confirmed(what, seen, typed, shown_by="hub directory status", called="root")


def _confirmed(what: str, seen: str, typed: str | None, *, shown_by: str, called: str) -> str:
    expected = words(seen)
    if typed is None:
        click.echo(what, err=True)
        click.echo(f"Call your colleague there on a number that you had before the {called} came.", err=True)
        click.echo(f"  1. Read out these words:        {' '.join(expected[:6])}", err=True)
        click.echo(f"  2. Your colleague, who sees them in `{shown_by}`, reads six more to you.", err=True)
        heard = [*expected[:6], *typed_words(click.prompt("  3. Type those six", err=True), 6)]
    else:
        heard = typed_words(typed, len(expected))
    if heard != list(expected):
        raise Refused("pin-not-confirmed", f"Those are not the words of this {called}; nothing was pinned.")
    return seen


def typed_words(typed: str, count: int) -> list[str]:
    """Return the words that were typed, whatever stands between them; refuse another number of them."""
    found = re.findall(r"[a-z]+", typed.lower())
    if len(found) != count:
        raise Refused(
            "pin-not-confirmed", f"{count} words are expected, {len(found)} came; nothing was pinned."
        )
    return found
