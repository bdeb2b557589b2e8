"""The frame: one sentence and one exit code per failure, one JSON document per command, no traceback."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
from click.testing import CliRunner, Result

from hub.cli.answer import Answer, plain
from hub.cli.frame import Noun, Root
from hub.codes import CODES
from hub.errors import Refused, failure

BUG = "a secret in the message"


@click.group(cls=Root)
def tool() -> None:
    """A tool to test the frame with."""


@tool.group(cls=Noun)
def thing() -> None:
    """Things."""


@thing.command(examples=("tool thing fail not-found",))
@click.argument("code")
def fail(code: str) -> Answer:
    """Fail with a code."""
    raise failure(code, "It was asked to fail.")


@thing.command(examples=("tool thing say",))
def say() -> Answer:
    """Say something."""
    return Answer(document={"said": "привет"}, people=("привет",), then=("tool thing say --json",))


@thing.command(examples=("tool thing break --home .",))
@click.option("--home", type=click.Path(path_type=Path))
def bug(home: Path | None) -> Answer:
    """Break."""
    raise ZeroDivisionError(BUG)


@thing.command(examples=("tool thing places",))
def places() -> Answer:
    """Name places."""
    one = SimpleNamespace(path="subjects[0].names", sentence="takes a list, not text.", fix="for example […]")
    raise Refused("record-invalid", "1 problem.", problems=[one])


@thing.command(examples=("tool thing ask",))
def ask() -> Answer:
    """Ask."""
    return Answer(document={"told": click.prompt("Say", err=True)})


def run(*words: str, **extra: object) -> Result:
    return CliRunner().invoke(tool, list(words), **extra)  # type: ignore[arg-type]


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_leaves_with_its_exit_and_its_sentence(code: str) -> None:
    result = run("thing", "fail", code)
    assert result.exit_code == CODES[code].exit
    assert result.stderr == f"error: It was asked to fail.  [{code}]\n"
    assert result.stdout == ""


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_failure_is_a_problem_document_for_machines(code: str) -> None:
    result = run("thing", "fail", code, "--json")
    assert result.exit_code == CODES[code].exit
    assert result.stderr == ""
    assert json.loads(result.stdout) == {
        "type": f"urn:hub:problem:{code}",
        "title": CODES[code].title,
        "status": CODES[code].status,
        "detail": "It was asked to fail.",
        "code": code,
        "exit": CODES[code].exit,
    }


def test_answer_is_one_document_for_machines() -> None:
    result = run("thing", "say", "--json")
    assert (result.exit_code, json.loads(result.stdout)) == (0, {"said": "привет"})


def test_answer_tells_people_what_comes_next() -> None:
    result = run("thing", "say")
    assert (result.exit_code, result.stdout) == (0, "привет\nNext:\n  tool thing say --json\n")


def test_bug_is_logged_privately_and_told_in_one_sentence(tmp_path: Path) -> None:
    result = run("thing", "bug", "--home", str(tmp_path))
    log = tmp_path / "cli-errors.log"
    assert result.exit_code == CODES["internal"].exit
    assert "Traceback" not in result.output
    assert "secret" not in result.output
    assert str(log) in result.stderr
    assert "ZeroDivisionError" in log.read_text()
    assert BUG not in log.read_text()
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_log_of_a_bug_never_follows_a_link(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("")
    (tmp_path / "cli-errors.log").symlink_to(victim)
    result = run("thing", "bug", "--home", str(tmp_path))
    assert result.exit_code == CODES["internal"].exit
    assert victim.read_text() == ""


def test_problems_name_path_sentence_and_fix() -> None:
    result = run("thing", "places")
    assert result.exit_code == CODES["record-invalid"].exit
    for part in ("subjects[0].names", "takes a list, not text.", "for example […]"):
        assert part in result.stderr
    told = json.loads(run("thing", "places", "--json").stdout)
    assert told["problems"] == [
        {"path": "subjects[0].names", "sentence": "takes a list, not text.", "fix": "for example […]"}
    ]


@pytest.mark.parametrize(
    "words", [("nonsense",), ("thing", "nonsense"), ("thing", "fail"), ("thing", "say", "--nonsense")]
)
def test_wrong_command_line_is_refused_with_a_pointer_to_the_help(words: tuple[str, ...]) -> None:
    result = run(*words)
    assert result.exit_code == CODES["command-invalid"].exit
    assert result.stderr.startswith("error: ")
    assert "--help" in result.stderr


def test_wrong_command_line_is_a_problem_document_for_machines() -> None:
    result = run("thing", "fail", "--json")
    assert json.loads(result.stdout)["code"] == "command-invalid"


def test_noun_alone_shows_its_help_and_fails() -> None:
    result = run("thing")
    assert result.exit_code == CODES["command-invalid"].exit
    assert "Commands:" in result.stderr


def test_a_question_that_nobody_is_there_to_answer_names_the_way_of_scripts() -> None:
    result = run("thing", "ask", input="")
    assert result.exit_code == CODES["command-invalid"].exit
    assert "--yes" in result.stderr


def test_help_closes_with_examples_as_they_are_typed() -> None:
    assert run("thing", "say", "--help").stdout.endswith("Example:\n  tool thing say\n")


def test_text_from_others_cannot_steer_the_terminal() -> None:
    assert plain("a\x1b[31mb\u202ec\x07") == "a\N{REPLACEMENT CHARACTER}[31mb" + "\ufffdc\ufffd"
    assert plain([]) == plain(None) == plain("") == "–"
