"""How the keys of each purpose are rotated: one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hub.errors import Refused
from hub.limits import Limits
from hub.ports import KeyFacts


@dataclass(frozen=True, kw_only=True)
class Rule:
    """How one purpose is rotated.

    `announced`: partners verify with it, so a next key waits until they have the card that shows it.
    `opens`: it goes on opening what was sealed to it, for as long as we hold that. `kept_s` is for how long
    what was made with a key of before may still be under way; one that `ends_by_itself` is destroyed then.
    Purposes that stand `together` change together. One that `wraps` keys at rest is in use at once, and its
    key of before is needed until a serving hub has wrapped all of them anew.
    """

    announced: bool = False
    opens: bool = False
    ends_by_itself: bool = False
    together: tuple[str, ...] = ()
    wraps: bool = False
    kept_s: Callable[[Limits], float]

    @property
    def signs_records(self) -> bool:
        """Tell whether records, receipts and our card are signed with it."""
        return self.announced and not self.together


def _under_way_s(limits: Limits) -> float:
    return limits.time_to_live_s + limits.clock_skew_s


def _together(*purposes: str) -> dict[str, Rule]:
    rule = Rule(announced=True, together=purposes, kept_s=lambda limits: limits.key_settle_s)
    return dict.fromkeys(purposes, rule)


_SIGNS: Final = Rule(announced=True, kept_s=_under_way_s)
_OPENS: Final = Rule(opens=True, kept_s=_under_way_s)

RULES: Final[Mapping[str, Rule]] = {
    "sign-es256": _SIGNS,
    "sign-ml-dsa-65": _SIGNS,
    "decrypt-p256": _OPENS,
    "decrypt-xwing": _OPENS,
    "token-es256": Rule(ends_by_itself=True, kept_s=lambda limits: limits.token_life_s),
    **_together("log-ed25519", "log-ml-dsa-44"),
    **_together("witness-ed25519", "witness-ml-dsa-44"),
    "master": Rule(wraps=True, kept_s=lambda limits: limits.rewrap_settle_s),
}


def rule_of(purpose: str) -> Rule:
    """Return how a purpose is rotated; raise Refused `request-invalid` for one that is not rotated so."""
    try:
        return RULES[purpose]
    except KeyError:
        raise Refused(
            "request-invalid", f"Keys for {purpose!r} are not rotated so; those that are: {', '.join(RULES)}."
        ) from None


def needed_until(key: KeyFacts, limits: Limits) -> datetime:
    """Return until when what was made with a key may be under way; raise as `rule_of` does."""
    kept_s = rule_of(key.purpose).kept_s(limits)
    return (key.used_until or key.since) + timedelta(seconds=kept_s)
