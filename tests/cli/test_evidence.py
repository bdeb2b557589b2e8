"""Evidence at the command line: exported, anchored, verified on a machine without a hub."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hub.audit.merkle import hash_leaf
from hub.audit.proofs import read_proof, verify_proof
from hub.cli.frame import SOME_ID
from hub.envelope.jws import check_jws, read_jws
from hub.envelope.suites import Suite
from hub.evidence.anchors import read_anchors, write_anchors
from hub.evidence.wording import Language, keys, labels, sentence_of, word
from hub.records.lifecycle import DeliveryState, ReceiptStatus
from tests.cli.arriving import came
from tests.cli.conftest import Officers
from tests.cli.walk import hub, json_of, refused
from tests.evidence.world import World, play, resigned
from tests.exchange.hubs import Hubs

#: Many hubs and stores: not for the quick gate.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = play(Hubs(folder=tmp_path_factory.mktemp("world")))
    yield made
    made.hubs.close()


@pytest.fixture(scope="module")
def files(world: World, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    folder = tmp_path_factory.mktemp("files")
    (folder / "record.evidence").write_bytes(world.export())
    (folder / "anchors.json").write_bytes(write_anchors(world.anchors()))
    return str(folder / "record.evidence"), str(folder / "anchors.json")


def test_what_is_proven_exits_with_zero_and_says_who_signed(files: tuple[str, str]) -> None:
    told = json_of(hub("evidence", "verify", files[0], "--trust", files[1], "--json", env={"HUB_HOME": None}))
    assert told["verdict"] == "proven"
    assert {one["by"] for one in told["signatures"]} >= {"kz-knb", "cis-atc", "kz-knb/log"}
    assert told["not_shown"] == told["erased"] == []
    assert any("revoked" in sentence for sentence in told["not_checked"])
    assert "content" not in json.dumps(told["contents"])


def test_people_read_a_verdict_first(files: tuple[str, str]) -> None:
    for language, first in (("en", "PROVEN."), ("ru", "ДОКАЗАНО."), ("kk", "ДӘЛЕЛДЕНДІ.")):
        result = hub("evidence", "verify", files[0], "--trust", files[1], "--lang", language)
        assert result.exit_code == 0, result.output
        assert result.stdout.startswith(first)


def test_what_was_altered_exits_with_one(files: tuple[str, str], tmp_path: Path) -> None:
    raw = Path(files[0]).read_bytes()
    forged = tmp_path / "forged.evidence"
    forged.write_bytes(raw.replace(b'"mode":"full"', b'"mode":"commitments"'))
    result = hub("evidence", "verify", str(forged), "--trust", files[1], "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["verdict"] == "disproven"


def test_what_lacks_something_exits_with_two(world: World, files: tuple[str, str], tmp_path: Path) -> None:
    strict = tmp_path / "strict.json"
    anchors = world.anchors(witnesses=("sco-rats",))
    fewer = {name: anchor for name, anchor in anchors.agencies.items() if name != "cis-atc"}
    strict.write_bytes(write_anchors(replace(anchors, agencies=fewer)))
    result = hub("evidence", "verify", files[0], "--trust", str(strict), "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["verdict"] == "incomplete"


@pytest.mark.parametrize(("which", "code"), [(0, "evidence-malformed"), (1, "anchors-invalid")])
def test_a_file_of_another_kind_keeps_its_own_code(
    files: tuple[str, str], tmp_path: Path, which: int, code: str
) -> None:
    other = tmp_path / "other"
    other.write_text('{"a": 1}')
    told = [files[0], files[1]]
    told[which] = str(other)
    refused(hub("evidence", "verify", told[0], "--trust", told[1]), code)


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_the_report_is_one_page_that_runs_and_fetches_nothing(
    files: tuple[str, str], tmp_path: Path, language: str
) -> None:
    page = tmp_path / "report.html"
    result = hub(
        "evidence", "verify", files[0], "--trust", files[1], "--report", str(page), "--language", language
    )
    assert result.exit_code == 0, result.output
    text = page.read_text(encoding="utf-8")
    assert f'<html lang="{language}">' in text
    assert "Жедел хабарлама" in text
    assert not any(mark in text for mark in ("<script", "src=", "http://", "https://", "javascript:"))
    assert page.stat().st_mode & 0o077 == 0


def test_what_stands_in_a_bundle_is_escaped_in_the_report(
    world: World, files: tuple[str, str], tmp_path: Path
) -> None:
    raw = resigned(
        Path(files[0]).read_bytes(), world.ours, lambda b: replace(b, exported_by="<script>alert(1)</script>")
    )
    hostile, page = tmp_path / "hostile.evidence", tmp_path / "report.html"
    hostile.write_bytes(raw)
    hub("evidence", "verify", str(hostile), "--trust", files[1], "--report", str(page))
    assert "<script" not in page.read_text(encoding="utf-8")
    assert "&lt;script&gt;" in page.read_text(encoding="utf-8")


def test_a_hub_exports_and_names_its_anchors(paired: Path, officers: Officers, tmp_path: Path) -> None:
    document = json.loads(hub("record", "template", "spontaneous-information").stdout)
    document["legal_basis"] = {"agreement": "test-treaty", "articles": ["1"]}
    file = tmp_path / "record.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    row = json_of(officers.act("aigul", "record", "draft", str(file), "--to", "cis-atc", "--json"))
    to = ("--digest", row["digest"], "--to", "cis-atc")
    assert officers.act("bolat", "record", "release", row["record_id"], *to).exit_code == 0
    bundle, anchors = tmp_path / "record.evidence", tmp_path / "anchors.json"
    why = ("--why", "case 2026/17")
    refused(hub("evidence", "export", row["record_id"], "-o", str(bundle)), "justification-missing")
    told = json_of(hub("evidence", "export", row["record_id"], "-o", str(bundle), *why, "--json"))
    assert told["mode"] == "full"
    assert bundle.stat().st_mode & 0o077 == 0
    refused(hub("evidence", "export", row["record_id"], "-o", str(bundle), *why), "file-exists")
    named = json_of(hub("evidence", "anchors", "-o", str(anchors), "--json"))
    assert named["agencies"] == ["cis-atc", "kz-knb"]
    assert len(named["words"]) == 12
    result = hub("evidence", "verify", str(bundle), "--trust", str(anchors), "--json", env={"HUB_HOME": None})
    assert result.exit_code == 2, result.output
    verdict = json.loads(result.stdout)
    assert {one["key"] for one in verdict["findings"] if one["standing"] == "not-shown"} == {"no-receipts"}


def test_an_officer_who_exports_is_an_auditor(paired: Path, officers: Officers, tmp_path: Path) -> None:
    refused(
        officers.act("bolat", "evidence", "export", SOME_ID, "-o", str(tmp_path / "x.evidence")),
        "role-missing",
    )
    assert not (tmp_path / "x.evidence").exists()


def test_a_bundle_is_unpacked_into_what_other_tools_read(files: tuple[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "record"
    told = json_of(hub("evidence", "unpack", files[0], "-o", str(folder), "--json", env={"HUB_HOME": None}))
    assert sorted(told["files"]) == sorted(path.name for path in folder.iterdir())
    anchors = read_anchors(Path(files[1]).read_bytes()).agencies["kz-knb"]
    for proof in folder.glob("*.tlog-proof"):
        leaf = proof.with_suffix(".leaf").read_bytes()
        verify_proof(read_proof(proof.read_bytes()), leaf_hash=hash_leaf(leaf), keys=anchors.log_keys)
    both = frozenset(Suite)
    bundle = (folder / "bundle.jws").read_bytes()
    checked = check_jws(read_jws(bundle, typ="hub-evidence+json"), keys=anchors.public, allowed=both)
    assert checked.payload == (folder / "bundle.json").read_bytes()
    for opened in folder.glob("envelope-*.jws"):
        jws = read_jws(opened.read_bytes(), typ="hub-record+json")
        assert b"narrative" in check_jws(jws, keys=anchors.public, allowed=both).payload
    refused(hub("evidence", "unpack", files[0], "-o", str(folder)), "file-exists")


PAGE = Path(__file__).parents[2] / "docs" / "evidence.md"


@pytest.mark.slow
def test_the_commands_of_the_page_prove_a_record_that_came(paired: Path, tmp_path: Path) -> None:
    (block,) = re.findall(
        r"<!-- executed by tests/cli/test_evidence.py -->\n```sh\n(.*?)```",
        PAGE.read_text("utf-8"),
        re.DOTALL,
    )
    told = {"RECORD": came(paired).record_id, "HUB_HOME": str(paired / "kz-knb")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        cwd=tmp_path,
        env=os.environ | told | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ДӘЛЕЛДЕНДІ" in done.stdout
    assert 'lang="kk"' in (tmp_path / "record.html").read_text("utf-8")


def test_the_page_names_every_member_of_a_bundle_and_of_anchors(files: tuple[str, str]) -> None:
    text = PAGE.read_text("utf-8")
    bundle, anchors = (json.loads(Path(name).read_bytes()) for name in files)
    whole = bundle["bundle"]
    shown = [whole, whole["record"], whole["log"], *whole["envelopes"], whole["log"]["entries"][0]]
    shown += [whole["log"]["checkpoints"][0], whole["log"]["entries"][0]["disclosed"][0], *whole["cards"]]
    shown += [bundle, *bundle["signatures"], anchors, anchors["quorum"], anchors["agencies"][0]]
    vectors = PAGE.parents[1] / "tests" / "vectors" / "evidence"
    with_parcels = json.loads((vectors / "sent.evidence").read_bytes())["bundle"]
    shown += [*with_parcels["parcels"], *with_parcels["approvals"], with_parcels["parcels"][0]["losses"]]
    shown += json.loads((vectors / "anchors.json").read_bytes())["partners"]
    assert {
        name for one in shown for name in one if f"`{name}`" not in text and f'"{name}"' not in text
    } == set()


@pytest.mark.parametrize("language", Language)
def test_every_finding_has_a_sentence_in_every_language(language: Language) -> None:
    rooms = [path.read_text("utf-8") for path in (PAGE.parents[1] / "hub" / "evidence").glob("*.py")]
    used = keys(language)
    assert used == keys(Language.EN)
    code = "".join(text for text in rooms if "SENTENCES: Final" not in text)
    known = set(re.findall(r'"([a-z]+(?:-[a-z]+)+)"', code))
    built = {
        f"{what}-{end}"
        for what in ("envelope", "number", "parcel-statement", "passed", "receipt")
        for end in ("false", "unknown-key")
    }
    assert used <= known | built | {"revocation", "completeness", "attachments", "timestamp"}
    assert set(labels(language)) == set(labels(Language.EN))
    if language is not Language.EN:
        codes = [one.value for one in (*ReceiptStatus, *DeliveryState)]
        assert all(word(code, language) != code for code in (*codes, "released", "receipt: opened"))


def test_no_sentence_wants_what_its_finding_does_not_tell(files: tuple[str, str]) -> None:
    for language in Language:
        for key in keys(language):
            english = set(re.findall(r"{(\w+)}", sentence_of(Language.EN, key)))
            told = set(re.findall(r"{(\w+)}", sentence_of(language, key)))
            assert told - {"code"} <= english, (language, key)
