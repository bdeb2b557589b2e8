"""What a partner was trusted by, and since when: read from the log's events and the kept snapshots."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hub.audit.events import Act, AuditEvent
from hub.entries import TrustKind
from hub.envelope.suites import Suite
from hub.exchange.relying import TRUST
from hub.federation.snapshot import Pin, Snapshot, read_pin, read_snapshot
from hub.ports import View

_PAGE: Final = 500


@dataclass(frozen=True, kw_only=True)
class Stood:
    """What a partner was trusted by `since` a change of it, until the next one; `index` is that in the log.

    `snapshot` and `pin` are None for what changed before snapshots were kept.
    """

    since: datetime
    until: datetime | None
    event: AuditEvent
    index: int | None
    digest: str | None
    snapshot: Snapshot | None = None
    pin: Pin | None = None
    kinds: Sequence[tuple[str, TrustKind]] = ()


def history(view: View, agency: str, *, at: datetime | None = None, newest: bool = False) -> Sequence[Stood]:
    """Return all that a partner was trusted by, oldest first.

    With `at` only what stood at that time, with `newest` only what stands now.
    """
    changes = list(_changes(view, agency))
    ends: list[datetime | None] = [event.at for event in changes[1:]]
    pairs = list(zip(changes, [*ends, None], strict=False))
    if at is not None:
        pairs = [(event, until) for event, until in pairs if event.at <= at][-1:]
    if newest:
        pairs = pairs[-1:]
    return [_stood(view, event, until) for event, until in pairs]


def suites_ever(view: View, agency: str) -> frozenset[Suite]:
    """Return every suite that a partner was pinned to at some time."""
    named = {name for event in _changes(view, agency) for name in event.details.get("suites", "").split()}
    return frozenset(suite for suite in Suite if suite.value in named)


def _changes(view: View, agency: str) -> Iterator[AuditEvent]:
    """Yield the changes of what a partner is trusted by: each that names another snapshot than the last."""
    after, last = 0, None
    while page := view.events_about([agency], after=after, limit=_PAGE):
        after = page[-1][0]
        for _position, event in page:
            named = event.details.get(TRUST)
            if event.act is Act.PARTNER_CHANGED and (named is None or named != last):
                last = named
                yield event


def _stood(view: View, event: AuditEvent, until: datetime | None) -> Stood:
    index = view.log.index_of(event.event_id)
    named = event.details.get(TRUST)
    item = None if named is None else view.trust.get(named)
    if item is None:
        return Stood(since=event.at, until=until, event=event, index=index, digest=named)
    snapshot = read_snapshot(item.raw)
    items = view.trust.items(snapshot.names)
    return Stood(
        since=event.at,
        until=until,
        event=event,
        index=index,
        digest=named,
        snapshot=snapshot,
        pin=read_pin(items[snapshot.pin].raw),
        kinds=tuple((name, items[name].kind) for name in snapshot.names if name in items),
    )
