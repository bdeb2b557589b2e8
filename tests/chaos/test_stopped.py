"""A partner that is stopped, neither answering nor refusing, holds up nobody but itself."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from statistics import median

import pytest

from hub.bootstrap.opening import Hub
from hub.records.lifecycle import EntryState
from tests.chaos.world import (
    OTHER,
    THERE,
    US,
    Desk,
    all_accepted,
    check_exactly_once,
    entries,
    wait_for,
    world,
)

pytestmark = pytest.mark.slow

_BEFORE, _MEANWHILE = 7, 15
#: What a busy machine may add to a record's way; behind the partner that is stopped it would wait for 2.5 s.
_NOISE_S = 0.8


def test_a_stopped_partner_does_not_slow_another(tmp_path: Path) -> None:
    with world(tmp_path, [US, THERE, OTHER]) as hubs:
        us, desk = hubs.hub(US), hubs.desks[US]
        before = [seconds_to(us, desk, OTHER) for _ in range(_BEFORE)]
        wait_for(lambda: all_accepted(us.store), "everything to be accepted")
        hubs[THERE].signal(signal.SIGSTOP)
        meanwhile = [seconds_to(us, desk, OTHER) for _ in range(_MEANWHILE)]
        assert states(us, THERE, last=_MEANWHILE * desk.batch) == {EntryState.PENDING}
        hubs[THERE].signal(signal.SIGCONT)
        wait_for(lambda: all_accepted(us.store), "everything to be accepted")
        for there in (THERE, OTHER):
            check_exactly_once(us, hubs.hub(there), desk.acknowledged)
    assert median(meanwhile) < 2 * median(before) + _NOISE_S


def seconds_to(us: Hub, desk: Desk, there: str) -> float:
    """Submit a batch; return how long it took until one partner had accepted all of it."""
    started = time.monotonic()
    desk.submit()
    wait_for(lambda: states(us, there, last=desk.batch) == {EntryState.ACCEPTED}, f"{there} to accept")
    return time.monotonic() - started


def states(us: Hub, there: str, *, last: int) -> set[EntryState]:
    """Return the states of the last few entries for a partner."""
    return {entry.state for entry in [e for e in entries(us) if e.recipient == there][-last:]}
