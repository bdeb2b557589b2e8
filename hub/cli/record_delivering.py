"""`hub record deliver`: let one recipient have a correction that the policy of this hub held from it."""

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
from hub.cli.record_naming import record_argument
from hub.exchange.delivering import deliver as let_go

if TYPE_CHECKING:
    from hub.bootstrap.secrets import Unlock


@trail(writes(Act.RESUMED))
@leaf(examples=(f'hub record deliver {SOME_ID} --to de-bka --why "order 7 was lifted" --as bolat',))
@record_argument
@click.option("--to", "recipient", required=True, metavar="AGENCY", help="From whom it is held.")
@click.option(
    "--why",
    "justification",
    required=True,
    metavar="TEXT",
    help="Why, in 3 to 500 characters; it is logged.",
)
@acting
def deliver(
    record_id: str,
    recipient: str,
    justification: str,
    officer: str,
    password_fd: int | None,
    home: Path,
    unlock: Unlock,
) -> Answer:
    """Let a recipient have a correction that the policy of this hub held from it.

    It takes an officer who may release it to that recipient now and wrote nothing of it.
    """
    with opened(home, unlock) as hub:
        actor = sign_in(hub.broker, officer, password_fd)
        held = let_go(hub.broker, actor, record_id, recipient, justification=justification)
    return Answer(
        document={"record_id": record_id, "version": held.version, "recipient": recipient},
        people=(f"Version {held.version} goes to {recipient}.",),
        then=(f"hub record trace {record_id}",),
    )
