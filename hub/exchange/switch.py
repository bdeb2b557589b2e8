"""A suspension is one switch: what moves with a partner or a member is cut, in whatever process it moves."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Final

from hub.errors import Refused
from hub.exchange.broker import Broker, Standing

#: Looks at the directory in the time within which all is cut: one may just be missed, and cutting takes time.
_LOOKS: Final = 4

log = logging.getLogger("hub.standing")


def look_every_s(broker: Broker) -> float:
    """Return how often what runs for long asks whether it still may."""
    return broker.limits.cut_within_s / _LOOKS


def refuse_suspended(standing: Standing, *agencies: str) -> None:
    """Raise Refused `partner-suspended` when traffic with one of some pinned partners is stopped."""
    for agency in agencies:
        pinned = agency in standing.partners or agency in standing.hubless
        if pinned and standing.suspended(agency):
            raise Refused(
                "partner-suspended",
                f"{agency} is suspended here; nothing goes to it or is taken from it now.",
            )


def while_flowing(broker: Broker, agency: str, parts: Iterable[bytes]) -> Iterator[bytes]:
    """Pass parts on for as long as traffic with a counterparty flows; then raise Refused `partner-suspended`.

    The directory is asked at most every `look_every_s`, so that a stream costs no query a part.
    """
    refuse_stopped = watcher(broker, agency)
    for part in parts:
        refuse_stopped()
        yield part


def watcher(broker: Broker, agency: str) -> Callable[[], None]:
    """Return what raises Refused `partner-suspended` once a counterparty is suspended."""
    due = time.monotonic() + look_every_s(broker)

    def look() -> None:
        nonlocal due
        if time.monotonic() < due:
            return
        due = time.monotonic() + look_every_s(broker)
        if broker.standing().suspended(agency):
            raise Refused("partner-suspended", f"{agency} was suspended here meanwhile; this was cut off.")

    return look


class Switch:
    """Follows the directory in one process, and breaks off what is carried to partners that are suspended."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._generation: int | None = None
        self._suspended: Collection[str] = frozenset()

    def follow(self) -> None:
        """Look once; after a change, tell the carrier for whom nothing is carried any more."""
        standing = self._broker.standing()
        if standing.generation == self._generation:
            return
        now = frozenset(name for name, partner in standing.partners.items() if not partner.active)
        self._broker.carrier.cut(now)
        for agency in sorted(now - frozenset(self._suspended)):
            log.warning(
                "partner suspended: what is carried to it is broken off",
                extra={"code": "partner-suspended", "lane": agency},
            )
        self._generation, self._suspended = standing.generation, now
