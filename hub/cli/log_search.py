"""`hub log search` and `hub log export`: who did what, when, to which record, with proofs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from hub.audit.catalogue import CATALOGUE, Category
from hub.audit.encoding import b64
from hub.audit.events import Act
from hub.audit.trail import writes
from hub.cli.answer import Answer, facts, instant, table
from hub.cli.credentials import password_fd_option, sign_in
from hub.cli.frame import SOME_ID, leaf, trail
from hub.cli.home import administrator, home_option, opened, unlock_option
from hub.exchange.log.exporting import export_log
from hub.exchange.log.exporting import opened as opened_entry
from hub.exchange.log.searching import Hit
from hub.exchange.log.searching import search as search_log
from hub.ports import EventQuery
from hub.records.actor import Actor

if TYPE_CHECKING:
    from hub.bootstrap.secrets import Unlock

_Command = TypeVar("_Command", bound=Callable[..., Any])
_TIMES: Final = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"]


def _query_options(command: _Command) -> _Command:
    """Add the options that say which entries are meant."""
    for option in reversed(
        (
            click.option(
                "--who", metavar="ACTOR", help="Who acted: officer:NAME, system:AGENCY, partner:AGENCY."
            ),
            click.option(
                "--record", metavar="ID", help="About this record and its envelopes; or another subject."
            ),
            click.option("--partner", metavar="AGENCY", help="What this agency did, or got, or is about."),
            click.option(
                "--act",
                "acts",
                multiple=True,
                metavar="ACT",
                type=click.Choice([act.value for act in Act]),
                help="What was done, as in docs/acts.md; may be repeated.",
            ),
            click.option(
                "--category",
                "categories",
                multiple=True,
                metavar="CATEGORY",
                type=click.Choice([category.value for category in Category]),
                help="A whole category of acts, like disclosure; may be repeated.",
            ),
            click.option(
                "--since", type=click.DateTime(_TIMES), metavar="TIME", help="From this time on, in UTC."
            ),
            click.option(
                "--until", type=click.DateTime(_TIMES), metavar="TIME", help="Before this time, in UTC."
            ),
        )
    ):
        command = option(command)
    return command


def _auditor_options(command: _Command) -> _Command:
    named = click.option(
        "--as",
        "officer",
        envvar="HUB_OFFICER",
        show_envvar=True,
        metavar="NAME",
        help="An auditor who signs in; without it, the system account at the console acts.",
    )
    return named(password_fd_option(home_option(unlock_option(command))))


@trail(writes(Act.SEARCHED))
@leaf(
    examples=(
        f"hub log search --record {SOME_ID}",
        "hub log search --category consultation --who officer:aigerim --since 2026-11-01",
        "hub log search --partner cis-atc --category disclosure --json",
    )
)
@_query_options
@click.option("--why", metavar="TEXT", help="Why you look, in 3 to 500 characters; it is logged.")
@click.option("--after", default=0, type=click.IntRange(0), metavar="N", help="Go on after this position.")
@click.option(
    "--limit",
    default=50,
    type=click.IntRange(1, 500),
    metavar="N",
    show_default=True,
    help="At most so many.",
)
@_auditor_options
def search(
    why: str | None,
    after: int,
    limit: int,
    officer: str | None,
    password_fd: int | None,
    home: Path,
    unlock: Unlock,
    **asked: Any,
) -> Answer:
    """Search the log: who did what, when, to which record, for which partner. That you searched is logged.

    With --json each entry comes with its proof against the newest checkpoint (C2SP tlog-proof) and with what
    opens its commitments, so that whoever pins the log's keys can check it without this hub.
    """
    with opened(home, unlock) as hub:
        actor = _actor(hub, officer, password_fd)
        found = search_log(hub.broker, actor, _query(**asked), after=after, limit=limit, justification=why)
    columns = ("position", "at (UTC)", "act", "who", "about", "why", "proven")
    cells = [
        (
            hit.position,
            hit.event.at,
            hit.event.act.value,
            str(hit.event.actor),
            hit.event.subject,
            _why(hit),
            "yes" if hit.proof else "not yet",
        )
        for hit in found.hits
    ]
    if not cells:
        return Answer(document={"entries": [], "after": after}, people=("There is no such entry.",))
    then = [f"hub log search --after {found.after} …      (there may be more)"] if len(cells) == limit else []
    return Answer(
        document={
            "entries": [_document(hit) for hit in found.hits],
            "after": found.after,
            "checkpoint_size": found.size,
            "checkpoint": None if found.checkpoint is None else found.checkpoint.decode("utf-8"),
        },
        people=(table(columns, cells, numbers=("position",)),),
        then=then,
    )


@trail(writes(Act.EXPORTED))
@leaf(
    examples=(
        'hub log export --out inspection --why "inspection 2026/3"',
        f'hub log export --out inspection --record {SOME_ID} --why "inspection 2026/3" --as erlan',
    )
)
@click.option(
    "-o",
    "--out",
    required=True,
    metavar="DIR",
    type=click.Path(path_type=Path, resolve_path=True),
    help="A new folder for it.",
)
@_query_options
@click.option("--why", required=True, metavar="TEXT", help="Why, in 3 to 500 characters; it is logged.")
@_auditor_options
def export(
    out: Path,
    why: str,
    officer: str | None,
    password_fd: int | None,
    home: Path,
    unlock: Unlock,
    **asked: Any,
) -> Answer:
    """Write the log into a folder for an inspector, who needs no hub to check it.

    The whole log is written, as commitments. The entries that the options name are opened besides; without
    any option, all are. That it was exported is logged before, and is in what is exported.
    """
    with opened(home, unlock) as hub:
        actor = _actor(hub, officer, password_fd)
        done = export_log(hub.broker, actor, out, _query(**asked), justification=why)
    document = {"folder": str(out), "size": done.size, "opened": done.opened}
    return Answer(
        document=document,
        people=(f"The log is in {out}, all of it; {done.opened} entries are opened.", facts(document)),
    )


def _actor(hub: Any, officer: str | None, password_fd: int | None) -> Actor:
    if officer is None:
        return administrator(hub.config.agency)
    return sign_in(hub.broker, officer, password_fd)


def _query(
    *,
    who: str | None,
    record: str | None,
    partner: str | None,
    acts: tuple[str, ...],
    categories: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
) -> EventQuery:
    of_categories = {act for act, row in CATALOGUE.items() if row.category.value in categories}
    return EventQuery(
        actor=who,
        about=record,
        partner=partner,
        acts=frozenset({Act(name) for name in acts} | of_categories),
        since=None if since is None else since.replace(tzinfo=UTC),
        until=None if until is None else until.replace(tzinfo=UTC),
    )


def _why(hit: Hit) -> str | None:
    if hit.event.salt is None:
        return "(erased)"
    return hit.event.justification or hit.event.details.get("code")


def _document(hit: Hit) -> dict[str, object]:
    """Return an entry for machines: what it says, what opens its commitments, and its proof."""
    event = hit.event
    told = {
        "position": hit.position,
        "event_id": event.event_id,
        "at": instant(event.at),
        "act": event.act.value,
        "category": CATALOGUE[event.act].category.value,
        "actor": str(event.actor),
        "agency": event.actor.agency,
        "subject": event.subject,
        "details": dict(event.details),
        "justification": event.justification,
        "erased": event.salt is None,
        "index": hit.index,
        "entry": None if hit.leaf is None else b64(hit.leaf),
        "proof": None if hit.proof is None else hit.proof.decode("utf-8"),
    }
    shown = {} if hit.index is None else {"disclosures": opened_entry(event, hit.index)["disclosures"]}
    return {name: value for name, value in (told | shown).items() if value is not None}
