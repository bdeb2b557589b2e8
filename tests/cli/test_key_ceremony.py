"""A ceremony refuses what would make it worthless, asks people by default, and ends with a protocol."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from pathlib import Path

import pytest

from hub.bootstrap import ceremony
from hub.bootstrap.machine import MachineCheck, _random_sample, check_machine
from hub.bootstrap.opening import open_hub
from hub.federation.card import fingerprint, words
from tests.cli.test_key_backup import steps
from tests.cli.walk import hub, refused

ANSWERS = """
place = "Astana, room 214"
purpose = "first keys"
threshold = 2

[[present]]
name = "Aigul"
agency = "kz-knb"
part = "custodian"

[[present]]
name = "Bolat"
agency = "kz-knb"
part = "custodian"

[[present]]
name = "Erlan"
agency = "kz-mvd"
part = "witness"
"""
GOOD = [MachineCheck(what="network", good=True, seen="none is up")]
BAD = [MachineCheck(what="network", good=False, seen="eth0")]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[MachineCheck]]:
    """What a look at the machine finds: this one's network is no matter of the test."""
    found: list[Sequence[MachineCheck]] = [GOOD]
    monkeypatch.setattr(ceremony, "check_machine", lambda _folder: found[0])
    return found


def answers(folder: Path, text: str = ANSWERS) -> str:
    path = folder / "answers.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def dialog(home: Path, *, word: str | None = None, machine: str = "", clock: str = "yes") -> str:
    with open_hub(home) as opened:
        right = words(fingerprint(opened.card()))[0]
    present = ["Aigul", "kz-knb", "Bolat", "kz-knb", "", "Erlan", "kz-mvd", "", ""]
    lines = [
        "Astana",
        "first keys",
        *present,
        "2",
        clock,
        *([machine] if machine else []),
        word or right,
        "yes",
    ]
    return "\n".join(lines) + "\n"


@pytest.mark.usefixtures("machine")
def test_people_are_asked_and_every_answer_is_in_the_protocol(
    homes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets, "randbelow", lambda _most: 0)
    home, folder = homes / "kz-knb", tmp_path / "ceremony"
    told = hub("key", "ceremony", "-o", str(folder), typed=dialog(home))
    assert told.exit_code == 0, told.output
    protocol = json.loads((folder / "protocol.json").read_text())
    assert [one["name"] for one in protocol["present"]] == ["Aigul", "Bolat", "Erlan"]
    assert [one["step"] for one in protocol["steps"]] == [
        "opened",
        "clock",
        "machine",
        "keys",
        "fingerprint",
        "shares",
        "restored",
        "closed",
    ]
    assert protocol["backup"]["holders"] == [
        {"share": 1, "custodian": "Aigul"},
        {"share": 2, "custodian": "Bolat"},
    ]
    page = (folder / "protocol.txt").read_text()
    assert "Erlan (kz-mvd)  ____" in page
    assert steps(home)[-2:] == ["keys-backed-up", "ceremony"]
    share = (folder / "share-1-of-2.txt").read_text().split("-----")[2].split()
    assert share[1] + " " + share[3] not in (folder / "protocol.json").read_text() + page + told.output


@pytest.mark.parametrize(
    ("answer", "code"),
    [({"word": "wrong"}, "pin-not-confirmed"), ({"clock": "no"}, "interrupted")],
)
@pytest.mark.usefixtures("machine")
def test_it_ends_where_those_present_do_not_agree(
    homes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: dict[str, str], code: str
) -> None:
    monkeypatch.setattr(secrets, "randbelow", lambda _most: 0)
    home = homes / "kz-knb"
    refused(hub("key", "ceremony", "-o", str(tmp_path / "c"), typed=dialog(home, **answer)), code)
    assert not (tmp_path / "c").exists()
    assert "ceremony" not in steps(home)


def test_a_machine_that_needs_attention_is_accepted_aloud_or_it_ends(
    homes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, machine: list[Sequence[MachineCheck]]
) -> None:
    monkeypatch.setattr(secrets, "randbelow", lambda _most: 0)
    machine[0] = BAD
    home = homes / "kz-knb"
    refused(
        hub("key", "ceremony", "-o", str(tmp_path / "a"), typed=dialog(home, machine="no")), "interrupted"
    )
    told = hub("key", "ceremony", "-o", str(tmp_path / "b"), typed=dialog(home, machine="yes"))
    assert told.exit_code == 0, told.output
    assert "ATTENTION" in (tmp_path / "b" / "protocol.txt").read_text()
    assert "accepted with network" in (tmp_path / "b" / "protocol.json").read_text()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('part = "witness"', 'part = "operator"'),
        ("threshold = 2", "threshold = 3"),
        ("threshold = 2", "threshold = 1"),
        ('name = "Bolat"', 'name = "Aigul"'),
        ('place = "Astana, room 214"', 'place = ""'),
        ('part = "witness"', 'part = "guest"'),
        ("purpose =", "porpoise ="),
    ],
)
@pytest.mark.usefixtures("machine")
def test_a_ceremony_that_would_be_worth_nothing_is_not_held(
    homes: Path, tmp_path: Path, before: str, after: str
) -> None:
    told = answers(tmp_path, ANSWERS.replace(before, after, 1))
    refused(hub("key", "ceremony", "-o", str(tmp_path / "c"), "--answers", told), "request-invalid")
    assert "ceremony" not in steps(homes / "kz-knb")


@pytest.mark.usefixtures("machine")
def test_a_folder_or_a_home_that_does_not_fit_is_refused(homes: Path, tmp_path: Path) -> None:
    told = answers(tmp_path)
    refused(hub("key", "ceremony", "-o", str(tmp_path), "--answers", told), "file-exists")
    fresh = str(tmp_path / "fresh")
    where = ("-o", str(tmp_path / "c"), "--home", fresh)
    refused(hub("key", "ceremony", *where, "--answers", told), "request-invalid")
    assert homes.exists()


def test_the_machine_is_looked_at_in_words(tmp_path: Path) -> None:
    found = {one.what: one for one in check_machine(tmp_path)}
    assert {"random source", "random sample", "core dumps", "swap", "network", "folder"} <= set(found)
    assert found["random source"].good
    assert found["random sample"].good
    tmp_path.chmod(0o777)
    assert not {one.what: one for one in check_machine(tmp_path)}["folder"].good


@pytest.mark.parametrize("sample", [bytes(65536), b"\xff" * 65536, bytes(range(256)) * 256])
def test_a_source_that_is_broken_outright_is_found(sample: bytes) -> None:
    assert not _random_sample(sample).good
