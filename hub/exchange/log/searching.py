"""Who did what, when, to which record, for which partner: each answer with its proof that the log has it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from hub.audit.events import Act, AuditEvent
from hub.audit.justification import justified
from hub.audit.proofs import write_proof
from hub.audit.tiles import inclusion_proof
from hub.exchange.broker import Broker
from hub.exchange.log.catching_up import catch_up
from hub.policy.decision import require
from hub.policy.four_eyes import may_audit
from hub.ports import CheckpointRow, EventQuery, View
from hub.records.actor import Actor

#: How many events are read at a time while those of a partner are looked for.
_READ_AT_ONCE: Final = 500


@dataclass(frozen=True, kw_only=True)
class Hit:
    """An entry that was looked for. `proof` is a C2SP tlog-proof against the newest checkpoint.

    An entry that waits to be signed for has no proof yet, and none that waits for its place has an index.
    """

    position: int
    event: AuditEvent
    index: int | None = None
    leaf: bytes | None = field(default=None, repr=False)
    proof: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Hits:
    """A page of what was found; go on `after` its position, and until a page has none."""

    hits: tuple[Hit, ...]
    after: int
    size: int
    checkpoint: bytes | None = field(default=None, repr=False)


def search(
    broker: Broker,
    actor: Actor,
    query: EventQuery,
    *,
    after: int = 0,
    limit: int,
    justification: str | None = None,
) -> Hits:
    """Return entries that fit a query, oldest first, each with its proof; that was searched is logged first.

    Raises Refused `role-missing`, and `justification-missing` for one that cannot be used.
    """
    require(may_audit(actor))
    why = None if justification is None else justified(justification)
    event = broker.event(
        Act.SEARCHED, actor, broker.agency, broker.clock.now(), justification=why, **described(query)
    )
    with broker.store.work() as work:
        work.stage([event])
        work.commit()
    catch_up(broker)
    with broker.store.read() as view:
        head = view.log.checkpoint()
        note = None if head is None else cosigned_note(view, head)
        hits: list[Hit] = []
        for position, found in matching(view, query, after=after):
            if len(hits) == limit:
                break
            if found.event_id == event.event_id:  # what asked is no answer
                continue
            hits.append(proven(view, position, found, head, note))
    last = hits[-1].position if hits else after
    return Hits(hits=tuple(hits), after=last, size=0 if head is None else head.size, checkpoint=note)


def described(query: EventQuery) -> dict[str, str]:
    """Return what a search was for, for its own entry."""
    told = {
        "who": query.actor,
        "about": query.about,
        "partner": query.partner,
        "acts": ",".join(sorted(act.value for act in query.acts)) or None,
        "since": None if query.since is None else query.since.isoformat(),
        "until": None if query.until is None else query.until.isoformat(),
    }
    return {name: value for name, value in told.items() if value is not None}


def matching(view: View, query: EventQuery, *, after: int) -> Iterator[tuple[int, AuditEvent]]:
    """Yield what fits a query, a bounded number read at a time."""
    while page := view.search_events(query, after=after, limit=_READ_AT_ONCE):
        after = page[-1][0]
        yield from (
            (n, event) for n, event in page if query.partner is None or concerns(event, query.partner)
        )


def concerns(event: AuditEvent, agency: str) -> bool:
    """Tell whether an agency acted, got something, or is what the act is about."""
    if agency in (event.actor.agency, event.subject):
        return True
    return any(agency in value.split(",") for value in event.details.values())


def proven(
    view: View, position: int, event: AuditEvent, head: CheckpointRow | None, note: bytes | None
) -> Hit:
    """Return an event with what proves that the log has it."""
    index = view.log.index_of(event.event_id)
    entry = None if index is None else view.log.entry(index)
    if index is None or entry is None or head is None or note is None or index >= head.size:
        return Hit(position=position, event=event, index=index, leaf=None if entry is None else entry.leaf)
    way = inclusion_proof(index, head.size, view.log.tile)
    return Hit(
        position=position,
        event=event,
        index=index,
        leaf=entry.leaf,
        proof=write_proof(index, way, note),
    )


def cosigned_note(view: View, head: CheckpointRow) -> bytes:
    """Return a checkpoint with the cosignatures that witnesses have given it."""
    lines = "".join(one.lines for one in view.witnessing.cosignatures(head.size))
    return head.note + lines.encode("utf-8")
