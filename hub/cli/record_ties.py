"""What a record was derived from and what was derived from it, in documents and words: ids and paths."""

from __future__ import annotations

from hub.cli.answer import instant
from hub.entries import TearRow
from hub.exchange.tears import Ties, command_again


def ties_document(ties: Ties) -> dict[str, object]:
    """Return what a record is tied to for machines: ids, paths and states."""
    return {
        "derived_from": None if ties.master is None else tie_document(ties.master),
        "derived": [
            {
                "record_id": row.record_id,
                "version": row.version,
                "state": row.state.value,
                "recipients": list(row.recipients),
                "due_since": instant(row.tear_due_at),
                **{
                    name: value for name, value in tie_document(tie).items() if not name.endswith("record_id")
                },
            }
            for row, tie in ties.derived
        ],
    }


def tie_document(tie: TearRow) -> dict[str, object]:
    """Return one tie for machines."""
    return {
        "record_id": tie.master_id,
        "master_version": tie.master_version,
        "left_out": list(tie.left_out),
        "may_stay": list(tie.may_stay),
        "changed": list(tie.changed),
    }


def ties_facts(ties: Ties) -> dict[str, object]:
    """Return what a record is tied to for people."""
    found: dict[str, object] = {}
    if (tie := ties.master) is not None:
        found |= {"derived from": f"{tie.master_id} version {tie.master_version}", "left out": tie.left_out}
        if tie.may_stay:
            found["said again, and may stay"] = tie.may_stay
        if tie.changed:
            found["changed in the master since"] = tie.changed
    if ties.derived:
        found["derived from it"] = [
            f"{row.record_id} (version {row.version}, {row.state.value}, to {', '.join(row.recipients)})"
            for row, _ in ties.derived
        ]
    return found


def ties_then(ties: Ties) -> tuple[str, ...]:
    """Return the command that derives a record anew, where its master changed."""
    return () if ties.master is None or not ties.master.changed else (command_again(ties.master),)
