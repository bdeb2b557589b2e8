"""`hub queue`: what is on its way, what is held, and what a person does about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from hub.audit.events import Act
from hub.audit.trail import writes, writes_nothing
from hub.cli.answer import Answer, facts, instant, table
from hub.cli.frame import SOME_ID, Noun, trail
from hub.cli.home import administrator, home_option, opened, unlock_option
from hub.cli.record_held import deliver_step
from hub.cli.waiting import Prospects, prospects
from hub.entries import EntryCount, Lane, OutboxEntry
from hub.errors import Refused
from hub.exchange import upkeep
from hub.exchange.switch import refuse_suspended
from hub.exchange.weighing import KEPT
from hub.ports import Store
from hub.records.lifecycle import EntryState

if TYPE_CHECKING:
    from hub.bootstrap.secrets import Unlock

_GAPS_MAX: Final = 1000


@click.group(cls=Noun)
def queue() -> None:
    """See what waits for partners, and resume or drop what is held."""


@trail(writes_nothing("ids, agencies, kinds, labels and states, and no content"))
@queue.command("list", examples=("hub queue list", "hub queue list --partner cis-atc --state held"))
@click.option("--partner", metavar="AGENCY", help="Only what goes to this partner.")
@click.option(
    "--state", type=click.Choice([state.value for state in EntryState]), help="Only what is in this state."
)
@click.option("--after", default=0, type=click.IntRange(0), metavar="N", help="Go on after this position.")
@click.option(
    "--limit",
    default=50,
    type=click.IntRange(1, 1000),
    metavar="N",
    show_default=True,
    help="At most so many.",
)
@home_option
@unlock_option
def list_(
    partner: str | None, state: str | None, after: int, limit: int, home: Path, unlock: Unlock
) -> Answer:
    """List queue entries, oldest first."""
    with opened(home, unlock) as hub, hub.store.read() as view:
        rows = view.outbox.page(
            after=after, limit=limit, lane=partner, state=EntryState(state) if state else None
        )
        stand = prospects(view, rows, at=hub.broker.clock.now())
    if not rows:
        return Answer(
            document={"entries": [], "after": after}, people=("Nothing of that sort is in the queue.",)
        )
    columns = ("position", "entry", "record", "to", "state", "priority", "retries", "next try (UTC)", "why")
    cells = [
        (
            r.position,
            r.entry_id,
            r.record_id if r.version is None else f"{r.record_id} v{r.version}",
            _way(r),
            r.state.value,
            r.priority.value,
            r.retries,
            stand.when(r),
            stand.why(r),
        )
        for r in rows
    ]
    last = rows[-1].position
    then = [f"hub queue show {rows[0].entry_id}"]
    if len(rows) == limit:
        then.append(f"hub queue list --after {last}      (there may be more)")
    return Answer(
        document={"entries": [_standing(r, stand) for r in rows], "after": last},
        people=(table(columns, cells, numbers=("position", "retries")),),
        then=then,
    )


@trail(writes_nothing("ids, agencies, kinds, labels and states, and no content"))
@queue.command(examples=(f"hub queue show {SOME_ID}",))
@click.argument("entry_id", metavar="ENTRY", help="The entry's id.")
@home_option
@unlock_option
def show(entry_id: str, home: Path, unlock: Unlock) -> Answer:
    """Show one entry: what it carries, where to, and why it stands where it does."""
    with opened(home, unlock) as hub, hub.store.read() as view:
        row = view.outbox.get(entry_id)
        if row is None:
            raise Refused("not-found", f"There is no queue entry {entry_id}; `hub queue list` shows all.")
        lane = view.outbox.lane(row.lane)
        stand = prospects(view, [row], at=hub.broker.clock.now())
    told = _standing(row, stand)
    document = {**told, "breaker_open_until": instant(lane.open_until), "failures_in_a_row": lane.failures}
    people = {name.replace("_", " "): value for name, value in document.items()}
    people |= {"next try at": stand.when(row), "why": stand.why(row)}
    return Answer(document=document, people=(facts(people),), then=_then(row))


@trail(writes_nothing("numbers"))
@queue.command(examples=("hub queue counts",))
@home_option
@unlock_option
def counts(home: Path, unlock: Unlock) -> Answer:
    """Count what is in the queue, partner by partner, and tell which lanes rest after failures."""
    with opened(home, unlock) as hub:
        found = upkeep.counts(hub.broker)
        with hub.store.read() as view:
            lanes = {partner: view.outbox.lane(partner) for partner in sorted(found)}
    if not found:
        return Answer(document={"partners": []}, people=("Nothing was queued yet.",))
    states = (state.value for state in EntryState)
    columns = ("partner", *states, "retries", "oldest that waits (UTC)", "failures", "rests until (UTC)")
    documents = [_counted(lane, found[partner]) for partner, lane in lanes.items()]
    stuck = any(document["held"] or document["dead"] or document["refused"] for document in documents)
    return Answer(
        document={"partners": documents},
        people=(
            table(columns, [tuple(d.values()) for d in documents], numbers=(*columns[1:-3], columns[-2])),
        ),
        then=("hub queue list --state held",) if stuck else (),
    )


@trail(writes_nothing("numbers"))
@queue.command(examples=("hub queue missing", "hub queue missing --partner cis-atc"))
@click.option("--partner", metavar="AGENCY", help="Only what this partner sent.")
@home_option
@unlock_option
def missing(partner: str | None, home: Path, unlock: Unlock) -> Answer:
    """List the numbers of partners that have not come, although later ones have."""
    with opened(home, unlock) as hub, hub.store.read() as view:
        gaps = view.books.gaps(partner, limit=_GAPS_MAX)
    if not gaps:
        return Answer(document={"gaps": []}, people=("No number is missing.",))
    documents = [
        {"partner": g.originator, "first": g.first, "last": g.last, "since": instant(g.since)} for g in gaps
    ]
    cells = [(g.originator, g.first, g.last, g.since, g.told) for g in gaps]
    partners = dict.fromkeys(gap.originator for gap in gaps)
    columns = ("partner", "from number", "to number", "since (UTC)", "logged")
    return Answer(
        document={"gaps": documents},
        people=(table(columns, cells, numbers=columns[1:3]),),
        then=tuple(f"hub reconcile {agency}" for agency in partners),
    )


@trail(writes(Act.RESUMED))
@queue.command(
    examples=(f"hub queue resume {SOME_ID}", "hub queue resume --partner cis-atc"),
)
@click.argument("entries", metavar="[ENTRY...]", nargs=-1, help="The entries' ids.")
@click.option("--partner", metavar="AGENCY", help="Instead of ids: all that is held for this partner.")
@home_option
@unlock_option
def resume(entries: tuple[str, ...], partner: str | None, home: Path, unlock: Unlock) -> Answer:
    """Send held, refused or dead entries again, the same sealed bytes under the same envelope id."""
    if bool(entries) is (partner is not None):
        raise click.UsageError("Name entries, or a partner with --partner.")
    with opened(home, unlock) as hub:
        if partner is not None:
            refuse_suspended(hub.broker.standing(), partner)
        actor = administrator(hub.config.agency)
        wanted, kept = (entries, 0) if partner is None else _held(hub.store, partner)
        rows = [upkeep.resume(hub.broker, actor, entry_id) for entry_id in wanted]
        with hub.store.read() as view:
            stand = prospects(view, rows, at=hub.broker.clock.now())
    return Answer(
        document={"entries": [_standing(r, stand) for r in rows]},
        people=[f"{r.entry_id} to {_way(r)} is {r.state.value}. {stand.sentence(r)}" for r in rows]
        or (f"Nothing is held for {partner}." if not kept else f"Nothing was put back for {partner}.",),
        then=(
            "hub queue counts",
            *(
                (f"hub queue list --partner {partner} --state held      (by the policy: {kept})",)
                if kept
                else ()
            ),
        ),
    )


@trail(writes(Act.DIED))
@queue.command(examples=(f'hub queue drop {SOME_ID} --reason "sent by courier instead"',))
@click.argument("entries", metavar="ENTRY...", nargs=-1, required=True, help="The entries' ids.")
@click.option("--reason", required=True, metavar="TEXT", help="Why; it is logged.")
@home_option
@unlock_option
def drop(entries: tuple[str, ...], reason: str, home: Path, unlock: Unlock) -> Answer:
    """Give entries up; they stay visible as dead, with the reason."""
    with opened(home, unlock) as hub:
        actor = administrator(hub.config.agency)
        rows = [upkeep.drop(hub.broker, actor, entry_id, reason=reason) for entry_id in entries]
    return Answer(
        document={"entries": [as_document(r) for r in rows]},
        people=tuple(f"{r.entry_id} to {_way(r)} is {r.state.value}." for r in rows),
        then=tuple(f"hub queue resume {r.entry_id}      (if it was a mistake)" for r in rows[:1]),
    )


def as_document(row: OutboxEntry) -> dict[str, object]:
    """Return a queue entry for machines."""
    return {
        "entry_id": row.entry_id,
        "position": row.position,
        "partner": row.lane,
        "recipient": row.recipient,
        "state": row.state.value,
        "reason": row.reason,
        "priority": row.priority.value,
        "attempts": row.attempts,
        "retries": row.retries,
        "created_at": instant(row.created_at),
        "next_at": instant(row.next_at),
        "expires_at": instant(row.expires_at),
        "envelope_id": row.envelope_id,
        "number": row.number,
        "record_id": row.record_id,
        "version": row.version,
        "conversation": row.conversation,
        "origin": row.origin,
        "hops": list(row.hops),
    }


def _standing(row: OutboxEntry, stand: Prospects) -> dict[str, object]:
    """Return an entry with when it is really tried next."""
    return {**as_document(row), "next_try_at": instant(stand.next_try(row)), "suspended": stand.stopped(row)}


def _held(store: Store, partner: str) -> tuple[Sequence[str], int]:
    """Return what is held for a partner and can still arrive; the rest soon ends by itself.

    What the policy of this hub keeps from it takes a releaser, record by record; that is counted.
    """
    found: list[str] = []
    after, now, kept = 0, datetime.now(UTC), 0
    with store.read() as view:
        while rows := view.outbox.page(after=after, limit=1000, lane=partner, state=EntryState.HELD):
            going = [row for row in rows if row.expires_at > now]
            found += [row.entry_id for row in going if row.reason not in KEPT]
            kept += sum(row.reason in KEPT for row in going)
            after = rows[-1].position
    return found, kept


def _way(row: OutboxEntry) -> str:
    return row.recipient if row.recipient == row.lane else f"{row.recipient} via {row.lane}"


def _then(row: OutboxEntry) -> tuple[str, ...]:
    if row.state in {EntryState.HELD, EntryState.REFUSED, EntryState.DEAD}:
        if row.reason in KEPT and row.record_id is not None:
            return (deliver_step(row.record_id, row.recipient),)
        return (
            f"hub queue resume {row.entry_id}",
            f'hub queue drop {row.entry_id} --reason "…"',
        )
    return () if row.record_id is None else (f"hub record trace {row.record_id}",)


def _counted(lane: Lane, found: Sequence[EntryCount]) -> dict[str, object]:
    counted = {one.state: one for one in found}
    waiting = [
        counted[state].oldest_at for state in (EntryState.PENDING, EntryState.HELD) if state in counted
    ]
    return {
        "partner": lane.partner,
        **{state.value: counted[state].count if state in counted else 0 for state in EntryState},
        "retries": sum(one.retries for one in found),
        "oldest_waiting_at": instant(min(waiting, default=None)),
        "failures_in_a_row": lane.failures,
        "breaker_open_until": instant(lane.open_until),
    }
