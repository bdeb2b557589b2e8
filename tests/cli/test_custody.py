"""`hub init` with a passphrase or a token: the keys lie where it says, and open by nothing else."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result

from hub.bootstrap.opening import open_hub
from hub.bootstrap.secrets import Secrets, Source
from hub.errors import OurFault
from keys import file_store, sealing
from keys.inventory import Where
from tests.cli.walk import hub, refused
from tests.enrolling import allow_alone
from tests.servers.softhsm import SoftHsm, soft_hsm

LABEL = "hub kz-knb"
PASSPHRASE = "alma sary tau kok bulak"


@pytest.fixture
def hsm(tmp_path: Path) -> Iterator[SoftHsm]:
    with soft_hsm(tmp_path / "hsm") as made:
        made.add_token(LABEL)
        yield made


def told(words: tuple[str, ...], option: str, text: str) -> Result:
    """Run a command that reads a secret from a descriptor."""
    reading, writing = os.pipe()
    try:
        os.write(writing, text.encode())
        os.close(writing)
        return hub(*words, option, str(reading))
    finally:
        os.close(reading)


def init(home: Path, hsm: SoftHsm, *more: str) -> Result:
    words = ("init", "--home", str(home), "--agency", "kz-knb", "--token-module", str(hsm.module))
    return told((*words, "--token-label", LABEL, *more), "--pin-fd", hsm.pin)


def pinned(home: Path, hsm: SoftHsm) -> None:
    (home / "token-pin").write_text(hsm.pin)
    (home / "token-pin").chmod(0o600)


def test_a_hub_is_made_with_its_keys_in_a_token(tmp_path: Path, hsm: SoftHsm) -> None:
    home = tmp_path / "home"
    result = init(home, hsm)
    assert result.exit_code == 0, result.stderr
    assert f"{home / 'unlock'} and on the token {LABEL}" in result.stdout
    assert hsm.pin not in (home / "hub.toml").read_text() + result.stdout + result.stderr
    listed = told(("partner", "card", "--home", str(home), "--out", str(tmp_path / "a")), "--pin-fd", hsm.pin)
    assert listed.exit_code == 0, listed.stderr
    pinned(home, hsm)
    with open_hub(allow_alone(home)) as opened:
        entries = opened.keyring.inventory().entries
        in_token = {e.purpose.value for e in entries if e.where is Where.TOKEN}
        assert in_token == {"sign-es256", "decrypt-p256", "token-es256", "tls-authority"}
        assert opened.keyring.custody_failure() is None
        assert opened.card()
        assert opened.enrol("kz-mvd").certificate_pem


@pytest.mark.slow
def test_a_hub_without_its_pin_says_what_it_wants(tmp_path: Path, hsm: SoftHsm) -> None:
    home = tmp_path / "home"
    init(home, hsm, "--in-token", "sign-es256")
    assert hub("partner", "list", "--home", str(home)).exit_code == 0, "which uses no key"
    failed = hub("partner", "card", "--home", str(home), "--out", str(tmp_path / "card"), "--json")
    assert failed.exit_code == 75
    document = json.loads(failed.stdout)
    assert document["code"] == "token-unavailable"
    assert "--pin-fd" in document["detail"]


@pytest.mark.slow
def test_the_token_also_opens_the_keys_in_files(tmp_path: Path, hsm: SoftHsm) -> None:
    home = tmp_path / "home"
    result = init(home, hsm, "--unlock-in-token")
    assert result.exit_code == 0, result.stderr
    assert not (home / "unlock").exists()
    pinned(home, hsm)
    assert hub("partner", "list", "--home", str(home)).exit_code == 0
    hsm.take_away()
    refused(hub("partner", "list", "--home", str(home)), "token-unavailable")
    hsm.put_back()
    text = (home / "unlock.token").read_text()
    (home / "unlock.token").write_text(text.replace("kz-knb", "kz-mvd"))
    refused(hub("partner", "list", "--home", str(home)), "key-store-invalid")


@pytest.mark.slow
def test_a_hub_that_is_not_made_leaves_nothing_in_the_token(tmp_path: Path, hsm: SoftHsm) -> None:
    home = tmp_path / "home"
    bad = ("--database", "postgresql://u:pw@127.0.0.1:1/x")
    refused(init(home, hsm, *bad), "storage-unavailable")
    assert not list(home.iterdir())
    assert not list(hsm.tokens.rglob("*.object"))[1:], "only the token's own"


def test_a_wrong_pin_makes_no_hub(tmp_path: Path, hsm: SoftHsm) -> None:
    words = ("init", "--home", str(tmp_path / "home"), "--agency", "kz-knb", "--token-label", LABEL)
    result = told((*words, "--token-module", str(hsm.module)), "--pin-fd", "not the pin")
    assert result.exit_code == 78
    refused(result, "token-pin-refused")
    assert not list((tmp_path / "home").iterdir())


@pytest.mark.parametrize(
    "words",
    [
        ("--token-label", "x"),
        ("--pin-fd", "0"),
        ("--unlock-in-token",),
        ("--passphrase", "--unlock-fd", "0"),
        ("--in-token", "master", "--token-label", "x", "--token-module", "/x.so"),
    ],
)
def test_options_that_do_not_belong_together_are_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    result = hub("init", "--home", str(tmp_path / "home"), "--agency", "kz-knb", *words)
    assert result.exit_code in (64, 65)
    assert not (tmp_path / "home").exists()


def test_keys_open_by_a_passphrase_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    light = sealing.Cost(memory_kib=64, passes=3)
    monkeypatch.setattr("hub.bootstrap.making.PASSPHRASE_COST", light)
    home = tmp_path / "home"
    assert told(("init", "--home", str(home), "--agency", "kz-knb"), "--unlock-fd", PASSPHRASE).exit_code == 0
    assert not (home / "unlock").exists()
    argon = json.loads((home / "keys" / "store.json").read_text())["argon2id"]
    assert (argon["memory_kib"], argon["passes"]) == (64, 3)
    listing = ("partner", "list", "--home", str(home))
    assert told(listing, "--unlock-fd", PASSPHRASE + "\n").exit_code == 0
    refused(told(listing, "--unlock-fd", "another passphrase altogether"), "key-store-invalid")
    refused(hub(*listing), "key-store-invalid")
    with open_hub(home, unlock=Secrets(unlock=Source(ask=lambda: PASSPHRASE))) as opened:
        assert opened.keyring.agency == "kz-knb"


def test_a_passphrase_costs_a_guesser_more_than_a_random_secret_does() -> None:
    random, phrase = sealing.RANDOM_COST, sealing.PASSPHRASE_COST
    assert phrase.memory_kib * phrase.passes >= 20 * random.memory_kib * random.passes
    assert phrase.memory_kib >= 64 * 1024, "RFC 9106 section 4, second choice"
    assert file_store.RANDOM_COST is random


def test_a_person_types_a_new_passphrase_twice(tmp_path: Path) -> None:
    words = ("init", "--home", str(tmp_path / "home"), "--agency", "kz-knb", "--passphrase")
    refused(hub(*words, typed="too short\ntoo short\n"), "request-invalid")
    refused(hub(*words, typed=f"{PASSPHRASE}\nanother one altogether\n"), "command-invalid")
    assert not (tmp_path / "home").exists()


def test_a_short_passphrase_makes_no_hub(tmp_path: Path) -> None:
    result = told(("init", "--home", str(tmp_path / "home"), "--agency", "kz-knb"), "--unlock-fd", "short")
    refused(result, "request-invalid")
    assert not (tmp_path / "home").exists()


def test_what_the_policy_does_not_allow_stops_the_hub(homes: Path) -> None:
    home = homes / "kz-knb"
    toml = (home / "hub.toml").read_text()
    (home / "hub.toml").write_text(toml + '\n[algorithms]\nsign-es256 = "ed25519"\n')
    refused(hub("partner", "list", "--home", str(home)), "config-invalid")
    (home / "hub.toml").write_text(toml + '\n[token]\nmodule = "/x"\nlabel = "x"\npurposes = ["master"]\n')
    with pytest.raises(OurFault, match="master lie in a file"), open_hub(home):
        pass


@pytest.mark.slow
def test_a_hub_goes_on_from_its_backup_when_the_token_that_opened_it_is_lost(
    tmp_path: Path, hsm: SoftHsm
) -> None:
    home, folder = tmp_path / "home", tmp_path / "backup"
    assert init(home, hsm, "--unlock-in-token", "--in-token", "token-es256").exit_code == 0
    pinned(home, hsm)
    words = ("--home", str(home))
    backed_up = hub("key", "backup", "-o", str(folder), "--shares", "3", "--threshold", "2", *words)
    assert backed_up.exit_code == 0, backed_up.stderr
    hsm.take_away()
    refused(hub("partner", "list", *words), "token-unavailable")
    shares = [part for n in (1, 3) for part in ("--share", str(folder / f"share-{n}-of-3.txt"))]
    restored = hub("key", "restore", str(folder / "kz-knb.keys"), *shares, "--replace", *words)
    assert restored.exit_code == 0, restored.stderr
    toml = home / "hub.toml"
    toml.write_text(toml.read_text().replace("unlock = true\n", ""))
    assert hub("partner", "card", "--out", str(tmp_path / "card"), *words).exit_code == 0
    refused(hub("key", "rotate", "token-es256", *words), "token-unavailable")


@pytest.mark.slow
def test_a_key_that_is_rotated_goes_to_where_the_policy_says(tmp_path: Path, hsm: SoftHsm) -> None:
    home = tmp_path / "home"
    assert init(home, hsm, "--in-token", "sign-es256").exit_code == 0
    pinned(home, hsm)
    toml = home / "hub.toml"
    toml.write_text(toml.read_text().replace('["sign-es256"]', '["token-es256"]'))
    for purpose in ("sign-es256", "token-es256"):
        assert hub("key", "rotate", purpose, "--home", str(home)).exit_code == 0
    listed = json.loads(hub("key", "list", "--home", str(home), "--json").stdout)
    newest = {one["purpose"]: one["where"] for one in sorted(listed["keys"], key=lambda one: one["id"])}
    assert (newest["sign-es256"], newest["token-es256"]) == ("file", "token")
    assert hub("partner", "card", "--home", str(home), "--out", str(tmp_path / "card")).exit_code == 0


@pytest.mark.slow
def test_a_pin_that_others_may_read_is_a_matter_of_configuration(tmp_path: Path, hsm: SoftHsm) -> None:
    home = tmp_path / "home"
    init(home, hsm, "--in-token", "sign-es256")
    pinned(home, hsm)
    (home / "token-pin").chmod(0o644)
    result = hub("partner", "card", "--home", str(home), "--out", str(tmp_path / "card"))
    refused(result, "token-pin-refused")
    assert result.exit_code == 78
    assert "chmod go-rwx" in result.stderr
