"""What a record was derived from, and what was derived from it, for people who ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hub.entries import Direction, RecordRow, TearRow
from hub.ports import View


@dataclass(frozen=True, kw_only=True)
class Ties:
    """The tie of a version to its master, where it has one, and of what was derived from the record.

    Each derived record comes with its newest version.
    """

    master: TearRow | None
    derived: Sequence[tuple[RecordRow, TearRow]]


def ties_of(view: View, row: RecordRow) -> Ties:
    """Return what a version of a record is tied to; what came is tied to nothing."""
    if row.direction is Direction.IN:
        return Ties(master=None, derived=())
    ties = view.tears.of_master(row.record_id)
    newest = view.records.newest([tie.record_id for tie in ties]) if ties else {}
    return Ties(
        master=view.tears.get(row.record_id, row.version),
        derived=tuple((newest[row.originator, tie.record_id], tie) for tie in ties),
    )


def command_again(tie: TearRow) -> str:
    """Return the command that derives the next version of a derived record, with what was left out before."""
    parts = " ".join(f"--leave-out '{path}'" for path in tie.left_out)
    stay = "".join(f" --may-stay '{path}'" for path in tie.may_stay)
    return f"hub record tear {tie.master_id} --again {tie.record_id} {parts}{stay} --as DRAFTER"


def command_unaffected(tie: TearRow) -> str:
    """Return the command that says that a derived record needs no next version."""
    return f'hub record unaffected {tie.record_id} --master-version N --why "..." --as DRAFTER'
