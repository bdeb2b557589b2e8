"""A client asks so often in any sixty seconds, and is told when it may ask again."""

from __future__ import annotations

import pytest

from hub.api.throttle import Throttle
from hub.errors import Refused


class Seconds:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 600.0

    def __call__(self) -> float:
        return self.now


def refused(throttle: Throttle, client: str = "address:a") -> int:
    with pytest.raises(Refused) as failed:
        throttle.count(client)
    assert failed.value.code == "too-many-requests"
    wait_s = failed.value.details["retry_after_s"]
    assert isinstance(wait_s, int)
    return wait_s


@pytest.mark.parametrize("began_s", [0.0, 13.0, 59.5])
@pytest.mark.parametrize("most", [1, 2, 7])
def test_who_waits_as_told_may_ask_again_and_not_before(most: int, began_s: float) -> None:
    clock = Seconds()
    throttle = Throttle(most, seconds=clock)
    clock.now += began_s
    for _ in range(4):
        for _ in range(most):
            throttle.count("address:a")
            clock.now += 0.01
        wait_s = refused(throttle)
        clock.now += wait_s - 1.1
        refused(throttle)
        clock.now += 1.1
        throttle.count("address:a")
        clock.now += 120


def test_no_sixty_seconds_hold_much_more_than_the_limit() -> None:
    clock = Seconds()
    throttle = Throttle(60, seconds=clock)
    taken = []
    for _ in range(600):
        clock.now += 0.5
        try:
            throttle.count("address:a")
        except Refused:
            continue
        taken.append(clock.now)
    assert max(sum(one <= at < one + 60 for at in taken) for one in taken) <= 61
    assert len(taken) >= 4 * 60


def test_one_client_takes_nothing_from_another_and_both_are_forgotten() -> None:
    clock = Seconds()
    throttle = Throttle(1, seconds=clock)
    throttle.count("address:a")
    refused(throttle)
    throttle.count("address:b")
    clock.now += 120
    throttle.count("address:a")
    assert set(throttle._now) == {"address:a"}
    assert not throttle._before
