"""`hub policy check | show | propose | approve`: two custodians decide who releases and reads what."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import RenderableType

from hub.audit.events import Act
from hub.audit.trail import writes, writes_nothing
from hub.cli.answer import Answer, instant, safe, table
from hub.cli.credentials import sign_in
from hub.cli.files import read_text
from hub.cli.frame import SOME_DIGEST, leaf, trail
from hub.cli.home import home_option, opened, unlock_option
from hub.cli.record_acting import acting
from hub.entries import PolicyRow
from hub.errors import Refused
from hub.exchange import policies
from hub.policy.rulebook import Rule, load_rulebook, schema_text, shipped_text

if TYPE_CHECKING:
    from hub.bootstrap.secrets import Unlock


@trail(writes_nothing("a file is looked at, and no hub"))
@leaf(examples=("hub policy check access.cedar",))
@click.argument("file", metavar="FILE|-", help="The Cedar file, or - for standard input.")
def check(file: str) -> Answer:
    """Check a policy on officers and members against what such policies can speak of. Needs no hub."""
    text = read_text(file)
    rules = load_rulebook(text).rules
    digest = policies.digest_of(text).hex()
    return Answer(
        document={"digest": digest, "rules": [_rule(one) for one in rules]},
        people=(_table(rules), f"It can be proposed. Its digest: {digest}"),
        then=("hub policy propose FILE --as NAME",),
    )


@trail(writes_nothing("the policy, and nobody that a record is about"))
@leaf(examples=("hub policy show", "hub policy show --shipped", "hub policy show --schema"))
@click.option("--shipped", is_flag=True, help="The policy that holds where no other was approved.")
@click.option("--schema", "of_schema", is_flag=True, help="What a policy can speak of.")
@click.option("--proposed", is_flag=True, help="What waits for another custodian.")
@home_option
@unlock_option
def show(shipped: bool, of_schema: bool, proposed: bool, home: Path, unlock: Unlock) -> Answer:
    """Show the text of the policy in force on who releases and reads what."""
    if shipped + of_schema + proposed > 1:
        raise click.UsageError("Give one of --shipped, --schema and --proposed.")
    row: PolicyRow | None = None
    if of_schema:
        text = schema_text()
    elif shipped:
        text = shipped_text()
    else:
        with opened(home, unlock) as hub, hub.store.read() as view:
            row = policies.proposed(view) if proposed else view.access.policy()
            text = policies.in_force(view) if row is None else row.source
    document: dict[str, object] = {"text": text, "digest": policies.digest_of(text).hex()}
    return Answer(document=document | ({} if row is None else _decided(row)), people=(text,))


@trail(writes(Act.ACCESS_PROPOSED))
@leaf(examples=("hub policy propose access.cedar --as dana",))
@click.argument("file", metavar="FILE|-", help="The Cedar file, or - for standard input.")
@acting
def propose(file: str, officer: str, password_fd: int | None, home: Path, unlock: Unlock) -> Answer:
    """Propose a policy as a custodian; it is in force once another custodian approved it."""
    text = read_text(file)
    with opened(home, unlock) as hub:
        actor = sign_in(hub.broker, officer, password_fd)
        row = policies.propose_policy(hub.broker, actor, text)
    return Answer(
        document=_decided(row) | {"digest": row.digest.hex()},
        people=(
            f"Policy version {row.version} waits for another custodian; nothing changes before.",
            f"Its digest: {row.digest.hex()}",
        ),
        then=("hub policy show --proposed", "hub policy approve --as NAME"),
    )


@trail(writes(Act.ACCESS_CHANGED))
@leaf(
    examples=(
        "hub policy approve --as erlan",
        f"hub policy approve --digest {SOME_DIGEST} --as erlan",
    )
)
@click.option("--digest", metavar="HEX", help="The digest of the text that was read, all 64 digits.")
@acting
def approve(digest: str | None, officer: str, password_fd: int | None, home: Path, unlock: Unlock) -> Answer:
    """Put in force the policy that another custodian proposed.

    Without --digest you read what it changes first, and are asked.
    """
    with opened(home, unlock) as hub:
        actor = sign_in(hub.broker, officer, password_fd)
        with hub.store.read() as view:
            proposal, before = policies.proposed(view), policies.in_force(view)
        if digest is None:
            click.echo(safe(_changes(before, proposal.source)), err=True)
            click.confirm(f"Put version {proposal.version} in force?", abort=True, err=True)
            seen = proposal.digest
        else:
            seen = _digest(digest)
        row = policies.approve_policy(hub.broker, actor, digest=seen)
    rules = load_rulebook(row.source).rules
    return Answer(
        document=_decided(row) | {"digest": row.digest.hex(), "rules": [_rule(one) for one in rules]},
        people=(f"Policy version {row.version} is in force here.", _table(rules)),
        then=("hub policy show",),
    )


def _changes(before: str, after: str) -> str:
    lines = unified_diff(before.splitlines(), after.splitlines(), "in force", "proposed", lineterm="", n=2)
    return "\n".join(lines)


def _table(rules: Sequence[Rule]) -> RenderableType:
    cells = [(one.line, one.name, "forbids" if one.forbids else "permits", one.reason) for one in rules]
    return table(("line", "rule", "does", "what it says"), cells, numbers=("line",))


def _rule(one: Rule) -> dict[str, object]:
    return {"name": one.name, "line": one.line, "forbids": one.forbids, "reason": one.reason}


def _decided(row: PolicyRow) -> dict[str, object]:
    return {
        "version": row.version,
        "proposed_by": row.proposed_by,
        "proposed_at": instant(row.proposed_at),
        "approved_by": row.approved_by,
        "approved_at": instant(row.approved_at),
    }


def _digest(text: str) -> bytes:
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        raw = b""
    if len(raw) != 32:
        raise Refused("request-invalid", "--digest takes all 64 digits of what `hub policy propose` told.")
    return raw
