"""What waits when the token that holds our keys fails: nothing is refused for that, and nothing is lost."""

from __future__ import annotations

from typing import Final

from hub.errors import HubError

#: Our own keys cannot be used now. It says nothing about what was to be signed or opened with them.
TOKEN_FAILURES: Final = frozenset({"token-unavailable", "token-pin-refused"})


def waits_for_token(error: HubError) -> bool:
    """Tell whether a step failed for want of our own token alone, so that it is tried again as it is."""
    return error.code in TOKEN_FAILURES
