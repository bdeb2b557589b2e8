"""Officers: accounts, roles and what a sign-in at the command line takes."""

from __future__ import annotations

import json
from pathlib import Path

import pyotp
import pytest
from click.testing import Result
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hub.records.actor import Role
from tests.cli.conftest import PASSWORD, Moving, Officers, with_lines
from tests.cli.walk import hub, json_of, refused


def discard_nothing(officers: Officers, name: str = "aigul", **how: str) -> Result:
    """Try to sign in for an act on a record that is not there."""
    return officers.act(name, "record", "discard", "none", **how)


def account(name: str = "aigul") -> dict[str, object]:
    listed = json_of(hub("officer", "list", "--json"))["officers"]
    return next(one for one in listed if one["name"] == name)


def test_secret_is_shown_once_and_makes_codes(homes: Path) -> None:
    document = json_of(with_lines((PASSWORD,), "officer", "add", "aigul", "--role", "reader", "--json"))
    parsed = pyotp.parse_uri(document["totp_uri"])
    assert parsed.secret == document["totp_secret"]
    listed = hub("officer", "list", "--json")
    assert document["totp_secret"] not in listed.stdout
    assert PASSWORD not in listed.stdout


def test_people_read_the_secret_in_groups_of_four(homes: Path) -> None:
    result = with_lines((PASSWORD,), "officer", "add", "aigul", "--role", "reader")
    line = next(line for line in result.stdout.splitlines() if line.startswith("secret"))
    assert all(len(group) == 4 for group in line.split()[1:])
    assert "not shown again" in result.stdout


def test_password_is_asked_for_twice(homes: Path) -> None:
    words = ("officer", "add", "aigul", "--role", "reader", "--json")
    result = hub(*words, typed=f"{PASSWORD}\nother\n{PASSWORD}\n{PASSWORD}\n")
    assert result.exit_code == 0, result.stderr
    assert PASSWORD not in result.output


def test_short_password_is_refused(homes: Path) -> None:
    refused(with_lines(("short",), "officer", "add", "aigul", "--role", "reader"), "request-invalid")


@pytest.mark.parametrize("lines", [(), ("one",), ("one", "two", "three")])
def test_descriptor_holds_password_and_code_and_nothing_else(
    officers: Officers, lines: tuple[str, ...]
) -> None:
    refused(with_lines(lines, "record", "discard", "none", "--as", "aigul"), "request-invalid")


def test_descriptor_that_is_not_open_is_refused(homes: Path) -> None:
    refused(hub("record", "discard", "none", "--as", "aigul", "--password-fd", "777"), "request-invalid")


def test_officer_signs_in_at_the_prompt(officers: Officers, clock: Moving) -> None:
    clock.pass_()
    code = pyotp.TOTP(officers.secrets["aigul"]).at(clock.at)
    result = hub("record", "discard", "none", "--as", "aigul", typed=f"{PASSWORD}\n{code}\n")
    refused(result, "not-found")
    assert PASSWORD not in result.output


def test_wrong_code_and_wrong_name_are_told_the_same(officers: Officers) -> None:
    one = refused(discard_nothing(officers, code="000000"), "credentials-invalid")
    officers.secrets["nobody"] = officers.secrets["aigul"]
    assert refused(discard_nothing(officers, "nobody"), "credentials-invalid") == one


def test_roles_are_explained_and_set(officers: Officers) -> None:
    explained = hub("officer", "roles").stdout
    assert all(role.value in explained for role in Role)
    document = json_of(hub("officer", "roles", "aigul", "--role", "auditor", "--role", "reader", "--json"))
    assert document["roles"] == ["reader", "auditor"]
    refused(hub("officer", "roles", "aigul"), "request-invalid")


def test_disabled_officer_cannot_sign_in_until_enabled(officers: Officers) -> None:
    assert hub("officer", "disable", "aigul").exit_code == 0
    assert account()["active"] is False
    refused(discard_nothing(officers), "credentials-invalid")
    assert hub("officer", "enable", "aigul").exit_code == 0
    refused(discard_nothing(officers), "not-found")


def test_locked_officer_signs_in_again_after_unlock(officers: Officers) -> None:
    for _ in range(5):
        refused(discard_nothing(officers, code="000000"), "credentials-invalid")
    assert account()["locked_until"] is not None
    refused(discard_nothing(officers), "credentials-invalid")
    assert hub("officer", "unlock", "aigul").exit_code == 0
    refused(discard_nothing(officers), "not-found")


def test_reset_gives_a_new_secret(officers: Officers) -> None:
    before = officers.secrets["aigul"]
    document = json_of(with_lines((PASSWORD,), "officer", "reset", "aigul", "--json"))
    assert document["totp_secret"] != before
    refused(discard_nothing(officers), "credentials-invalid")
    officers.secrets["aigul"] = document["totp_secret"]
    refused(discard_nothing(officers), "not-found")


def test_second_account_of_a_name_is_refused(officers: Officers) -> None:
    refused(with_lines((PASSWORD,), "officer", "add", "aigul", "--role", "reader"), "conflict")


@pytest.mark.parametrize("verb", ["disable", "enable", "unlock"])
def test_unknown_officer_is_told(homes: Path, verb: str) -> None:
    refused(hub("officer", verb, "nobody"), "not-found")


def test_a_release_is_signed_with_the_key_that_the_officer_enrolled(
    paired: Path, officers: Officers, tmp_path: Path
) -> None:
    first = json_of(officers.act("bolat", "officer", "enrol", "--json"))
    assert (first["officer"], first["custody"]) == ("bolat", "hub")
    document = json.loads(hub("record", "template", "spontaneous-information").stdout)
    document["legal_basis"] = {"agreement": "test-treaty", "articles": ["1"]}
    path = tmp_path / "record.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    row = json_of(officers.act("aigul", "record", "draft", str(path), "--to", "cis-atc", "--json"))
    words = ("record", "release", row["record_id"], "--digest", row["digest"], "--to", "cis-atc")
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    pem = tmp_path / "bolat.pem"
    pem.write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    own = json_of(officers.act("bolat", "officer", "enrol", "--public-key", str(pem), "--json"))
    assert (own["custody"], own["kid"] == first["kid"]) == ("officer", False)
    refused(officers.act("bolat", *words), "approval-unsigned")
    revoked = json_of(hub("officer", "revoke-key", "bolat", "--json"))
    assert (revoked["kid"], revoked["revoked_at"] is None) == (own["kid"], False)
    refused(hub("officer", "revoke-key", "bolat"), "not-found")
    officers.act("bolat", "officer", "enrol")
    assert officers.act("bolat", *words).exit_code == 0


def test_a_second_officer_is_waited_for_where_two_must_approve(
    paired: Path, officers: Officers, tmp_path: Path
) -> None:
    config = paired / "kz-knb" / "hub.toml"
    config.write_text("release_secret_officers = 2\nrelease_signed = true\n" + config.read_text())
    document = json.loads(hub("record", "template", "spontaneous-information").stdout)
    document["legal_basis"] = {"agreement": "test-treaty", "articles": ["1"]}
    document["label"]["classification"] = "secret"
    path = tmp_path / "record.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    row = json_of(officers.act("aigul", "record", "draft", str(path), "--to", "cis-atc", "--json"))
    words = ("record", "release", row["record_id"], "--digest", row["digest"], "--to", "cis-atc")
    said = officers.act("bolat", *words)
    assert "Approved by 1 of 2: officer:bolat." in said.stdout
    shown = hub("record", "show", row["record_id"])
    assert "by 1 of 2: officer:bolat" in shown.stdout
    refused(officers.act("bolat", *words), "four-eyes")
    officers.add("erlan", "releaser")
    assert json_of(officers.act("erlan", *words, "--json"))["state"] == "released"
