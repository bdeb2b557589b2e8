"""The demo does the main job, and fails loudly when something is missing."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from adapters import registry
from demo.by_courier import FROM_APART
from demo.cast import APART
from demo.hubless.cast import BROKEN, HUBLESS
from demo.hubless.scene import FROM_THEM
from demo.tally import Line, Tally

pytestmark = [pytest.mark.slow, pytest.mark.timeout(320)]


def run(tmp_path: Path, *told: str) -> tuple[int, dict[str, object], str]:
    outcome = tmp_path / "outcome.json"
    told = ("--home", str(tmp_path / "homes"), "--json", str(outcome), *told)
    with subprocess.Popen([sys.executable, "-m", "demo", *told], stdout=subprocess.PIPE, text=True) as demo:
        try:
            shown, _ = demo.communicate(timeout=270)
        except subprocess.TimeoutExpired:
            demo.send_signal(signal.SIGINT)  # it stops its hubs, which are sessions of their own
            raise
    return demo.returncode, json.loads(outcome.read_text()), shown


def test_every_record_arrives_exactly_once(tmp_path: Path) -> None:
    code, outcome, shown = run(tmp_path, "--designations", "30")
    assert (outcome["exactly_once"], outcome["troubles"]) == (True, [])
    proof = outcome["proof"]
    assert isinstance(proof, dict)
    assert (proof["verdict"], proof["not_shown"]) == ("proven", [])
    assert len(proof["cosigned_by"]) >= 2
    assert code == 0
    lines = {line["who"]: line for line in outcome["partners"]}  # type: ignore[attr-defined]
    assert lines["cis-atc"]["answered"] == 1
    assert lines["kg-gknb"]["retried"] > 0
    assert outcome["waited_for_sleeper"] == 33
    assert lines["sco-rats"]["sent"] == 33
    held, obeyed = outcome["held"], outcome["obeyed"]
    assert isinstance(held, dict)
    assert held["code"] == "check-unanswered"
    assert set(held["answered"]) == {"neutrality", "non-discrimination"}
    assert held["explained"]
    assert isinstance(obeyed, dict)
    assert obeyed["good"]
    without = {partner.agency for partner in HUBLESS}
    apart = {APART, FROM_APART}
    assert set(obeyed["followed"]) == set(lines) - {"kz-knb (answers)", FROM_THEM} - without - apart
    for who in apart:
        assert (lines[who]["sent"], lines[who]["receipts_verified"]) == (1, 1)
    assert "am-nss has no network: one medium was carried 3 times" in shown
    for partner in HUBLESS:
        line = lines[partner.agency]
        assert (line["sent"], line["receipts_verified"], line["answered"]) == (1, 1, 1)
    assert lines[FROM_THEM]["sent"] == len(HUBLESS)
    told = {one["recipient"]: one for one in outcome["translated"]}  # type: ignore[attr-defined]
    assert told["interpol-ncb-uz"]["lost"]
    assert "was held (check-unanswered)" in shown
    assert "Every record arrived exactly once" in shown
    assert "PROVEN" in shown
    assert "cosigned by" in shown


def test_every_adapter_of_a_partner_and_every_carrier_plays() -> None:
    ours = {name.partition("-")[0] for name, source in registry.names().items() if source == "hub"}
    assert {partner.adapter for partner in HUBLESS} == ours
    assert {partner.carrier for partner in HUBLESS} == {"mail", "sftp", "taxii-server", "folder", "as4"}


@pytest.mark.parametrize(("how", "who"), [("lose", "cis-atc"), ("asleep", "kg-gknb")])
def test_broken_on_purpose_it_exits_non_zero_and_says_what_is_missing(
    tmp_path: Path, how: str, who: str
) -> None:
    code, outcome, shown = run(tmp_path, "--designations", "5", "--break", how)
    assert (code, outcome["exactly_once"]) == (1, False)
    lines = {line["who"]: line for line in outcome["partners"]}  # type: ignore[attr-defined]
    assert lines[who]["missing"] > 0
    assert lines[BROKEN]["missing"] == 1
    assert lines[APART]["missing"] == (1 if how == "asleep" else 0)
    assert f"{BROKEN}: 1 missing" in shown.replace("\n", " ")
    assert "NOT every record" in shown


def test_a_tally_with_nothing_in_it_is_no_success() -> None:
    assert not Tally(lines=[], waited_for_sleeper=0, seconds=0.0).exactly_once


@pytest.mark.parametrize("wrong", ["missing", "doubled", "strange", "held"])
def test_one_wrong_number_spoils_the_tally(wrong: str) -> None:
    good = dict.fromkeys(("answered", "retried", "held", "missing", "doubled", "strange"), 0)
    line = Line(who="cis-atc", sent=5, receipts_verified=5, **(good | {wrong: 1}))
    assert Line(who="cis-atc", sent=5, receipts_verified=5, **good).good
    assert not Tally(lines=[line], waited_for_sleeper=0, seconds=0.0).exactly_once
