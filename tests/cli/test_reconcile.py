"""Books are compared from the command line; the wire between the two homes is left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from adapters.carriers.https import HttpsCarrier
from demo.ports import free_ports
from hub.bootstrap.opening import open_hub
from hub.entries import PartnerRow
from hub.exchange.gaps import look_for_gaps
from hub.exchange.reconciling.answering import answer_books
from hub.ports import BooksAnswer
from tests.cli.arriving import came
from tests.cli.conftest import Moving
from tests.cli.walk import hub, json_of, refused
from tests.servers.mutual import served

#: Many hubs and stores: not for the quick gate.
pytestmark = pytest.mark.slow


@pytest.fixture
def wired(paired: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One record came from cis-atc, whose books can be asked for."""
    came(paired)

    def ask(_self: HttpsCarrier, partner: PartnerRow, statement: bytes) -> BooksAnswer:
        with open_hub(paired / partner.agency) as theirs:
            return BooksAnswer(statement=answer_books(theirs.broker, "kz-knb", statement))

    monkeypatch.setattr(HttpsCarrier, "reconcile", ask)
    with_number(paired, 1)
    return paired


def with_number(paired: Path, number: int) -> None:
    """Give what came a number; it was handed over by hand."""
    change(paired, f"UPDATE inbox SET number = {number}")


def change(paired: Path, statement: str) -> None:
    with open_hub(paired / "kz-knb") as ours:
        url = ours.config.database_url
    engine = create_engine(url)
    with engine.begin() as connection:
        assert connection.execute(text(statement)).rowcount > 0
    engine.dispose()


def test_books_that_agree_say_so_and_exit_with_0(wired: Path) -> None:
    result = hub("reconcile", "cis-atc")
    assert result.exit_code == 0, result.stderr
    assert "nothing differs" in result.stdout
    assert "equal" in hub("partner", "list").stdout
    told = json_of(hub("partner", "show", "cis-atc", "--json"))
    assert (told["books"]["differences"], told["gaps"]) == (0, [])


def test_a_difference_is_printed_with_what_to_do_and_exits_with_1(wired: Path) -> None:
    change(wired, "DELETE FROM inbox")
    change_there(wired, "UPDATE outbox SET state = 'accepted'")
    result = hub("reconcile", "cis-atc")
    assert result.exit_code == 1
    assert "sent-not-received" in result.stdout
    assert "restored from a backup" in " ".join(result.stdout.split())
    (found,) = json.loads(hub("reconcile", "cis-atc", "--json").stdout)["found"]
    assert (found["number"], found["sender"]) == (1, "cis-atc")
    shown = hub("partner", "show", "cis-atc").stdout
    assert "sent-not-received" in shown
    assert "hub reconcile cis-atc" in shown
    assert "1 differ" in hub("partner", "list").stdout


def test_differences_are_written_to_a_file_of_their_own(wired: Path, tmp_path: Path) -> None:
    change(wired, "DELETE FROM inbox")
    change_there(wired, "UPDATE outbox SET state = 'accepted'")
    out = tmp_path / "differences"
    told = json.loads(hub("reconcile", "cis-atc", "--json", "--out", str(out)).stdout)
    assert told["left_out"] == 0
    assert [json.loads(line) for line in out.read_text().splitlines()] == told["found"]
    assert out.stat().st_mode & 0o077 == 0
    refused(hub("reconcile", "cis-atc", "--out", str(out)), "file-exists")


def change_there(paired: Path, statement: str) -> None:
    engine = create_engine(f"sqlite:///{paired / 'cis-atc' / 'hub.sqlite3'}")
    with engine.begin() as connection:
        assert connection.execute(text(statement)).rowcount > 0
    engine.dispose()


def test_a_period_that_is_no_date_is_refused(wired: Path) -> None:
    refused(hub("reconcile", "cis-atc", "--from", "yesterday"), "command-invalid")
    refused(hub("reconcile", "de-bka"), "partner-unknown")


def test_a_period_before_anything_was_sent_is_equal(wired: Path) -> None:
    told = json_of(hub("reconcile", "cis-atc", "--from", "2020-01-01", "--to", "2020-01-31", "--json"))
    assert (told["compared"], told["differences"]) == (0, 0)
    assert (told["from"], told["to"]) == ("2020-01-01T00:00:00Z", "2020-02-01T00:00:00Z")


def test_a_hub_that_was_set_back_numbers_on(wired: Path) -> None:
    told = json_of(hub("reconcile", "cis-atc", "--number-on", "--json"))
    assert (told["numbers_before"], told["numbers_last"]) == (0, 0)


def test_missing_numbers_are_listed(wired: Path, clock: Moving) -> None:
    assert "No number is missing." in hub("queue", "missing").stdout
    with_number(wired, 4)
    with open_hub(wired / "kz-knb") as ours:
        look_for_gaps(ours.broker)
    (gap,) = json_of(hub("queue", "missing", "--json"))["gaps"]
    assert (gap["partner"], gap["first"], gap["last"]) == ("cis-atc", 1, 3)
    assert "hub reconcile cis-atc" in hub("queue", "missing", "--partner", "cis-atc").stdout
    assert json_of(hub("queue", "missing", "--partner", "sco-rats", "--json"))["gaps"] == []
    told: Any = json_of(hub("partner", "show", "cis-atc", "--json"))
    assert told["gaps"] == [[1, 3]]


def at_address(paired: Path, url: str) -> None:
    """Have the partner called somewhere else than its card says."""
    change(paired, f"UPDATE partners SET url = '{url}' WHERE agency = 'cis-atc'")


def test_a_partner_that_nobody_answers_for_exits_with_69(paired: Path) -> None:
    (port,) = free_ports(1)
    at_address(paired, f"https://127.0.0.1:{port}")
    result = hub("reconcile", "cis-atc", "--json")
    assert result.exit_code == 69
    assert json.loads(result.stdout)["code"] == "partner-unreachable"
    assert refused(hub("reconcile", "cis-atc"), "partner-unreachable")


def test_a_server_that_is_not_the_partners_exits_with_76(paired: Path) -> None:
    with served(lambda _environ, _start: []) as another:
        at_address(paired, another.url)
        result = hub("reconcile", "cis-atc", "--json")
        assert result.exit_code == 76
        assert json.loads(result.stdout)["code"] == "partner-misbehaved"
        assert "certificate" in refused(hub("reconcile", "cis-atc"), "partner-misbehaved")
