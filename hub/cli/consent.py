"""`hub consent`: ask an originator whether its record may be passed on, answer, and see what holds."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from hub.audit.events import Act
from hub.audit.trail import writes, writes_nothing
from hub.cli.answer import Answer, table
from hub.cli.credentials import sign_in
from hub.cli.frame import SOME_ID, Noun, trail
from hub.cli.home import home_option, opened, unlock_option
from hub.cli.record_acting import acting
from hub.cli.record_naming import originator_option, record_argument
from hub.cli.record_views import as_document, then_of
from hub.exchange.consenting import Answered, answer_consent, ask_consent

if TYPE_CHECKING:
    from hub.bootstrap.secrets import Unlock

_DAY: Final = click.DateTime(formats=["%Y-%m-%d"])


@click.group(cls=Noun)
def consent() -> None:
    """Ask an originator whether its record may be passed on, and answer such requests."""


@trail(writes(Act.DRAFTED))
@consent.command(
    "ask",
    examples=(f'hub consent ask {SOME_ID} --to kz-mvd --aim "Check against their files" --as aigul',),
)
@record_argument
@click.option(
    "--to",
    "pass_to",
    multiple=True,
    required=True,
    metavar="AGENCY",
    help="Which member of this hub would be shown it, or which partner get it; may be repeated.",
)
@click.option("--aim", required=True, metavar="TEXT", help="What they would use it for.")
@click.option("--reply-by", type=_DAY, metavar="DATE", help="By when an answer is asked for.")
@originator_option
@acting
def ask(
    record_id: str,
    pass_to: tuple[str, ...],
    aim: str,
    reply_by: datetime | None,
    originator: str | None,
    officer: str,
    password_fd: int | None,
    home: Path,
    unlock: Unlock,
) -> Answer:
    """Draft a request to the originator of a record that came; a second officer releases it."""
    with opened(home, unlock) as hub:
        actor = sign_in(hub.broker, officer, password_fd)
        row = ask_consent(
            hub.broker,
            actor,
            record_id,
            pass_to=pass_to,
            aim=aim,
            reply_by=None if reply_by is None else reply_by.date(),
            originator=originator,
        )
        told = f"Drafted as {row.record_id}, for {', '.join(row.recipients)}."
        return Answer(document=as_document(row), people=(told,), then=then_of(row, actor))


@trail(writes(Act.DRAFTED))
@consent.command(
    "answer",
    examples=(
        f"hub consent answer {SOME_ID} --grant-until 2027-11-30 --as aigul",
        f'hub consent answer {SOME_ID} --refuse "The source would be known" --as aigul',
    ),
)
@click.argument("request_id", metavar="ID", help="The id of the request that came.")
@click.option("--grant-until", "until", type=_DAY, metavar="DATE", help="Grant it, through this day (UTC).")
@click.option("--conditions", metavar="TEXT", help="On which conditions it is granted.")
@click.option("--to", "pass_to", multiple=True, metavar="AGENCY", help="Only for these of those asked for.")
@click.option("--refuse", "explained", metavar="TEXT", help="Refuse it, and say why.")
@originator_option
@acting
def answer(
    request_id: str,
    until: datetime | None,
    conditions: str | None,
    pass_to: tuple[str, ...],
    explained: str | None,
    originator: str | None,
    officer: str,
    password_fd: int | None,
    home: Path,
    unlock: Unlock,
) -> Answer:
    """Draft the answer to a request for consent to pass our record on; a second officer releases it.

    What was granted is taken back by withdrawing the answer: `hub record withdraw`.
    """
    if (until is None) is (explained is None) or (explained is not None and (conditions or pass_to)):
        raise click.UsageError("Give --grant-until, with --conditions and --to if need be, or --refuse.")
    said = Answered(until=None if until is None else until.date(), conditions=conditions, explained=explained)
    with opened(home, unlock) as hub:
        actor = sign_in(hub.broker, officer, password_fd)
        row = answer_consent(hub.broker, actor, request_id, said, pass_to=pass_to, originator=originator)
        told = f"Drafted as {row.record_id}, for {', '.join(row.recipients)}."
        return Answer(document=as_document(row), people=(told,), then=then_of(row, actor))


@trail(writes_nothing("it shows ids and days, and no content"))
@consent.command("list", examples=("hub consent list",))
@home_option
@unlock_option
def list_(home: Path, unlock: Unlock) -> Answer:
    """List what originators have consented to: which record, to whom, through which day."""
    with opened(home, unlock) as hub:
        today = hub.broker.clock.now().date().isoformat()
        found = [one for one in hub.broker.standing().consents if one.until >= today]
    document = {"consents": [vars(one) for one in found]}
    if not found:
        return Answer(document=document, people=("No originator's consent holds here.",))
    columns = ("originator", "record", "may be passed to", "through", "consent")
    cells = [(one.originator, one.record_id, one.pass_to, one.until, one.consent_id) for one in found]
    return Answer(document=document, people=(table(columns, cells),))
