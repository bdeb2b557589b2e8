"""`hub log coverage` lists every operation with what it writes, and fails for one that says nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.bootstrap.scratch import refuses_changes_without_entries
from hub.cli import cli, log_coverage, log_reaching
from hub.cli.record import record
from hub.exchange.ledger.figures import quarter_at
from hub.policy.rulebook import shipped_text
from hub.storage.unit import SqlUnitOfWork
from tests.cli.arriving import came
from tests.cli.conftest import PASSWORD, Officers, with_lines
from tests.cli.test_ca import enrol_and_revoke, go_abroad, succeed
from tests.cli.test_key_backup import backed_up, pages
from tests.cli.test_key_ceremony import answers, machine
from tests.cli.test_record import file
from tests.cli.walk import DONE, LEAVES, hub, json_of, refused
from tests.enrolling import allow_alone
from tests.exchange.hubs import agreement_text

__all__ = ["file", "machine"]

#: Each run reads the whole source, and makes a database.
pytestmark = pytest.mark.slow


def test_every_operation_is_listed_with_its_acts() -> None:
    told = json_of(hub("log", "coverage", "--json"))["operations"]
    by_name = {one["operation"]: one for one in told}
    assert {f"hub {' '.join(path)}" for path, _ in LEAVES} <= set(by_name)
    assert by_name["read_content"]["acts"] == ["consulted"]
    assert by_name["read_content"]["promised"] is True
    assert by_name["hub record list"]["acts"] == []
    assert by_name["hub record list"]["nothing_because"]


def test_people_read_a_table() -> None:
    shown = hub("log", "coverage").stdout
    assert "read_content" in shown
    assert "hub record read" in shown


def test_a_command_that_declares_nothing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record.commands["read"], "trail", None)
    assert "hub record read" in refused(hub("log", "coverage"), "coverage-incomplete")


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str, str], None]:
    """Return what breaks a module's source before the command reads it."""

    def break_it(module: str, before: str, after: str) -> None:
        texts = dict(log_reaching.sources())
        assert before in texts[module]
        texts[module] = texts[module].replace(before, after)
        monkeypatch.setattr(log_coverage, "program", lambda: log_reaching.Program(texts))

    return break_it


def test_an_operation_that_writes_no_entry_is_named(broken: Callable[[str, str, str], None]) -> None:
    """Reading content without its entry, on purpose: the same for every act, through API and commands."""
    broken("hub.exchange.routing", "Act.CONSULTED", "None")
    said = " ".join(refused(hub("log", "coverage"), "coverage-incomplete").split())
    assert "hub record read declares consulted, and no code that it reaches writes that." in said
    assert "read_content declares consulted" in said


def test_an_operation_that_opens_content_and_declares_nothing_is_named(
    broken: Callable[[str, str, str], None],
) -> None:
    before = "row = find_row(view, record_id, originator=originator)"
    broken("hub.exchange.upkeep", before, f"{before}; read_content(broker, view, row)")
    said = " ".join(refused(hub("log", "coverage"), "coverage-incomplete").split())
    assert "hub record trace can open a record's content, and declares that it writes nothing." in said


def test_what_a_class_calls_on_itself_is_its_own_and_no_other_classes() -> None:
    texts = {
        "hub.one": "class One:\n    def go(self):\n        self._turn()\n    def _turn(self): ...\n",
        "hub.two": "class Two:\n    def _turn(self):\n        Act.ERASED\n",
        "hub.use": "from hub.one import One\ndef use():\n    One()\n",
    }
    assert log_reaching.Program(texts).acts(("hub.use", "use")) == frozenset()


def test_a_store_that_commits_changes_without_entries_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refuses_changes_without_entries()
    monkeypatch.setattr(SqlUnitOfWork, "commit", lambda work: work._session.commit())
    refused(hub("log", "coverage"), "coverage-incomplete")


def test_it_needs_no_hub(tmp_path: Path) -> None:
    assert hub("log", "coverage", env={"HUB_HOME": None}).exit_code == 0
    assert cli.commands["log"].help


#: What takes a served hub, another hub's card, or a home that was set back: their own tests walk them.
_ELSEWHERE = {
    ("serve",),
    ("reconcile",),
    ("log", "recover"),
    ("partner", "approve-card"),
    ("parcel", "export"),
    ("parcel", "discard"),
    ("parcel", "retry"),
    ("courier", "export"),
    ("courier", "import"),
}


@pytest.mark.usefixtures("machine")
def test_every_command_really_writes_what_it_declares(
    paired: Path, officers: Officers, file: str, tmp_path: Path
) -> None:
    DONE.clear()
    _walk_administration(paired, tmp_path)
    _walk_authority(officers, tmp_path)
    _walk_directory(paired, tmp_path)
    _walk_keys(paired, tmp_path)
    go_abroad(tmp_path)
    _walk_records(paired, officers, file, tmp_path)
    declared = {path for path, leaf in LEAVES if leaf.trail is not None and leaf.trail.acts}
    silent = {path for path in declared if not DONE[path]}
    assert silent <= _ELSEWHERE


def done(*words: str) -> dict[str, Any]:
    return json_of(hub(*words, "--json"))


def _walk_directory(paired: Path, tmp_path: Path) -> None:
    founding, change, signed = (str(tmp_path / name) for name in ("f.change", "c.change", "s.change"))
    done("directory", "init", "kz-directory", "--needed", "1", "-o", founding)
    done("directory", "publish", founding)
    done("directory", "join", "-o", str(tmp_path / "kz.join"))
    done("directory", "propose", "--suspend", "kz-knb", "-o", change)
    done("directory", "approve", "--yes", change, "-o", signed)
    done("directory", "publish", signed)
    done("directory", "publish", "-o", str(tmp_path / "copy"))
    (paired / "kz-knb" / "directory" / "state.json").unlink()
    done("directory", "refresh")


def _walk_authority(officers: Officers, tmp_path: Path) -> None:
    enrol_and_revoke(officers, tmp_path)
    succeed(tmp_path, "kz-mvd")
    done("partner", "revocation", "cis-atc", "--policy", "prefer")


def _walk_keys(paired: Path, tmp_path: Path) -> None:
    held = tmp_path / "ceremony"
    done("key", "ceremony", "-o", str(held), "--answers", answers(tmp_path))
    backup = backed_up(tmp_path / "backup", paired / "kz-knb")
    done("key", "restore", str(backup), *pages(tmp_path / "backup", 1, 2, 3), "--replace")


def _walk_administration(paired: Path, tmp_path: Path) -> None:
    done("init", "--home", str(tmp_path / "new"), "--agency", "kz-fin", "--port", "9555")
    done("renew")
    following = done("key", "rotate", "token-es256")["key"]["id"]
    done("key", "retire", following)
    done("key", "relock")
    done("key", "compromise", "token-es256", "--why", "seen on a screen")
    for verb in ("suspend", "resume"):
        done("partner", verb, "cis-atc")
    newer = tmp_path / "cis-atc.card"
    done("renew", "--home", str(paired / "cis-atc"), "--host-name", "cis.example")
    card = done("partner", "card", "--out", str(newer), "--home", str(paired / "cis-atc"))
    done("partner", "add", str(newer), "--fingerprint", card["fingerprint"], "--url", "https://cis.example:1")
    further = tmp_path / "kz-fin.card"
    card = done("partner", "card", "--out", str(further), "--home", str(tmp_path / "new"))
    done(
        "partner", "add", str(further), "--fingerprint", card["fingerprint"], "--url", "https://fin.example:1"
    )
    password = tmp_path / "drop-password"
    password.write_text("not a secret", encoding="utf-8")
    done("material", "put", "de-bka", "drop-password", "--secret", str(password))
    allow_alone(paired / "kz-knb")
    done("member", "add", "kz-mvd", "--scope", "collect:*", "--out", str(tmp_path / "mvd"))
    done("member", "renew", "kz-mvd", "--out", str(tmp_path / "mvd-2"))
    done("member", "scopes", "kz-mvd", "--scope", "submit:*")
    for verb in ("suspend", "resume"):
        done("member", verb, "kz-mvd")
    with_lines((PASSWORD,), "officer", "add", "gulnara", "--role", "reader")
    with_lines((PASSWORD,), "officer", "reset", "gulnara")
    done("officer", "roles", "gulnara", "--role", "operator")
    done("officer", "clear", "gulnara", "--clearance", "secret", "--compartment", "almaty")
    for verb in ("disable", "enable", "unlock"):
        done("officer", verb, "gulnara")
    newest = tmp_path / "other.toml"
    text = agreement_text(("kz-knb", "cis-atc")).replace("test-treaty", "other-treaty")
    newest.write_text(text, encoding="utf-8")
    done("agreement", "adopt", str(newest))


def _walk_records(paired: Path, officers: Officers, file: str, tmp_path: Path) -> None:
    def act(name: str, *words: str) -> dict[str, Any]:
        return json_of(officers.act(name, *words, "--json"))

    def drafted() -> str:
        return str(act("aigul", "record", "draft", file, "--to", "cis-atc")["record_id"])

    def released(record_id: str, *more: str, by: str = "bolat") -> None:
        row = done("record", "show", record_id)
        to = [word for who in row["recipients"] for word in ("--to", who)]
        act(by, "record", "release", record_id, "--digest", row["digest"], *to, *more)

    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"a photograph of nobody")
    why = ("--why", "case 2026/17")
    act("aigul", "record", "discard", drafted())
    sent = drafted()
    act("bolat", "record", "reject", sent, "--reason", "article 6 is missing")
    act("aigul", "record", "revise", sent, file)
    digest = act("aigul", "attachment", "add", sent, str(photo))["attachment"]["digest"]
    released(sent)
    act("bolat", "record", "read", sent, *why)
    act("bolat", "attachment", "list", sent, *why)
    act("bolat", "attachment", "save", sent, digest, "--out", str(tmp_path / "saved.jpg"), *why)
    torn = act("aigul", "record", "tear", sent, "--leave-out", "narrative", "--to", "cis-atc")["record_id"]
    released(torn)
    report = tmp_path / "report.json"
    figures = done("record", "template", "illicit-transport-report")
    figures["legal_basis"] = {"agreement": "test-treaty", "articles": ["1"]}
    quarter = figures["details"]["quarter"] = str(quarter_at(datetime.now(UTC)))
    report.write_text(json.dumps(figures), encoding="utf-8")
    own = act("aigul", "record", "draft", str(report), "--to", "cis-atc")["record_id"]
    to = ("--to", "cis-atc", "--agreement", "test-treaty")
    act("aigul", "ledger", "transport", "--quarter", quarter, "--own", own, *to, *why)
    asked = came(paired, kind="assistance-request")
    answer = tmp_path / "answer.json"
    told = done("record", "template", "assistance-answer")
    told["legal_basis"] = {"agreement": "test-treaty", "articles": ["1"]}
    answer.write_text(json.dumps(told), encoding="utf-8")
    act("aigul", "record", "answer", asked.record_id, str(answer))
    act("aigul", "record", "correct", sent, file)
    act("aigul", "record", "discard", sent)
    act("aigul", "record", "correct", sent, file)
    released(sent)
    newest = str(done("record", "show", sent)["version"])
    act("aigul", "record", "unaffected", torn, "--master-version", newest, *why)
    act("aigul", "record", "withdraw", sent, "--reason", "another person")
    act("aigul", "record", "discard", sent)
    entry = next(one["entry_id"] for one in done("queue", "list")["entries"])
    done("queue", "drop", entry, "--reason", "sent by courier")
    done("queue", "resume", entry)
    done("queue", "drop", entry, "--reason", "to be erased")
    act("bolat", "officer", "enrol")
    done("officer", "revoke-key", "bolat")
    officers.add("dana", "custodian")
    officers.add("erlan", "auditor")
    officers.add("farida", "custodian")
    treaty = tmp_path / "treaty-2.toml"
    text = agreement_text(("kz-knb", "cis-atc", "kz-fin")).replace("version = 1", "version = 2", 1)
    treaty.write_text(text, encoding="utf-8")
    proposed = act("dana", "agreement", "propose", str(treaty))
    act("farida", "agreement", "approve", "test-treaty", "--digest", proposed["digest"])
    policy = tmp_path / "access.cedar"
    rule = 'forbid (principal, action == Action::"release", resource in Agency::"kz-fin")'
    rule = f'@id("by-gani-alone") {rule} unless {{ principal == Officer::"gani" }};'
    policy.write_text(f"{shipped_text()}\n{rule}\n", encoding="utf-8")
    proposed = act("dana", "policy", "propose", str(policy))
    act("farida", "policy", "approve", "--digest", proposed["digest"])
    officers.add("gani", "releaser")
    held = str(act("aigul", "record", "draft", file, "--to", "cis-atc", "--to", "kz-fin")["record_id"])
    released(held, by="gani")
    act("aigul", "record", "correct", held, file)
    released(held)
    assert done("queue", "resume", "--partner", "kz-fin")["entries"] == []
    act("gani", "record", "deliver", held, "--to", "kz-fin", *why)
    act("bolat", "record", "confine", sent, "almaty", *why)
    for custodian in ("dana", "farida"):
        act(custodian, "record", "lift", sent, "almaty", *why)
    act("aigul", "consent", "ask", asked.record_id, "--to", "kz-mvd", "--aim", "their files")
    meant = {"record": {"id": sent, "version": 1}, "pass_to": ["kz-mvd"], "aim": "their files"}
    consent = came(paired, kind="consent-request", details=meant)
    act("aigul", "consent", "answer", consent.record_id, "--refuse", "the source would be known")
    granted = {"record": {"id": asked.record_id, "version": 1}, "pass_to": ["kz-fin"]}
    granted |= {"decision": "granted", "until": (datetime.now(UTC) + timedelta(days=9)).date().isoformat()}
    came(paired, kind="consent", in_reply_to=asked.record_id, details=granted)
    act("aigul", "record", "pass-on", asked.record_id, "--to", "kz-fin")
    act("aigul", "record", "review", asked.record_id, *why)
    later = (datetime.now(UTC) + timedelta(days=1500)).date().isoformat()
    act("dana", "record", "keep", asked.record_id, "--until", later, *why)
    act("erlan", "record", "keep", asked.record_id, "--until", later, "--confirm")
    act("dana", "record", "erase", asked.record_id, *why)
    act("erlan", "record", "erase", asked.record_id, "--confirm")
    done("log", "search")
    done("log", "export", "--out", str(tmp_path / "inspection"), *why)
    done("evidence", "export", sent, "-o", str(tmp_path / "record.evidence"), *why)
