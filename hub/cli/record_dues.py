"""`hub record due`, `keep` and `review`: what falls due with records, and what people decide about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from hub.audit.events import Act
from hub.audit.trail import writes, writes_nothing
from hub.cli.answer import Answer, instant, table
from hub.cli.credentials import sign_in
from hub.cli.frame import SOME_ID, leaf, trail
from hub.cli.home import home_option, opened, unlock_option
from hub.cli.record_acting import acting, row_of
from hub.cli.record_held import deliver_step
from hub.cli.record_naming import originator_option, record_argument
from hub.entries import Direction, KeepingRow, TearRow
from hub.exchange.dues.heeding import Unheeded
from hub.exchange.dues.heeding import unheeded as who_has_not_followed
from hub.exchange.dues.reminding import DueItem, falling_due
from hub.exchange.dues.retaining import confirm_keeping, last_day, propose_keeping
from hub.exchange.dues.reviewing import review as note_review
from hub.exchange.tears import command_again, command_unaffected
from hub.exchange.weighing import KEPT
from hub.policy.dues import Due
from hub.ports import View

if TYPE_CHECKING:
    from hub.bootstrap.secrets import Unlock

_DAY: Final = click.DateTime(formats=["%Y-%m-%d"])
_DAY_S: Final = 86400.0
_WORDS: Final = {
    (Due.REPLY, Direction.OUT): "their answer",
    (Due.REPLY, Direction.IN): "our answer",
    (Due.CONFIRMATION, Direction.OUT): "our confirmation in writing",
    (Due.CONFIRMATION, Direction.IN): "their confirmation in writing",
}


@trail(writes_nothing("it shows ids, kinds and times of records, and no content"))
@leaf(examples=("hub record due", "hub record due --within 7 --what reply"))
@click.option("--what", type=click.Choice([due.value for due in Due]), help="Only this; without it, all.")
@click.option(
    "--within",
    "days",
    type=click.IntRange(0, 3660),
    metavar="DAYS",
    help="What falls due in so many days; without it, what people are told of by now.",
)
@home_option
@unlock_option
def due(what: str | None, days: int | None, home: Path, unlock: Unlock) -> Answer:
    """List what falls due: answers, confirmations in writing, reviews, versions to be derived anew, ends.

    What is overdue comes first. The hub logs each before it is due, on the day and when it is long overdue;
    where retention ends it erases the content by itself.
    """
    wanted = list(Due) if what is None else [Due(what)]
    with opened(home, unlock) as hub:
        at = hub.broker.clock.now()
        within_s = None if days is None else days * _DAY_S
        limits = hub.config.limits
        with hub.broker.store.read() as view:
            found = (falling_due(view, limits, one, at=at, within_s=within_s) for one in wanted)
            items = sorted((item for each in found for item in each), key=lambda item: item.at)
            ties = {one.row.record_id: _tie(view, one) for one in items if one.what is Due.TEAR}
    if not items:
        return Answer(document={"due": []}, people=("Nothing falls due.",))
    columns = ("due", "what", "record", "kind", "with", "stands")
    cells = [
        (_day(one, at), _what(one), one.row.record_id, one.row.kind, _with(one), one.level.name.lower())
        for one in items
    ]
    return Answer(
        document={"due": [_document(one, ties.get(one.row.record_id)) for one in items]},
        people=(table(columns, cells), *_changes(ties)),
        then=_then(items, ties),
    )


@trail(writes_nothing("it shows ids, kinds and times of records, and no content"))
@leaf(examples=("hub record unheeded",))
@home_option
@unlock_option
def unheeded(home: Path, unlock: Unlock) -> Answer:
    """List who has not followed a correction or a withdrawal: partners not heard of, members not told.

    So with those who have our record by way of another hub, as far as that one tells, and with those from
    whom the policy of this hub holds a correction. A partner's hub takes the earlier version out of force as
    it acknowledges the new one. The hub logs what was not followed in two days, and again a week later.
    """
    with opened(home, unlock) as hub:
        at = hub.broker.clock.now()
        with hub.broker.store.read() as view:
            found = who_has_not_followed(view, hub.config.limits, agency=hub.broker.agency, at=at)
    document = {"unheeded": [_unheeded(one) for one in found]}
    if not found:
        return Answer(document=document, people=("Everyone has followed every correction and withdrawal.",))
    columns = ("record", "version", "what", "who", "by way of", "since", "stands", "why")
    cells = [
        (one.record_id, one.version, one.action, one.who, one.via, one.since, one.stands, one.reason)
        for one in found
    ]
    return Answer(
        document=document,
        people=(table(columns, cells, numbers=("version",)),),
        then=(*_let_go(found), "hub queue list", "hub reconcile PARTNER"),
    )


@trail(writes(Act.KEEPING_PROPOSED, Act.KEPT))
@leaf(
    examples=(
        f'hub record keep {SOME_ID} --until 2028-01-31 --why "appeal pending, case 14/26" --as dana',
        f"hub record keep {SOME_ID} --until 2028-01-31 --confirm --as erlan",
    )
)
@record_argument
@click.option("--until", type=_DAY, metavar="DATE", help="The last day (UTC) on which it is to be kept.")
@click.option("--why", metavar="TEXT", help="Why it is kept longer, in 3 to 500 characters; it is logged.")
@click.option("--confirm", is_flag=True, help="Confirm what another officer proposed.")
@originator_option
@acting
def keep(
    record_id: str,
    until: datetime | None,
    why: str | None,
    confirm: bool,
    originator: str | None,
    officer: str,
    password_fd: int | None,
    home: Path,
    unlock: Unlock,
) -> Answer:
    """Keep a record longer than was to be, once a second officer confirms it.

    A custodian proposes it; another custodian or an auditor confirms it, and neither may have written the
    record. Without that its content is erased when its retention ends.
    """
    if until is None or confirm is (why is not None):
        raise click.UsageError(
            "Give --until and --why to propose it, or --until and --confirm to confirm what was proposed."
        )
    with opened(home, unlock) as hub:
        actor = sign_in(hub.broker, officer, password_fd)
        if confirm:
            row = confirm_keeping(hub.broker, actor, record_id, until=until.date(), originator=originator)
            told = f"{record_id} is kept through {last_day(row.until).isoformat()}."
            return Answer(document=_keeping(row), people=(told,))
        row = propose_keeping(
            hub.broker, actor, record_id, until=until.date(), justification=why, originator=originator
        )
    return Answer(
        document=_keeping(row),
        people=("Proposed; its retention ends as before until a second officer confirms it.",),
        then=(f"hub record keep {record_id} --until {until.date().isoformat()} --confirm --as NAME",),
    )


@trail(writes(Act.REVIEWED))
@leaf(examples=(f'hub record review {SOME_ID} --why "still sought, file 7" --again 2027-11-30 --as aigul',))
@record_argument
@click.option("--why", required=True, metavar="TEXT", help="Why it is still needed; it is logged.")
@click.option("--again", type=_DAY, metavar="DATE", help="When it is to be reviewed next; without it, never.")
@originator_option
@acting
def review(
    record_id: str,
    why: str,
    again: datetime | None,
    originator: str | None,
    officer: str,
    password_fd: int | None,
    home: Path,
    unlock: Unlock,
) -> Answer:
    """Say that a record whose review falls due is still needed, and why.

    What is not needed is erased: `hub record erase`.
    """
    with opened(home, unlock) as hub:
        actor = sign_in(hub.broker, officer, password_fd)
        note_review(
            hub.broker,
            actor,
            record_id,
            justification=why,
            again_on=None if again is None else again.date(),
            originator=originator,
        )
        row = row_of(hub.broker, record_id, originator=originator)
    told = "It is not reviewed again." if again is None else f"It is due again on {again.date().isoformat()}."
    document = {"record_id": record_id, "originator": row.originator, "review_at": instant(row.review_at)}
    return Answer(document=document, people=(f"Noted. {told}",))


def _what(one: DueItem) -> str:
    plain = {
        Due.REVIEW: "review",
        Due.RETENTION: "end of retention",
        Due.TEAR: "to be derived anew",
    }
    return _WORDS.get((one.what, one.row.direction)) or plain[one.what]


def _with(one: DueItem) -> str:
    ours = one.row.direction is Direction.OUT
    return ", ".join(one.row.recipients) if ours else one.row.originator


def _day(one: DueItem, at: datetime) -> str:
    days = (one.at - at).total_seconds() / _DAY_S
    told = f"in {days:.0f} d" if days >= 1 else "within a day" if days >= 0 else f"{-days:.0f} d ago"
    return f"{one.at.astimezone(UTC).strftime('%Y-%m-%d %H:%M')} ({told})"


def _tie(view: View, one: DueItem) -> TearRow | None:
    return view.tears.get(one.row.record_id, one.row.version)


def _changes(ties: Mapping[str, TearRow | None]) -> tuple[str, ...]:
    """Say of each derived record which parts of its master changed."""
    return tuple(
        f"{tie.record_id} was derived from {tie.master_id}; "
        f"changed there: {', '.join(tie.changed) or 'unknown'}"
        for tie in ties.values()
        if tie is not None
    )


def _document(one: DueItem, tie: TearRow | None) -> dict[str, object]:
    told = {} if tie is None else {"master": tie.master_id, "changed": list(tie.changed)}
    return {
        **told,
        "what": one.what.value,
        "due_at": instant(one.at),
        "level": one.level.name.lower(),
        "record_id": one.row.record_id,
        "originator": one.row.originator,
        "version": one.row.version,
        "kind": one.row.kind,
        "direction": one.row.direction.value,
        "recipients": list(one.row.recipients),
        "conversation": one.row.conversation,
    }


def _then(items: Sequence[DueItem], ties: Mapping[str, TearRow | None]) -> tuple[str, ...]:
    """Return what can be done about the first of each sort."""
    ways = {
        Due.REPLY: "hub record show {id}",
        Due.CONFIRMATION: "hub record show {id}",
        Due.REVIEW: 'hub record review {id} --why "..." --as NAME',
        Due.RETENTION: 'hub record keep {id} --until DATE --why "..." --as NAME',
    }
    first = {one.what: one.row.record_id for one in reversed(items)}
    told = [ways[what].format(id=record_id) for what, record_id in first.items() if what in ways]
    ways_of = [(command_again(tie), command_unaffected(tie)) for tie in ties.values() if tie is not None]
    return tuple(dict.fromkeys([*told, *(way for both in ways_of for way in both)]))


def _let_go(found: Sequence[Unheeded]) -> tuple[str, ...]:
    """Return what lets the oldest one go that the policy holds."""
    held = (deliver_step(one.record_id, one.who) for one in found if one.reason in KEPT)
    return tuple(islice(held, 1))


def _unheeded(one: Unheeded) -> dict[str, object]:
    return {
        "record_id": one.record_id,
        "originator": one.originator,
        "version": one.version,
        "action": one.action,
        "kind": one.kind,
        "who": one.who,
        "via": one.via,
        "since": instant(one.since),
        "stands": one.stands,
        "reason": one.reason,
        "level": one.level.name.lower(),
    }


def _keeping(row: KeepingRow) -> dict[str, object]:
    return {
        "record_id": row.record_id,
        "originator": row.originator,
        "until": last_day(row.until).isoformat(),
        "justification": row.justification,
        "proposed_by": row.proposed_by,
        "proposed_at": instant(row.proposed_at),
        "confirmed_by": row.confirmed_by,
        "confirmed_at": instant(row.confirmed_at),
    }
