"""The states of a key, and the only steps between them."""

from __future__ import annotations

from enum import Enum
from typing import Final

from hub.errors import Refused


class KeyState(Enum):
    """Where a key stands.

    `next`: made and on our card, not used yet. `current`: what everything is made with. `kept`: makes
    nothing any more, still opens and verifies, still on our card while envelopes made with it may be on
    their way. `retired`: the private half is destroyed, the public half stays on record. `compromised`:
    somebody else may have it; off our card from that moment.
    """

    NEXT = "next"
    CURRENT = "current"
    KEPT = "kept"
    RETIRED = "retired"
    COMPROMISED = "compromised"


_S = KeyState

KEY_STEPS: Final[dict[KeyState, frozenset[KeyState]]] = {
    # A key that never came into use is given up by retiring it.
    _S.NEXT: frozenset({_S.CURRENT, _S.RETIRED, _S.COMPROMISED}),
    _S.CURRENT: frozenset({_S.KEPT, _S.COMPROMISED}),
    _S.KEPT: frozenset({_S.RETIRED, _S.COMPROMISED}),
    # It may come out years later that a copy was taken before it was destroyed.
    _S.RETIRED: frozenset({_S.COMPROMISED}),
    _S.COMPROMISED: frozenset(),
}

#: The states in which the public half stands on our card.
ON_CARD: Final = frozenset({_S.NEXT, _S.CURRENT, _S.KEPT})


def key_step(before: KeyState, after: KeyState) -> KeyState:
    """Return `after` when a key may become that; raise Refused `transition-invalid` otherwise."""
    if after not in KEY_STEPS[before]:
        possible = ", ".join(sorted(state.value for state in KEY_STEPS[before]))
        raise Refused(
            "transition-invalid",
            f"A key that is {before.value} cannot become {after.value}; "
            f"possible: {possible or 'nothing, it is final'}.",
        )
    return after
