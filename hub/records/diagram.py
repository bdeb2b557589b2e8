"""`docs/lifecycle.md` from the tables in `hub/records/lifecycle.py`, as Mermaid state diagrams."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final, TypeVar

from hub.records.lifecycle import (
    DELIVERY_STEPS,
    ENTRY_STEPS,
    RECORD_STEPS,
    DeliveryState,
    EntryState,
    RecordState,
)

_State = TypeVar("_State", bound=Enum)

_PREAMBLE: Final = """\
# Lifecycles

Made from the tables in `hub/records/lifecycle.py` by `hub/records/diagram.py`; a test fails when this page
is stale. Storage refuses every step that is not drawn here (`transition-invalid`).
"""

_CARRIED: Final = """\
Carried: a relay or a mailbox has it and the recipient's own receipt is still to come. Held, refused and dead
entries stay visible, and a person can resume them."""

_DELIVERED: Final = """\
A delivery may be opened or acted on without a separate step before it. Held: the policy of the hub keeps a
correction from its member, who cannot collect it, until a person lets it go. Dead: a newer version of the
record overtook it there."""


def diagram(table: Mapping[_State, frozenset[_State]], *, starts: tuple[_State, ...]) -> str:
    """Return a Mermaid state diagram of a table of steps; `starts` are the states in which things begin."""
    order = {state: place for place, state in enumerate(table)}
    lines = ["stateDiagram-v2"]
    lines += [f"    [*] --> {state.value}" for state in starts]
    for before, afters in table.items():
        lines += [f"    {before.value} --> {after.value}" for after in sorted(afters, key=order.__getitem__)]
        if not afters:
            lines.append(f"    {before.value} --> [*]")
    return "\n".join(lines)


def lifecycle_page() -> str:
    """Return the whole of `docs/lifecycle.md`."""
    sections = (
        (
            "A version of a record",
            "At its originator it begins as a draft, at a recipient as received.",
            diagram(RECORD_STEPS, starts=(RecordState.DRAFT, RecordState.RECEIVED)),
        ),
        (
            "An envelope on its way to one partner",
            _CARRIED,
            diagram(ENTRY_STEPS, starts=(EntryState.PENDING,)),
        ),
        (
            "A record on its way to one member",
            _DELIVERED,
            diagram(DELIVERY_STEPS, starts=(DeliveryState.HELD, DeliveryState.WAITING)),
        ),
    )
    parts = [_PREAMBLE]
    for title, said, drawn in sections:
        parts.append(f"## {title}\n\n{said}\n\n```mermaid\n{drawn}\n```\n")
    return "\n".join(parts)
