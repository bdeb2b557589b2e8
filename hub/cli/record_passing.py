"""Passing another agency's record on to a further partner, with its consent: `hub record pass-on`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.audit.events import Act
from hub.audit.trail import writes
from hub.cli.answer import Answer
from hub.cli.credentials import sign_in
from hub.cli.frame import SOME_ID, leaf, trail
from hub.cli.home import opened
from hub.cli.record_acting import acting
from hub.cli.record_naming import originator_option, record_argument
from hub.cli.record_views import as_document, then_of
from hub.exchange.passing.passing_on import pass_on as draft_passage

if TYPE_CHECKING:
    from hub.bootstrap.secrets import Unlock


@trail(writes(Act.DRAFTED))
@leaf(
    "pass-on",
    examples=(
        f"hub record pass-on {SOME_ID} --to de-bka --as aigul",
        f"hub record pass-on {SOME_ID} --to de-bka --under kz-de --as aigul",
    ),
)
@record_argument
@click.option(
    "--to",
    "to",
    multiple=True,
    required=True,
    metavar="PARTNER",
    help="A partner that the originator's consent names; may be repeated.",
)
@click.option(
    "--under",
    metavar="AGREEMENT",
    help="Our agreement with them; without it, the one that the record came under.",
)
@originator_option
@acting
def pass_on(
    record_id: str,
    to: tuple[str, ...],
    under: str | None,
    originator: str | None,
    officer: str,
    password_fd: int | None,
    home: Path,
    unlock: Unlock,
) -> Answer:
    """Draft the passage of a record that came to a further partner; a second officer releases it.

    It carries the record and the originator's consent as the originator signed them, and goes to the
    originator too. What the originator corrects or withdraws follows by itself.
    """
    with opened(home, unlock) as hub:
        actor = sign_in(hub.broker, officer, password_fd)
        row = draft_passage(hub.broker, actor, record_id, to=to, under=under, originator=originator)
        told = f"Drafted as {row.record_id}, for {', '.join(row.recipients)}."
        return Answer(document=as_document(row), people=(told,), then=then_of(row, actor))
