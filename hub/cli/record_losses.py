"""`hub record losses`: what partners' formats cannot carry of a record, before it is released to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.audit.trail import writes_nothing
from hub.cli.answer import Answer
from hub.cli.frame import SOME_ID, leaf, trail
from hub.cli.home import home_option, opened, unlock_option
from hub.cli.record_naming import record_argument
from hub.exchange.hubless.asking import Losses, PartnerAnswer, losses_of
from hub.exchange.hubless.translating import Prepared

if TYPE_CHECKING:
    from hub.bootstrap.secrets import Unlock


@trail(writes_nothing("the places in a record that a format has no room for, no content", opens=True))
@leaf(examples=(f"hub record losses {SOME_ID}",))
@record_argument
@home_option
@unlock_option
def losses(record_id: str, home: Path, unlock: Unlock) -> Answer:
    """Show what each recipient without a hub would get of a record, and what its format cannot carry.

    The digest names all of it, with the document that would be sent; a release names it with --losses.
    """
    with opened(home, unlock) as hub:
        report = losses_of(hub.broker, record_id)
    return Answer(document=as_document(report), people=(in_words(report),))


def as_document(report: Losses) -> dict[str, object]:
    """Return a loss report for machines."""
    return {
        "digest": None if report.digest is None else report.digest.hex(),
        "recipients": [_of_one(one) for one in report.prepared],
    }


def _of_one(one: Prepared) -> dict[str, object]:
    made = one.translated
    return {
        "recipient": one.agency,
        "dialect": None if made is None else made.dialect,
        "lost": [] if made is None else list(made.lost),
        "aside": [] if made is None else list(made.aside),
        "refused": [{"code": each.code, "sentence": each.sentence} for each in one.refusals],
        "asked": [{"code": name, "sentence": each.sentence} for name, each in one.questions.items()],
    }


def in_words(report: Losses) -> str:
    """Return a loss report for people."""
    if report.digest is None:
        return "Every recipient has a hub or is a member: nothing is lost."
    lines = [line for one in report.prepared for line in _lines(one)]
    return "\n".join([*lines, f"digest of the losses: {report.digest.hex()}"])


def _lines(one: Prepared) -> Iterator[str]:
    made = one.translated
    if made is not None:
        yield f"{one.agency} gets {made.dialect}, {len(made.document):,} bytes."
        yield from _listed("It does not get", made.lost)
        yield from _listed("It sees only with our extension of the format", made.aside)
    yield from (f"  refused, {each.code}: {each.sentence}" for each in one.refusals)
    yield from (f"  asked, {one.agency}/{name}: {each.sentence}" for name, each in one.questions.items())


def _listed(what: str, paths: Sequence[str]) -> Iterator[str]:
    if paths:
        yield f"  {what}: {', '.join(paths)}."


def ask_partners(report: Losses, known: set[tuple[str, str]]) -> Iterator[PartnerAnswer]:
    """Ask the officer what partners' own rules ask."""
    for one in report.prepared:
        for name, each in one.questions.items():
            if (one.agency, name) not in known:
                clause = f" ({each.clause})" if each.clause else ""
                met = click.confirm(f"{one.agency}: {each.sentence}{clause}", err=True)
                why = click.prompt("Why, in a few words", err=True)
                yield PartnerAnswer(recipient=one.agency, code=name, met=met, why=why)
