"""A hub's whole process tree is killed in the midst of its work, several times, and started again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.chaos.world import (
    THERE,
    US,
    all_accepted,
    check_exactly_once,
    wait_for,
    wait_for_more,
    world,
)

pytestmark = pytest.mark.slow

_KILLS = 3


@pytest.mark.parametrize("victim", [US, THERE])
def test_a_hub_killed_at_any_moment_loses_nothing_and_doubles_nothing(
    tmp_path: Path, told: Mapping[str, Any], victim: str
) -> None:
    dice = Random(victim)
    with world(tmp_path, [US, THERE], **told) as hubs:
        desk = hubs.desks[US]
        desk.start()
        for _ in range(_KILLS):
            wait_for_more(desk, dice)
            hubs[victim].kill()
            hubs[victim].start()
        wait_for_more(desk, dice)
        desk.stop()
        wait_for(lambda: all_accepted(hubs.hub(US).store), "everything to be accepted")
        check_exactly_once(hubs.hub(US), hubs.hub(THERE), desk.acknowledged)
        assert victim != US or desk.repeated, "no submission was cut off: the kills came at wrong moments"
