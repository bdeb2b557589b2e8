"""Whatever happens on the way, once the faults heal everything has arrived once, and the log says how."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from hub.exchange.broker import Broker
from hub.records.lifecycle import EntryState
from tests.properties.books import check_books, check_that_a_lost_row_is_found
from tests.properties.checks import check, check_log, counted, entries
from tests.properties.federation import AGENCIES, RELAY, US, Fault, Stage, World
from tests.properties.people import LIVE, People

_WEEK_S = 8 * 86400
_ROUNDS_TO_HEAL = 60

agency = st.sampled_from(AGENCIES)
number = st.integers(0, 999)
work = st.sampled_from(("release", "release", "correct", "withdraw", "answer", "read", "collect"))
care = st.sampled_from(("suspend", "resume_partners", "resume_held", "take_up_one", "drop"))


class Federation(RuleBasedStateMachine):
    """People and systems do their work at four hubs while the network, the clock and the hubs misbehave."""

    stage: Stage
    world_type: type[World] = World
    #: One for each run whose end was checked.
    checked: list[int]

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.world = self.world_type(self.stage, Path(self.folder.name))
        self.people = People(self.world)
        self.world.wire.meanwhile = {Fault.OVERTAKEN: self.go_on, Fault.GIVEN_UP: self.give_up}

    def go_on(self, _us: str, to: str) -> None:
        for _ in range(2):  # what it takes in one turn it answers in the next
            self.world.turn(to)

    def give_up(self, us: str, _to: str) -> None:
        with self.people.at(us) as hub:
            self.people.drop(hub, 0)

    @initialize(first=number, second=number)
    def begin(self, first: int, second: int) -> None:
        for agency, which in ((US, first), (RELAY, second)):
            with self.people.at(agency) as hub:
                self.people.release(hub, which)

    @rule(agency=agency, what=work, number=number)
    def work(self, agency: str, what: str, number: int) -> None:
        with self.people.at(agency) as hub:
            getattr(self.people, what)(hub, number)

    @rule(agency=agency, what=care, number=number)
    def operate(self, agency: str, what: str, number: int) -> None:
        with self.people.at(agency) as hub:
            getattr(self.people, what)(hub, number)

    @rule(agency=agency)
    def turn(self, agency: str) -> None:
        self.world.turn(agency)

    @rule()
    def turn_all(self) -> None:
        for agency in AGENCIES:
            self.world.turn(agency)

    @rule(faults=st.lists(st.sampled_from(list(Fault)), min_size=1, max_size=4))
    def disturb(self, faults: list[Fault]) -> None:
        self.world.wire.faults.extend(faults)

    @rule(agency=agency, mend=st.booleans())
    def cut_or_mend(self, agency: str, mend: bool) -> None:
        if mend:
            self.world.wire.cut.clear()
        else:
            self.world.wire.cut.add(agency)

    @rule(agency=agency, commits=st.integers(0, 3), before=st.booleans())
    def die_soon(self, agency: str, commits: int, before: bool) -> None:
        store = self.world.stores[agency]
        store.dies_in, store.dies_before = commits, before

    @rule(agency=agency)
    def restart(self, agency: str) -> None:
        self.world.start(agency)

    @rule(seconds=st.sampled_from((1, 30, 70, 400, 3600)))
    def wait(self, seconds: int) -> None:
        self.world.clock.pass_(seconds)

    @rule(number=number)
    def replay(self, number: int) -> None:
        self.people.replay(number)

    @invariant()
    def every_state_is_counted_and_told(self) -> None:
        for store in self.world.stores.values():
            with store.store.read() as view:
                kept, found = counted(view)
                assert +kept == found
                check_log(view)

    def teardown(self) -> None:
        try:
            self.heal()
            for agency in AGENCIES:
                told = {key[1:] for key in self.people.told_released if key[0] == agency}
                check(self.world, self.world.hub(agency), told_released=told, by_hand=self.people.by_hand)
            check_books(self.world)
            check_that_a_lost_row_is_found(self.world, US, RELAY)
            self.checked.append(len(AGENCIES))
        finally:
            self.world.close()
            self.folder.cleanup()

    def heal(self) -> None:
        """Let operators put right what has stopped, and hubs finish their work; it takes a bounded while."""
        self.world.heal()
        hubs = [self.world.hub(agency) for agency in AGENCIES]
        for hub in hubs:
            self.people.resume_partners(hub)
        for _ in range(_ROUNDS_TO_HEAL):
            for hub in hubs:
                self.people.resume_held(hub)
                self.people.take_up_refused(hub)
            self.turn_all()
            self.world.clock.pass_(400)
            if not (left := [one for hub in hubs for one in self.unfinished(hub)]):
                return
        raise AssertionError(f"these never arrived: {left}")

    def unfinished(self, hub: Broker) -> list[object]:
        """Return what still moves: live entries, what may be resumed, receipts that wait."""
        now = self.world.clock.now()
        with hub.store.read() as view:
            waiting = list(view.receipts.partners_waiting())
        refused = [e for e in entries(hub) if e.state is EntryState.REFUSED and e.expires_at > now]
        return [e for e in entries(hub) if e.state in LIVE] + refused + waiting


class Weeks(Federation):
    """The same, over times in which envelopes outlive their time to live."""

    @rule()
    def wait_weeks(self) -> None:
        self.world.clock.pass_(_WEEK_S)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return Stage(tmp_path_factory.mktemp("stage"))


def run(machine: type[Federation], stage: Stage, *, examples: int, steps: int) -> int:
    """Run a machine; return how many runs were checked to their end.

    It is not shrunk, because that takes minutes: to look closer, give it all phases.
    """
    checked: list[int] = []
    on_stage = type(machine.__name__, (machine,), {"stage": stage, "checked": checked})
    run_state_machine_as_test(
        on_stage,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            phases=[Phase.generate],
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    return len(checked)


@pytest.mark.hypothesis
def test_everything_arrives_once_whatever_happens(stage: Stage) -> None:
    assert run(Federation, stage, examples=1, steps=25) >= 1


@pytest.mark.hypothesis
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_everything_arrives_once_whatever_happens_at_length(stage: Stage) -> None:
    assert run(Federation, stage, examples=6, steps=50) >= 6
    assert run(Weeks, stage, examples=6, steps=50) >= 6
