"""`hub ledger`: what went to and came from each partner, and how requests were answered; numbers alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from hub.audit.trail import writes_nothing
from hub.cli.answer import Answer, plain, table
from hub.cli.files import write_bytes
from hub.cli.frame import Noun, trail
from hub.cli.home import home_option, opened, unlock_option
from hub.cli.ledger_page import COLUMNS, as_csv, numbers, page
from hub.cli.ledger_quarter import quarter_type
from hub.cli.ledger_transport import transport
from hub.cli.ledger_words import WORDS
from hub.exchange.ledger.counting import ledger as count
from hub.exchange.ledger.figures import Quarter, Reciprocity, quarter_at

if TYPE_CHECKING:
    from hub.bootstrap.secrets import Unlock

_NOTHING: Final = "it shows numbers of records by kind and outcome, and no content"


quarter_option: Final = click.option(
    "--quarter",
    type=quarter_type,
    metavar="YYYY-QN",
    help="Which quarter, like 2026-Q4; without it, the present one.",
)


@click.group(cls=Noun)
def ledger() -> None:
    """Count what went to and came from each partner, and how requests were answered."""


@trail(writes_nothing(_NOTHING))
@ledger.command("show", examples=("hub ledger show", "hub ledger show --quarter 2026-Q3 --partner cis-atc"))
@click.option("--partner", metavar="AGENCY", help="Only this partner; without it, all.")
@quarter_option
@home_option
@unlock_option
def show(partner: str | None, quarter: Quarter | None, home: Path, unlock: Unlock) -> Answer:
    """Show the ledger of a quarter: requests each way, what came of them, and records by kind."""
    with opened(home, unlock) as hub:
        wanted = quarter or quarter_at(hub.broker.clock.now())
        found = count(hub.broker, wanted, partner=partner)
    return Answer(
        document={"quarter": str(wanted), "partners": [_document(one) for one in found]},
        people=tuple(_people(found)),
        then=(f"hub ledger report --quarter {wanted} --html ledger.html --csv ledger.csv",),
    )


@trail(writes_nothing(_NOTHING))
@ledger.command(
    "report",
    examples=(
        "hub ledger report --quarter 2026-Q3 --html ledger.html --csv ledger.csv",
        "hub ledger report --quarter 2026-Q3 --html ledger.html --language kk",
    ),
)
@click.option("--html", type=click.Path(path_type=Path), help="Where to write the page, to read and print.")
@click.option("--csv", type=click.Path(path_type=Path), help="Where to write the numbers, for other tools.")
@click.option("--language", type=click.Choice(sorted(WORDS)), default="en", show_default=True)
@quarter_option
@home_option
@unlock_option
def report(
    html: Path | None, csv: Path | None, language: str, quarter: Quarter | None, home: Path, unlock: Unlock
) -> Answer:
    """Write the quarterly report as a page with plots, as CSV, or both. It holds no content."""
    if html is None and csv is None:
        raise click.UsageError("Give --html, --csv or both.")
    with opened(home, unlock) as hub:
        at = hub.broker.clock.now()
        wanted = quarter or quarter_at(at)
        found = count(hub.broker, wanted)
        agency = hub.config.agency
    written = []
    if html is not None:
        text = page(found, wanted, agency=agency, at=plain(at), language=language)
        write_bytes(html, text.encode())
        written.append(str(html))
    if csv is not None:
        write_bytes(csv, as_csv(found, wanted).encode())
        written.append(str(csv))
    return Answer(
        document={"quarter": str(wanted), "partners": len(found), "written": written},
        people=(f"The ledger of {wanted} with {len(found)} partners is in {' and '.join(written)}.",),
    )


def _people(found: Sequence[Reciprocity]) -> list[Any]:
    lines: list[Any] = []
    for heading, side in (("We asked them", "asked"), ("They asked us", "asked_of_us")):
        rows = [
            (one.partner, *numbers(getattr(one, side)).values()) for one in found if getattr(one, side).made
        ]
        names = [name.replace("_", " ") for name in COLUMNS]
        lines += [heading, table(("partner", *names), rows, numbers=names)] if rows else []
    columns = ("partner", "sent", "received", "withdrawn by us", "withdrawn by them", "not acknowledged")
    rows = [
        (
            one.partner,
            sum(one.sent.values()),
            sum(one.received.values()),
            one.recalled_sent,
            one.recalled_received,
            one.undelivered,
        )
        for one in found
    ]
    return [*lines, "Records", table(columns, rows, numbers=columns[1:])] if rows else ["No partner yet."]


def _document(one: Reciprocity) -> dict[str, object]:
    return {
        "partner": one.partner,
        "sent": dict(one.sent),
        "received": dict(one.received),
        "asked": {**numbers(one.asked), "grounds": dict(one.asked.refused)},
        "asked_of_us": {**numbers(one.asked_of_us), "grounds": dict(one.asked_of_us.refused)},
        "recalled_sent": one.recalled_sent,
        "recalled_received": one.recalled_received,
        "undelivered": one.undelivered,
    }


ledger.add_command(transport)
