"""`hub ledger transport`: the quarter's figures on illicit transport, from what members handed in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.audit.events import Act
from hub.audit.trail import writes
from hub.cli.answer import Answer, plain, table
from hub.cli.credentials import sign_in
from hub.cli.files import write_bytes
from hub.cli.frame import SOME_ID, leaf, trail
from hub.cli.home import opened
from hub.cli.ledger_quarter import quarter_type
from hub.cli.record_acting import acting, why_option
from hub.cli.record_views import then_of
from hub.cli.transport_page import as_csv, page, written
from hub.cli.transport_words import WORDS
from hub.exchange.ledger.figures import Quarter
from hub.exchange.ledger.transport import Compiled, compile_transport, draft_report

if TYPE_CHECKING:
    from hub.bootstrap.secrets import Unlock


@trail(writes(Act.CONSULTED, Act.DRAFTED, or_nothing="nobody delivered anything"))
@leaf(
    examples=(
        'hub ledger transport --quarter 2026-Q3 --html q3.html --csv q3.csv --why "order 7" --as aigerim',
        f'hub ledger transport --quarter 2026-Q3 --own {SOME_ID} --to cis-atc --why "order 7" --as aigerim',
    )
)
@click.option(
    "--quarter", type=quarter_type, required=True, metavar="YYYY-QN", help="Which quarter, like 2026-Q3."
)
@click.option(
    "--with",
    "partners",
    multiple=True,
    metavar="AGENCY",
    help="A domestic body with a hub of its own, whose report came and counts too; may be repeated.",
)
@click.option(
    "--own", multiple=True, metavar="ID", help="A report of our own that counts too; may be repeated."
)
@click.option("--html", type=click.Path(path_type=Path), help="Where to write the page, to read and print.")
@click.option("--csv", type=click.Path(path_type=Path), help="Where to write the figures, for other tools.")
@click.option("--language", type=click.Choice(sorted(WORDS)), default="en", show_default=True)
@click.option("--to", "recipient", metavar="AGENCY", help="Draft the report for this partner.")
@click.option("--agreement", metavar="ID", help="With --to: under which agreement, where several let it go.")
@why_option
@acting
def transport(
    quarter: Quarter,
    partners: tuple[str, ...],
    own: tuple[str, ...],
    html: Path | None,
    csv: Path | None,
    language: str,
    recipient: str | None,
    agreement: str | None,
    justification: str,
    officer: str,
    password_fd: int | None,
    home: Path,
    unlock: Unlock,
) -> Answer:
    """Compile the quarter's figures on illicit transport from the members' reports, and name who is missing.

    Each report that is read is logged with your reason. With --to the sums become the draft of a report to
    that partner, with the strictest label of all; a second officer releases it.
    """
    if agreement is not None and recipient is None:
        raise click.UsageError("--agreement goes with --to.")
    with opened(home, unlock) as hub:
        actor = sign_in(hub.broker, officer, password_fd)
        compiled = compile_transport(
            hub.broker, actor, quarter, justification=justification, partners=partners, own=own
        )
        at, us = plain(hub.broker.clock.now()), hub.config.agency
        draft = None
        if recipient is not None:
            draft = draft_report(hub.broker, actor, compiled, recipient=recipient, agreement=agreement)
    files = []
    if html is not None:
        write_bytes(html, page(compiled, agency=us, at=at, language=language).encode())
        files.append(str(html))
    if csv is not None:
        write_bytes(csv, as_csv(compiled).encode())
        files.append(str(csv))
    rows = [
        (sort.goods, sort.unit, sort.direction, figures.cases, figures.persons, written(figures.quantity))
        for sort, figures in compiled.totals.items()
    ]
    columns = ("goods", "unit", "direction", "cases", "persons", "quantity")
    drafted = () if draft is None else (f"Drafted as {draft.record_id}, for {draft.recipients[0]}.",)
    return Answer(
        document=_document(compiled)
        | {"written": files, "draft": None if draft is None else draft.record_id},
        people=(
            f"Delivered: {', '.join(one.agency for one in compiled.delivered) or 'nobody'}.",
            f"Not delivered: {', '.join(compiled.missing) or 'nobody is missing'}.",
            *((table(columns, rows, numbers=columns[3:]),) if rows else ()),
            *drafted,
        ),
        then=() if draft is None else then_of(draft, actor),
    )


def _document(compiled: Compiled) -> dict[str, object]:
    return {
        "quarter": str(compiled.quarter),
        "delivered": [
            {"agency": one.agency, "record_id": one.row.record_id, "older": list(one.also)}
            for one in compiled.delivered
        ],
        "missing": list(compiled.missing),
        "totals": [
            {
                "goods": sort.goods,
                "unit": sort.unit,
                "direction": sort.direction or None,
                "cases": figures.cases,
                "persons": figures.persons,
                "quantity": written(figures.quantity),
            }
            for sort, figures in compiled.totals.items()
        ],
    }
