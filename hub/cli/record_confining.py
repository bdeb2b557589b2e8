"""`hub record confine` and `lift`: which compartments of this hub a record is for."""

from __future__ import annotations

from collections.abc import Sequence
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
from hub.cli.record_held import compartment_document
from hub.cli.record_naming import originator_option, record_argument
from hub.entries import ConfinementRow
from hub.exchange import confining

if TYPE_CHECKING:
    from hub.bootstrap.secrets import Unlock

_compartment_argument: Final = click.argument("compartment", metavar="NAME", help="The compartment.")
_why_option: Final = click.option(
    "--why",
    "justification",
    required=True,
    metavar="TEXT",
    help="Why, in 3 to 500 characters; it is logged.",
)


@trail(writes(Act.CONFINED, or_nothing="it is confined to it already"))
@leaf(examples=(f'hub record confine {SOME_ID} almaty --why "case 2026/17" --as dana',))
@record_argument
@_compartment_argument
@_why_option
@originator_option
@acting
def confine(
    record_id: str,
    compartment: str,
    justification: str,
    originator: str | None,
    officer: str,
    password_fd: int | None,
    home: Path,
    unlock: Unlock,
) -> Answer:
    """Confine a record to a compartment at once: officers who are not in it do not get it any more."""
    with opened(home, unlock) as hub:
        actor = sign_in(hub.broker, officer, password_fd)
        rows = confining.confine(
            hub.broker, actor, record_id, compartment, justification=justification, originator=originator
        )
    return _answer(record_id, rows)


@trail(writes(Act.LIFT_PROPOSED, Act.LIFTED))
@leaf(examples=(f'hub record lift {SOME_ID} almaty --why "case 2026/17 is closed" --as erlan',))
@record_argument
@_compartment_argument
@_why_option
@originator_option
@acting
def lift(
    record_id: str,
    compartment: str,
    justification: str,
    originator: str | None,
    officer: str,
    password_fd: int | None,
    home: Path,
    unlock: Unlock,
) -> Answer:
    """Lift a record's compartment; one custodian proposes it so, and another does it so."""
    with opened(home, unlock) as hub:
        actor = sign_in(hub.broker, officer, password_fd)
        rows = confining.lift(
            hub.broker, actor, record_id, compartment, justification=justification, originator=originator
        )
    return _answer(record_id, rows)


def _answer(record_id: str, rows: Sequence[ConfinementRow]) -> Answer:
    waiting = [
        f"Another custodian than {one.lift_by} must agree that {one.compartment} is lifted."
        for one in rows
        if one.lift_by is not None
    ]
    names = ", ".join(one.compartment for one in rows)
    told = f"is confined to {names}" if rows else "is confined to no compartment"
    return Answer(
        document={"record_id": record_id, "compartments": [compartment_document(one) for one in rows]},
        people=(f"{record_id} {told}.", *waiting),
    )
