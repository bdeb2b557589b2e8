"""`hub record erase`: two officers destroy a record's content; what the log proves besides stays proven."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.audit.events import Act
from hub.audit.trail import writes
from hub.cli.answer import Answer, instant
from hub.cli.credentials import sign_in
from hub.cli.frame import SOME_ID, leaf, trail
from hub.cli.home import opened
from hub.cli.record_acting import acting
from hub.cli.record_naming import originator_option, record_argument
from hub.entries import ErasureRow
from hub.exchange.erasing import confirm_erasure, propose_erasure

if TYPE_CHECKING:
    from hub.bootstrap.secrets import Unlock


@trail(writes(Act.ERASURE_PROPOSED, Act.ERASED))
@leaf(
    examples=(
        f'hub record erase {SOME_ID} --why "retention ended, order 26-7" --as dana',
        f"hub record erase {SOME_ID} --confirm --as erlan",
    )
)
@record_argument
@click.option("--why", metavar="TEXT", help="Why it is to be erased, in 3 to 500 characters; it is logged.")
@click.option("--confirm", is_flag=True, help="Confirm what another officer proposed. There is no way back.")
@originator_option
@acting
def erase(
    record_id: str,
    why: str | None,
    confirm: bool,
    originator: str | None,
    officer: str,
    password_fd: int | None,
    home: Path,
    unlock: Unlock,
) -> Answer:
    """Destroy the content of a record, in all its versions, once a second officer confirms it.

    A custodian proposes it; another custodian or an auditor confirms it, and neither may have written the
    record. Recipients keep what they got: withdraw the record first to recall it from them.
    """
    if confirm is (why is not None):
        raise click.UsageError("Give --why to propose an erasure, or --confirm to confirm one.")
    with opened(home, unlock) as hub:
        actor = sign_in(hub.broker, officer, password_fd)
        if not confirm:
            row = propose_erasure(hub.broker, actor, record_id, justification=why, originator=originator)
            return Answer(
                document=_document(row),
                people=(f"Proposed; nothing of {record_id} is erased before a second officer confirms it.",),
                then=(f"hub record erase {record_id} --confirm --as NAME",),
            )
        done = confirm_erasure(hub.broker, actor, record_id, originator=originator)
    told = [f"The content of {record_id} is destroyed; its entries in the log stay, and prove the rest."]
    if done.kept:
        told.append(f"{len(done.kept)} attachments stay, because other records name them.")
    return Answer(
        document={
            **_document(done.row),
            "versions": list(done.versions),
            "attachments_erased": list(done.attachments),
            "attachments_kept": list(done.kept),
        },
        people=(*told, "What backups still hold is covered in docs/runbook.md."),
        then=(f"hub record trace {record_id}",),
    )


def _document(row: ErasureRow) -> dict[str, object]:
    return {
        "record_id": row.record_id,
        "originator": row.originator,
        "justification": row.justification,
        "proposed_by": row.proposed_by,
        "proposed_at": instant(row.proposed_at),
        "confirmed_by": row.confirmed_by,
        "confirmed_at": instant(row.confirmed_at),
    }
