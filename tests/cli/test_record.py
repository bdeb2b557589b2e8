"""The record's way at the command line: two officers, one decision, and nothing shown without a reason."""

from __future__ import annotations

import getpass
import json
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pytest

from hub.bootstrap.opening import open_hub
from hub.exchange.ledger.figures import quarter_at
from tests.cli.arriving import came, recalled
from tests.cli.conftest import Officers
from tests.cli.walk import hub, json_of, refused

SECRET = "Известно только тем, кто читает"


@pytest.fixture
def file(tmp_path: Path) -> str:
    document = json.loads(hub("record", "template", "spontaneous-information").stdout)
    document["legal_basis"] = {"agreement": "test-treaty", "articles": ["1"]}
    document["narrative"] = SECRET
    path = tmp_path / "record.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return str(path)


@pytest.fixture
def drafted(paired: Path, officers: Officers, file: str) -> dict[str, Any]:
    return json_of(officers.act("aigul", "record", "draft", file, "--to", "cis-atc", "--json"))


@pytest.fixture
def released(drafted: dict[str, Any], officers: Officers) -> dict[str, Any]:
    return json_of(release(officers, drafted))


def release(officers: Officers, row: dict[str, Any], name: str = "bolat") -> Any:
    to = (word for who in row["recipients"] for word in ("--to", who))
    words = ("record", "release", row["record_id"], "--digest", row["digest"], *to, "--json")
    return officers.act(name, *words)


def standing(record_id: str) -> dict[str, Any]:
    return json_of(hub("record", "show", record_id, "--json"))


def test_draft_tells_digest_verdicts_and_what_is_next(
    drafted: dict[str, Any], officers: Officers, file: str
) -> None:
    assert drafted["state"] == "draft"
    assert drafted["author"] == "officer:aigul"
    assert drafted["verdicts"] == [{"recipient": "cis-atc", "permitted": True, "reasons": []}]
    text = officers.act("aigul", "record", "draft", file, "--to", "cis-atc").stdout
    assert "hub record release" in text
    assert SECRET not in text


def test_draft_that_no_agreement_allows_says_so_at_once(
    paired: Path, officers: Officers, tmp_path: Path
) -> None:
    document = json.loads(hub("record", "template", "spontaneous-information").stdout)
    document["legal_basis"] = {"agreement": "other", "articles": ["1"]}
    path = tmp_path / "other.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    told = json_of(officers.act("aigul", "record", "draft", str(path), "--to", "cis-atc", "--json"))
    assert told["verdicts"][0]["permitted"] is False
    said = officers.act("aigul", "record", "draft", str(path), "--to", "cis-atc")
    assert said.exit_code == 0
    assert "warning: as it is, this will not go to cis-atc: There is no agreement other here" in said.stderr
    assert "by another agreement: `hub agreement show test-treaty` says under what terms" in said.stderr
    refusal = release(officers, told)
    assert refusal.exit_code == 77
    assert json.loads(refusal.stdout)["code"] == "policy-denied"
    assert standing(told["record_id"])["state"] == "draft"


def test_invalid_file_is_refused_before_anyone_signs_in(paired: Path, tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_text('{"kind": "notice"}')
    refused(hub("record", "draft", str(path), "--to", "cis-atc", "--as", "aigul"), "record-invalid")


def test_approver_cannot_be_the_author(drafted: dict[str, Any], officers: Officers) -> None:
    assert hub("officer", "roles", "aigul", "--role", "drafter", "--role", "releaser").exit_code == 0
    refusal = release(officers, drafted, "aigul")
    assert json.loads(refusal.stdout)["code"] == "four-eyes"
    assert standing(drafted["record_id"])["state"] == "draft"


def test_release_sends_to_whom_it_was_read_for(released: dict[str, Any]) -> None:
    assert released["state"] == "released"
    assert len(released["envelope_ids"]) == 1
    queued = json_of(hub("queue", "list", "--json"))["entries"]
    assert [(one["recipient"], one["record_id"]) for one in queued] == [("cis-atc", released["record_id"])]


def test_release_shows_the_draft_and_asks(drafted: dict[str, Any], officers: Officers) -> None:
    words = ("record", "release", drafted["record_id"])
    refused(officers.act("bolat", *words, typed="n\n"), "interrupted")
    assert standing(drafted["record_id"])["state"] == "draft"
    result = officers.act("bolat", *words, typed="y\n")
    assert result.exit_code == 0, result.stderr
    assert SECRET in result.stderr
    assert "to cis-atc: permitted" in result.stderr
    assert standing(drafted["record_id"])["state"] == "released"


def test_release_of_another_digest_or_for_others_is_refused(
    drafted: dict[str, Any], officers: Officers
) -> None:
    for wrong in ({"digest": "00" * 32}, {"recipients": ["sco-rats"]}):
        refusal = release(officers, drafted | wrong)
        assert json.loads(refusal.stdout)["code"] == "conflict"
    for short in ("no-hex", drafted["digest"][:16]):
        refusal = release(officers, drafted | {"digest": short})
        assert json.loads(refusal.stdout)["code"] == "request-invalid"
        assert "all 64 digits" in json.loads(refusal.stdout)["detail"]


def test_digest_without_recipients_is_no_decision(drafted: dict[str, Any], officers: Officers) -> None:
    words = ("record", "release", drafted["record_id"], "--digest", drafted["digest"])
    refused(officers.act("bolat", *words), "command-invalid")


def test_rejected_draft_is_revised_and_its_reviser_is_the_author(
    drafted: dict[str, Any], officers: Officers, file: str
) -> None:
    record_id = drafted["record_id"]
    assert officers.act("bolat", "record", "reject", record_id, "--reason", "article 6").exit_code == 0
    assert standing(record_id)["state"] == "rejected"
    revised = json_of(officers.act("aigul", "record", "revise", record_id, file, "--json"))
    assert (revised["state"], revised["record_id"]) == ("draft", record_id)


def test_stale_revision_is_refused(drafted: dict[str, Any], officers: Officers) -> None:
    words = ("record", "revise", drafted["record_id"], "--priority", "flash")
    revised = json_of(officers.act("aigul", *words, "--json"))
    assert revised["priority"] == "flash"
    refused(officers.act("aigul", *words, "--revision", str(drafted["revision"])), "conflict")


def test_discarded_draft_is_gone(drafted: dict[str, Any], officers: Officers) -> None:
    record_id = drafted["record_id"]
    assert officers.act("aigul", "record", "discard", record_id).exit_code == 0
    assert standing(record_id)["state"] == "discarded"
    words = ("record", "read", record_id, "--justification", "case 7")
    refused(officers.act("bolat", *words), "content-erased")


def test_reading_takes_a_justification_and_is_logged(
    released: dict[str, Any], officers: Officers, paired: Path
) -> None:
    words = ("record", "read", released["record_id"], "--justification")
    refused(officers.act("aigul", *words, ""), "justification-missing")
    result = officers.act("aigul", *words, "case 2025/114")
    assert SECRET in result.stdout
    assert json_of(officers.act("aigul", *words, "again", "--json"))["narrative"] == SECRET
    with open_hub(paired / "kz-knb") as opened, opened.store.read() as view:
        events = [event for _, event in view.events(after=0, limit=1000)]
    assert "case 2025/114" in {event.justification for event in events}


def test_lists_and_traces_hold_no_content(released: dict[str, Any]) -> None:
    record_id = released["record_id"]
    for words in (("list",), ("show", record_id), ("trace", record_id)):
        text = hub("record", *words).stdout
        assert record_id in text
        assert SECRET not in text + hub("record", *words, "--json").stdout


def test_trace_tells_the_life_in_order(released: dict[str, Any]) -> None:
    told = json_of(hub("record", "trace", released["record_id"], "--json"))
    steps = [one["what"] for one in told["timeline"]]
    assert steps == ["drafted", "released", "queued"]
    assert told["entries"][0]["state"] == "pending"
    text = hub("record", "trace", released["record_id"]).stdout
    assert "officer:aigul" in text
    assert "officer:bolat" in text


def test_correction_and_withdrawal_are_drafts_for_everyone_who_got_it(
    released: dict[str, Any], officers: Officers, file: str
) -> None:
    record_id = released["record_id"]
    corrected = json_of(officers.act("aigul", "record", "correct", record_id, file, "--json"))
    assert (corrected["version"], corrected["action"], corrected["state"]) == (2, "correction", "draft")
    assert corrected["recipients"] == ["cis-atc"]
    assert json_of(release(officers, corrected))["state"] == "released"
    recalled = json_of(
        officers.act("aigul", "record", "withdraw", record_id, "--reason", "another person", "--json")
    )
    assert (recalled["version"], recalled["action"]) == (3, "withdrawal")
    assert "withdrawal drafted" in hub("record", "trace", record_id).stdout


def test_list_pages_by_position(paired: Path, officers: Officers, file: str) -> None:
    ids = [
        json_of(officers.act("aigul", "record", "draft", file, "--to", "cis-atc", "--json"))["record_id"]
        for _ in range(3)
    ]
    first = json_of(hub("record", "list", "--limit", "2", "--json"))
    rest = json_of(hub("record", "list", "--limit", "2", "--after", str(first["after"]), "--json"))
    assert [r["record_id"] for r in first["records"] + rest["records"]] == ids
    assert json_of(hub("record", "list", "--kind", "notice", "--json"))["records"] == []
    assert len(json_of(hub("record", "list", "--state", "draft", "--json"))["records"]) == 3


@pytest.mark.parametrize("verb", ["show", "trace"])
def test_unknown_record_is_told(homes: Path, verb: str) -> None:
    refused(hub("record", verb, "01a20325-5683-71b2-80ab-e31e112769bb"), "not-found")


def test_a_refusal_at_the_console_is_logged_with_who_and_what(
    drafted: dict[str, Any], officers: Officers, paired: Path
) -> None:
    refused(
        officers.act("aigul", "record", "reject", drafted["record_id"], "--reason", "no good"),
        "policy-denied",
    )
    with open_hub(paired / "kz-knb") as opened, opened.store.read() as view:
        events = [event for _, event in view.events(after=0, limit=1000)]
    last = events[-1]
    assert (last.act.value, str(last.actor)) == ("refused", "officer:aigul")
    assert last.details == {"code": "policy-denied", "operation": "hub record reject"}


def test_recalled_record_is_listed_and_told_as_withdrawn_where_it_came(
    paired: Path, officers: Officers
) -> None:
    row = came(paired, kind="assistance-request")
    recalled(paired, row)
    versions = [
        line for line in hub("record", "list").stdout.splitlines() if row.record_id in line and "in " in line
    ]
    assert len(versions) == 2
    assert all("withdrawn" in line for line in versions)
    assert "withdrawn (recall received)" in hub("record", "show", row.record_id).stdout
    told = hub("record", "trace", row.record_id).stdout
    assert "withdrawal came in" in told
    assert "hub record answer" not in told
    assert "version 2, withdrawn" in told
    assert "action" in hub("record", "list").stdout


def test_trace_says_what_was_a_correction(released: dict[str, Any], officers: Officers, file: str) -> None:
    corrected = json_of(officers.act("aigul", "record", "correct", released["record_id"], file, "--json"))
    release(officers, corrected)
    steps = [
        one["what"] for one in json_of(hub("record", "trace", released["record_id"], "--json"))["timeline"]
    ]
    assert "correction drafted" in steps
    assert "correction released" in steps


def test_a_record_is_erased_by_two_officers(released: dict[str, Any], officers: Officers) -> None:
    record_id = released["record_id"]
    for name, role in (("dana", "custodian"), ("erlan", "auditor")):
        officers.add(name, role)
    with_why = ("record", "erase", record_id, "--why", "the retention period has ended")
    refused(officers.act("dana", *with_why), "transition-invalid")
    entry = json_of(hub("queue", "list", "--json"))["entries"][0]
    assert hub("queue", "drop", entry["entry_id"], "--reason", "to be erased").exit_code == 0
    assert officers.act("dana", *with_why).exit_code == 0
    confirm = ("record", "erase", record_id, "--confirm")
    refused(officers.act("dana", *confirm), "four-eyes")
    refused(officers.act("dana", "record", "erase", record_id), "command-invalid")
    done = json_of(officers.act("erlan", *confirm, "--json"))
    assert (done["proposed_by"], done["confirmed_by"]) == ("officer:dana", "officer:erlan")
    refused(officers.act("bolat", "record", "read", record_id, "--why", "case 7"), "content-erased")
    assert json_of(hub("record", "show", record_id, "--json"))["erased_at"] is not None
    (listed,) = json_of(hub("record", "list", "--json"))["records"]
    assert listed["erased_at"] is not None
    assert "erased" in hub("record", "list").stdout


def test_commands_to_come_name_the_home_that_was_given_and_roles_that_fit(
    paired: Path, officers: Officers, file: str
) -> None:
    home = str(paired / "kz-knb")
    drafted = officers.act("aigul", "record", "draft", file, "--to", "cis-atc", "--home", home).stdout
    hints = [line for line in drafted.splitlines() if line.startswith("  hub ")]
    assert len(hints) == 3
    assert all(f"--home {home}" in line for line in hints)
    assert "--as RELEASER" in hints[0]
    assert "--as aigul" in hints[1]
    record_id = hints[0].split()[3]
    words = ("record", "reject", record_id, "--reason", "article 6")
    told = officers.act("bolat", *words).stdout
    assert "--as DRAFTER" in told
    assert "--home" not in told


def test_without_a_terminal_no_password_is_asked_for(
    drafted: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def hidden(*_: object, **__: object) -> str:
        warnings.warn("Can not control echo on the terminal.", getpass.GetPassWarning, stacklevel=2)
        return ""

    monkeypatch.setattr(click, "prompt", hidden)
    said = refused(hub("record", "discard", drafted["record_id"], "--as", "aigul"), "request-invalid")
    assert "--password-fd" in said


def test_a_version_with_parts_left_out_is_shown_with_its_master(
    released: dict[str, Any], officers: Officers
) -> None:
    words = (
        "record",
        "tear",
        released_id := released["record_id"],
        "--leave-out",
        "narrative",
        "--to",
        "cis-atc",
    )
    row = json_of(
        officers.act("aigul", *words, "--label", "tlp=red", "--label", "releasable_to=cis-atc", "--json")
    )
    assert (row["state"], row["label"]["tlp"]) == ("draft", "red")
    shown = standing(row["record_id"])
    assert shown["derived_from"]["record_id"] == released_id
    assert shown["derived_from"]["left_out"] == ["narrative"]
    assert [one["record_id"] for one in standing(released_id)["derived"]] == [row["record_id"]]
    told = hub("record", "show", row["record_id"]).stdout
    assert f"{released_id} version 1" in " ".join(told.split())


def test_a_corrected_master_is_due_with_the_command_that_follows(
    released: dict[str, Any], officers: Officers, file: str
) -> None:
    master = released["record_id"]
    words = ("record", "tear", master, "--leave-out", "narrative", "--to", "cis-atc", "--json")
    row = json_of(officers.act("aigul", *words))
    release(officers, row)
    release(officers, json_of(officers.act("aigul", "record", "correct", master, file, "--json")))
    (one,) = json_of(hub("record", "due", "--what", "tear", "--json"))["due"]
    assert (one["record_id"], one["master"]) == (row["record_id"], master)
    told = " ".join(hub("record", "due", "--what", "tear").stdout.split())
    assert f"hub record tear {master} --again {row['record_id']} --leave-out 'narrative'" in told


@pytest.mark.parametrize(
    "more", [(), ("--to", "cis-atc", "--label", "colour=red"), ("--to", "cis-atc", "--label", "tlp")]
)
def test_tearing_says_what_it_needs(
    released: dict[str, Any], officers: Officers, more: tuple[str, ...]
) -> None:
    refused(
        officers.act("aigul", "record", "tear", released["record_id"], "--leave-out", "narrative", *more),
        "command-invalid",
    )


def test_the_figures_on_illicit_transport_are_written_and_drafted(
    paired: Path, officers: Officers, tmp_path: Path
) -> None:
    document = json.loads(hub("record", "template", "illicit-transport-report").stdout)
    document["legal_basis"] = {"agreement": "test-treaty", "articles": ["1"]}
    quarter = document["details"]["quarter"] = str(quarter_at(datetime.now(UTC)))
    path, html, table = tmp_path / "report.json", tmp_path / "q.html", tmp_path / "q.csv"
    path.write_text(json.dumps(document), encoding="utf-8")
    own = json_of(officers.act("aigul", "record", "draft", str(path), "--to", "cis-atc", "--json"))[
        "record_id"
    ]
    words = (
        "ledger",
        "transport",
        "--quarter",
        quarter,
        "--own",
        own,
        "--why",
        "order 7",
        "--language",
        "kk",
    )
    told = json_of(
        officers.act("aigul", *words, "--html", str(html), "--csv", str(table), "--to", "cis-atc", "--json")
    )
    assert [one["agency"] for one in told["delivered"]] == ["kz-knb"]
    assert told["missing"] == []
    assert {one["goods"] for one in told["totals"]} == {
        one["goods"] for one in document["details"]["figures"]
    }
    assert standing(told["draft"])["kind"] == "illicit-transport-report"
    assert "есірткі" in html.read_text(encoding="utf-8")
    assert quarter in table.read_text(encoding="utf-8")
    said = officers.act("aigul", *words, "--agreement", "test-treaty")
    refused(said, "command-invalid")
