"""How many examples Hypothesis tries: all of them in `make test`, a share of them in `make check`."""

from __future__ import annotations

from typing import Final

from hypothesis import settings

#: The profile of the quick gate; it is chosen with `--hypothesis-profile`.
QUICK: Final = "quick"

settings.register_profile(QUICK, max_examples=20, deadline=None)


def examples(full: int) -> int:
    """Return how many examples a test tries that tries so many when there is time."""
    return max(10, full // 4) if settings.get_current_profile_name() == QUICK else full
