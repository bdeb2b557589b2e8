from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from hub.errors import Refused
from hub.records.diagram import diagram
from hub.records.lifecycle import (
    DELIVERY_STEPS,
    ENTRY_STEPS,
    RECORD_STEPS,
    DeliveryState,
    EntryState,
    RecordState,
    step,
)

TABLES: list[tuple[dict[Any, frozenset[Any]], Any, tuple[Any, ...]]] = [
    (RECORD_STEPS, RecordState, (RecordState.DRAFT, RecordState.RECEIVED)),
    (ENTRY_STEPS, EntryState, (EntryState.PENDING,)),
    (DELIVERY_STEPS, DeliveryState, (DeliveryState.HELD, DeliveryState.WAITING)),
]


@pytest.mark.parametrize(("table", "states", "_starts"), TABLES)
def test_every_pair_of_states_is_allowed_or_refused_as_the_table_says(
    table: Any, states: Any, _starts: Any
) -> None:
    assert set(table) == set(states)
    for before, after in product(states, states):
        if after in table[before]:
            assert step(table, before, after) is after
        else:
            with pytest.raises(Refused) as refusal:
                step(table, before, after)
            assert refusal.value.code == "transition-invalid"


@pytest.mark.parametrize(("table", "states", "starts"), TABLES)
def test_every_state_can_be_reached_from_a_start(table: Any, states: Any, starts: Any) -> None:
    reached, new = set(starts), set(starts)
    while new:
        new = {after for before in new for after in table[before]} - reached
        reached |= new
    assert reached == set(states)


def test_a_diagram_draws_every_step_once() -> None:
    for table, _, starts in TABLES:
        drawn = diagram(table, starts=starts).splitlines()
        arrows = [line for line in drawn if "-->" in line and "[*]" not in line]
        assert len(arrows) == len(set(arrows)) == sum(map(len, table.values()))
