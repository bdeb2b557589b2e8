"""All commands, and how tests run them."""

from __future__ import annotations

import json
import os
import shlex
import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from click.testing import CliRunner, Result

from hub.audit.events import Act
from hub.cli import cli
from hub.cli.frame import Leaf
from hub.cli.manual import leaves
from hub.codes import CODES

LEAVES: Sequence[tuple[tuple[str, ...], Leaf]] = tuple(leaves(cli))
#: Commands that succeeded in this process, and what they wrote then.
DONE: Final[dict[tuple[str, ...], set[Act]]] = defaultdict(set)
NAMES = [" ".join(path) for path, _ in LEAVES]


def hub(*words: str, typed: str | None = None, env: dict[str, str | None] | None = None) -> Result:
    """Run a command line in this process."""
    clean = {"HUB_HOME": os.environ.get("TEST_HOME"), "HUB_UNLOCK": None, "HUB_OFFICER": None}
    before = _written(words)
    result = CliRunner().invoke(cli, list(words), input=typed, env={**clean, **(env or {})})
    _compare(words, result, _written(words, after=max(before, default=0)))
    return result


def _written(words: Sequence[str], after: int = -1) -> Mapping[int, Act]:
    """Return what the log of the home that a command line is about has above a position."""
    home = words[words.index("--home") + 1] if "--home" in words else os.environ.get("TEST_HOME")
    path = Path(str(home)) / "hub.sqlite3"
    if home is None or not path.exists():
        return {}
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT position, act FROM events WHERE position > ?", (after,))
        return {position: Act(act) for position, act in rows}


def _compare(words: Sequence[str], result: Result, written: Mapping[int, Act]) -> None:
    """Fail for an entry that a command does not declare."""
    path, command = next(((p, c) for p, c in LEAVES if tuple(words[: len(p)]) == p), ((), None))
    if command is None or command.trail is None:
        return
    signed_in = {Act.LOGIN} if any(p.name == "officer" for p in command.params) else set()
    undeclared = command.trail.undeclared(written.values()) - signed_in
    assert not undeclared, f"{path} wrote {undeclared}, and declares: {command.trail}"
    if result.exit_code == 0:
        DONE[path] |= command.trail.acts & set(written.values())


def json_of(result: Result) -> dict[str, Any]:
    """Return the document of a command that succeeded."""
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert isinstance(document, dict)
    return document


def refused(result: Result, code: str) -> str:
    """Assert that a command failed with a code; return what it said."""
    assert f"[{code}]" in result.stderr, result.output
    assert result.exit_code == CODES[code].exit
    assert "Traceback" not in result.output
    return result.stderr


def words_of(example: str) -> list[str]:
    """Return the words of an example without `hub` and without what the shell takes: `> file`, `3<file`."""
    words = shlex.split(example)
    assert words[0] == "hub", example
    kept: list[str] = []
    skip = False
    for word in words[1:]:
        if skip:
            skip = False
        elif word in {">", "<"}:
            skip = True
        elif word.lstrip("0123456789")[:1] not in {">", "<"}:
            kept.append(word)
    return kept
