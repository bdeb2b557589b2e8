"""Partners without a hub from the command line; docs/partners-without-a-hub.md is typed line by line."""

from __future__ import annotations

import json
import re
import shlex
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from adapters.composing import compose
from adapters.contract import Carrier, Parcel, Verdict
from adapters.profiles import parse_profile
from adapters.registry import make
from hub.bootstrap.opening import open_hub
from hub.exchange.hubless.carrying import work_parcels
from hub.exchange.hubless.keeper import look
from hub.records.kinds import Kind
from hub.records.record import load_record
from hub.records.template import template
from tests.adapters.materials import Given
from tests.cli.conftest import Moving, Officers
from tests.cli.test_record import file
from tests.cli.walk import hub, json_of, refused
from tests.exchange.hubs import agreement_text

__all__ = ["file"]

PAGE = (Path(__file__).parents[2] / "docs" / "partners-without-a-hub.md").read_text(encoding="utf-8")
(PROFILE,) = re.findall(r"<!-- the profile -->\n```toml\n(.*?)```", PAGE, flags=re.DOTALL)
BLOCKS = re.findall(r"<!-- (executed(?: as officers)?) -->\n```sh\n(.*?)```", PAGE, flags=re.DOTALL)
THEM = "de-bka"


@pytest.fixture
def folder(paired: Path, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder of the page, with the files that it names."""
    text = agreement_text(("kz-knb", THEM)).replace("test-treaty", "treaty-bka")
    (tmp_path / "treaty-bka.toml").write_text(text, encoding="utf-8")
    record = json.loads(Path(file).read_text(encoding="utf-8"))
    record["legal_basis"]["agreement"] = "treaty-bka"
    (tmp_path / "record.json").write_text(json.dumps(record), encoding="utf-8")
    (tmp_path / "password.txt").write_text("not a secret\n", encoding="utf-8")
    source = PROFILE.replace('"drop"', f'"{tmp_path / "drop"}"')
    (tmp_path / "de-bka.toml").write_text(source, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def pinned(folder: Path) -> str:
    """Return the digest that confirms the profile."""
    return sha256((folder / "de-bka.toml").read_bytes()).hexdigest()


def their_carrier(folder: Path) -> Carrier:
    profile = parse_profile((folder / "de-bka.toml").read_text(encoding="utf-8"))
    carrier = compose(profile, Given(us=THEM, them="kz-knb", state=folder / "theirs")).carrier
    assert carrier is not None
    return carrier


def carried(home: Path, clock: Moving) -> None:
    """Do what a running hub does: push what is due, and look at the partner."""
    clock.pass_(60)
    with open_hub(home) as opened:
        work_parcels(opened.broker, THEM)
        look(opened.broker, opened.broker.standing().hubless[THEM])


@pytest.mark.slow
def test_the_commands_of_the_page_work(paired: Path, officers: Officers, folder: Path, clock: Moving) -> None:
    known: dict[str, str] = {"$PROFILE": pinned(folder)}

    def typed(line: str) -> Any:
        name, _, command = line.partition(": ")
        words = shlex.split(command or line)
        words = [known.get(word, word) for word in words[1:]]
        if command and words[1] != "losses":
            return json_of(officers.act(name, *words, "--json"))
        return json_of(hub(*words, "--json"))

    assert len(BLOCKS) == 7
    for sort, block in BLOCKS:
        for line in block.splitlines():
            told = typed(line if sort != "executed" else line.replace(": ", ":\N{NO-BREAK SPACE}"))
            if " record draft " in line:
                known |= {"$RECORD": told["record_id"], "$DIGEST": told["digest"]}
            if " record losses " in line:
                assert told["recipients"][0]["lost"]
                known["$LOSSES"] = told["digest"]
        if sort != "executed":
            carried(paired / "kz-knb", clock)
            (parcel,) = their_carrier(folder).pull(limit=5)
            their_carrier(folder).acknowledge(parcel.parcel_id, Verdict(taken=True))
            their_carrier(folder).push(Parcel(parcel_id="from-them", content=b"no STIX"))
            carried(paired / "kz-knb", clock)
    (held,) = json_of(hub("parcel", "held", "--json"))["parcels"]
    assert (held["parcel_id"], held["code"]) == ("from-them", "partner-document-malformed")
    names = {one.name.partition(".")[2] for one in (folder / "parcels").iterdir()}
    assert names == {"json", "parcel", "statement.jws", "losses.json", "receipt-1"}
    for words in (
        ("export", known["$RECORD"], "-o", "record.evidence", "--why", "case 2026/17"),
        ("anchors", "-o", "anchors.json"),
    ):
        json_of(hub("evidence", *words, "--json"))
    verdict = json_of(hub("evidence", "verify", "record.evidence", "--trust", "anchors.json", "--json"))
    assert verdict["verdict"] == "proven"
    assert [one for one in verdict["not_checked"] if one.startswith("Nobody signed receipt 1")]
    trace = json_of(hub("record", "trace", known["$RECORD"], "--json"))
    assert [one["state"] for one in trace["entries"]] == ["accepted"]


def test_a_profile_is_shown_and_asked_for(folder: Path) -> None:
    words = ("partner", "add", "--profile", "de-bka.toml", "--agency", THEM)
    said = hub(*words, typed="n\n")
    assert "stix" in said.stderr
    assert pinned(folder) in said.stderr
    refused(said, "pin-not-confirmed")
    assert hub(*words, typed="y\n").exit_code == 0
    assert THEM in hub("partner", "list").stdout
    refused(hub(*words, "--fingerprint", "0" * 64), "pin-not-confirmed")
    refused(hub("partner", "add", "--profile", "de-bka.toml"), "command-invalid")


def test_an_agency_has_a_hub_or_a_profile(folder: Path) -> None:
    told = ("--fingerprint", pinned(folder))
    refused(hub("partner", "add", "--profile", "de-bka.toml", "--agency", "cis-atc", *told), "conflict")


def test_a_profile_that_names_what_is_not_held_is_refused(folder: Path) -> None:
    text = (folder / "de-bka.toml").read_text(encoding="utf-8")
    (folder / "de-bka.toml").write_text(text.replace('"folder"', '"pigeon"'), encoding="utf-8")
    refused(
        hub("partner", "add", "--profile", "de-bka.toml", "--agency", THEM, "--fingerprint", pinned(folder)),
        "adapter-unknown",
    )


def test_what_is_no_key_is_not_taken_as_one(folder: Path) -> None:
    refused(hub("material", "put", THEM, "sign-key", "--key", "password.txt"), "request-invalid")
    refused(hub("material", "put", THEM, "../x", "--secret", "password.txt"), "request-invalid")


def test_a_record_without_parcels_has_none_to_export(folder: Path, officers: Officers, file: str) -> None:
    told = json_of(officers.act("aigul", "record", "draft", file, "--to", "cis-atc", "--json"))
    refused(
        hub("parcel", "export", told["record_id"], "--out", "x", "--justification", "case 2026/17"),
        "not-found",
    )


@pytest.mark.slow
def test_what_was_refused_is_weighed_again_under_the_agreement_of_now(
    paired: Path, folder: Path, clock: Moving
) -> None:
    told = ("--fingerprint", pinned(folder))
    json_of(hub("partner", "add", "--profile", "de-bka.toml", "--agency", THEM, *told, "--json"))
    record = load_record(
        {
            **template(Kind.SPONTANEOUS_INFORMATION),
            "originator": THEM,
            "language": "en",
            "legal_basis": {"agreement": "treaty-bka", "articles": ["1"]},
        }
    )
    written = make("bilateral-stix").dialect.translate(dict(record.document)).document
    their_carrier(folder).push(Parcel(parcel_id="early", content=written))
    carried(paired / "kz-knb", clock)
    words = ("parcel", "retry", THEM, "early", "--why", "the agreement was adopted since")
    refused(hub(*words), "policy-denied")
    hub("agreement", "adopt", "treaty-bka.toml")
    done = json_of(hub(*words, "--json"))
    assert (done["record_id"], done["version"]) == (record.id, 1)
    assert json_of(hub("parcel", "held", "--json"))["parcels"] == []
    refused(hub(*words), "not-found")
