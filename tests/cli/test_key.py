"""`hub key`: what keys there are, and each step that a custodian takes with them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from hub.bootstrap.opening import open_hub
from hub.exchange.cards.following import take_card
from hub.exchange.keys.rules import RULES
from hub.exchange.partners import present_card
from tests.cli.arriving import sent
from tests.cli.conftest import Moving
from tests.cli.walk import hub, json_of, refused

#: A hub whose keys change: not for the quick gate.
pytestmark = pytest.mark.slow


def keys(purpose: str | None = None) -> list[dict[str, Any]]:
    told = json_of(hub("key", "list", "--json"))["keys"]
    return [one for one in told if purpose in (None, one["purpose"])]


def states(purpose: str) -> list[str]:
    return [one["state"] for one in keys(purpose)]


def test_every_key_is_listed_with_its_state_and_where_it_lies(homes: Path) -> None:
    told = {one["purpose"]: one for one in keys()}
    assert told.keys() >= {*RULES, "tls-leaf", "tls-authority", "master", "log-ed25519"}
    assert {one["state"] for one in told.values()} == {"current"}
    assert {one["where"] for one in told.values()} == {"file"}
    shown = hub("key", "list").stdout
    assert told["sign-es256"]["thumbprint"] in shown
    assert "sign-ml-dsa-65" in shown


def test_partners_that_do_not_have_our_card_are_named(paired: Path) -> None:
    told = json_of(hub("key", "list", "--json"))
    assert told["unaware"] == ["cis-atc"]
    assert "cis-atc" in hub("key", "list").stdout


@pytest.mark.parametrize("purpose", RULES)
def test_a_next_key_is_made_and_waits_for_a_serving_hub(homes: Path, purpose: str) -> None:
    told = json_of(hub("key", "rotate", purpose, "--json"))
    if purpose == "master":  # nobody else has to know it
        assert states(purpose) == ["kept", "current"]
    else:
        assert (told["key"]["state"], told["now"]) == ("next", False)
        assert states(purpose) == ["current", "next"]


def test_a_key_is_taken_into_use_at_once_when_told_to(homes: Path) -> None:
    result = hub("key", "rotate", "decrypt-xwing", "--now")
    assert "in use" in result.stdout
    assert states("decrypt-xwing") == ["kept", "current"]


def test_the_certificate_is_rotated_under_the_same_noun(homes: Path) -> None:
    before = keys("tls-leaf")[0]["thumbprint"]
    told = json_of(hub("key", "rotate", "tls-leaf", "--host-name", "hub.example", "--json"))
    assert told["key"]["thumbprint"] == keys("tls-leaf")[0]["thumbprint"] != before


def test_the_authority_is_rotated_under_the_same_noun(homes: Path) -> None:
    before = keys("tls-authority")[0]["id"]
    assert "hub ca switch" in refused(hub("key", "rotate", "tls-authority", "--now"), "command-invalid")
    told = json_of(hub("key", "rotate", "tls-authority", "--json"))
    assert (told["before"]["id"], told["key"]["state"]) == (before, "next")
    refused(hub("key", "rotate", "tls-authority"), "transition-invalid")
    assert hub("ca", "switch").exit_code == 0
    (ended,) = json_of(hub("key", "retire", "tls-authority", "--json"))["keys"]
    assert (ended["id"], ended["state"]) == (before, "retired")
    assert states("tls-authority") == ["retired", "current"]
    refused(hub("key", "retire", "tls-authority"), "not-found")


def test_a_purpose_that_is_none_cannot_be_asked_for(homes: Path) -> None:
    refused(hub("key", "rotate", "sign-rsa"), "command-invalid")


def test_a_kept_key_is_retired_once_nothing_under_way_needs_it(homes: Path, clock: Moving) -> None:
    assert hub("key", "rotate", "sign-es256", "--now").exit_code == 0
    refused(hub("key", "retire", "sign-es256"), "key-needed")
    clock.pass_(8 * 86400)
    told = json_of(hub("key", "retire", "sign-es256", "--json"))
    assert [one["state"] for one in told["keys"]] == ["retired"]
    refused(hub("key", "retire", "sign-es256"), "not-found")
    current = next(one["id"] for one in keys("sign-es256") if one["state"] == "current")
    refused(hub("key", "retire", current), "transition-invalid")


def test_a_compromise_replaces_the_key_says_the_words_and_lists_the_records(
    paired: Path, clock: Moving
) -> None:
    with open_hub(paired / "kz-knb") as opened:
        gone = [sent(opened.broker, legal_basis=_basis()).record_id for _ in range(3)]
    clock.pass_()
    told = json_of(
        hub("key", "compromise", "sign-es256", "--why", "a disk was sold", "--limit", "2", "--json")
    )
    assert [one["record"] for one in told["affected"]] == gone[:2]
    assert (told["more"], told["by_words"], told["unaware"]) == (True, True, ["cis-atc"])
    assert told["words"] == json_of(hub("partner", "card", "--json"))["words"]
    further = json_of(
        hub("key", "affected", told["key"], "--after", str(told["affected"][-1]["position"]), "--json")
    )
    assert [one["record"] for one in further["affected"]] == gone[2:]
    assert states("sign-es256") == ["compromised", "current"]
    assert keys("sign-es256")[0]["why"] == "a disk was sold"
    clock.pass_()
    guarded = hub("key", "compromise", "master", "--why", "a disk was sold").stdout
    assert "Records kept under it" in guarded
    assert all(record in guarded for record in gone)


def test_people_read_what_a_compromise_came_to(homes: Path) -> None:
    result = hub("key", "compromise", "token-es256", "--why", "seen on a screen")
    assert "given up" in result.stdout
    assert "No record" in result.stdout
    assert "words" not in result.stdout
    signing = hub("key", "compromise", "sign-ml-dsa-65", "--why", "seen on a screen")
    assert "Its words:" in signing.stdout


def test_a_compromise_says_why(homes: Path) -> None:
    refused(hub("key", "compromise", "token-es256", "--why", " "), "justification-missing")
    refused(hub("key", "compromise", "token-es256"), "command-invalid")


def test_a_key_that_is_not_there_is_not_found(homes: Path) -> None:
    nobody = "01999999-0000-7000-8000-000000000000"
    refused(hub("key", "affected", nobody), "not-found")
    refused(hub("key", "retire", nobody), "not-found")
    refused(hub("key", "compromise", nobody, "--why", "x"), "not-found")


def test_a_card_that_waits_is_listed_and_approved(paired: Path, clock: Moving) -> None:
    theirs = str(paired / "cis-atc")
    assert hub("key", "rotate", "sign-es256", "--home", theirs).exit_code == 0
    with (paired / "kz-knb" / "hub.toml").open("a") as config:
        config.write('card_succession = "confirm"\n')
    clock.pass_()
    with open_hub(paired / "cis-atc") as other, open_hub(paired / "kz-knb") as ours:
        take_card(ours.broker, ours.broker.itself, "cis-atc", present_card(other.broker))
    assert json_of(hub("key", "list", "--json"))["waiting_cards"] == ["cis-atc"]
    assert "approve-card" in hub("key", "list").stdout
    told = json_of(hub("partner", "approve-card", "cis-atc", "--json"))
    assert told["agency"] == "cis-atc"
    refused(hub("partner", "approve-card", "cis-atc"), "not-found")


def test_another_word_for_how_cards_follow_is_refused(homes: Path) -> None:
    with (homes / "kz-knb" / "hub.toml").open("a") as config:
        config.write('card_succession = "maybe"\n')
    assert "card_succession" in refused(hub("key", "list"), "config-invalid")


def _basis() -> dict[str, object]:
    return {"agreement": "test-treaty", "articles": ["1"]}


def test_the_hubs_certificate_is_given_up_revoked_and_issued_anew(homes: Path) -> None:
    before = keys("tls-leaf")[0]["thumbprint"]
    told = json_of(hub("key", "compromise", "tls-leaf", "--why", "the web server was broken into", "--json"))
    assert (told["purpose"], told["affected"], told["by_words"]) == ("tls-leaf", [], False)
    assert keys("tls-leaf")[0]["thumbprint"] != before
    listed = {one["thumbprint"]: one for one in json_of(hub("ca", "list", "--json"))["certificates"]}
    assert listed[before]["reason"] == "keyCompromise"
    assert listed[before]["serial"] == told["key"]
    assert listed[keys("tls-leaf")[0]["thumbprint"]]["revoked_at"] is None
    found = json_of(hub("log", "search", "--act", "key-changed", "--json"))["entries"]
    steps = [one for one in found if one["details"].get("step") == "leaf-compromised"]
    assert [one["details"]["purpose"] for one in steps] == ["tls-leaf"]


def test_an_authority_that_is_given_up_leaves_the_card_and_another_issues(homes: Path) -> None:
    before, leaf = json_of(hub("ca", "show", "--json")), keys("tls-leaf")[0]["thumbprint"]
    told = json_of(hub("key", "compromise", "tls-authority", "--why", "the disk was sold", "--json"))
    assert json_of(hub("ca", "show", "--json")) != before
    assert keys("tls-leaf")[0]["thumbprint"] != leaf
    assert states("tls-authority") == ["compromised", "current"]
    assert keys("tls-authority")[0]["id"] == told["key"]
    assert keys("tls-authority")[0]["why"] == "the disk was sold"
    assert keys("tls-authority")[0]["destroyed_at"] is not None
    assert json_of(hub("key", "affected", told["key"], "--json"))["affected"] == []
    refused(hub("key", "compromise", told["key"], "--why", "again"), "transition-invalid")
    refused(hub("key", "compromise", "tls-authority", "--why", " "), "justification-missing")


def test_another_secret_opens_the_keys_and_the_one_before_does_not(homes: Path, tmp_path: Path) -> None:
    home, before = homes / "kz-knb", tmp_path / "before"
    before.write_bytes((home / "unlock").read_bytes())
    before.chmod(0o600)
    thumbprints = {one["id"]: one["thumbprint"] for one in keys("sign-es256")}
    told = json_of(hub("key", "relock", "--json"))
    assert told == {"opened_by": "file", "file": str(home / "unlock")}
    assert (home / "unlock").read_bytes() != before.read_bytes()
    assert {one["id"]: one["thumbprint"] for one in keys("sign-es256")} == thumbprints
    refused(hub("key", "list", "--unlock", str(before)), "key-store-invalid")
    assert hub("key", "rotate", "tls-leaf").exit_code == 0
    found = json_of(hub("log", "search", "--act", "key-changed", "--json"))["entries"]
    assert [
        one["details"]["opened_by"] for one in found if one["details"].get("step") == "unlock-changed"
    ] == ["file"]


def test_a_passphrase_takes_the_place_of_the_file(homes: Path) -> None:
    home = homes / "kz-knb"

    def with_passphrase(option: str, passphrase: str, *words: str) -> Result:
        read, write = os.pipe()
        try:
            os.write(write, passphrase.encode())
            os.close(write)
            return hub(*words, option, str(read))
        finally:
            os.close(read)

    result = with_passphrase("--new-unlock-fd", "horse battery staple correct", "key", "relock")
    assert result.exit_code == 0, result.stderr
    assert not (home / "unlock").exists()
    refused(hub("key", "list"), "key-store-invalid")
    refused(with_passphrase("--unlock-fd", "horse battery staple wrong", "key", "list"), "key-store-invalid")
    assert with_passphrase("--unlock-fd", "horse battery staple correct", "key", "list").exit_code == 0


def test_a_change_that_was_broken_off_is_finished_or_forgotten(homes: Path) -> None:
    home = homes / "kz-knb"
    (home / "unlock.next").write_bytes(b"0" * 64)  # store.json was not written any more
    (home / "unlock.next").chmod(0o600)
    assert hub("key", "relock").exit_code == 0
    assert not (home / "unlock.next").exists()
    (home / "unlock").rename(home / "unlock.next")  # store.json was written, and nothing after it
    assert hub("key", "relock").exit_code == 0
    assert hub("key", "list").exit_code == 0


def test_switching_the_authority_warns_of_partners_without_the_card(paired: Path) -> None:
    assert hub("ca", "init").exit_code == 0
    told = hub("ca", "switch")
    assert "cis-atc" in told.stdout
    assert "have not confirmed" in told.stdout
