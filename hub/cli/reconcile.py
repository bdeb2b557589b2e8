"""`hub reconcile`: what we and a partner say that we sent and received, compared."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

import click
import msgspec

from hub.audit.events import Act
from hub.audit.trail import writes
from hub.cli.answer import Answer, instant, rendered, table
from hub.cli.files import write_bytes
from hub.cli.frame import leaf, trail
from hub.cli.home import administrator, home_option, opened, unlock_option
from hub.codes import CODES
from hub.entries import ReconciliationRow
from hub.envelope.reconciliation import Period
from hub.exchange.reconciling.asking import number_on
from hub.exchange.reconciling.asking import reconcile as compare_books
from hub.exchange.reconciling.comparing import Difference
from hub.exchange.reconciling.explaining import Explained, explain

if TYPE_CHECKING:
    from hub.bootstrap.secrets import Unlock

_COLUMNS: Final = ("sent by", "number", "difference", "envelope", "what", "do")
_DAY: Final = click.DateTime(formats=["%Y-%m-%d"])


@trail(writes(Act.RECONCILED))
@leaf(
    examples=(
        "hub reconcile cis-atc",
        "hub reconcile cis-atc --from 2026-11-01 --to 2026-11-30",
    )
)
@click.argument("agency", metavar="PARTNER", help="Its id, like cis-atc.")
@click.option("--from", "start", metavar="DATE", type=_DAY, help="What was sent on this day (UTC) or later.")
@click.option("--to", "end", metavar="DATE", type=_DAY, help="What was sent on this day or earlier.")
@click.option(
    "--number-on",
    "onward",
    is_flag=True,
    help="After our database was restored: number on above what the partner has received.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also write every difference here, a line of JSON each.",
)
@home_option
@unlock_option
@click.pass_context
def reconcile(
    context: click.Context,
    agency: str,
    start: datetime | None,
    end: datetime | None,
    onward: bool,
    out: Path | None,
    home: Path,
    unlock: Unlock,
) -> Answer:
    """Compare our books with a partner's: what each of us says it sent and received.

    Prints every difference and what to do about it. What is still on its way is none. Both sides sign what
    they say, and both keep it. Exit code 1 says that something differs. The hub does the same by itself
    every night. A partner behind a relay is asked through it; where our hub polls that relay, it must be
    served for the answer to come. With --json the first differences are told, and how many were left out:
    `--out` has them all.
    """
    with opened(home, unlock) as hub:
        actor = administrator(hub.config.agency)
        if onward:
            before, last = number_on(hub.broker, actor, agency)
            return Answer(
                document={"partner": agency, "numbers_before": before, "numbers_last": last},
                people=(f"The next envelope to {agency} gets number {last + 1}.",),
                then=(f"hub reconcile {agency}",),
            )
        with _Telling(us=hub.config.agency, machine=context.meta["machine"], out=out) as telling:
            row, found = compare_books(
                hub.broker, actor, agency, period=_period(start, end), tell=telling.tell
            )
    return _answer(row, found, us=hub.config.agency)


class _Telling:
    """Prints and writes differences as they are found, so that none has to be kept."""

    def __init__(self, *, us: str, machine: bool, out: Path | None) -> None:
        self._us = us
        self._machine = machine
        self._out = out
        self._file: BinaryIO | None = None

    def __enter__(self) -> _Telling:
        if self._out is not None:
            write_bytes(self._out, b"", mode=0o600)
            self._file = self._out.open("ab")
        return self

    def __exit__(self, *_error: object) -> None:
        if self._file is not None:
            self._file.close()

    def tell(self, page: Sequence[Difference]) -> None:
        """Tell a page of differences."""
        if not self._machine:
            cells = [_cells(one, explain(one, us=self._us)) for one in page]
            click.echo(rendered(table(_COLUMNS, cells, numbers=("number",))))
        if self._file is not None:
            for one in page:
                self._file.write(msgspec.json.encode(_document(one, self._us)) + b"\n")


def _period(start: date | None, end: date | None) -> Period | None:
    if start is None and end is None:
        return None
    return Period(
        start=None if start is None else _midnight(start),
        end=None if end is None else _midnight(end) + timedelta(days=1),
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def _answer(row: ReconciliationRow, found: Sequence[Difference], *, us: str) -> Answer:
    told = sum(one.count for one in found)
    document = as_document(row) | {
        "found": [_document(one, us) for one in found],
        "left_out": row.differences - told,
        "statements": list(row.statements),
    }
    counted = f"{row.compared} envelopes were compared with {row.partner}"
    if not row.differences:
        return Answer(document=document, people=(f"{counted}: nothing differs.",))
    return Answer(
        document=document,
        people=(f"{counted}: {row.differences} differ.",),
        exit=CODES["books-differ"].exit,
    )


def _document(one: Difference, us: str) -> dict[str, object]:
    why = explain(one, us=us)
    return one.as_document() | {"what": why.what, "do": why.do}


def _cells(one: Difference, why: Explained) -> tuple[object, ...]:
    numbers = one.number if one.last is None else f"{one.number}-{one.last}"
    return (one.sender, numbers, one.kind.value, _envelope(one), why.what, why.do)


def _envelope(one: Difference) -> str | None:
    line = one.sent or one.received
    return None if line is None else line.envelope_id


def as_document(row: ReconciliationRow) -> dict[str, object]:
    """Return what a comparison came to, for machines."""
    return {
        "partner": row.partner,
        "at": instant(row.at),
        "by": row.by,
        "from": instant(row.period_from),
        "to": instant(row.period_to),
        "compared": row.compared,
        "differences": row.differences,
    }


def as_words(row: ReconciliationRow | None) -> str | None:
    """Return what the last comparison came to, for people."""
    if row is None:
        return None
    at = row.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
    return f"{row.differences} differ, {at}" if row.differences else f"equal, {at}"
