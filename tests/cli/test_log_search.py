"""`hub log search` and `hub log export` at the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Officers
from tests.cli.test_record import release
from tests.cli.walk import hub, json_of, refused


@pytest.fixture
def released(paired: Path, officers: Officers, tmp_path: Path) -> dict[str, Any]:
    document = json.loads(hub("record", "template", "spontaneous-information").stdout)
    document["legal_basis"] = {"agreement": "test-treaty", "articles": ["1"]}
    path = tmp_path / "record.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    row = json_of(officers.act("aigul", "record", "draft", str(path), "--to", "cis-atc", "--json"))
    return json_of(release(officers, row))


def test_a_record_is_looked_up_with_proofs(released: dict[str, Any], officers: Officers) -> None:
    record_id = released["record_id"]
    officers.act("aigul", "record", "read", record_id, "--why", "case 2026/17")
    told = json_of(hub("log", "search", "--record", record_id, "--category", "consultation", "--json"))
    (entry,) = told["entries"]
    assert (entry["act"], entry["actor"], entry["justification"]) == (
        "consulted",
        "officer:aigul",
        "case 2026/17",
    )
    assert entry["proof"].startswith("c2sp.org/tlog-proof@v1\n")
    assert {one["field"] for one in entry["disclosures"]} >= {"act", "actor", "at"}
    shown = hub("log", "search", "--record", record_id).stdout
    assert "case 2026/17" in shown
    assert "released" in shown


@pytest.mark.slow
def test_what_is_not_there_is_said(released: dict[str, Any]) -> None:
    assert "There is no such entry." in hub("log", "search", "--who", "officer:nobody").stdout
    assert json_of(hub("log", "search", "--since", "2100-01-01", "--json"))["entries"] == []


@pytest.mark.slow
def test_a_page_says_how_to_go_on(released: dict[str, Any]) -> None:
    first = json_of(hub("log", "search", "--limit", "2", "--json"))
    more = json_of(hub("log", "search", "--limit", "2", "--after", str(first["after"]), "--json"))
    seen = [one["position"] for one in first["entries"] + more["entries"]]
    assert seen == sorted(set(seen))
    assert f"--after {first['after']}" in hub("log", "search", "--limit", "2").stdout


@pytest.mark.slow
def test_only_an_auditor_searches_under_a_name(released: dict[str, Any], officers: Officers) -> None:
    refused(officers.act("aigul", "log", "search"), "role-missing")
    officers.add("erlan", "auditor")
    why = ("--why", "inspection 2026/3")
    assert json_of(officers.act("erlan", "log", "search", *why, "--json"))["entries"]
    told = json_of(hub("log", "search", "--act", "searched", "--json"))["entries"][0]
    assert (told["actor"], told["justification"]) == ("officer:erlan", "inspection 2026/3")


def test_the_log_is_exported_for_an_inspector(released: dict[str, Any], tmp_path: Path) -> None:
    out = tmp_path / "inspection"
    words = ("log", "export", "--out", str(out), "--why", "inspection 2026/3")
    done = json_of(hub(*words, "--json"))
    assert (done["size"], done["opened"]) == (done["size"], done["size"])
    assert (out / "log" / "checkpoint").read_text().startswith("kz-knb/log\n")
    assert len((out / "events.jsonl").read_text().splitlines()) == done["opened"]
    refused(hub(*words), "conflict")
    refused(hub("log", "export", "--out", str(tmp_path / "other"), "--why", " "), "justification-missing")
