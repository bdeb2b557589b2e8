"""`hub agreement`: the files that say what may go to whom."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click
from rich.console import RenderableType

from hub.audit.events import Act
from hub.audit.trail import writes, writes_nothing
from hub.cli.answer import Answer, facts, instant, table
from hub.cli.files import called, read_text
from hub.cli.frame import Noun, trail
from hub.cli.home import administrator, home_option, opened, unlock_option
from hub.entries import AgreementRow
from hub.errors import Refused
from hub.exchange import agreements
from hub.policy.agreements import Agreement, Flow, load_agreement


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
        people=(f"{called(file)} is a valid agreement. It would allow:", *_page(found)),
        then=(f"hub agreement adopt {file}",),
    )


@trail(writes(Act.AGREEMENT_CHANGED))
@agreement.command(examples=("hub agreement adopt cis-1999.toml",))
@click.argument("file", metavar="FILE|-", help="The TOML file, or - for standard input.")
@home_option
@unlock_option
def adopt(file: str, home: Path, unlock: Path | None) -> Answer:
    """Put an agreement in force here; a changed text takes a higher version."""
    text = read_text(file)
    with opened(home, unlock) as hub:
        row = agreements.adopt(hub.broker, administrator(hub.config.agency), text)
    found = load_agreement(row.source)
    return Answer(
        document=_document(row, found),
        people=(f"{found.id} version {found.version} is adopted. It allows:", *_page(found)),
        then=("hub record template KIND > record.json", "hub record draft record.json --to AGENCY --as NAME"),
    )


@trail(writes_nothing("the directory, and nobody that a record is about"))
@agreement.command("list", examples=("hub agreement list",))
@home_option
@unlock_option
def list_(home: Path, unlock: Path | None) -> Answer:
    """List the agreements that were adopted here."""
    with opened(home, unlock) as hub, hub.store.read() as view:
        rows = [(row, load_agreement(row.source)) for row in view.directory.agreements()]
    if not rows:
        return Answer(
            document={"agreements": []},
            people=("No agreement is adopted here: nothing may be sent or received.",),
            then=("hub agreement check FILE", "hub agreement adopt FILE"),
        )
    columns = ("agreement", "version", "parties", "from", "until", "adopted (UTC)", "adopted by")
    cells = [
        (a.id, a.version, a.parties, a.in_force_from, a.in_force_until, r.adopted_at, r.adopted_by)
        for r, a in rows
    ]
    return Answer(
        document={"agreements": [_document(row, found) for row, found in rows]},
        people=(table(columns, cells, numbers=("version",)),),
    )


@trail(writes_nothing("the directory, and nobody that a record is about"))
@agreement.command(examples=("hub agreement show cis-1999",))
@click.argument("agreement_id", metavar="AGREEMENT", help="Its id, like cis-1999.")
@home_option
@unlock_option
def show(agreement_id: str, home: Path, unlock: Path | None) -> Answer:
    """Show what an adopted agreement allows, article by article."""
    with opened(home, unlock) as hub, hub.store.read() as view:
        row = next((r for r in view.directory.agreements() if r.agreement_id == agreement_id), None)
    if row is None:
        raise Refused(
            "not-found", f"There is no agreement {agreement_id} here; `hub agreement list` shows all."
        )
    found = load_agreement(row.source)
    return Answer(document=_document(row, found), people=_page(found))


def described(found: Agreement) -> dict[str, object]:
    """Return an agreement for machines."""
    return {
        "id": found.id,
        "version": found.version,
        "title": found.title,
        "instrument": found.instrument,
        "parties": list(found.parties),
        "in_force_from": found.in_force_from.isoformat(),
        "in_force_until": found.in_force_until.isoformat() if found.in_force_until else None,
        "articles": [{"number": article.number, "about": article.about} for article in found.articles],
        "flows": [_flow(flow) for flow in found.flows],
    }


def _flow(flow: Flow) -> dict[str, object]:
    return {
        "from": sorted(flow.senders),
        "to": sorted(flow.recipients),
        "articles": list(flow.articles),
        "kinds": _values(flow.kinds),
        "by_rule": _values(flow.by_rule),
        "purposes": _values(flow.purposes),
        "languages": sorted(flow.languages),
        "highest": flow.highest.value,
        "tlp": None if flow.tlp is None else _values(flow.tlp),
        "handling": _values(flow.handling),
        "caveats": list(flow.caveats),
        "reply_days": {kind.value: days for kind, days in flow.reply_days.items()},
        "retention_days": flow.retention_days,
    }


def _values(members: Iterable[object]) -> list[str]:
    return sorted(str(getattr(member, "value", member)) for member in members)


def _document(row: AgreementRow, found: Agreement) -> dict[str, object]:
    return {
        **described(found),
        "adopted_at": instant(row.adopted_at),
        "adopted_by": row.adopted_by,
        "digest": row.digest.hex(),
    }


def _page(found: Agreement) -> tuple[RenderableType, ...]:
    parts: list[RenderableType] = [
        facts(
            {
                "agreement": f"{found.id}, version {found.version}",
                "title": found.title,
                "instrument": found.instrument,
                "parties": found.parties,
                "in force": f"from {found.in_force_from} until {found.in_force_until or 'further notice'}",
                **{f"article {article.number}": article.about for article in found.articles},
            }
        )
    ]
    for flow in found.flows:
        told = _flow(flow)
        parts += ["", f"{', '.join(sorted(flow.senders))} → {', '.join(sorted(flow.recipients))}"]
        parts.append(
            facts(
                {
                    "  kinds": told["kinds"],
                    "  without a second officer": told["by_rule"] or "none",
                    "  purposes": told["purposes"],
                    "  languages": told["languages"],
                    "  up to": flow.highest.value,
                    "  TLP": "any" if flow.tlp is None else told["tlp"],
                    "  handling codes": told["handling"] or "none",
                    "  reply within": [f"{k.value}: {days} days" for k, days in flow.reply_days.items()]
                    or "no time is set",
                    "  kept for": "no time is set"
                    if flow.retention_days is None
                    else f"{flow.retention_days} days",
                    "  articles": flow.articles,
                    "  caveats": "; ".join(flow.caveats) or "none",
                }
            )
        )
    return tuple(parts)
