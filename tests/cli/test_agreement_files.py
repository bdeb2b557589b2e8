"""Agreement files are checked without a hub."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hub.codes import CODES
from tests.cli.conftest import Officers
from tests.cli.walk import hub
from tests.exchange.hubs import agreement_text

#: Officers who sign in again and again: not for the quick gate.
pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "demo" / "agreements").glob("*.toml"))
DRAFTS = ROOT / "hub" / "policy" / "drafts"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_agreements_of_the_demo_are_valid_and_shown(file: Path) -> None:
    result = hub("agreement", "check", str(file))
    assert result.exit_code == 0
    assert "is a valid agreement" in result.stdout
    assert "→" in result.stdout
    told = json.loads(hub("agreement", "check", str(file), "--json").stdout)
    assert told["agreement"]["id"] in result.stdout
    assert told["agreement"]["flows"]
    for article in told["agreement"]["articles"]:
        assert f"article {article['number']}" in result.stdout
        assert article["about"][:40] in result.stdout
    for name in ("TLP", "handling codes", "reply within", "kept for", "caveats"):
        assert name in result.stdout


def test_wrong_agreement_is_told_key_and_reason() -> None:
    text = FILES[0].read_text(encoding="utf-8").replace("highest", "hihgest", 1)
    result = hub("agreement", "check", "-", typed=text)
    assert result.exit_code == CODES["agreement-invalid"].exit
    assert "flows[0].hihgest" in result.stderr
    assert "[agreement-invalid]" in result.stderr


def test_an_agreement_takes_two_custodians(paired: Path, officers: Officers, tmp_path: Path) -> None:
    for name in ("dana", "erlan"):
        officers.add(name, "custodian")
    text = agreement_text(("kz-knb", "cis-atc")).replace("version = 1", "version = 2", 1)
    file = tmp_path / "treaty.toml"
    file.write_text(text.replace('highest = "secret"', 'highest = "restricted"', 1), encoding="utf-8")
    alone = hub("agreement", "adopt", str(file))
    assert (alone.exit_code, "[four-eyes]" in alone.stderr) == (CODES["four-eyes"].exit, True)
    told = json.loads(officers.act("dana", "agreement", "propose", str(file), "--json").stdout)
    assert "proposed by officer:dana, waits" in hub("agreement", "list").stdout
    changes = json.loads(hub("agreement", "diff", "test-treaty", "--json").stdout)
    assert changes["differences"] == [
        {"where": "kz-knb → cis-atc: highest", "before": "secret", "after": "restricted"}
    ]
    own = officers.act("dana", "agreement", "approve", "test-treaty", "--digest", told["digest"])
    assert own.exit_code == CODES["four-eyes"].exit
    declined = officers.act("erlan", "agreement", "approve", "test-treaty", typed="n\n")
    assert declined.exit_code != 0
    assert "  + restricted" in declined.stderr
    done = officers.act("erlan", "agreement", "approve", "test-treaty", typed="y\n")
    assert done.exit_code == 0
    assert "test-treaty version 2 is in force here" in done.stdout
    assert (
        json.loads(hub("agreement", "show", "test-treaty", "--version", "1", "--json").stdout)["version"] == 1
    )
    assert "+ restricted" in hub("agreement", "diff", "test-treaty", "--from", "1", "--to", "2").stdout
    assert hub("agreement", "show", "test-treaty", "--version", "7").exit_code == CODES["not-found"].exit


def test_drafts_are_listed_and_written_out_and_not_put_in_force(paired: Path, tmp_path: Path) -> None:
    listed = json.loads(hub("agreement", "drafts", "--json").stdout)["drafts"]
    assert [one["id"] for one in listed] == sorted(path.stem for path in DRAFTS.glob("*.toml"))
    assert all(one["draft"] for one in listed)
    for name in ("cis-1999", "kz-cn", "kz-pk", "unsc-1267"):
        file = tmp_path / f"{name}.toml"
        file.write_text(hub("agreement", "drafts", name).stdout, encoding="utf-8")
        checked = hub("agreement", "check", str(file))
        assert checked.exit_code == 0
        assert "not publicly certain" in checked.stdout
        refused = hub("agreement", "adopt", str(file))
        assert refused.exit_code == CODES["agreement-invalid"].exit
        assert "is a draft" in refused.stderr
    assert hub("agreement", "drafts", "de-1998").exit_code == CODES["not-found"].exit
