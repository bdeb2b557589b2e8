"""What waits is seen, and resumed or dropped from the machine's console, with a name and a reason."""

from __future__ import annotations

import getpass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.bootstrap.opening import open_hub
from tests.cli.conftest import Officers
from tests.cli.test_record import drafted, file, released
from tests.cli.walk import hub, json_of, refused
from tests.exchange.hubs import hold_by_rule

__all__ = ["drafted", "file", "released"]


@pytest.fixture
def entry(released: dict[str, Any], officers: Officers) -> dict[str, Any]:
    entries = json_of(hub("queue", "list", "--json"))["entries"]
    assert len(entries) == 1
    return entries[0]  # type: ignore[no-any-return]


def test_entry_is_listed_shown_and_counted(entry: dict[str, Any]) -> None:
    assert entry["entry_id"] in hub("queue", "list").stdout
    shown = json_of(hub("queue", "show", entry["entry_id"], "--json"))
    assert shown["state"] == "pending"
    assert shown["failures_in_a_row"] == 0
    counted = json_of(hub("queue", "counts", "--json"))["partners"]
    assert [(one["partner"], one["pending"], one["dead"]) for one in counted] == [("cis-atc", 1, 0)]
    assert "cis-atc" in hub("queue", "counts").stdout


def test_a_lane_that_rests_after_failures_is_told(entry: dict[str, Any], paired: Path) -> None:
    with open_hub(paired / "kz-knb") as opened, opened.store.work() as work:
        at = opened.broker.clock.now()
        lane = work.outbox.claim_lane("cis-atc", at=at, until=at + timedelta(seconds=30))
        assert lane is not None
        work.outbox.release_lane(lane, failures=3, open_until=at + timedelta(hours=1))
        work.commit()
    (counted,) = json_of(hub("queue", "counts", "--json"))["partners"]
    assert counted["failures_in_a_row"] == 3
    assert counted["breaker_open_until"] is not None
    assert "rests until" in hub("queue", "counts").stdout
    assert json_of(hub("queue", "show", entry["entry_id"], "--json"))["failures_in_a_row"] == 3


def test_list_is_narrowed_by_partner_and_state(entry: dict[str, Any]) -> None:
    for words, found in (
        (("--partner", "cis-atc"), 1),
        (("--partner", "sco-rats"), 0),
        (("--state", "held"), 0),
        (("--after", str(entry["position"])), 0),
    ):
        assert len(json_of(hub("queue", "list", *words, "--json"))["entries"]) == found


def test_dropped_entry_is_dead_until_it_is_resumed(entry: dict[str, Any], paired: Path) -> None:
    entry_id = entry["entry_id"]
    refused(hub("queue", "drop", entry_id, "--reason", ""), "justification-missing")
    dropped = json_of(hub("queue", "drop", entry_id, "--reason", "sent by courier", "--json"))["entries"]
    assert [one["state"] for one in dropped] == ["dead"]
    assert f"hub queue resume {entry_id}" in hub("queue", "show", entry_id).stdout
    resumed = json_of(hub("queue", "resume", entry_id, "--json"))["entries"]
    assert [one["state"] for one in resumed] == ["pending"]
    with open_hub(paired / "kz-knb") as opened, opened.store.read() as view:
        events = [event for _, event in view.events(after=0, limit=1000)]
    dropping = next(event for event in events if event.justification == "sent by courier")
    assert dropping.actor.id.startswith("local:")


def test_all_that_is_held_for_a_partner_is_resumed_at_once(entry: dict[str, Any], paired: Path) -> None:
    assert json_of(hub("queue", "resume", "--partner", "cis-atc", "--json"))["entries"] == []
    with open_hub(paired / "kz-knb") as opened:
        hold_by_rule(opened.broker, entry["entry_id"])
    (held,) = json_of(hub("queue", "list", "--state", "held", "--json"))["entries"]
    assert held["reason"] == "kind-not-agreed"
    assert hub("partner", "suspend", "cis-atc").exit_code == 0
    refused(hub("queue", "resume", "--partner", "cis-atc"), "partner-suspended")
    done = hub("partner", "resume", "cis-atc", "--json")
    assert (json_of(done)["drained"], json_of(done)["held"]) == (0, 1)
    resumed = json_of(hub("queue", "resume", "--partner", "cis-atc", "--json"))["entries"]
    assert [(one["entry_id"], one["state"]) for one in resumed] == [(entry["entry_id"], "pending")]


@pytest.mark.parametrize("words", [(), ("x", "--partner", "cis-atc")])
def test_resume_takes_entries_or_a_partner(homes: Path, words: tuple[str, ...]) -> None:
    refused(hub("queue", "resume", *words), "command-invalid")


def test_what_is_pending_cannot_be_resumed(entry: dict[str, Any]) -> None:
    refused(hub("queue", "resume", entry["entry_id"]), "transition-invalid")


@pytest.mark.parametrize("words", [("show", "x"), ("resume", "x"), ("drop", "x", "--reason", "why not")])
def test_unknown_entry_is_told(homes: Path, words: tuple[str, ...]) -> None:
    refused(hub("queue", *words), "not-found")


def test_empty_queue_is_told(homes: Path) -> None:
    assert json_of(hub("queue", "list", "--json"))["entries"] == []
    assert json_of(hub("queue", "counts", "--json"))["partners"] == []


def test_list_names_the_record_and_when_it_is_really_tried(
    entry: dict[str, Any], released: dict[str, Any], paired: Path
) -> None:
    text = hub("queue", "list").stdout
    assert released["record_id"] in text
    assert "due now" in text
    with open_hub(paired / "kz-knb") as opened:
        at = opened.broker.clock.now()
        with opened.store.work() as work:
            lane = work.outbox.claim_lane("cis-atc", at=at, until=at + timedelta(seconds=9))
            assert lane is not None
            work.outbox.release_lane(lane, failures=4, open_until=at + timedelta(days=1))
            work.commit()
    text = hub("queue", "list").stdout
    assert "due now" not in text
    assert "cis-atc rests after 4 failures in a row" in text
    told = json_of(hub("queue", "list", "--json"))["entries"][0]
    assert told["next_try_at"] > told["next_at"]
    refused_later = hub("queue", "drop", entry["entry_id"], "--reason", "a mistake")
    assert refused_later.exit_code == 0
    assert "did not answer lately" in hub("queue", "resume", entry["entry_id"]).stdout


def test_suspension_holds_what_waits_at_once_and_says_how_much(entry: dict[str, Any]) -> None:
    told = hub("partner", "suspend", "cis-atc").stdout
    assert "1 entry for it is held." in told
    (held,) = json_of(hub("queue", "list", "--json"))["entries"]
    assert (held["state"], held["reason"]) == ("held", "partner-suspended")
    refused(hub("queue", "resume", entry["entry_id"]), "partner-suspended")
    refused(hub("queue", "resume", "--partner", "cis-atc"), "partner-suspended")
    assert json_of(hub("partner", "suspend", "cis-atc", "--json"))["held"] == 1
    shown = json_of(hub("partner", "show", "cis-atc", "--json"))
    assert (shown["status"], shown["held"], shown["suspended_by"]) == (
        "suspended",
        1,
        "hub:local:" + getpass.getuser(),
    )
    resumed = json_of(hub("partner", "resume", "cis-atc", "--json"))
    assert (resumed["drained"], resumed["held"]) == (1, 0)
    assert "the TLS authority's dates" in resumed["checked"]
    (back,) = json_of(hub("queue", "list", "--json"))["entries"]
    assert (back["state"], back["suspended"]) == ("pending", None)
