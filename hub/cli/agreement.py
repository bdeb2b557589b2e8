"""`hub agreement`: the files that say what may go to whom."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.audit.events import Act
from hub.audit.trail import writes, writes_nothing
from hub.cli.agreement_deciding import approve, diff, propose
from hub.cli.agreement_drafts import drafts
from hub.cli.agreement_page import page
from hub.cli.answer import Answer, instant, table
from hub.cli.files import called, read_text
from hub.cli.frame import Noun, trail
from hub.cli.home import administrator, home_option, opened, unlock_option
from hub.entries import AgreementRow
from hub.exchange import agreements
from hub.policy.agreements import effective, load_agreement
from hub.policy.description import described
from hub.policy.terms import Agreement

if TYPE_CHECKING:
    from hub.bootstrap.secrets import Unlock


@click.group(cls=Noun)
def agreement() -> None:
    """Read, check and adopt the agreements that allow records to flow."""


@trail(writes_nothing("a file is looked at, and no hub"))
@agreement.command(examples=("hub agreement check cis-1999.toml", "hub agreement check - < cis-1999.toml"))
@click.argument("file", metavar="FILE|-", help="The TOML file, or - for standard input.")
def check(file: str) -> Answer:
    """Say whether an agreement file can be used, and what it would allow. Needs no hub."""
    found = load_agreement(read_text(file))
    return Answer(
        document={"valid": True, "agreement": described(found)},
        people=(f"{called(file)} is a valid agreement. It would allow:", *page(found)),
        then=()
        if found.draft
        else (f"hub agreement propose {file} --as NAME", f"hub agreement adopt {file}"),
    )


@trail(writes(Act.AGREEMENT_CHANGED))
@agreement.command(examples=("hub agreement adopt cis-1999.toml",))
@click.argument("file", metavar="FILE|-", help="The TOML file, or - for standard input.")
@home_option
@unlock_option
def adopt(file: str, home: Path, unlock: Unlock) -> Answer:
    """Put an agreement in force here, alone; a changed text takes a higher version.

    Where the hub has two custodians it is theirs to decide: `hub agreement propose`, then `approve`.
    """
    text = read_text(file)
    with opened(home, unlock) as hub:
        row = agreements.adopt(hub.broker, administrator(hub.config.agency), text)
    found = effective(row.source, since=row.adopted_at)
    return Answer(
        document=_document(row, found),
        people=(f"{found.id} version {found.version} is adopted. It allows:", *page(found)),
        then=("hub record template KIND > record.json", "hub record draft record.json --to AGENCY --as NAME"),
    )


@trail(writes_nothing("the directory, and nobody that a record is about"))
@agreement.command("list", examples=("hub agreement list",))
@home_option
@unlock_option
def list_(home: Path, unlock: Unlock) -> Answer:
    """List the agreements that were adopted here."""
    with opened(home, unlock) as hub, hub.store.read() as view:
        rows = [(row, effective(row.source, since=row.adopted_at)) for row in view.directory.agreements()]
        waiting = agreements.waiting(view)
    proposed = [
        {"id": p.agreement_id, "version": p.version, "proposed_by": p.proposed_by, "digest": p.digest.hex()}
        for p in waiting
    ]
    told = [
        f"{p.agreement_id} version {p.version}, proposed by {p.proposed_by}, waits for another custodian."
        for p in waiting
    ]
    if not rows:
        return Answer(
            document={"agreements": [], "proposals": proposed},
            people=("No agreement is adopted here: nothing may be sent or received.", *told),
            then=("hub agreement check FILE", "hub agreement adopt FILE"),
        )
    columns = ("agreement", "version", "parties", "from", "until", "rules end", "adopted (UTC)", "adopted by")
    cells = [
        (
            *(a.id, a.version, a.parties, a.in_force_from, a.in_force_until),
            *(_first_end(a), r.adopted_at, r.adopted_by),
        )
        for r, a in rows
    ]
    return Answer(
        document={"agreements": [_document(row, found) for row, found in rows], "proposals": proposed},
        people=(table(columns, cells, numbers=("version",)), *told),
    )


@trail(writes_nothing("the directory, and nobody that a record is about"))
@agreement.command(examples=("hub agreement show cis-1999", "hub agreement show cis-1999 --version 1"))
@click.argument("agreement_id", metavar="AGREEMENT", help="Its id, like cis-1999.")
@click.option("--version", type=click.IntRange(1), metavar="N", help="This version; without it the newest.")
@home_option
@unlock_option
def show(agreement_id: str, version: int | None, home: Path, unlock: Unlock) -> Answer:
    """Show what an adopted agreement allows, article by article; old versions explain old releases."""
    with opened(home, unlock) as hub, hub.store.read() as view:
        row = agreements.version_of(view, agreement_id, version)
    found = effective(row.source, since=row.adopted_at)
    return Answer(document=_document(row, found), people=page(found))


def _first_end(found: Agreement) -> date | None:
    """Return the day on which the first of its standing rules ends."""
    ends = [found.rule_until(flow) for flow in found.flows if flow.by_rule]
    return min((day for day in ends if day is not None), default=None)


def _document(row: AgreementRow, found: Agreement) -> dict[str, object]:
    return {
        **described(found),
        "adopted_at": instant(row.adopted_at),
        "adopted_by": row.adopted_by,
        "digest": row.digest.hex(),
    }


for command in (drafts, propose, approve, diff):
    agreement.add_command(command)
