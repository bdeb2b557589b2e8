"""A command line loads what it names, and nothing of the rest."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from hub.cli.nouns import Nouns
from hub.cli.root import cli

_LOADED = """
import sys
from hub.cli.root import cli
command = cli.get_command(None, sys.argv[1]) if len(sys.argv) > 1 else None
print(*sorted(name for name in sys.modules if name.startswith("hub.cli.") or "." not in name))
"""


def test_a_noun_is_read_when_it_is_named() -> None:
    nouns = Nouns({"first": "hub.cli.queue:queue", "second": "no.such.module:noun"})
    assert list(nouns) == ["first", "second"]
    assert len(nouns) == 2
    assert isinstance(nouns["first"], click.Command)
    assert nouns["first"] is nouns["first"]
    with pytest.raises(ModuleNotFoundError):
        nouns["second"]
    with pytest.raises(KeyError):
        nouns["third"]


def test_a_noun_can_be_put_and_taken_away() -> None:
    nouns = Nouns({"first": "hub.cli.queue:queue"})
    nouns["own"] = command = click.Command("own")
    assert nouns["own"] is command
    del nouns["own"]
    assert list(nouns) == ["first"]


@pytest.mark.parametrize("name", list(cli.commands))
def test_each_noun_is_where_the_table_says(name: str) -> None:
    assert cli.commands[name].name == name


def _loaded(*words: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", _LOADED, *words], capture_output=True, text=True, timeout=60, check=True
    )
    return set(done.stdout.split())


@pytest.mark.slow
def test_no_database_and_no_other_noun_is_loaded_for_a_command() -> None:
    assert not _loaded() & {"sqlalchemy", "flask", "psycopg", "stix2", "hub.cli.record", "hub.cli.queue"}
    named = _loaded("queue")
    assert "hub.cli.queue" in named
    assert not named & {"psycopg", "stix2", "hub.cli.record"}
