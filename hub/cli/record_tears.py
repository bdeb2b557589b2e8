"""Versions of a record for others, with parts left out: `hub record tear` and `hub record unaffected`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from hub.audit.events import Act
from hub.audit.trail import writes
from hub.cli.answer import Answer
from hub.cli.credentials import sign_in
from hub.cli.frame import SOME_ID, leaf, trail
from hub.cli.home import opened
from hub.cli.record_acting import acting
from hub.cli.record_drafts import drafted_answer, priority_option
from hub.cli.record_naming import record_argument
from hub.entries import Priority
from hub.exchange.tear_standing import let_stand
from hub.exchange.tearing import tear_record
from hub.records.lattice import LABEL_PARTS

if TYPE_CHECKING:
    from hub.bootstrap.secrets import Unlock

#: Parts of a label that are lists, written with commas.
_LISTS: Final = frozenset({"handling", "releasable_to"})


@trail(writes(Act.DRAFTED, Act.TORN))
@leaf(
    examples=(
        f"hub record tear {SOME_ID} --leave-out 'narrative[1]' --leave-out grading --to kg-gknb --as aigerim",
        (
            f"hub record tear {SOME_ID} --leave-out 'subjects[*].documents' "
            "--label classification=restricted --to cis-atc --as aigerim"
        ),
        f"hub record tear {SOME_ID} --leave-out grading --again {SOME_ID} --as aigerim",
    )
)
@record_argument
@click.option(
    "--leave-out",
    multiple=True,
    required=True,
    metavar="PATH",
    help="A part to leave out, like grading, details.warrant, subjects[0].names[1], subjects[*].documents or "
    "narrative[2] (its third paragraph); may be repeated.",
)
@click.option(
    "--label",
    "parts",
    multiple=True,
    metavar="PART=VALUE",
    help="A part of its own label, like classification=restricted; the others are as in the master.",
)
@click.option("--to", "recipients", multiple=True, metavar="AGENCY", help="Who gets it, as for a draft.")
@click.option(
    "--may-stay",
    multiple=True,
    metavar="PATH",
    help="A place that may say again what was left out; you have looked at it.",
)
@click.option(
    "--again",
    metavar="ID",
    help="Make the next version of this derived record, for everyone who got it.",
)
@priority_option
@acting
def tear(
    record_id: str,
    leave_out: tuple[str, ...],
    parts: tuple[str, ...],
    recipients: tuple[str, ...],
    may_stay: tuple[str, ...],
    again: str | None,
    priority: str | None,
    officer: str,
    password_fd: int | None,
    home: Path,
    unlock: Unlock,
) -> Answer:
    """Draft a version of our record with parts left out, as a record of its own.

    It has its own id, label and release, and says nothing of the record it was derived from. A label that
    asks for less than the master's takes a reason at its release. When the master is withdrawn it is
    withdrawn too; when the master is corrected, `hub record due` says so.
    """
    if again is None and not recipients:
        raise click.UsageError("Give --to, or --again for those who got it before.")
    label = dict(map(_part, parts))
    with opened(home, unlock) as hub:
        actor = sign_in(hub.broker, officer, password_fd)
        row = tear_record(
            hub.broker,
            actor,
            record_id,
            leave_out=leave_out,
            recipients=recipients,
            label=label,
            may_stay=may_stay,
            again=again,
            priority=Priority(priority or Priority.ROUTINE.value),
        )
        return drafted_answer(hub.broker, actor, row)


@trail(writes(Act.TEAR_STANDS))
@leaf(
    examples=(
        f'hub record unaffected {SOME_ID} --master-version 3 --why "a date that they never got" --as aigerim',
    )
)
@record_argument
@click.option(
    "--master-version",
    type=click.IntRange(1, 9999),
    required=True,
    metavar="N",
    help="The version in force of the master that you compared with it.",
)
@click.option("--why", metavar="TEXT", required=True, help="Why, in 3 to 500 characters; it is logged.")
@acting
def unaffected(
    record_id: str,
    master_version: int,
    why: str,
    officer: str,
    password_fd: int | None,
    home: Path,
    unlock: Unlock,
) -> Answer:
    """State that a derived record needs no new version although its master was corrected.

    `hub record due` lists it no more, until the master is corrected again. Those who got it learn nothing.
    """
    with opened(home, unlock) as hub:
        actor = sign_in(hub.broker, officer, password_fd)
        tie = let_stand(hub.broker, actor, record_id, master_version=master_version, justification=why)
    document = {
        "record_id": record_id,
        "version": tie.version,
        "master_id": tie.master_id,
        "master_version": master_version,
    }
    told = f"Version {tie.version} stands as it is, until {tie.master_id} is corrected again."
    return Answer(document=document, people=(told,), then=("hub record due",))


def _part(told: str) -> tuple[str, object]:
    name, equals, value = told.partition("=")
    if not equals or name not in LABEL_PARTS:
        raise click.UsageError(f"--label takes PART=VALUE; the parts are {', '.join(LABEL_PARTS)}.")
    if name in _LISTS:
        return name, [one for one in value.split(",") if one]
    if name == "originator_control":
        if value not in ("yes", "no"):
            raise click.UsageError("--label originator_control takes yes or no.")
        return name, value == "yes"
    return name, value
