"""Who cosigns our log and whose logs we cosign is shown, and evidence of forks is saved."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.audit.checkpoints import Checkpoint, sign_checkpoint
from hub.audit.notes import read_note
from hub.audit.witnessing import AddCheckpoint, read_request
from hub.bootstrap.opening import Hub, open_hub
from hub.entries import PartnerRow
from hub.errors import PeerFault
from hub.exchange.broker import Broker
from hub.exchange.log.checkpointing import checkpoint
from hub.exchange.log.sequencing import sequence
from hub.exchange.partners import pair
from hub.exchange.witness.answering import add_checkpoint
from hub.exchange.witness.asking import ask
from hub.exchange.witness.settling import conclude, note_failure, settle
from hub.federation.card import fingerprint
from hub.ports import CheckpointRow, WitnessReply
from tests.cli.walk import hub, json_of, refused
from tests.exchange.hubs import CUSTODIAN
from tests.exchange.witness.witnesses import caller, post


def signed(opened: Hub) -> CheckpointRow:
    """Log what waits in a hub, and sign for it."""
    while sequence(opened.broker):
        pass
    row = checkpoint(opened.broker, at_once=True)
    assert row is not None
    return row


class Direct:
    """Implements ports.WitnessClient by calling the other hub of the test."""

    def __init__(self, other: Broker) -> None:
        self._other = other

    def add_checkpoint(self, partner: PartnerRow, body: bytes) -> WitnessReply:
        return post(self._other, "kz-knb", body)

    def checkpoint(self, partner: PartnerRow, origin_hash: str) -> bytes | None:
        raise AssertionError(partner)


@pytest.fixture
def ours(paired: Path) -> Path:
    """The home of kz-knb, which names cis-atc and sco-rats as its witnesses."""
    home = paired / "kz-knb"
    text = (home / "hub.toml").read_text()
    head, limits, tail = text.partition("[limits]")
    head += 'witnesses = ["cis-atc", "sco-rats"]\nwitness_quorum = 1\n'
    (home / "hub.toml").write_text(head + limits + tail)
    return home


@pytest.fixture
def other(paired: Path) -> Iterator[Hub]:
    with open_hub(paired / "cis-atc") as opened:
        yield opened


def test_no_witnesses_are_a_choice_that_is_shown(paired: Path) -> None:
    shown = hub("witness", "show")
    assert "hub.toml names no witnesses. That is a choice" in shown.stdout
    told = json_of(hub("witness", "show", "--json"))
    assert told["quorum"]["needed"] == told["quorum"]["of"] == 0
    assert told["witnesses"] == told["logs"] == []
    assert told["timestamps"] is None


def test_witnesses_are_shown_with_what_they_cosigned_or_why_not(ours: Path, other: Hub) -> None:
    assert "was never met" in hub("witness", "show").stdout
    with open_hub(ours) as opened:
        card = opened.card()
        pair(other.broker, CUSTODIAN, card, confirmed_fingerprint=fingerprint(card))
        row = signed(opened)
        settle(
            opened.broker,
            row,
            ask(opened.broker, Direct(other.broker), "cis-atc", row, known_size=0),
        )
        note_failure(opened.broker, "sco-rats", PeerFault("partner-unreachable", "sco-rats does not answer."))
    told = json_of(hub("witness", "show", "--json"))
    assert (told["quorum"]["size"], told["quorum"]["missing_since"]) == (row.size, None)
    good, bad = told["witnesses"]
    assert (good["witness"], good["size"], good["behind"], good["code"]) == ("cis-atc", row.size, 0, None)
    assert (bad["witness"], bad["behind"], bad["code"]) == ("sco-rats", row.size, "partner-unreachable")
    page = hub("witness", "show").stdout
    assert "The quorum (1 of 2 witnesses) was met at" in page
    assert "sco-rats does not answer. [partner-unreachable]" in page
    assert json_of(hub("log", "show", "--json"))["quorum_size"] == row.size


def test_a_missing_quorum_is_shown_with_what_to_read(ours: Path) -> None:
    with open_hub(ours) as opened:
        conclude(opened.broker, signed(opened))
    page = hub("witness", "show").stdout
    assert "is MISSING since" in page
    assert "cis-atc, sco-rats" in page
    assert "A missing quorum" in page
    assert json_of(hub("log", "show", "--json"))["quorum_missing_since"]


def test_evidence_of_a_fork_is_listed_and_saved(ours: Path, other: Hub, tmp_path: Path) -> None:
    assert "No log has contradicted" in hub("witness", "forks").stdout
    row = signed(other)
    fork = Checkpoint(origin="cis-atc/log", size=row.size, root=b"f" * 32)
    note = sign_checkpoint(fork, other.broker.keyring.log_signers(), other.broker.clock.now())
    with open_hub(ours) as opened:
        for old, raw in ((0, row.note), (row.size, note)):
            body = AddCheckpoint(old_size=old, proof=(), note=read_note(raw)).as_bytes()
            add_checkpoint(opened.broker, caller("cis-atc"), body)
    assert "cis-atc/log" in hub("witness", "show").stdout
    listed = hub("witness", "forks")
    assert "fork" in listed.stdout
    assert "hub witness forks -o FILE" in listed.stdout
    path = tmp_path / "forks.json"
    assert str(path) in hub("witness", "forks", "-o", str(path)).stdout
    (kept,) = json.loads(path.read_text())["forks"]
    assert (kept["origin"], kept["kind"], kept["size"]) == ("cis-atc/log", "fork", row.size)
    assert read_request(kept["request"].encode()).note.as_bytes() == note
    assert kept["cosigned_note"].startswith("cis-atc/log\n")
    refused(hub("witness", "forks", "-o", str(path)), "file-exists")


@pytest.mark.parametrize(
    "line",
    [
        'witnesses = ["cis-atc"]\nwitness_quorum = 2',
        'witnesses = ["cis-atc", "cis-atc"]',
        'witnesses = ["kz-knb"]',
        'witnesses = "cis-atc"',
        "witnesses = [1]",
        'witnesses = ["No Agency"]',
        "witness_quorum = -1",
        'tsa_url = "http://127.0.0.1:1/"',
        'tsa_roots = "roots.pem"',
        'tsa_url = "ftp://x"\ntsa_roots = "roots.pem"',
    ],
)
def test_what_could_never_work_is_refused_in_the_configuration(paired: Path, line: str) -> None:
    path = paired / "kz-knb" / "hub.toml"
    path.write_text(f"{line}\n{path.read_text()}")
    refused(hub("witness", "show"), "config-invalid")


def test_time_stamps_are_told_with_their_gap(ours: Path) -> None:
    path = ours / "hub.toml"
    path.write_text(
        f'tsa_url = "http://user:secret@tsa.test:1/x"\ntsa_roots = "roots.pem"\n{path.read_text()}'
    )
    assert "No time stamp yet." in hub("witness", "show").stdout
    with open_hub(ours) as opened:
        signed(opened)
    page = hub("witness", "show").stdout
    assert "No time stamp yet; what was signed since" in page
    assert "secret" not in page
    assert json_of(hub("log", "show", "--json"))["unstamped_since"]
