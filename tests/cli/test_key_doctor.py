"""`hub key doctor`: each thing that can be wrong is named in words, with what to do, and an exit code."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from cryptography.hazmat.primitives.asymmetric import ec
from pkcs11 import Attribute, KeyType
from pkcs11.util.ec import encode_named_curve_parameters

from hub.envelope.keys import point
from keys.inventory import read_inventory, write_inventory
from keys.purposes import Purpose
from keys.secret import Secret
from keys.token.making import destroy_key
from keys.token.session import Token, TokenAddress
from keys.token.store import token_id
from tests.cli.test_custody import LABEL, init, pinned
from tests.cli.walk import hub
from tests.servers.softhsm import SoftHsm, soft_hsm

#: A hub with a token: not for the quick gate.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> tuple[SoftHsm, Path]:
    """A hub that keeps in a token what can lie there, made once; tests work at copies."""
    folder = tmp_path_factory.mktemp("guarded")
    with soft_hsm(folder / "hsm") as made:
        made.add_token(LABEL)
        result = init(folder / "home", made)
        assert result.exit_code == 0, result.stderr
        pinned(folder / "home", made)
    return made, folder / "home"


@pytest.fixture
def hsm(guarded: tuple[SoftHsm, Path], tmp_path: Path) -> Iterator[SoftHsm]:
    with soft_hsm(tmp_path / "hsm", like=guarded[0]) as made:
        yield made


@pytest.fixture
def home(guarded: tuple[SoftHsm, Path], hsm: SoftHsm, tmp_path: Path) -> Path:
    """A copy of that hub."""
    return Path(shutil.copytree(guarded[1], tmp_path / "home"))


@pytest.fixture
def plain(homes: Path) -> Path:
    """A hub without a token."""
    return homes / "kz-knb"


def examined(home: Path) -> tuple[dict[str, Any], Result]:
    result = hub("key", "doctor", "--home", str(home), "--json")
    return json.loads(result.stdout), result


def finds(home: Path, check: str, exit_code: int, *, words: str = "") -> dict[str, Any]:
    """Assert that a check finds something wrong first, with an exit code; return the finding."""
    document, result = examined(home)
    wrong = [one for one in document["findings"] if one["weight"] == "wrong"]
    assert [one["check"] for one in wrong][:1] == [check], document
    assert result.exit_code == exit_code
    assert (document["sound"], document["code"]) == (False, wrong[0]["code"])
    assert words in wrong[0]["sentence"] + wrong[0]["fix"]
    assert wrong[0]["fix"]
    people = hub("key", "doctor", "--home", str(home))
    assert people.exit_code == exit_code
    assert "WRONG" in people.stdout
    return dict(wrong[0])


def weights(home: Path) -> dict[str, str]:
    return {one["check"]: one["weight"] for one in examined(home)[0]["findings"]}


def of(hsm: SoftHsm) -> Token:
    return Token(TokenAddress(module=hsm.module, label=LABEL), lambda: Secret(hsm.pin.encode()))


def current(home: Path, purpose: Purpose) -> bytes:
    return token_id(read_inventory(home / "keys", agency="kz-knb").current(purpose).key_id)


def test_a_sound_hub_with_a_token_is_told_so(home: Path) -> None:
    document, result = examined(home)
    assert result.exit_code == 0, document
    assert document["sound"] is True
    assert {one["weight"] for one in document["findings"]} == {"fine"}
    checks = [one["check"] for one in document["findings"]]
    assert checks.count("key") == 4
    assert {"file-mode", "unlock", "token", "clock", "key-files", "age", "certificate"} <= set(checks)
    assert "Nothing is wrong." in hub("key", "doctor", "--home", str(home)).stdout


def test_a_sound_hub_without_a_token_is_told_so(plain: Path) -> None:
    document, result = examined(plain)
    assert (result.exit_code, document["sound"]) == (0, True), document


def test_a_module_that_is_missing_or_is_none(home: Path, hsm: SoftHsm) -> None:
    toml = (home / "hub.toml").read_text()
    (home / "hub.toml").write_text(toml.replace(str(hsm.module), str(home / "none.so")))
    finds(home, "module-missing", 75, words="none.so")
    (home / "none.so").write_text("no module")
    (home / "none.so").chmod(0o600)
    finds(home, "module-missing", 75)


def test_a_token_that_is_away_or_is_another(home: Path, hsm: SoftHsm) -> None:
    hsm.take_away()
    finds(home, "module-unusable", 75, words="SOFTHSM2_CONF")
    hsm.put_back()
    toml = (home / "hub.toml").read_text()
    (home / "hub.toml").write_text(toml.replace(LABEL, "another"))
    finds(home, "token-missing", 75, words="another")


def test_a_pin_that_is_absent_wrong_or_not_set(home: Path, hsm: SoftHsm) -> None:
    (home / "token-pin").write_text("not the pin")
    finds(home, "pin-wrong", 78, words="restart the hub")
    (home / "token-pin").unlink()
    finds(home, "pin-absent", 75, words="hub-token-pin")
    hsm.add_token("unset", set_pin=False)
    toml = (home / "hub.toml").read_text()
    (home / "hub.toml").write_text(toml.replace(LABEL, "unset"))
    finds(home, "pin-unset", 78)


def test_a_key_that_is_missing(home: Path, hsm: SoftHsm) -> None:
    destroy_key(of(hsm), key_id=current(home, Purpose.SIGN_ES256))
    found = finds(home, "key-missing", 75, words="sign-es256")
    assert "backup" in found["fix"]


@pytest.mark.parametrize(
    ("curve", "template", "check", "exit_code"),
    [
        ("secp384r1", {}, "curve", 1),
        ("secp256r1", {}, "key-mismatch", 1),
        ("secp256r1", {Attribute.EXTRACTABLE: True}, "extractable", 1),
        ("secp256r1", {Attribute.SENSITIVE: False}, "extractable", 1),
        ("secp256r1", {Attribute.DERIVE: True}, "two-uses", 1),
        ("secp256r1", {Attribute.SIGN: False, Attribute.DERIVE: True}, "use", 1),
    ],
)
def test_another_key_than_was_made(
    home: Path, hsm: SoftHsm, curve: str, template: dict[Attribute, bool], check: str, exit_code: int
) -> None:
    key_id = current(home, Purpose.SIGN_ES256)
    destroy_key(of(hsm), key_id=key_id)

    def make(session: Any) -> None:
        parameters = {Attribute.EC_PARAMS: encode_named_curve_parameters(curve)}
        domain = session.create_domain_parameters(KeyType.EC, parameters, local=True)
        private = {
            Attribute.SIGN: True,
            Attribute.DERIVE: False,
            Attribute.SENSITIVE: True,
            Attribute.EXTRACTABLE: False,
        } | template
        domain.generate_keypair(
            store=True, id=key_id, label="x", public_template={}, private_template=private
        )

    of(hsm).change(make)
    document, result = examined(home)
    wrong = {one["check"] for one in document["findings"] if one["weight"] == "wrong"}
    assert check in wrong, document
    assert result.exit_code == exit_code


def test_a_key_that_nobody_knows_is_pointed_out(home: Path, hsm: SoftHsm) -> None:
    from keys.token.making import Use, make_key

    make_key(of(hsm), key_id=os.urandom(16), name="sign-es256-left", use=Use.SIGN)
    document, result = examined(home)
    assert result.exit_code == 0
    assert [one["about"] for one in document["findings"] if one["check"] == "stray"] == ["sign-es256-left"]


def test_an_unlock_secret_that_does_not_open(plain: Path) -> None:
    (plain / "unlock").write_text("f" * 64)
    finds(plain, "unlock", 78, words="another one")
    (plain / "unlock").unlink()
    finds(plain, "unlock", 78, words="--unlock-fd")


def test_files_that_others_may_look_into(plain: Path) -> None:
    sealed = next((plain / "keys").glob("master-*.sealed"))
    sealed.chmod(0o644)
    finds(plain, "file-mode", 78, words=f"chmod go-rwx {sealed}")


def test_a_key_file_that_is_not_the_one_on_record(plain: Path) -> None:
    inventory = read_inventory(plain / "keys", agency="kz-knb")
    entry = inventory.current(Purpose.TOKEN_ES256)
    other = point(ec.generate_private_key(ec.SECP256R1()).public_key())
    write_inventory(plain / "keys", inventory.put(replace(entry, public=other)))
    assert finds(plain, "key-mismatch", 1, words="token-es256")["code"] == "keys-unsound"


def test_certificates_that_do_not_belong_to_their_keys(plain: Path, homes: Path) -> None:
    other = homes / "cis-atc" / "keys"
    shutil.copy(other / "tls-authority.pem", plain / "keys" / "tls-authority.pem")
    finds(plain, "authority-mismatch", 1)
    shutil.copy(other / "tls.pem", plain / "keys" / "tls.pem")
    assert weights(plain)["leaf"] == "wrong"


def test_keys_past_their_age_and_in_another_place_than_told(plain: Path, hsm: SoftHsm) -> None:
    inventory = read_inventory(plain / "keys", agency="kz-knb")
    entry = inventory.current(Purpose.SIGN_ES256)
    old = replace(entry, used_from=datetime.now(UTC) - timedelta(days=800))
    write_inventory(plain / "keys", inventory.put(old))
    toml = f'\n[token]\nmodule = "{hsm.module}"\nlabel = "{LABEL}"\npurposes = ["sign-es256"]\n'
    (plain / "hub.toml").write_text((plain / "hub.toml").read_text() + toml)
    pinned(plain, hsm)
    document, result = examined(plain)
    found = {one["check"]: one for one in document["findings"] if one["weight"] == "soon"}
    assert result.exit_code == 0
    assert found["age"]["fix"] == found["place"]["fix"] == "hub key rotate sign-es256"
    assert "hub.toml says token" in found["place"]["sentence"]


def test_a_clock_that_is_behind(plain: Path) -> None:
    inventory = read_inventory(plain / "keys", agency="kz-knb")
    entry = inventory.current(Purpose.SIGN_ES256)
    later = replace(entry, since=datetime.now(UTC) + timedelta(days=2))
    write_inventory(plain / "keys", inventory.put(later))
    finds(plain, "clock", 1, words="chrony")
