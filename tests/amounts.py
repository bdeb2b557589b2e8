"""How many examples Hypothesis tries, and which: all of them in `make test`, a share of them in `make check`.

Both try the same examples each time they run on the same code, so that a test that failed fails again, and
one that passed passes: what comes to nobody's change is not refused for what chance found in another's. What
chance finds is looked for by `make explore`.
"""

from __future__ import annotations

from typing import Final

from hypothesis import HealthCheck, settings

#: What examples that share one fixture need not be told, nor those of a busy machine.
SHARED: Final = (HealthCheck.function_scoped_fixture, HealthCheck.too_slow)

#: What is loaded where none is chosen. How long an example takes says how busy the machine is, no more.
FIXED: Final = "fixed"
#: The profile of the quick gate; it is chosen with `--hypothesis-profile`, as the next one.
QUICK: Final = "quick"
#: Other examples each time; those that failed are kept in `.hypothesis/` and come first.
RANDOM: Final = "random"

_PATIENT: Final = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

settings.register_profile(FIXED, _PATIENT, derandomize=True, database=None, print_blob=True)
settings.register_profile(QUICK, settings.get_profile(FIXED), max_examples=20)
settings.register_profile(RANDOM, _PATIENT, print_blob=True)


def examples(full: int) -> int:
    """Return how many examples a test tries that tries so many when there is time."""
    return max(10, full // 4) if settings.get_current_profile_name() == QUICK else full
