"""How a command fails: a sentence with its code for people, a problem document for machines, an exit code."""

from __future__ import annotations

import json
import os
import tempfile
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click
from rich.text import Text

from hub.cli.answer import indented, plain, terminal
from hub.errors import HubError, OurFault, Refused

LOG_NAME: Final = "cli-errors.log"


def problem(failure: HubError) -> dict[str, object]:
    """Return the problem document (RFC 9457) of a failure, with the exit code and what else it tells."""
    told: dict[str, object] = {
        "type": f"urn:hub:problem:{failure.code}",
        "title": failure.row.title,
        "status": failure.row.status,
        "detail": failure.sentence,
        "code": failure.code,
        "exit": failure.row.exit,
    }
    listed = _listed(failure)
    if listed:
        told["problems"] = listed
    return told


def _listed(failure: HubError) -> list[dict[str, str]]:
    """Return the places a document fails at, when the failure names them."""
    found = failure.details.get("problems")
    if not isinstance(found, Sequence) or isinstance(found, str):
        return []
    names = ("path", "sentence", "example")
    return [
        {name: str(getattr(one, name)) for name in names if getattr(one, name, None) is not None}
        for one in found
    ]


def report(failure: HubError, *, machine: bool) -> int:
    """Tell a failure: machines read one document on standard output, people a sentence on standard error.

    Returns the exit code.
    """
    if machine:
        click.echo(json.dumps(problem(failure), ensure_ascii=False, indent=2))
        return failure.row.exit
    console = terminal(stderr=True)
    console.print(
        Text("error: ", style="bold red") + Text(f"{plain(failure.sentence)}  [{failure.code}]"),
        soft_wrap=True,
    )
    for number, one in enumerate(_listed(failure), start=1):
        console.print()
        console.print(
            Text(f"{number:>3}  ", style="dim") + Text(plain(one["path"]) or "(the whole)", style="bold")
        )
        console.print(indented(indented(Text(f" {plain(one['sentence'])}"))))
        if "example" in one:
            console.print(indented(indented(Text(f" for example: {plain(one['example'])}", style="dim"))))
    return failure.row.exit


def from_click(error: click.ClickException) -> HubError:
    """Return the failure for a command line that click could not read."""
    sentence = error.format_message()
    if isinstance(error, click.UsageError) and error.ctx is not None:
        sentence = f"{sentence} See `{error.ctx.command_path} --help`."
    return Refused("command-invalid", " ".join(sentence.split()))


def interrupted() -> HubError:
    """Return the failure for a command that was stopped, or whose question nobody answered."""
    return Refused("interrupted", "Stopped before the end; what was asked for was not answered.")


def unexpected(error: BaseException, home: Path | None) -> HubError:
    """Write the traceback of a bug into a private log and return the failure that says where it is."""
    folder = home if home is not None and home.is_dir() else Path(tempfile.gettempdir())
    entry = f"{datetime.now(UTC).isoformat()}\n{''.join(traceback.format_exception(error))}\n"
    for path in (folder / LOG_NAME, Path(tempfile.gettempdir()) / f"hub-{os.getpid()}-{LOG_NAME}"):
        try:
            handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError:
            continue
        with os.fdopen(handle, "a", encoding="utf-8") as log:
            log.write(entry)
        return OurFault("internal", f"Something failed inside the hub; the details are in {path}.")
    return OurFault(
        "internal", f"Something failed inside the hub ({type(error).__name__}), and no log could be written."
    )
