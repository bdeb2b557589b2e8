"""Commands that pages tell people to type are commands that exist, with options that they have."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from hub.cli import cli
from hub.cli.frame import Leaf
from hub.codes import CODES

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TOLD = re.compile(r"(?:`|^(?:\w+=\S+ )?|ExecStart=/opt/hub/bin/)hub ([^`\n]+)", re.MULTILINE)


def commands(page: Path) -> list[str]:
    """Return what follows `hub` in code on a page, with lines that were folded inside code joined again."""
    text = re.sub(r"(`hub [^`\n]*)\n\s*([^`\n]*`)", r"\1 \2", page.read_text(encoding="utf-8"))
    code = re.findall(r"```.*?```", text, re.DOTALL) + re.findall(r"`hub [^`\n]+`", text)
    return [found.strip() for block in code for found in TOLD.findall(block)]


def wrong_with(words: list[str]) -> str | None:
    """Return what is wrong with a command line, or None; what stands for something else is let pass."""
    command: click.Command = cli
    for at, word in enumerate(words):
        if isinstance(command, Leaf) or word.startswith("-"):
            options = {name for parameter in command.params for name in parameter.opts}
            told = [w.split("=")[0] for w in words[at:] if w.startswith("--")]
            unknown = set(told) - options - {"--help", "--version"}
            return f"no option {unknown}" if unknown else None
        assert isinstance(command, click.Group)
        if word not in command.commands:
            return f"no command {word}"
        command = command.commands[word]
    return None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_on_a_page_exist(page: Path) -> None:
    wrong = {line: why for line in commands(page) if (why := wrong_with(line.split()))}
    assert not wrong


def test_runbook_tells_many_commands_and_only_codes_that_exist() -> None:
    runbook = ROOT / "docs" / "runbook.md"
    assert len(commands(runbook)) > 20
    table = runbook.read_text(encoding="utf-8").split("## When something fails")[1].split("\n\n")[2]
    named = {code for row in table.splitlines() for code in re.findall(r"`([a-z-]+)`", row.split("|")[1])}
    assert len(named) > 15
    assert named <= set(CODES)
