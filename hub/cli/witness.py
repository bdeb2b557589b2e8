"""`hub witness`: who cosigns our log, whose logs we cosign, and evidence against those that forked."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from rich.console import RenderableType

from hub.audit.trail import writes_nothing
from hub.bootstrap.witnessing import tsa_name
from hub.cli.answer import Answer, as_json, instant, table
from hub.cli.files import write_bytes
from hub.cli.frame import Noun, trail
from hub.cli.home import home_option, opened, unlock_option
from hub.exchange.witness.policy import WitnessPolicy
from hub.exchange.witness.standing import WitnessStanding, witness_standing
from hub.ports import ForkRow, WitnessState

if TYPE_CHECKING:
    from hub.bootstrap.secrets import Unlock

_FORKS_MOST: Final = 1000


@click.group(cls=Noun)
def witness() -> None:
    """See who cosigns our log, whose logs we cosign, and what contradicted them."""


@trail(writes_nothing("sizes, times and agencies"))
@witness.command(examples=("hub witness show", "hub witness show --json"))
@home_option
@unlock_option
def show(home: Path, unlock: Unlock) -> Answer:
    """Show our witnesses, when each cosigned last and how far behind it is, and the logs that we witness."""
    with opened(home, unlock) as hub:
        policy, config = hub.broker.witnesses, hub.config
        standing = witness_standing(hub.broker, tsa=tsa_name(config))
    document = {
        "quorum": _quorum_document(policy, standing),
        "witnesses": [_witness_document(standing, name, state) for name, state in standing.states],
        "timestamps": _timestamps_document(config.tsa_url, standing),
        "logs": [
            {"origin": row.origin, "size": row.size, "cosigned_at": instant(row.at)}
            for row in standing.witnessed
        ],
    }
    return Answer(document=document, people=_people(policy, config.tsa_url, standing))


@trail(writes_nothing("signed checkpoints, which hold sizes and hashes"))
@witness.command(examples=("hub witness forks", "hub witness forks -o forks.json"))
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the evidence to a new file.",
)
@home_option
@unlock_option
def forks(output: Path | None, home: Path, unlock: Unlock) -> Answer:
    """List signed checkpoints of other logs that contradict the ones that we cosigned.

    A `fork` is proof against the log: two roots for one size, both signed by its keys. `unproven` is a
    checkpoint that came with a proof that does not verify; somebody else may have spoiled that proof.
    """
    with opened(home, unlock) as hub, hub.store.read() as view:
        rows = view.witnessing.forks(limit=_FORKS_MOST)
    document = {"forks": [_fork_document(row) for row in rows]}
    if output is not None:
        write_bytes(output, f"{as_json(document)}\n".encode())
    if not rows:
        return Answer(document=document, people=("No log has contradicted what was cosigned here.",))
    columns = ("number", "log", "entries", "kind", "brought by", "at (UTC)")
    cells = [(row.number, row.origin, row.size, row.kind.value, row.reported_by, row.at) for row in rows]
    people: list[RenderableType] = [table(columns, cells, numbers=("number", "entries"))]
    if output is not None:
        people.append(f"The evidence is in {output}: the cosigned note and the request that contradicts it.")
    then = () if output is not None else ("hub witness forks -o FILE",)
    return Answer(document=document, people=people, then=then)


def _people(policy: WitnessPolicy, tsa_url: str, standing: WitnessStanding) -> list[RenderableType]:
    lines: list[RenderableType] = [_quorum_line(policy, standing)]
    if standing.states:
        columns = ("witness", "cosigned last (UTC)", "entries", "behind", "why not")
        cells = [
            (
                name,
                state.cosigned_at if state else None,
                state.size if state else 0,
                standing.behind(state),
                _why_not(state),
            )
            for name, state in standing.states
        ]
        lines += ["", table(columns, cells, numbers=("entries", "behind"))]
    lines += ["", _timestamps_line(tsa_url, standing), "", "Logs that we witness:"]
    if standing.witnessed:
        logs = [(row.origin, row.size, row.at) for row in standing.witnessed]
        lines.append(table(("log", "entries", "cosigned last (UTC)"), logs, numbers=("entries",)))
    else:
        lines.append("none yet: no partner has asked for a cosignature.")
    return lines


def _quorum_line(policy: WitnessPolicy, standing: WitnessStanding) -> str:
    quorum = standing.quorum
    if quorum.alarm is not None:
        return (
            f"ALARM: a witness has disproved our log ({quorum.alarm.value}). Nothing is released; "
            "see the runbook, A witness that disproves our log."
        )
    if not policy.witnesses:
        return "Nobody cosigns our log: hub.toml names no witnesses. That is a choice, and anyone can see it."
    if policy.needed == 0:
        return "No quorum is needed: hub.toml sets no witness_quorum. Releases go on whoever is missing."
    if quorum.missing_since is not None:
        return (
            f"The quorum ({policy}) is MISSING since {_utc(quorum.missing_since)}: "
            f"{', '.join(quorum.missing)}. See the runbook, A missing quorum."
        )
    if quorum.met_at is None:
        return f"The quorum ({policy}) was never met; `hub serve` asks for it."
    return f"The quorum ({policy}) was met at {_utc(quorum.met_at)}, over {quorum.size} entries."


def _timestamps_line(tsa_url: str, standing: WitnessStanding) -> str:
    if not tsa_url:
        return "No time stamps: hub.toml names no tsa_url."
    told = (
        "No time stamp yet"
        if standing.stamped is None
        else f"Last time stamp at {_utc(standing.stamped.at)}, over {standing.stamped.size} entries"
    )
    if standing.unstamped_since is not None:
        told += f"; what was signed since {_utc(standing.unstamped_since)} has none"
    failing = standing.stamping
    if failing is not None and failing.failing_since is not None:
        told += f"; the authority fails since {_utc(failing.failing_since)}: {failing.sentence}"
    return told.rstrip(".") + "."


def _why_not(state: WitnessState | None) -> str | None:
    if state is None:
        return "not asked yet"
    return None if state.failing_since is None else f"{state.sentence} [{state.code}]"


def _quorum_document(policy: WitnessPolicy, standing: WitnessStanding) -> dict[str, object]:
    quorum = standing.quorum
    missing = quorum.missing_since if policy.needed else None
    return {
        "needed": policy.needed,
        "of": len(policy.witnesses),
        "met_at": instant(quorum.met_at),
        "size": quorum.size,
        "missing_since": instant(missing),
        "missing": list(quorum.missing) if missing else [],
        "alarm": None if quorum.alarm is None else quorum.alarm.value,
    }


def _witness_document(standing: WitnessStanding, name: str, state: WitnessState | None) -> dict[str, object]:
    return {
        "witness": name,
        "cosigned_at": instant(state.cosigned_at) if state else None,
        "size": state.size if state else 0,
        "behind": standing.behind(state),
        "failing_since": instant(state.failing_since) if state else None,
        "code": state.code if state else None,
        "sentence": state.sentence if state else None,
    }


def _timestamps_document(tsa_url: str, standing: WitnessStanding) -> dict[str, object] | None:
    if not tsa_url:
        return None
    failing = standing.stamping
    return {
        "stamped_at": None if standing.stamped is None else instant(standing.stamped.at),
        "size": 0 if standing.stamped is None else standing.stamped.size,
        "unstamped_since": instant(standing.unstamped_since),
        "failing_since": instant(failing.failing_since) if failing else None,
        "code": failing.code if failing else None,
    }


def _fork_document(row: ForkRow) -> dict[str, object]:
    return {
        "number": row.number,
        "origin": row.origin,
        "size": row.size,
        "root": row.root.hex(),
        "kind": row.kind.value,
        "reported_by": row.reported_by,
        "at": instant(row.at),
        "cosigned_note": row.known.decode(),
        "request": row.request.decode(),
    }


def _utc(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
