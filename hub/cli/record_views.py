"""Views of records: the list, the standing of one and its whole life. Nothing here shows content."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from rich.console import RenderableType

from hub.audit.trail import writes_nothing
from hub.cli.answer import Answer, facts, instant, table
from hub.cli.frame import SOME_ID, leaf, trail
from hub.cli.home import home_option, opened, unlock_option
from hub.cli.record_held import confined_document, confined_facts, deliver_step, held_document
from hub.cli.record_naming import originator_option, record_argument
from hub.cli.record_ties import ties_document, ties_facts, ties_then
from hub.cli.waiting import prospects
from hub.entries import Direction, RecordRow, Release
from hub.exchange.approving import approvals_of
from hub.exchange.confining import confinements_of, kept_outside
from hub.exchange.contents import find_row
from hub.exchange.delivering import held_from
from hub.exchange.tears import ties_of
from hub.exchange.upkeep import Trace
from hub.exchange.upkeep import trace as trace_of
from hub.ports import View
from hub.records.actor import Actor, Role
from hub.records.kinds import Kind
from hub.records.lifecycle import RecordState

if TYPE_CHECKING:
    from hub.bootstrap.secrets import Unlock

_ANSWERABLE: Final = frozenset({RecordState.RECEIVED, RecordState.OPENED})


@trail(writes_nothing("ids, agencies, kinds, labels and states, and no content"))
@leaf("list", examples=("hub record list", "hub record list --state draft --kind wanted-person"))
@click.option(
    "--state", type=click.Choice([state.value for state in RecordState]), help="Only in this state."
)
@click.option("--kind", type=click.Choice([kind.value for kind in Kind]), help="Only of this kind.")
@click.option("--conversation", metavar="ID", help="Only of this conversation.")
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
    state: str | None,
    kind: str | None,
    conversation: str | None,
    after: int,
    limit: int,
    home: Path,
    unlock: Unlock,
) -> Answer:
    """List records, oldest first, without their content."""
    with opened(home, unlock) as hub, hub.store.read() as view:
        rows = view.records.page(
            after=after,
            limit=limit,
            state=RecordState(state) if state else None,
            kind=kind,
            conversation=conversation,
        )
        erased = {r.position: erased_at(view, r) for r in rows}
    if not rows:
        return Answer(
            document={"records": [], "after": after},
            people=("There is no record of that sort here.",),
            then=("hub record kinds",),
        )
    columns = ("position", "record", "version", "kind", "action", "way", "from", "to", "label", "state")
    cells = [
        (
            r.position,
            r.record_id,
            r.version,
            r.kind,
            r.action,
            r.direction.value,
            r.originator,
            r.recipients,
            r.label.get("classification"),
            state_of(r) if erased[r.position] is None else f"{state_of(r)}, erased",
        )
        for r in rows
    ]
    last = rows[-1].position
    then = [f"hub record show {rows[0].record_id}"]
    if len(rows) == limit:
        then.append(f"hub record list --after {last}      (there may be more)")
    return Answer(
        document={
            "records": [as_document(r) | {"erased_at": instant(erased[r.position])} for r in rows],
            "after": last,
        },
        people=(table(columns, cells, numbers=("position", "version")),),
        then=then,
    )


@trail(writes_nothing("ids, agencies, kinds, labels and states, and no content"))
@leaf(examples=(f"hub record show {SOME_ID}",))
@record_argument
@click.option("--version", type=click.IntRange(1), metavar="N", help="This version; without it the newest.")
@originator_option
@home_option
@unlock_option
def show(record_id: str, version: int | None, originator: str | None, home: Path, unlock: Unlock) -> Answer:
    """Show where a record stands, without its content."""
    with opened(home, unlock) as hub, hub.store.read() as view:
        row = find_row(view, record_id, version, originator=originator)
        ours = row.direction is Direction.OUT
        releases = view.records.releases(record_id) if ours else ()
        erased, ties = erased_at(view, row), ties_of(view, row)
        waits = ours and row.state is RecordState.DRAFT
        given, needed = approvals_of(hub.broker, record_id) if waits else ((), 0)
        held = held_from(view, record_id) if ours else ()
        confinements = confinements_of(view, row.originator, record_id)
        outside = kept_outside(hub.broker, view, row)
    told: dict[str, object] = {"releases": [_release(one) for one in releases], "erased_at": instant(erased)}
    told |= {"held_from": held_document(held), **confined_document(confinements, outside)}
    if waits:
        told |= {"approved_by": list(given), "approvals_needed": needed}
    document = {**as_document(row), **ties_document(ties), **told}
    label = f"{row.label.get('classification')}, TLP {row.label.get('tlp')}"
    people = {
        **{name.replace("_", " "): value for name, value in as_document(row).items()},
        "label": label,
        "state": state_of(row),
        **ties_facts(ties),
        "released by": [f"{one.approver} (version {one.version})" for one in releases],
        "content erased (UTC)": erased,
        **confined_facts(confinements, outside),
        **({"held from": [one.recipient for one in held]} if held else {}),
        **({"approved": f"by {len(given)} of {needed}: {', '.join(given)}"} if given else {}),
    }
    then = (*(deliver_step(record_id, one.recipient) for one in held), *ties_then(ties), *then_of(row))
    return Answer(document=document, people=(facts(people),), then=then)


@trail(writes_nothing("ids, agencies, kinds, labels and states, and no content"))
@leaf(examples=(f"hub record trace {SOME_ID}",))
@record_argument
@originator_option
@home_option
@unlock_option
def trace(record_id: str, originator: str | None, home: Path, unlock: Unlock) -> Answer:
    """Tell a record's life at this hub as a timeline: drafted, released, carried, answered, read."""
    with opened(home, unlock) as hub:
        found = trace_of(hub.broker, record_id, originator=originator)
        with hub.store.read() as view:
            stand = prospects(view, found.entries, at=hub.broker.clock.now())
    steps = sorted(timeline(found), key=lambda one: one[0])
    document = {
        "record_id": record_id,
        "timeline": [
            {"at": instant(at), "what": what, "who": who, "about": about} for at, what, who, about in steps
        ],
        "entries": [
            {
                "version": e.version,
                "recipient": e.recipient,
                "state": e.state.value,
                "retries": e.retries,
                "reason": e.reason,
                "next_try_at": instant(stand.next_try(e)),
            }
            for e in found.entries
        ],
    }
    newest = found.versions[-1]
    head = f"{record_id}: {newest.kind}, version {newest.version}, {state_of(newest)}"
    people: list[RenderableType] = [head, table(("at (UTC)", "what", "who", "about"), steps)]
    if found.entries:
        cells = [
            (
                e.version,
                e.recipient,
                e.lane,
                e.state.value,
                e.retries,
                stand.when(e),
                stand.why(e),
            )
            for e in found.entries
        ]
        people.append("")
        people.append(
            table(
                ("version", "to", "handed to", "now", "retries", "next try (UTC)", "why"),
                cells,
                numbers=("version", "retries"),
            )
        )
    then = [step for step in then_of(newest) if not step.startswith("hub record trace")]
    return Answer(document=document, people=people, then=then)


def timeline(found: Trace) -> Iterator[tuple[datetime, str, str, str]]:
    """Yield each step as (when, what, who, about), in no order."""
    for row in found.versions:
        if row.direction is Direction.OUT:
            what = "drafted" if row.action == "new" else f"{row.action} drafted"
            yield row.created_at, what, row.author, f"version {row.version}, {row.kind}"
        else:
            what = "made there" if row.action == "new" else f"{row.action} made there"
            yield row.created_at, what, row.originator, f"version {row.version}, {row.kind}"
    actions = {row.version: row.action for row in found.versions}
    came_with = {row.envelope_id: row.action for row in found.versions if row.envelope_id is not None}
    for one in found.releases:
        what = "released" if actions.get(one.version) == "new" else f"{actions.get(one.version)} released"
        yield one.at, what, one.approver, f"version {one.version} to {', '.join(one.recipients)}"
    for entry in found.entries:
        yield entry.created_at, "queued", entry.lane, f"envelope {entry.envelope_id} to {entry.recipient}"
    for came in found.inbox:
        about = f"envelope {came.envelope_id}, {' → '.join((*came.hops, 'here')) if came.hops else 'direct'}"
        action = came_with.get(came.envelope_id, "new")
        what = "came in" if action == "new" else f"{action} came in"
        yield came.received_at, f"{what}, {came.status.value}", came.peer, about
    for receipt in found.receipts:
        who = receipt.by if receipt.member is None else f"{receipt.member} at {receipt.by}"
        about = receipt.reason or f"envelope {receipt.envelope_id}"
        yield receipt.at, f"receipt: {receipt.status.value}", who, about
    for delivery in found.deliveries:
        yield (
            delivery.at,
            f"for a member: {delivery.state.value}",
            delivery.member,
            f"version {delivery.version}" + (f", held: {delivery.reason}" if delivery.reason else ""),
        )


def erased_at(view: View, row: RecordRow) -> datetime | None:
    """Return when a record's content was destroyed, or None while it is there."""
    erasure = view.erasures.get(row.originator, row.record_id)
    return None if erasure is None else erasure.confirmed_at


def state_of(row: RecordRow) -> str:
    """Return a record's state in words: what recalls a record is not itself in force."""
    if row.action == "withdrawal" and row.state in {RecordState.RECEIVED, RecordState.OPENED}:
        return f"withdrawn (recall {row.state.value})"
    if row.action == "withdrawal" and row.state is RecordState.RELEASED:
        return "withdrawn (recall released)"
    return row.state.value


def as_document(row: RecordRow) -> dict[str, object]:
    """Return a record's standing for machines; never content."""
    return {
        "record_id": row.record_id,
        "version": row.version,
        "position": row.position,
        "kind": row.kind,
        "action": row.action,
        "state": row.state.value,
        "direction": row.direction.value,
        "originator": row.originator,
        "recipients": list(row.recipients),
        "label": dict(row.label),
        "purpose": row.purpose,
        "agreement": row.agreement,
        "language": row.language,
        "priority": row.priority.value,
        "author": row.author,
        "created_at": instant(row.created_at),
        "conversation": row.conversation,
        "in_reply_to": row.in_reply_to,
        "reply_due_at": instant(row.reply_due_at),
        "digest": row.digest.hex(),
        "revision": row.revision,
    }


def _release(one: Release) -> dict[str, object]:
    return {
        "version": one.version,
        "approver": one.approver,
        "at": instant(one.at),
        "recipients": list(one.recipients),
        "envelope_ids": list(one.envelope_ids),
        "digest": one.digest.hex(),
    }


def then_of(row: RecordRow, actor: Actor | None = None) -> Sequence[str]:
    """Return what can be done with a record in this state, and by whom: the one who acts, or a role."""

    def who(role: Role) -> str:
        return actor.id if actor is not None and role in actor.roles else role.value.upper()

    follow = f"hub record trace {row.record_id}"
    revise = f"hub record revise {row.record_id} FILE --as {who(Role.DRAFTER)}"
    if row.state is RecordState.DRAFT:
        return (
            f"hub record release {row.record_id} --as RELEASER      (an officer other than {row.author})",
            revise,
            f"hub record discard {row.record_id} --as {who(Role.DRAFTER)}",
        )
    if row.state is RecordState.REJECTED:
        return (revise,)
    if row.direction is Direction.IN:
        read = f'hub record read {row.record_id} --as {who(Role.READER)} --why "…"'
        asks = row.kind == Kind.ASSISTANCE_REQUEST.value and row.state in _ANSWERABLE
        asks = asks and row.action != "withdrawal"
        answer = f"hub record answer {row.record_id} FILE --as {who(Role.DRAFTER)}"
        return (read, *((answer,) if asks else ()), follow)
    return (follow,)
