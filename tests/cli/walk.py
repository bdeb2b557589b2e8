"""All commands, and how tests run them."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Sequence
from typing import Any

from click.testing import CliRunner, Result

from hub.cli import cli
from hub.cli.frame import Leaf
from hub.cli.manual import leaves
from hub.codes import CODES

LEAVES: Sequence[tuple[tuple[str, ...], Leaf]] = tuple(leaves(cli))
NAMES = [" ".join(path) for path, _ in LEAVES]


def hub(*words: str, typed: str | None = None, env: dict[str, str | None] | None = None) -> Result:
    """Run a command line in this process."""
    clean = {"HUB_HOME": os.environ.get("TEST_HOME"), "HUB_UNLOCK": None, "HUB_OFFICER": None}
    return CliRunner().invoke(cli, list(words), input=typed, env={**clean, **(env or {})})


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
