"""Record files: a template passes the check, and the check says what is wrong and how to fix it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hub.codes import CODES
from hub.records.kinds import Kind
from tests.cli.walk import hub

KINDS = [kind.value for kind in Kind]


@pytest.fixture
def draft() -> dict[str, Any]:
    document = json.loads(hub("record", "template", "wanted-person").stdout)
    assert isinstance(document, dict)
    return document


def written(folder: Path, document: object) -> str:
    path = folder / "record.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return str(path)


def problems(folder: Path, document: object) -> dict[str, dict[str, str]]:
    """Return what the check finds, by path."""
    result = hub("record", "check", written(folder, document), "--json")
    assert result.exit_code == CODES["record-invalid"].exit
    told = json.loads(result.stdout)
    return {one["path"]: one for one in told["problems"]}


def test_kinds_are_all_listed_with_what_they_are_for() -> None:
    told = json.loads(hub("record", "kinds", "--json").stdout)
    assert [one["kind"] for one in told["kinds"]] == KINDS
    text = hub("record", "kinds").stdout
    assert all(one["kind"] in text and one["means"] in text for one in told["kinds"])


@pytest.mark.parametrize("kind", KINDS)
def test_template_passes_the_check(kind: str) -> None:
    template = hub("record", "template", kind)
    assert template.exit_code == 0
    checked = hub("record", "check", "-", typed=template.stdout)
    assert checked.exit_code == 0, checked.stderr
    assert f"valid {kind}" in checked.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_template_leaves_out_what_the_hub_fills_in(kind: str) -> None:
    told = json.loads(hub("record", "template", kind).stdout)
    assert not {"id", "version", "action", "originator", "created_at", "conversation"} & set(told)
    assert set(told) == set(json.loads(hub("record", "template", kind, "--json").stdout))


def test_each_problem_has_path_sentence_and_fix(tmp_path: Path, draft: dict[str, Any]) -> None:
    draft["label"]["tlp"] = "purple"
    found = problems(tmp_path, draft)["label.tlp"]
    assert found["sentence"].startswith("expected one of clear, green")
    assert found["fix"] == 'for example "amber"'


def test_misspelt_field_is_told_the_name_that_was_meant(tmp_path: Path, draft: dict[str, Any]) -> None:
    draft["naratve"] = draft.pop("narrative")
    found = problems(tmp_path, draft)
    assert found["naratve"]["fix"] == "did you mean narrative?"
    assert found["narrative"]["fix"].startswith("for example ")


def test_misspelt_kind_is_told_the_one_that_was_meant(tmp_path: Path, draft: dict[str, Any]) -> None:
    draft["kind"] = "wanted-prson"
    result = hub("record", "check", written(tmp_path, draft))
    assert result.exit_code == CODES["kind-unknown"].exit
    assert "[kind-unknown]" in result.stderr
    assert "did you mean wanted-person?" in result.stderr


def test_people_read_numbered_problems_and_what_to_do_next(tmp_path: Path, draft: dict[str, Any]) -> None:
    draft["purpose"] = "fun"
    draft["subjects"][0]["names"][0]["text"] = "a\u202eb"
    file = written(tmp_path, draft)
    result = hub("record", "check", file)
    assert result.exit_code == CODES["record-invalid"].exit
    assert result.stderr.startswith(f"error: {file} cannot be drafted: 2 things are wrong with it.")
    for part in ("  1  ", "  2  ", "purpose", "subjects[0].names[0].text", "U+202E", "for example"):
        assert part in result.stderr
    assert f"hub record check {file}" in result.stderr
    assert "\u202e" not in result.output
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"kind": ', "is not JSON: line 1, column 10"),
        ('{"kind": "notice", "kind": "notice"}', "has 'kind' twice"),
        ('{"kind": NaN}', "NaN is not a JSON number"),
        ("[]", "holds no JSON object"),
        ("[" * 100_000, "cannot be used"),
    ],
)
def test_file_that_is_no_json_object_is_refused_with_the_place(text: str, sentence: str) -> None:
    result = hub("record", "check", "-", typed=text)
    assert result.exit_code == CODES["request-invalid"].exit
    assert sentence in result.stderr
    assert "Traceback" not in result.output


def test_missing_file_is_not_found(tmp_path: Path) -> None:
    result = hub("record", "check", str(tmp_path / "none.json"))
    assert result.exit_code == CODES["not-found"].exit


@pytest.mark.parametrize("how", [(), ("--json",)])
def test_name_that_is_no_text_is_told_without_a_traceback(how: tuple[str, ...]) -> None:
    result = hub("record", "check", "none\udcff.json", *how)
    assert result.exit_code == CODES["not-found"].exit
    assert "[not-found]" in result.stderr or json.loads(result.stdout)["code"] == "not-found"


def test_check_fills_in_what_the_hub_would_and_keeps_what_is_told(
    tmp_path: Path, draft: dict[str, Any]
) -> None:
    draft["originator"] = "kz-knb"
    draft["version"] = 0
    assert set(problems(tmp_path, draft)) == {"version"}
