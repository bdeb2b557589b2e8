"""`hub policy` explains, lists and tries the rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hub.codes import CODES
from hub.policy.rulebook import shipped_text
from hub.policy.rules import RULES
from tests.cli.conftest import AGENCIES, Officers
from tests.cli.walk import hub, json_of, refused
from tests.enrolling import allow_alone
from tests.exchange.hubs import agreement_text, document

TABLES = sorted((Path(__file__).parents[1] / "policy" / "cases").glob("*.toml"))


def test_rules_are_listed_with_their_codes() -> None:
    told = json_of(hub("policy", "rules", "--json"))
    assert [one["code"] for one in told["rules"]] == [row.code for row in RULES]
    assert "third-party-rule" in hub("policy", "rules").stdout


def test_tables_are_tried() -> None:
    result = hub("policy", "test", *map(str, TABLES))
    assert result.exit_code == 0
    assert "all as expected" in result.stdout
    assert json_of(hub("policy", "test", str(TABLES[0]), "--json"))["wrong"] == 0


def test_a_case_that_is_decided_otherwise_is_told(tmp_path: Path) -> None:
    table = tmp_path / "table.toml"
    treaty = next(one for one in TABLES if one.stem == "cis-1999")
    text = treaty.read_text("utf-8").replace("../../..", str(Path(__file__).parents[2]))
    table.write_text(text.replace('language = "zh"', 'language = "ru"'), encoding="utf-8")
    result = hub("policy", "test", str(table))
    assert result.exit_code == CODES["cases-failed"].exit == 1
    assert "1 decided otherwise than expected" in result.stdout
    wrong = [
        c for c in json.loads(hub("policy", "test", str(table), "--json").stdout)["cases"] if not c["right"]
    ]
    assert [(c["case"], c["decided"]) for c in wrong] == [
        ("A request in Chinese", "goes with a second officer")
    ]


def test_a_table_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "table.toml"
    table.write_text("title = 1", encoding="utf-8")
    result = hub("policy", "test", str(table))
    assert result.exit_code == CODES["cases-invalid"].exit
    assert "title: expected" in result.stderr


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "record.json"
    path.write_text(json.dumps(document()), encoding="utf-8")
    return str(path)


@pytest.fixture
def record_id(paired: Path, officers: Officers, file: str) -> str:
    assert paired
    told: dict[str, Any] = json_of(
        officers.act("aigul", "record", "draft", file, "--to", "cis-atc", "--json")
    )
    return str(told["record_id"])


def test_a_draft_is_explained(record_id: str) -> None:
    shown = hub("policy", "explain", "--record", record_id, "--to", "cis-atc").stdout
    assert "may go to cis-atc once a second officer has released it" in shown
    told = json_of(hub("policy", "explain", "--record", record_id, "--to", "cis-atc", "--json"))
    assert (told["permitted"], told["by_rule"], len(told["rules"])) == (True, False, len(RULES))
    assert hub("partner", "suspend", "cis-atc").exit_code == 0
    shown = hub("policy", "explain", "--record", record_id, "--to", "cis-atc").stdout
    assert "may not go to cis-atc" in shown
    assert "partner-suspended: a custodian resumes the partner" in shown


def test_who_is_unknown_is_not_explained_to(record_id: str) -> None:
    result = hub("policy", "explain", "--record", record_id, "--to", "sco-rats")
    assert result.exit_code == CODES["partner-unknown"].exit


def test_the_compartments_of_a_record_are_shown_with_what_keeps_others_out(
    record_id: str, officers: Officers
) -> None:
    plain = hub("record", "show", record_id)
    assert "confined to" not in plain.stdout
    act = officers.act("bolat", "record", "confine", record_id, "almaty", "--why", "case 2026/17")
    assert act.exit_code == 0
    told = json_of(hub("record", "show", record_id, "--json"))
    assert [(one["compartment"], one["confined_by"]) for one in told["compartments"]] == [
        ("almaty", "officer:bolat")
    ]
    assert [one["code"] for one in told["kept_outside"]] == ["policy-forbids"]
    assert told["held_from"] == []
    shown = " ".join(hub("record", "show", record_id).stdout.split())
    assert "confined to almaty" in shown
    assert "Policy rule need-to-know." in shown


def test_checks_are_asked_and_answered_at_the_release(
    paired: Path, officers: Officers, file: str, tmp_path: Path
) -> None:
    treaty = tmp_path / "treaty.toml"
    text = agreement_text(AGENCIES).replace("version = 1", "version = 2", 1)
    treaty.write_text(text.replace("by_rule", 'checks = ["neutrality"]\nby_rule'), encoding="utf-8")
    assert hub("agreement", "adopt", str(treaty)).exit_code == 0
    draft = ("record", "draft", file, "--to", "cis-atc", "--json")
    first, second = (json_of(officers.act("aigul", *draft)) for _ in range(2))
    explained = ("policy", "explain", "--record", first["record_id"], "--to", "cis-atc")
    assert "art. 3" in hub(*explained).stdout
    read = ("--digest", first["digest"], "--to", "cis-atc")
    words = ("record", "release", first["record_id"], *read)
    assert "[check-unanswered]" in officers.act("bolat", *words).stderr
    assert "[request-invalid]" in officers.act("bolat", *words, "--answer", "neutrality").stderr
    assert "[check-failed]" in officers.act("bolat", *words, "--answer", "neutrality=no:election").stderr
    assert officers.act("bolat", *words, "--answer", "neutrality=yes:case 26-114").exit_code == 0
    asked = officers.act("bolat", "record", "release", second["record_id"], typed="y\ny\ncase 26-115\n")
    assert asked.exit_code == 0
    assert "political, military, religious or racial" in asked.stderr


def test_a_policy_on_officers_is_checked_and_what_is_wrong_is_told_by_line(tmp_path: Path) -> None:
    file = tmp_path / "access.cedar"
    file.write_text(shipped_text(), encoding="utf-8")
    told = json_of(hub("policy", "check", str(file), "--json"))
    assert "need-to-know" in {rule["name"] for rule in told["rules"]}
    file.write_text(f'{shipped_text()}\n@id("x") forbid (principal, action, resource) when {{ x }};')
    line = len(shipped_text().splitlines()) + 2
    assert f"line {line}: " in " ".join(refused(hub("policy", "check", str(file)), "policy-invalid").split())


@pytest.mark.usefixtures("homes")
def test_the_shipped_policy_and_what_one_can_speak_of_are_shown() -> None:
    assert "need-to-know" in hub("policy", "show", "--shipped").stdout
    assert "entity Officer" in hub("policy", "show", "--schema").stdout
    assert hub("policy", "show", "--schema", "--shipped").exit_code == 64


def test_a_correction_that_the_policy_holds_from_a_member_is_unheeded_until_it_is_let_go(
    paired: Path, officers: Officers, file: str, tmp_path: Path
) -> None:
    def act(name: str, *words: str) -> Any:
        return json_of(officers.act(name, *words, "--json"))

    def release(record_id: str, by: str) -> Any:
        row = json_of(hub("record", "show", record_id, "--json"))
        to = [word for who in row["recipients"] for word in ("--to", who)]
        return act(by, "record", "release", record_id, "--digest", row["digest"], *to)

    def not_followed() -> Any:
        found = json_of(hub("record", "unheeded", "--json"))["unheeded"]
        return [(one["version"], one["stands"], one["reason"]) for one in found if one["who"] == "kz-mvd"]

    allow_alone(paired / "kz-knb")
    added = hub("member", "add", "kz-mvd", "--scope", "collect:*", "--out", str(tmp_path / "mvd"))
    assert added.exit_code == 0, added.output
    treaty = tmp_path / "treaty.toml"
    text = agreement_text((*AGENCIES, "kz-mvd")).replace("version = 1", "version = 2", 1)
    treaty.write_text(text, encoding="utf-8")
    assert hub("agreement", "adopt", str(treaty)).exit_code == 0
    for name, role in (("dana", "custodian"), ("farida", "custodian"), ("gani", "releaser")):
        officers.add(name, role)
    told = act("aigul", "record", "draft", file, "--to", "cis-atc", "--to", "kz-mvd")
    record_id = str(told["record_id"])
    release(record_id, "bolat")
    rule = '@id("by-gani") forbid (principal, action == Action::"release", resource in Agency::"kz-mvd")'
    rule = f'{rule} unless {{ principal == Officer::"gani" }};'
    policy = tmp_path / "access.cedar"
    policy.write_text(f"{shipped_text()}\n{rule}\n", encoding="utf-8")
    proposed = act("dana", "policy", "propose", str(policy))
    act("farida", "policy", "approve", "--digest", proposed["digest"])
    act("aigul", "record", "correct", record_id, file)
    assert list(release(record_id, "bolat")["held_from"]) == ["kz-mvd"]
    assert not_followed() == [(2, "held", "policy-forbids")]
    shown = " ".join(hub("record", "unheeded").stdout.split())
    assert f"hub record deliver {record_id} --to kz-mvd" in shown
    (held,) = json_of(hub("record", "show", record_id, "--json"))["held_from"]
    assert (held["recipient"], held["code"]) == ("kz-mvd", "policy-forbids")
    assert "held: policy-forbids" in hub("record", "trace", record_id).stdout
    act("gani", "record", "deliver", record_id, "--to", "kz-mvd", "--why", "order 7 was lifted")
    assert not_followed() == [(2, "waiting", None)]
    assert "hub record deliver" not in hub("record", "unheeded").stdout
