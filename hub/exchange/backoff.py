"""When to try again, and when to stop trying for a while."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from hub.limits import Limits

#: Failure codes that say "later", not "never": the same bytes may be taken on a retry.
TEMPORARY = frozenset(
    {
        "partner-unreachable",
        "partner-misbehaved",
        "certificate-revoked",
        "revocation-unknown",
        "too-many-requests",
        "storage-unavailable",
        "attachment-missing",
        "quota-exceeded",
        "internal",
        "token-unavailable",
        "token-pin-refused",
        "certificate-expired",
        "certificate-unknown",
        "partner-suspended",
        "clock-skew",
        # a key of theirs or ours that the other learns of with the next card
        "key-unknown",
        # about what an envelope comes with, which is made anew each time, and not about the envelope
        "statement-missing",
        "statement-invalid",
    }
)

_RANDOM = random.SystemRandom()
_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})


def retry_at(attempts: int, *, at: datetime, limits: Limits, roll: float | None = None) -> datetime:
    """Return when to try again: exponential backoff with full jitter.

    `attempts` counts failures so far (1 after the first); `roll` in [0, 1) replaces the dice in tests.
    Full jitter spreads a hundred hubs that lost the same partner at the same instant.
    """
    ceiling_s = min(limits.retry_max_s, limits.retry_first_s * 2.0 ** min(attempts - 1, 30))
    share = _RANDOM.random() if roll is None else roll
    return at + timedelta(seconds=ceiling_s * share)


def offered_again_at(offers: int, *, at: datetime, limits: Limits) -> datetime:
    """Return when to offer a receipt again that a partner did not take, after so many offers before."""
    return retry_at(offers + 1, at=at, limits=limits, roll=0.5 + _RANDOM.random() / 2)


def breaker_until(
    failures: int,
    *,
    at: datetime,
    limits: Limits,
    roll: float | None = None,
    told: Mapping[str, object] = _NOTHING,
) -> datetime | None:
    """Return until when a lane rests after so many failed batches in a row; None for no reason to rest.

    Up to `breaker_failures` the rest is jitter alone; from then on the breaker is open for at least half of
    the ceiling, and one batch probes when it ends. `told` are the last failure's details: where the partner,
    or our own token, said when to come again (`retry_after_s`), that is when, but not after more than
    `retry_max_s`.
    """
    asked_s = told.get("retry_after_s")
    if isinstance(asked_s, int) and asked_s > 0:
        return at + timedelta(seconds=min(asked_s, limits.retry_max_s))
    if failures == 0:
        return None
    if failures < limits.breaker_failures:
        return retry_at(failures, at=at, limits=limits, roll=roll)
    share = _RANDOM.random() if roll is None else roll
    return retry_at(failures, at=at, limits=limits, roll=0.5 + share / 2)
