"""How a command fails: a sentence with its code for people, a problem document for machines, an exit code."""

from __future__ import annotations

import os
import shutil
import tempfile
import textwrap
import traceback
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from hub.cli.answer import as_json, safe, say_next
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
    extras = {"problems": _problems(failure), "reasons": _reasons(failure)}
    return told | {name: value for name, value in extras.items() if value}


def report(failure: HubError, *, machine: bool) -> int:
    """Tell a failure: machines read one document on standard output, people sentences on standard error.

    Returns the exit code.
    """
    if machine:
        click.echo(as_json(problem(failure)))
        return failure.row.exit
    click.echo(
        f"{click.style('error:', fg='red', bold=True)} {safe(failure.sentence)}  [{failure.code}]", err=True
    )
    for reason in _reasons(failure):
        click.echo(f"  - {safe(reason)}", err=True)
    for number, one in enumerate(_problems(failure), start=1):
        click.echo(f"\n{number:>3}  {click.style(safe(one['path']) or 'the whole', bold=True)}", err=True)
        click.echo(_block(safe(one["sentence"])), err=True)
        if "fix" in one:
            click.echo(f"     {click.style(safe(one['fix']), dim=True)}", err=True)
    then = failure.details.get("then", ())
    if isinstance(then, Sequence) and then:
        click.echo(err=True)
        say_next(then, err=True)
    return failure.row.exit


def _block(text: str) -> str:
    """Return a sentence folded to the terminal, under its number."""
    width = max(60, shutil.get_terminal_size().columns)
    return textwrap.fill(text, width, initial_indent=" " * 5, subsequent_indent=" " * 5)


def _problems(failure: HubError) -> list[dict[str, str]]:
    """Return the places where a document fails, when the failure names them."""
    found = failure.details.get("problems")
    if not isinstance(found, Sequence):
        return []
    names = ("path", "sentence", "fix")
    return [
        {name: str(getattr(one, name)) for name in names if getattr(one, name, None) is not None}
        for one in found
    ]


def _reasons(failure: HubError) -> list[str]:
    """Return why the rules say no, when the failure tells more than its sentence does.

    The details hold reasons (with a clause of an agreement), or sentences for each counterparty.
    """
    found = failure.details.get("reasons")
    if isinstance(found, Mapping):
        return [f"{who}: {why}" for who, sentences in found.items() for why in sentences]
    if isinstance(found, Sequence) and len(found) > 1:
        return [f"{one.sentence}{f' ({one.clause})' if one.clause else ''}" for one in found]
    return []


def from_click(error: click.ClickException) -> HubError:
    """Return the failure for a command line that click could not read."""
    sentence = error.format_message()
    if isinstance(error, click.UsageError) and error.ctx is not None:
        sentence = sentence.rstrip() if sentence.rstrip().endswith((".", ")")) else f"{sentence.rstrip()}."
        sentence = f"{sentence} See `{error.ctx.command_path} --help`."
    return Refused("command-invalid", " ".join(sentence.split()))


def unanswered() -> HubError:
    """Return the failure for a question that came where nobody types."""
    return Refused(
        "command-invalid",
        "Something was to be typed, and nobody is there to type it. A script hands secrets over with an "
        "option that ends in -fd, and answers beforehand with --digest, --confirm, --fingerprint or --yes, "
        "whichever the command has: see --help.",
    )


def interrupted() -> HubError:
    """Return the failure for a command that was stopped, or whose question was not agreed to."""
    return Refused("interrupted", "Stopped before the end; what was asked for was not answered.")


def unexpected(error: BaseException, home: Path | None) -> HubError:
    """Write down where a bug struck and return the failure that says in which file that is."""
    try:
        path = _log(_places(error), home)
    except OSError:
        return OurFault("internal", "Something failed inside the hub, and no log could be written.")
    return OurFault("internal", f"Something failed inside the hub; where, is in {path}.")


def _log(entry: str, home: Path | None) -> Path:
    """Append to the private log of the home, or to a new file where there is no home to write to."""
    if home is not None and home.is_dir():
        path = home / LOG_NAME
        try:
            handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError:
            return _log(entry, None)
    else:
        handle, name = tempfile.mkstemp(prefix="hub-", suffix=".log")
        path = Path(name)
    with os.fdopen(handle, "a", encoding="utf-8") as log:
        log.write(entry)
    return path


def _places(error: BaseException | None) -> str:
    """Return type and places only: the message of a strange exception may hold content."""
    parts = [f"{datetime.now(UTC).isoformat()}\n"]
    while error is not None:
        parts += [*traceback.format_tb(error.__traceback__), f"{type(error).__name__}\n"]
        error = error.__cause__ or error.__context__
    return "".join(parts)
