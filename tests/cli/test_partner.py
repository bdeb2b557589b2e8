"""Pairing: a card is pinned only when a person has confirmed its words."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.bootstrap.opening import open_hub
from hub.federation.card import make_card, read_card
from tests.cli.conftest import Moving
from tests.cli.walk import hub, json_of, refused


@pytest.fixture
def card(homes: Path, tmp_path: Path) -> Path:
    path = tmp_path / "cis-atc.card"
    assert hub("partner", "card", "--out", str(path), "--home", str(homes / "cis-atc")).exit_code == 0
    return path


@pytest.fixture
def told(homes: Path) -> dict[str, list[str] | str]:
    """What cis-atc's own console says of its card."""
    return json_of(hub("partner", "card", "--home", str(homes / "cis-atc"), "--json"))


def pinned() -> list[str]:
    return [one["agency"] for one in json_of(hub("partner", "list", "--json"))["partners"]]


def test_card_goes_to_standard_output_alone_and_its_words_to_people(homes: Path) -> None:
    result = hub("partner", "card")
    json.loads(result.stdout)
    words = json_of(hub("partner", "card", "--json"))["words"]
    assert " ".join(words[:6]) in result.stderr
    assert " ".join(words[6:]) in result.stderr


def test_card_stays_the_same_until_it_changes(homes: Path) -> None:
    first = json_of(hub("partner", "card", "--json"))
    assert json_of(hub("partner", "card", "--json")) == first
    with (homes / "kz-knb" / "hub.toml").open("a") as config:
        config.write('name = "KNB"\n')
    assert json_of(hub("partner", "card", "--json"))["fingerprint"] != first["fingerprint"]


@pytest.mark.parametrize("keys", ["log_keys", "witness_keys"])
def test_card_is_written_anew_when_other_keys_of_the_log_or_the_witness_stand_on_it(
    homes: Path, keys: str
) -> None:
    home = homes / "kz-knb"
    now = json_of(hub("partner", "card", "--json"))
    with open_hub(home) as opened:
        bare: dict[str, Any] = {keys: ()}
        before = replace(read_card(opened.card()), **bare)
        (home / "our.card").unlink()
        (home / "our.card").write_bytes(make_card(before, opened.keyring.signing()))
    after = json_of(hub("partner", "card", "--json"))
    assert getattr(read_card(after["card"].encode()), keys) == getattr(read_card(now["card"].encode()), keys)


def test_card_is_renewed_before_it_expires(homes: Path, clock: Moving) -> None:
    first = json_of(hub("partner", "card", "--json"))
    clock.pass_(46 * 86400)
    assert json_of(hub("partner", "card", "--json"))["fingerprint"] != first["fingerprint"]


def test_card_never_overwrites_a_file(homes: Path, card: Path) -> None:
    before = card.read_bytes()
    refused(hub("partner", "card", "--out", str(card)), "file-exists")
    assert card.read_bytes() == before


def test_half_of_the_words_is_shown_and_the_other_half_must_be_typed(
    card: Path, told: dict[str, list[str]]
) -> None:
    shown, hidden = told["words"][:6], told["words"][6:]
    result = hub("partner", "add", str(card), typed=" ".join(hidden) + "\n")
    assert result.exit_code == 0, result.stderr
    before_typing = result.stderr.split("Type those six")[0]
    assert " ".join(shown) in before_typing
    assert " ".join(hidden) not in before_typing
    assert pinned() == ["cis-atc"]


def test_our_own_card_is_refused_before_anybody_is_called(homes: Path, tmp_path: Path) -> None:
    ours = tmp_path / "ours.card"
    assert hub("partner", "card", "--out", str(ours)).exit_code == 0
    result = hub("partner", "add", str(ours))
    assert "our own card" in refused(result, "request-invalid")
    assert "Call your colleague" not in result.stderr


@pytest.mark.parametrize("typed", ["abandon " * 6, "", "yes"])
def test_wrong_words_pin_nothing(card: Path, typed: str) -> None:
    result = hub("partner", "add", str(card), typed=typed + "\nnonsense\n")
    refused(result, "pin-not-confirmed")
    assert pinned() == []


def test_unanswered_question_pins_nothing(card: Path) -> None:
    refused(hub("partner", "add", str(card), typed=""), "command-invalid")
    assert pinned() == []


def test_all_words_can_be_given_at_once(card: Path, told: dict[str, list[str]]) -> None:
    refused(hub("partner", "add", str(card), "--confirm", " ".join(told["words"][:11])), "pin-not-confirmed")
    result = hub("partner", "add", str(card), "--confirm", " ".join(told["words"]).upper())
    assert result.exit_code == 0, result.stderr


def test_fingerprint_pins_for_scripts(card: Path, told: dict[str, str]) -> None:
    said = refused(hub("partner", "add", str(card), "--fingerprint", "00" * 32), "pin-not-confirmed")
    assert str(told["fingerprint"])[:8] not in said  # it would be copied without being compared
    document = json_of(hub("partner", "add", str(card), "--fingerprint", told["fingerprint"], "--json"))
    assert document["agency"] == "cis-atc"
    assert document["pinned_by"].startswith("hub:local:")
    assert document["suites"] == ["hybrid-1", "classic-1"]


def test_altered_card_is_refused_before_anyone_is_asked(card: Path) -> None:
    raw = bytearray(card.read_bytes())
    raw[len(raw) // 2] ^= 1
    card.write_bytes(raw)
    result = hub("partner", "add", str(card), "--confirm", "a b")
    refused(result, "card-invalid")


def test_our_own_card_is_refused(homes: Path, tmp_path: Path) -> None:
    path = tmp_path / "own.card"
    told = json_of(hub("partner", "card", "--out", str(path), "--json"))
    refused(hub("partner", "add", str(path), "--fingerprint", told["fingerprint"]), "request-invalid")


def test_suite_url_and_relay_are_pinned_as_asked(card: Path, told: dict[str, str]) -> None:
    words = ("--suite", "classic-1", "--url", "https://192.0.2.7:8443", "--relay-for", "sco-rats")
    document = json_of(
        hub("partner", "add", str(card), "--fingerprint", told["fingerprint"], *words, "--json")
    )
    assert document["suites"] == ["classic-1"]
    assert document["url"] == "https://192.0.2.7:8443"
    assert document["relay_for"] == ["sco-rats"]


def test_renewed_pin_keeps_what_was_set_by_hand(
    card: Path, told: dict[str, str], homes: Path, clock: Moving
) -> None:
    first = ("--suite", "classic-1", "--url", "https://192.0.2.7:8443", "--relay-for", "sco-rats")
    add = ("partner", "add", str(card), "--json", "--fingerprint")
    before = json_of(hub(*add, told["fingerprint"], *first))
    clock.pass_(60 * 86400)
    card.unlink()
    renewed = json_of(hub("partner", "card", "--out", str(card), "--home", str(homes / "cis-atc"), "--json"))
    after = json_of(hub(*add, renewed["fingerprint"]))
    assert after["fingerprint"] != before["fingerprint"]
    for name in ("suites", "url", "relay_for"):
        assert after[name] == before[name]
    ended = json_of(hub(*add, renewed["fingerprint"], "--url", "", "--suite", "hybrid-1"))
    assert ended["url"] == "https://127.0.0.1:9444"
    assert ended["suites"] == ["hybrid-1"]


def test_suspended_partner_is_shown_so_until_it_is_resumed(paired: Path) -> None:
    assert json_of(hub("partner", "suspend", "cis-atc", "--json"))["status"] == "suspended"
    assert "suspended" in hub("partner", "list").stdout
    assert json_of(hub("partner", "resume", "cis-atc", "--json"))["status"] == "active"
    assert "active" in hub("partner", "show", "cis-atc").stdout


@pytest.mark.parametrize("verb", ["show", "suspend", "resume"])
def test_unknown_partner_is_told(homes: Path, verb: str) -> None:
    refused(hub("partner", verb, "de-bka"), "partner-unknown")


def test_empty_list_says_how_to_begin(homes: Path) -> None:
    assert "hub partner add CARD" in hub("partner", "list").stdout


def test_agreements_are_adopted_listed_and_shown(paired: Path) -> None:
    listed = json_of(hub("agreement", "list", "--json"))["agreements"]
    assert [one["id"] for one in listed] == ["test-treaty"]
    assert "kz-knb → cis-atc" in hub("agreement", "show", "test-treaty").stdout
    refused(hub("agreement", "show", "other"), "not-found")
    changed = (paired / "treaty.toml").read_text().replace("Test treaty", "Other")
    refused(hub("agreement", "adopt", "-", typed=changed), "conflict")


def test_words_are_taken_however_they_are_set_apart_and_counted(
    card: Path, told: dict[str, list[str]]
) -> None:
    few = hub("partner", "add", str(card), "--confirm", " ".join(told["words"][:11]))
    assert "12 words are expected, 11 came" in refused(few, "pin-not-confirmed")
    typed = ", ".join(f"{n}. {word.title()}" for n, word in enumerate(told["words"], start=1))
    assert hub("partner", "add", str(card), "--confirm", typed).exit_code == 0


def test_garbage_is_called_no_card_in_plain_words(homes: Path) -> None:
    said = hub("partner", "add", "-", typed="no card").stderr
    assert "The partner's card cannot be read" in said
    assert "jws" not in said


def test_trust_tells_what_stood_when_and_from_which_entry(homes: Path, card: Path, told: Any) -> None:
    hub("partner", "add", str(card), "--fingerprint", str(told["fingerprint"]))
    hub("partner", "suspend", "cis-atc")
    first, second = json_of(hub("partner", "trust", "cis-atc", "--json"))["trust"]
    assert [one["change"] for one in (first, second)] == ["paired", "suspended"]
    assert first["until"] == second["since"]
    assert first["fingerprint"] == told["fingerprint"]
    assert {one["kind"] for one in first["kept"]} == {"card", "pin", "certificate"}
    (now,) = json_of(hub("partner", "trust", "cis-atc", "--at", "2999-01-01", "--json"))["trust"]
    assert now == second
    before = hub("partner", "trust", "cis-atc", "--at", "2001-01-01")
    assert "not trusted" in before.stdout
    shown = hub("partner", "trust", "cis-atc", "--at", "2999-01-01").stdout
    assert "revocation answers" in shown
    assert "none published" not in shown, "a pin names no answers, whatever the card publishes"
