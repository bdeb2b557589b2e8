"""`hub agreement propose | approve | diff`: two custodians decide what may go to whom."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.audit.events import Act
from hub.audit.trail import writes, writes_nothing
from hub.cli.agreement_page import page
from hub.cli.answer import Answer, instant, safe
from hub.cli.credentials import sign_in
from hub.cli.files import read_text
from hub.cli.frame import SOME_DIGEST, leaf, trail
from hub.cli.home import home_option, opened, unlock_option
from hub.cli.record_acting import acting
from hub.errors import Refused
from hub.exchange import agreements
from hub.policy.agreements import effective, load_agreement
from hub.policy.description import Difference, described, differences
from hub.ports import View

if TYPE_CHECKING:
    from hub.bootstrap.secrets import Unlock


@trail(writes(Act.AGREEMENT_PROPOSED))
@leaf(examples=("hub agreement propose cis-1999.toml --as dana",))
@click.argument("file", metavar="FILE|-", help="The TOML file, or - for standard input.")
@acting
def propose(file: str, officer: str, password_fd: int | None, home: Path, unlock: Unlock) -> Answer:
    """Propose an agreement as a custodian; it is in force once another custodian approved it."""
    text = read_text(file)
    with opened(home, unlock) as hub:
        actor = sign_in(hub.broker, officer, password_fd)
        row = agreements.propose(hub.broker, actor, text)
    return Answer(
        document={
            **described(load_agreement(row.source)),
            "digest": row.digest.hex(),
            "proposed_by": row.proposed_by,
            "proposed_at": instant(row.proposed_at),
        },
        people=(
            f"{row.agreement_id} version {row.version} waits for another custodian; nothing changes before.",
            f"Its digest: {row.digest.hex()}",
        ),
        then=(
            f"hub agreement diff {row.agreement_id}",
            f"hub agreement approve {row.agreement_id} --as NAME",
        ),
    )


@trail(writes(Act.AGREEMENT_CHANGED))
@leaf(
    examples=(
        "hub agreement approve cis-1999 --as erlan",
        f"hub agreement approve cis-1999 --version 2 --digest {SOME_DIGEST} --as erlan",
    )
)
@click.argument("agreement_id", metavar="AGREEMENT", help="Its id, like cis-1999.")
@click.option("--version", type=click.IntRange(1), metavar="N", help="This version; without it the newest.")
@click.option("--digest", metavar="HEX", help="The digest of the text that was read, all 64 digits.")
@acting
def approve(
    agreement_id: str,
    version: int | None,
    digest: str | None,
    officer: str,
    password_fd: int | None,
    home: Path,
    unlock: Unlock,
) -> Answer:
    """Put in force what another custodian proposed.

    Without --digest you read it first, with what it changes, and are asked.
    """
    with opened(home, unlock) as hub:
        actor = sign_in(hub.broker, officer, password_fd)
        with hub.store.read() as view:
            proposal = agreements.proposal_of(view, agreement_id, version)
            changes = _changes_of_proposal(view, agreement_id, proposal.source)
        if digest is None:
            click.echo(safe(f"{proposal.source}\n{_lines(changes)}"), err=True)
            click.confirm(f"Put {agreement_id} version {proposal.version} in force?", abort=True, err=True)
            seen = proposal.digest
        else:
            seen = _digest(digest)
        row = agreements.approve_agreement(hub.broker, actor, agreement_id, proposal.version, digest=seen)
    found = effective(row.source, since=row.adopted_at)
    return Answer(
        document={
            **described(found),
            "digest": row.digest.hex(),
            "proposed_by": proposal.proposed_by,
            "adopted_by": row.adopted_by,
            "adopted_at": instant(row.adopted_at),
        },
        people=(f"{found.id} version {found.version} is in force here. It allows:", *page(found)),
        then=(f"hub agreement show {agreement_id}",),
    )


@trail(writes_nothing("the directory, and nobody that a record is about"))
@leaf(
    examples=(
        "hub agreement diff cis-1999",
        "hub agreement diff cis-1999 cis-1999.toml",
        "hub agreement diff cis-1999 --from 1 --to 2",
    )
)
@click.argument("agreement_id", metavar="AGREEMENT", help="Its id, like cis-1999.")
@click.argument(
    "file", metavar="[FILE|-]", required=False, help="The text to compare with; or - for standard input."
)
@click.option(
    "--from", "before", type=click.IntRange(1), metavar="N", help="The version before; else the newest."
)
@click.option(
    "--to", "after", type=click.IntRange(1), metavar="N", help="The version after; else what is proposed."
)
@home_option
@unlock_option
def diff(
    agreement_id: str,
    file: str | None,
    before: int | None,
    after: int | None,
    home: Path,
    unlock: Unlock,
) -> Answer:
    """Show what changes from one version of an agreement to another, to a proposal, or to a file."""
    if file is not None and after is not None:
        raise click.UsageError("Give a file or --to, not both.")
    text = None if file is None else read_text(file)
    with opened(home, unlock) as hub, hub.store.read() as view:
        old = agreements.version_of(view, agreement_id, before).source
        if text is None and after is not None:
            text = agreements.version_of(view, agreement_id, after).source
        elif text is None:
            text = agreements.proposal_of(view, agreement_id).source
    one, other = load_agreement(old), load_agreement(text)
    if other.id != agreement_id:
        raise Refused("agreement-invalid", f"The file holds {other.id}, not {agreement_id}.")
    changes = differences(one, other)
    return Answer(
        document={
            "agreement": agreement_id,
            "from": one.version,
            "to": other.version,
            "differences": [{"where": d.where, "before": d.before, "after": d.after} for d in changes],
        },
        people=(f"{agreement_id}, from version {one.version} to version {other.version}:", _lines(changes)),
    )


def _changes_of_proposal(view: View, agreement_id: str, source: str) -> Sequence[Difference]:
    now = agreements.in_force(view, agreement_id)
    return [] if now is None else differences(load_agreement(now.source), load_agreement(source))


def _lines(changes: Sequence[Difference]) -> str:
    if not changes:
        return "Nothing that it says is different."
    lines = []
    for one in changes:
        lines.append(one.where)
        lines += [f"  - {one.before}"] if one.before is not None else []
        lines += [f"  + {one.after}"] if one.after is not None else []
    return "\n".join(lines)


def _digest(text: str) -> bytes:
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        raw = b""
    if len(raw) != 32:
        raise Refused("request-invalid", "--digest takes all 64 digits of what `hub agreement propose` told.")
    return raw
