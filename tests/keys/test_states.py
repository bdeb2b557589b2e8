"""The states of a key: every pair is walked, and what is in no table is refused."""

from __future__ import annotations

import pytest

from hub.errors import Refused
from keys.states import KEY_STEPS, ON_CARD, KeyState, key_step


@pytest.mark.parametrize("before", KeyState)
@pytest.mark.parametrize("after", KeyState)
def test_every_pair_of_states_is_a_step_or_refused(before: KeyState, after: KeyState) -> None:
    if after in KEY_STEPS[before]:
        assert key_step(before, after) is after
    else:
        with pytest.raises(Refused, match="transition-invalid"):
            key_step(before, after)


def test_what_is_compromised_stays_so() -> None:
    assert not KEY_STEPS[KeyState.COMPROMISED]
    assert all(KeyState.COMPROMISED in KEY_STEPS[state] for state in KeyState if KEY_STEPS[state])


def test_a_retired_or_compromised_key_is_not_on_the_card() -> None:
    assert {KeyState.RETIRED, KeyState.COMPROMISED}.isdisjoint(ON_CARD)
