"""What holds for each command: help with examples that can be run, JSON, and a place in the manual."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from hub.cli import cli
from hub.cli.frame import Leaf, Noun
from hub.cli.manual import EXITS, page
from hub.codes import CODES
from tests.cli.walk import LEAVES, NAMES, hub, words_of

MANUAL = Path(__file__).parents[2] / "docs" / "cli.md"


def test_every_noun_of_the_issue_is_there() -> None:
    nouns = {name for name, command in cli.commands.items() if isinstance(command, Noun)}
    assert nouns >= {"partner", "member", "officer", "record", "queue", "agreement"}


@pytest.mark.parametrize(("path", "leaf"), LEAVES, ids=NAMES)
def test_help_is_shown_and_closes_with_the_examples(path: tuple[str, ...], leaf: Leaf) -> None:
    result = hub(*path, "--help")
    assert result.exit_code == 0
    assert leaf.examples
    assert result.stdout.rstrip().endswith(leaf.examples[-1])
    assert all(example in result.stdout for example in leaf.examples)


@pytest.mark.parametrize(("path", "leaf"), LEAVES, ids=NAMES)
def test_every_command_answers_in_json(path: tuple[str, ...], leaf: Leaf) -> None:
    assert [p.name for p in leaf.params].count("as_json") == 1
    assert "--json" in hub(*path, "--help").stdout


@pytest.mark.parametrize(("path", "leaf"), LEAVES, ids=NAMES)
def test_every_command_says_what_it_does_in_a_sentence(path: tuple[str, ...], leaf: Leaf) -> None:
    first = (leaf.help or "").split("\n\n")[0]
    assert first[:1].isupper()
    assert first.rstrip().endswith(".")
    records = [p.get_help_record(click.Context(leaf)) for p in leaf.params]
    assert all(record and record[1].strip() for record in records)


@pytest.mark.parametrize(("path", "leaf"), LEAVES, ids=NAMES)
def test_every_example_can_be_parsed(
    path: tuple[str, ...], leaf: Leaf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_HOME", "/somewhere")
    for example in leaf.examples:
        words = words_of(example)
        assert tuple(words[: len(path)]) == path, example
        with leaf.make_context("hub", words[len(path) :]) as context:
            assert context.params, example


@pytest.mark.parametrize("noun", [n for n, c in cli.commands.items() if isinstance(c, Noun)])
def test_every_noun_has_help_with_an_example(noun: str) -> None:
    result = hub(noun, "--help")
    assert result.exit_code == 0
    assert f"hub {noun} " in result.stdout.split("Example:")[1]


def test_version_is_told() -> None:
    result = hub("--version")
    assert result.exit_code == 0
    assert result.stdout.startswith("hub ")


@pytest.mark.parametrize(
    ("path", "leaf"),
    [(path, leaf) for path, leaf in LEAVES if any(p.name == "home" for p in leaf.params)],
    ids=[" ".join(path) for path, leaf in LEAVES if any(p.name == "home" for p in leaf.params)],
)
def test_without_a_home_every_command_says_how_to_name_one(path: tuple[str, ...], leaf: Leaf) -> None:
    words = words_of(leaf.examples[0])
    if "--home" in words:
        at = words.index("--home")
        del words[at : at + 2]
    result = hub(*words)
    assert result.exit_code == 64
    assert "--home" in result.stderr
    assert "HUB_HOME" in result.stderr


def test_manual_tells_every_exit_code() -> None:
    assert set(EXITS) == {0, 1, 2} | {row.exit for row in CODES.values()}


def test_manual_is_what_the_commands_say() -> None:
    assert MANUAL.read_text(encoding="utf-8") == page(cli), (
        "docs/cli.md is stale; renew it: python -m hub.cli.manual > docs/cli.md"
    )


@pytest.mark.parametrize(("path", "leaf"), LEAVES, ids=NAMES)
def test_every_command_declares_what_it_writes_into_the_log(path: tuple[str, ...], leaf: Leaf) -> None:
    assert leaf.trail is not None, f"`hub {' '.join(path)}` declares no trail"
    assert str(leaf.trail)
