"""`hub courier` between two homes that only a folder connects: the commands of docs/carriers.md."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hub.bootstrap.opening import open_hub
from hub.exchange import agreements, partners
from hub.federation.card import fingerprint
from hub.records.lifecycle import EntryState
from tests.cli.arriving import sent
from tests.cli.walk import hub, json_of, refused
from tests.docs.blocks import block
from tests.exchange.hubs import CUSTODIAN, agreement_text

pytestmark = pytest.mark.slow


@pytest.fixture
def record(paired: Path) -> str:
    """A record that waits at kz-knb for cis-atc, which has pinned kz-knb as well."""
    with open_hub(paired / "cis-atc") as theirs, open_hub(paired / "kz-knb") as ours:
        card = ours.card()
        partners.pair(
            theirs.broker, CUSTODIAN, card, confirmed_fingerprint=fingerprint(card), by_courier=True
        )
        agreements.adopt(theirs.broker, CUSTODIAN, agreement_text(("kz-knb", "cis-atc")))
        return sent(ours.broker).record_id


def state(paired: Path, record_id: str) -> list[EntryState]:
    with open_hub(paired / "kz-knb") as ours, ours.store.read() as view:
        return [entry.state for entry in view.outbox.of_record(record_id)]


def test_the_commands_of_the_page_carry_a_record_and_its_receipt(
    paired: Path, record: str, tmp_path: Path
) -> None:
    lines = [line.partition("#")[0].split() for line in block("carriers.md", "courier").splitlines()[1:]]
    assert [line[:3] for line in lines] == [["hub", "courier", "export"], ["hub", "courier", "import"]] * 2
    for words, agency in zip(lines, ("kz-knb", "cis-atc", "cis-atc", "kz-knb"), strict=True):
        told = [str(tmp_path / "medium") if word == "/media/courier" else word for word in words[1:]]
        result = hub(*told, "--home", str(paired / agency))
        assert result.exit_code == 0, result.stderr
    assert state(paired, record) == [EntryState.ACCEPTED]


def test_a_damaged_medium_is_told_of_by_the_exit_code(paired: Path, record: str, tmp_path: Path) -> None:
    json_of(hub("courier", "export", "cis-atc", "--to", str(tmp_path), "--json"))
    for path in (tmp_path / "hub-courier" / "kz-knb" / "cis-atc" / "files").iterdir():
        path.write_bytes(b"")
    result = hub("courier", "import", str(tmp_path), "--home", str(paired / "cis-atc"), "--json")
    assert result.exit_code == 1
    assert [one["code"] for one in json.loads(result.stdout)["came"]] == ["bundle-damaged"]
    assert state(paired, record) == [EntryState.PENDING]


def test_a_medium_without_anything_for_us_is_no_failure(paired: Path, tmp_path: Path) -> None:
    assert json_of(hub("courier", "import", str(tmp_path), "--json")) == {"came": []}
    refused(hub("courier", "export", "xx-nobody", "--to", str(tmp_path)), "partner-unknown")


def test_a_partner_by_courier_is_pinned_without_an_address(paired: Path, tmp_path: Path) -> None:
    card = tmp_path / "card"
    assert hub("partner", "card", "--out", str(card), "--home", str(paired / "cis-atc")).exit_code == 0
    told = ("partner", "add", str(card), "--fingerprint", fingerprint(card.read_bytes()))
    assert json_of(hub(*told, "--by-courier", "--json"))["url"] is None
    assert json_of(hub(*told, "--json"))["url"] is None, "it stays so until it is set again"
    assert json_of(hub(*told, "--url", "", "--json"))["url"] is not None
    refused(hub(*told, "--by-courier", "--url", "https://x.example"), "command-invalid")
