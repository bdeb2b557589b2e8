"""What drafters do with records: draft, revise, discard, correct and withdraw. Nothing goes out by it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from hub.audit.events import Act
from hub.audit.trail import writes
from hub.cli.answer import Answer, facts, safe, table
from hub.cli.credentials import sign_in
from hub.cli.files import read_json
from hub.cli.frame import SOME_ID, leaf, trail
from hub.cli.home import opened
from hub.cli.record_acting import acting, row_of, stands, verdict_of
from hub.cli.record_files import checked
from hub.cli.record_naming import originator_option, record_argument
from hub.cli.record_views import as_document, then_of
from hub.entries import Priority, RecordRow
from hub.exchange import correcting, drafting
from hub.exchange.broker import Broker
from hub.exchange.recipients import Verdict
from hub.records.actor import Actor
from hub.records.kinds import Kind

if TYPE_CHECKING:
    from hub.bootstrap.secrets import Unlock

file_argument: Final = click.argument(
    "file", metavar="FILE|-", help="The JSON file, or - for standard input."
)
priority_option: Final = click.option(
    "--priority",
    type=click.Choice([priority.value for priority in Priority]),
    help="How soon it goes out among what waits for the same partner.",
)


@trail(writes(Act.DRAFTED))
@leaf(
    examples=(
        "hub record draft record.json --to cis-atc --as aigerim",
        "hub record draft record.json --to @members --to kg-gknb --priority urgent --as aigerim",
        "hub record draft - --to @members --as aigerim --password-fd 3 3<secrets <record.json",
    )
)
@file_argument
@click.option(
    "--to",
    "recipients",
    multiple=True,
    required=True,
    metavar="AGENCY",
    help="Who gets it: an agency, @members, @partners or @agreement:ID; may be repeated.",
)
@priority_option
@acting
def draft(
    file: str,
    recipients: tuple[str, ...],
    priority: str | None,
    officer: str,
    password_fd: int | None,
    home: Path,
    unlock: Unlock,
) -> Answer:
    """Store a record as a draft; it goes out once another officer releases it."""
    document = read_json(file)
    checked(file, document)
    with opened(home, unlock) as hub:
        actor = sign_in(hub.broker, officer, password_fd)
        row = drafting.draft(
            hub.broker,
            actor,
            document,
            recipients=recipients,
            priority=Priority(priority or Priority.ROUTINE.value),
        )
        return drafted_answer(hub.broker, actor, row)


@trail(writes(Act.REVISED))
@leaf(
    examples=(
        f"hub record revise {SOME_ID} record.json --as aigerim",
        f"hub record revise {SOME_ID} --to cis-atc --as aigerim",
    )
)
@record_argument
@click.argument("file", metavar="[FILE|-]", required=False, help="Its new text; without it that stays.")
@click.option("--to", "recipients", multiple=True, metavar="AGENCY", help="Who gets it instead.")
@priority_option
@click.option("--revision", type=click.IntRange(1), metavar="N", help="Only if it still has this revision.")
@acting
def revise(
    record_id: str,
    file: str | None,
    recipients: tuple[str, ...],
    priority: str | None,
    revision: int | None,
    officer: str,
    password_fd: int | None,
    home: Path,
    unlock: Unlock,
) -> Answer:
    """Change a draft, or take a rejected one up again; whoever revises becomes its author."""
    document = read_json(file) if file is not None else None
    if file is not None and document is not None:
        checked(file, document)
    with opened(home, unlock) as hub:
        actor = sign_in(hub.broker, officer, password_fd)
        row = drafting.revise(
            hub.broker,
            actor,
            record_id,
            expected_revision=revision or row_of(hub.broker, record_id).revision,
            document=document,
            recipients=recipients or None,
            priority=Priority(priority) if priority else None,
        )
        return drafted_answer(hub.broker, actor, row)


@trail(writes(Act.DRAFTED))
@leaf(
    examples=(
        f"hub record answer {SOME_ID} answer.json --as aigerim",
        f"hub record answer {SOME_ID} answer.json --originator cis-atc --as aigerim",
    )
)
@record_argument
@file_argument
@originator_option
@priority_option
@acting
def answer(
    record_id: str,
    file: str,
    originator: str | None,
    priority: str | None,
    officer: str,
    password_fd: int | None,
    home: Path,
    unlock: Unlock,
) -> Answer:
    """Draft the answer to a record that came in, for the agency that sent it and in its conversation.

    Begin with `hub record template assistance-answer > answer.json`. The draft waits for its release like
    any other; with the release the request is answered.
    """
    document = read_json(file)
    checked(file, {**document, "in_reply_to": record_id})
    with opened(home, unlock) as hub:
        actor = sign_in(hub.broker, officer, password_fd)
        row = drafting.answer(
            hub.broker,
            actor,
            record_id,
            document,
            originator=originator,
            priority=Priority(priority) if priority else Priority.ROUTINE,
        )
        return drafted_answer(hub.broker, actor, row)


@trail(writes(Act.DISCARDED))
@leaf(examples=(f"hub record discard {SOME_ID} --as aigerim",))
@record_argument
@acting
def discard(record_id: str, officer: str, password_fd: int | None, home: Path, unlock: Unlock) -> Answer:
    """Give a draft up and erase its content."""
    with opened(home, unlock) as hub:
        actor = sign_in(hub.broker, officer, password_fd)
        drafting.discard(hub.broker, actor, record_id)
        return stands(hub.broker, actor, record_id, "is discarded; its content is erased.")


@trail(writes(Act.DRAFTED))
@leaf(examples=(f"hub record correct {SOME_ID} record.json --as aigerim",))
@record_argument
@file_argument
@acting
def correct(
    record_id: str, file: str, officer: str, password_fd: int | None, home: Path, unlock: Unlock
) -> Answer:
    """Draft the next version of a released record, for everyone who ever got it."""
    document = read_json(file)
    checked(file, document)
    with opened(home, unlock) as hub:
        actor = sign_in(hub.broker, officer, password_fd)
        return drafted_answer(hub.broker, actor, correcting.correct(hub.broker, actor, record_id, document))


@trail(writes(Act.DRAFTED))
@leaf(examples=(f'hub record withdraw {SOME_ID} --reason "another person" --as aigerim',))
@record_argument
@click.option("--reason", required=True, metavar="TEXT", help="Why; every recipient is told.")
@acting
def withdraw(
    record_id: str, reason: str, officer: str, password_fd: int | None, home: Path, unlock: Unlock
) -> Answer:
    """Draft the recall of a released record, for everyone who ever got it."""
    with opened(home, unlock) as hub:
        actor = sign_in(hub.broker, officer, password_fd)
        return drafted_answer(
            hub.broker, actor, correcting.withdraw(hub.broker, actor, record_id, reason=reason)
        )


def drafted_answer(broker: Broker, actor: Actor, row: RecordRow) -> Answer:
    """Tell what was drafted, and what the rules will say of each recipient at its release."""
    verdicts = drafting.preview(broker, row.record_id)
    for verdict in verdicts:
        if verdict.reasons:
            click.echo(_warning(broker, row, verdict), err=True)
    document = {
        **as_document(row),
        "verdicts": [
            {
                "recipient": verdict.recipient,
                "permitted": not verdict.reasons,
                "reasons": [{"code": one.code, "sentence": one.sentence} for one in verdict.reasons],
            }
            for verdict in verdicts
        ],
    }
    return Answer(
        document=document,
        people=(
            f"{row.record_id} is a draft, version {row.version}; nothing goes out before its release.",
            facts({"kind": row.kind, "action": row.action, "digest": row.digest.hex()}),
            table(("to", "the rules say"), [(one.recipient, verdict_of(one)) for one in verdicts]),
        ),
        then=then_of(row, actor),
    )


def _warning(broker: Broker, row: RecordRow, verdict: Verdict) -> str:
    """Say that a draft may not go to a recipient as it is, and which agreements allow its kind there."""
    allowing = [
        agreement.id
        for agreement in broker.standing().agreements
        if (flow := agreement.flow(broker.agency, verdict.recipient)) is not None
        and Kind(row.kind) in flow.kinds
    ]
    if "partner-suspended" in {reason.code for reason in verdict.reasons}:
        told = f"`hub partner resume {verdict.recipient}` ends that."
    elif allowing:
        shows = " and ".join(f"`hub agreement show {name}`" for name in allowing)
        told = f"{row.kind} may go there by another agreement: {shows} says under what terms."
    else:
        told = f"No agreement here lets {row.kind} go there."
    return safe(f"warning: as it is, this will not go to {verdict.recipient}: {verdict_of(verdict)} {told}")
