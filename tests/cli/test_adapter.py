"""`hub adapter`: what there is, whether it keeps the contract, and a new one that does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hub.records.kinds import Kind
from hub.records.template import template
from tests.adapters.interpol.search import BASE, Entry, Search
from tests.cli.walk import hub, json_of, refused
from tests.transport.agencies import hub_leaf, keyring
from tests.transport.answering import Asked, Said, answering

ROOT = Path(__file__).parents[2]


def test_adapters_are_listed_with_what_they_speak() -> None:
    told = {row["adapter"]: row for row in json_of(hub("adapter", "list", "--json"))["adapters"]}
    assert told["bilateral"]["dialect"] == "record-json/1"
    assert told["bilateral-stix"]["media_type"] == "application/stix+json"
    assert all(row["kinds"] for row in told.values())


@pytest.mark.slow
def test_an_adapter_that_keeps_the_contract_is_told_so() -> None:
    told = json_of(hub("adapter", "check", "bilateral", "--examples", "10", "--json"))
    assert told["holds"] is True
    assert {one["check"] for one in told["checks"]} >= {"round trips and loss reports", "hostile documents"}


def test_there_must_be_such_an_adapter() -> None:
    assert "bilateral" in refused(hub("adapter", "check", "nobody"), "adapter-unknown")
    refused(hub("adapter", "check", "no_such_module:make"), "adapter-unknown")


@pytest.mark.parametrize(
    "profile",
    [
        "dialect = 'klingon'",
        "dialekt = 'stix'",
        "extension = 'yes'",
        "max_document_bytes = 1",
        "kinds = 'notice'",
        "= nothing",
    ],
)
def test_a_profile_that_nobody_can_mean_is_refused(tmp_path: Path, profile: str) -> None:
    file = tmp_path / "profile.toml"
    file.write_text(profile, encoding="utf-8")
    refused(hub("adapter", "check", "bilateral", "--profile", str(file)), "adapter-invalid")


@pytest.mark.slow
def test_a_profile_composes_an_adapter_without_code(tmp_path: Path) -> None:
    file = tmp_path / "kz-de.toml"
    file.write_text('dialect = "stix"\nextension = false\n', encoding="utf-8")
    told = json_of(hub("adapter", "check", "bilateral", "--profile", str(file), "--examples", "10", "--json"))
    assert "stix-2.1/1" in told["checks"][0]["sentence"]


@pytest.mark.parametrize("name", ["Über", "a b", "../x", "x", "a--b", "1a"])
def test_a_name_that_is_no_package_is_refused(name: str) -> None:
    refused(hub("adapter", "new", name), "adapter-invalid")


def test_what_is_there_already_is_not_overwritten(tmp_path: Path) -> None:
    refused(hub("adapter", "new", "de-bka", "--out", str(tmp_path)), "file-exists")


@pytest.mark.slow
def test_a_new_adapter_passes_before_anyone_changed_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = json_of(hub("adapter", "new", "tj-gknb", "--out", str(tmp_path / "made"), "--json"))
    monkeypatch.syspath_prepend(str(tmp_path / "made"))
    assert json_of(hub("adapter", "check", f"{told['package']}:make", "--examples", "10", "--json"))["holds"]


@pytest.mark.slow
def test_what_does_not_hold_is_told_check_by_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "made"
    hub("adapter", "new", "uz-dxx", "--out", str(folder))
    dialect = folder / "uz_dxx" / "dialect.py"
    text = dialect.read_text(encoding="utf-8")
    dialect.write_text(text.replace("lost=rest.lost()", "lost=()"), encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    told = refused(hub("adapter", "check", "uz_dxx:make", "--examples", "10"), "adapter-fails")
    assert "round trips and loss reports" in told
    assert "was not reported lost" in told


@pytest.fixture
def record(tmp_path: Path) -> Path:
    file = tmp_path / "record.json"
    file.write_text(json.dumps(template(Kind.GROUP_PROFILE), ensure_ascii=False), encoding="utf-8")
    return file


def test_a_translation_says_what_is_lost(tmp_path: Path, record: Path) -> None:
    out = tmp_path / "bundle.json"
    told = json_of(hub("adapter", "translate", "bilateral-stix-plain", str(record), "-o", str(out), "--json"))
    assert "details" in told["lost"]
    assert json.loads(out.read_bytes())["type"] == "bundle"
    shown = hub("adapter", "translate", "bilateral-stix", str(record)).stdout
    assert "in our extension" in shown
    refused(hub("adapter", "translate", "interpol", str(record)), "kind-not-carried")


def test_a_document_is_interpreted_and_what_is_unknown_is_shown(tmp_path: Path, record: Path) -> None:
    out = tmp_path / "bundle.json"
    assert hub("adapter", "translate", "bilateral-stix", str(record), "-o", str(out)).exit_code == 0
    value = json.loads(out.read_bytes())
    value["x_theirs"] = 1.5
    out.write_text(json.dumps(value), encoding="utf-8")
    told = json_of(hub("adapter", "interpret", "bilateral-stix", str(out), "--json"))
    assert told["unknown"] == {"x_theirs": 1.5}
    assert told["record"]["kind"] == "group-profile"
    out.write_bytes(b'{"type":"bundle","type":"bundle"}')
    refused(hub("adapter", "interpret", "bilateral-stix", str(out)), "partner-document-hostile")


@pytest.mark.slow
def test_an_adapter_of_others_is_found_by_its_entry_point(tmp_path: Path) -> None:
    hub("adapter", "new", "am-sns", "--out", str(tmp_path / "made"))
    place = tmp_path / "installed"
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"),
            *("--no-index", "--target", str(place), str(tmp_path / "made")),
        ],
        check=True,
        timeout=120,
    )
    told = subprocess.run(
        [sys.executable, "-m", "hub.cli", "adapter", "check", "am-sns", "--examples", "10", "--json"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{place}"},
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert json.loads(told.stdout)["holds"] is True


@pytest.mark.slow
def test_a_letter_is_written_for_who_signs_it(tmp_path: Path) -> None:
    path = tmp_path / "request.json"
    path.write_text(json.dumps(template(Kind.ASSISTANCE_REQUEST)), encoding="utf-8")
    out = tmp_path / "letter.pdf"
    told = json_of(hub("adapter", "letter", "cis_atc", str(path), "-o", str(out), "--json"))
    assert told["lost"] == []
    assert out.read_bytes().startswith(b"%PDF-")
    assert told["bytes"] == out.stat().st_size


def test_an_adapter_without_letters_says_so(tmp_path: Path, record: Path) -> None:
    out = tmp_path / "letter.pdf"
    refused(hub("adapter", "letter", "bilateral", str(record), "-o", str(out)), "kind-not-carried")
    assert not out.exists()


@pytest.mark.slow
def test_a_public_list_becomes_files(tmp_path: Path) -> None:
    search = Search([Entry(number=f"2026/{n}", sex="M", age=n % 90) for n in range(200)])

    def answer(asked: Asked) -> Said:
        status, body = search.answer(asked.path)
        return Said(status=status, body=body.replace(BASE.encode(), there.url.encode()))

    authority = tmp_path / "authority.pem"
    authority.write_text(keyring("interpol-ncb-kz").tls_files().authority_pem, encoding="utf-8")
    profile = tmp_path / "profile.toml"
    out = tmp_path / "red"
    with answering(hub_leaf("interpol-ncb-kz"), answer) as there:
        profile.write_text(f'base_url = "{there.url}"\n', encoding="utf-8")
        asking = ("adapter", "intake", "interpol", "--list", "red", "--profile", str(profile), "-o", str(out))
        refused(hub(*asking, "--authority", str(profile)), "request-invalid")
        refused(hub(*asking), "partner-misbehaved")  # no authority of this machine vouches for the server
        beside = ("--beside", str(ROOT / "demo" / "data" / "un-consolidated.xml.xz"))
        told = json_of(hub(*asking, "--authority", str(authority), *beside, "--json"))
        refused(hub(*asking, "--authority", str(authority)), "file-exists")
    assert (told["files"], told["missing"]) == (200, 0)
    assert (told["joined"], told["unlisted"]) == (0, 0)  # they are red ones
    index = json.loads((out / "list.json").read_bytes())
    assert len(list(out.iterdir())) == 201
    first = out / index["numbers"]["2026/0"]
    read = json_of(hub("adapter", "interpret", "interpol", str(first), "--profile", str(profile), "--json"))
    assert read["record"]["details"]["number"] == "2026/0"
    refused(hub("adapter", "intake", "bilateral", "--list", "red", "-o", str(out)), "request-invalid")
    refused(
        hub("adapter", "intake", "interpol", "--list", "blue", "-o", str(tmp_path / "blue")),
        "request-invalid",
    )
