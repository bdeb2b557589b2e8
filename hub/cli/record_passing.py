"""Records that go onward: pass another agency's on with its consent, and see who has ours through others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.audit.events import Act
from hub.audit.trail import writes, writes_nothing
from hub.cli.answer import Answer, instant, table
from hub.cli.credentials import sign_in
from hub.cli.frame import SOME_ID, leaf, trail
from hub.cli.home import home_option, opened, unlock_option
from hub.cli.record_acting import acting
from hub.cli.record_naming import originator_option, record_argument
from hub.cli.record_views import as_document, then_of
from hub.exchange.contents import find_row
from hub.exchange.passing.passing_on import pass_on as draft_passage
from hub.exchange.passing.reported import Onward, onward_of

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


@trail(writes_nothing("ids, agencies, versions and times, and no content"))
@leaf(examples=(f"hub record passages {SOME_ID}",))
@record_argument
@home_option
@unlock_option
def passages(record_id: str, home: Path, unlock: Unlock) -> Answer:
    """List who has a record of ours by way of hubs that passed it on, and what they have acknowledged.

    `signed` is the recipient's own receipt over an envelope that came here too, `stated` its receipt over one
    that did not, `reported` the word of the hub that passed it on.
    """
    with opened(home, unlock) as hub, hub.store.read() as view:
        row = find_row(view, record_id, originator=hub.broker.agency)
        found = onward_of(view, hub.broker.standings.of(view), row)
    document = {"record_id": record_id, "passages": [_onward(one) for one in found]}
    if not found:
        return Answer(document=document, people=("No hub has told us of passing it on.",))
    columns = ("to", "by way of", "version", "acknowledged (UTC)", "shown by", "passage")
    cells = [
        (
            one.who,
            one.passer,
            "taken back" if one.version is None else str(one.version),
            instant(one.at) if one.current else None,
            one.proof.value if one.proof is not None and one.current else None,
            one.passage_id,
        )
        for one in found
    ]
    return Answer(document=document, people=(table(columns, cells),), then=("hub record unheeded",))


def _onward(one: Onward) -> dict[str, object]:
    return {
        "who": one.who,
        "passer": one.passer,
        "passage_id": one.passage_id,
        "version": one.version,
        "current": one.current,
        "at": instant(one.at),
        "proof": None if one.proof is None else one.proof.value,
    }
