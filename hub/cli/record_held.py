"""Whom a policy keeps a record from: held corrections, and compartments."""

from __future__ import annotations

from collections.abc import Sequence

from hub.cli.answer import instant
from hub.entries import ConfinementRow
from hub.exchange.delivering import HeldFrom
from hub.policy.decision import Reason


def deliver_step(record_id: str, recipient: str) -> str:
    """Return the command that lets a recipient have what is held from it."""
    return f'hub record deliver {record_id} --to {recipient} --why "…" --as RELEASER'


def held_document(held: Sequence[HeldFrom]) -> list[dict[str, object]]:
    """Return from whom a version is held, for machines."""
    return [
        {"recipient": one.recipient, "version": one.version, "code": one.code, "entry_id": one.entry_id}
        for one in held
    ]


def compartment_document(one: ConfinementRow) -> dict[str, object]:
    """Return one compartment of a record, for machines."""
    return {
        "compartment": one.compartment,
        "confined_by": one.confined_by,
        "confined_at": instant(one.confined_at),
        "lift_by": one.lift_by,
    }


def confined_document(rows: Sequence[ConfinementRow], outside: Sequence[Reason]) -> dict[str, object]:
    """Return what a record is confined to, and what keeps officers outside from it."""
    return {
        "compartments": [compartment_document(one) for one in rows],
        "kept_outside": [{"code": one.code, "sentence": one.sentence} for one in outside],
    }


def confined_facts(rows: Sequence[ConfinementRow], outside: Sequence[Reason]) -> dict[str, object]:
    """Return the same for people; nothing where a record is confined to no compartment."""
    if not rows:
        return {}
    names = [
        one.compartment if one.lift_by is None else f"{one.compartment} ({one.lift_by} would lift it)"
        for one in rows
    ]
    kept = [one.sentence for one in outside]
    return {"confined to": names, "who is not in it": kept or "has it all the same, by the policy in force"}
