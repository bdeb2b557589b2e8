"""Whatever goes onward, and whatever fails: everyone who has a record ends with its last version."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.properties.federation import Fault
from tests.properties.onward import AGENCIES, FAULTS, Stage, World

pytestmark = pytest.mark.slow

_HUB = st.integers(0, len(AGENCIES) - 1)
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("consent"), st.integers(0, 1), _HUB, _HUB),
        st.tuples(st.just("pass"), st.integers(0, 1), _HUB, _HUB),
        st.tuples(st.just("take back"), st.integers(0, 1), _HUB, _HUB),
        st.tuples(st.just("correct"), st.integers(0, 1), _HUB, _HUB),
        st.tuples(st.just("withdraw"), st.integers(0, 1), _HUB, _HUB),
        st.tuples(st.just("replay"), st.integers(0, 1), _HUB, _HUB),
        st.tuples(st.just("turn"), st.integers(0, 1), _HUB, _HUB),
    ),
    min_size=4,
    max_size=12,
)
_FAULTS = st.lists(st.sampled_from(FAULTS), max_size=12)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return Stage(tmp_path_factory.mktemp("stage"))


@given(
    size=st.integers(3, 5),
    way=st.permutations(range(len(AGENCIES))),
    steps=_STEPS,
    faults=_FAULTS,
    ends=st.sampled_from(("correct", "withdraw", "nothing")),
)
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
def test_everyone_reached_converges_and_nobody_gets_what_was_not_consented(
    stage: Stage,
    size: int,
    way: list[int],
    steps: list[tuple[str, int, int, int]],
    faults: list[Fault],
    ends: str,
) -> None:
    """A path of hubs passes a record on; people, and the network, do what they like; then all is healed."""
    with TemporaryDirectory() as folder:
        agencies = [AGENCIES[index] for index in way][:size]
        world = World(stage, Path(folder), agencies)
        try:
            play(world, steps, faults, ends)
        finally:
            world.close()


def play(world: World, steps: list[tuple[str, int, int, int]], faults: list[Fault], ends: str) -> None:
    first, second, *further = world.agencies
    world.send(first, [second])
    world.settle()
    holder = second
    for to in further:
        world.consent(world.records[0], holder, to)
        world.pass_on(world.records[0], holder, to)
        world.settle()
        assert world.versions(to, world.records[0])
        holder = to
    world.send(second, [first])
    world.fail(faults)
    for what, which, one, other in steps:
        known = world.records[which]
        holder, to = (world.agencies[index % len(world.agencies)] for index in (one, other))
        match what:
            case "consent":
                world.consent(known, holder, to)
                world.fail(faults)
            case "pass":
                world.pass_on(known, holder, to)
            case "take back":
                world.take_back(known, holder, to)
            case "correct" | "withdraw":
                world.change(known, recall=what == "withdraw")
            case "replay":
                world.replay(one * 7 + other)
            case _:
                world.turn(holder)
        world.check_nobody_has_what_was_not_consented()
    if ends != "nothing":
        world.change(world.records[0], recall=ends == "withdraw")
    world.settle()
    world.check_nobody_has_what_was_not_consented()
    world.check_converged()
    world.check_originators_know()
