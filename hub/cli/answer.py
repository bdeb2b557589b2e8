"""What a command says: one document for machines, the same for people, and what to do next."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import click
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

#: Cells wider than a terminal fold; a pipe gets room enough that ids stay on one line.
_PIPE_WIDTH: Final = 200
_BIDI: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The result of one command. `people` are lines and tables; `then` are commands that come next.

    `exit` is other than 0 only where the answer itself says no: evidence that is not proven.
    """

    document: Mapping[str, object]
    people: Sequence[RenderableType] = ()
    then: Sequence[str] = field(default=())
    exit: int = 0


def plain(value: object) -> str:
    """Return a value as people read it: times in UTC, yes and no, a dash for nothing."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(plain(part) for part in value) or "–"
    return safe(str(value))


def safe(text: str) -> str:
    """Return a text in which nothing can steer or deceive a terminal."""
    return "".join("\N{REPLACEMENT CHARACTER}" if _steers(char) else char for char in text)


def _steers(char: str) -> bool:
    return char in _BIDI or (unicodedata.category(char) in {"Cc", "Cs"} and char not in "\n\t")


def instant(value: datetime | None) -> str | None:
    """Return a time as documents carry it."""
    return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, numbers: Iterable[str] = ()) -> Table:
    """Build a table; the columns in `numbers` are aligned to the right."""
    built = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    right = frozenset(numbers)
    for column in columns:
        built.add_column(column, overflow="fold", justify="right" if column in right else "left")
    for row in rows:
        built.add_row(*(Text(plain(cell)) for cell in row))
    return built


def facts(pairs: Mapping[str, object]) -> Table:
    """Build a list of names and values."""
    built = Table.grid(padding=(0, 2, 0, 0))
    built.add_column(style="dim", no_wrap=True)
    built.add_column(overflow="fold")
    for name, value in pairs.items():
        built.add_row(Text(name), Text(plain(value)))
    return built


def as_json(document: Mapping[str, object]) -> str:
    """Return a document as text; bytes of a file's name that are no text do not stop it."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    return text.encode("utf-8", "replace").decode("utf-8")


def say(answer: Answer, *, machine: bool) -> None:
    """Write an answer to standard output."""
    if machine:
        click.echo(as_json(answer.document))
        return
    for part in answer.people:
        # Text keeps its lines whole: a template must stay JSON when it is piped.
        click.echo(safe(part) if isinstance(part, str) else rendered(part))
    say_next(answer.then)


def say_next(commands: Sequence[str], *, err: bool = False) -> None:
    """Name the commands that come next."""
    if commands:
        click.echo("\n".join(("Next:", *(f"  {safe(command)}" for command in commands))), err=err)


def rendered(table: RenderableType) -> str:
    """Return a table as lines, as wide as the terminal or, in a pipe, as it needs."""
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = _PIPE_WIDTH
    with console.capture() as lines:
        console.print(table)
    return "\n".join(line.rstrip() for line in lines.get().splitlines())
