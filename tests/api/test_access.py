"""How callers get tokens, and what those are good for."""

from __future__ import annotations

import pyotp
import pytest

from hub.audit.events import Act
from hub.exchange import members
from hub.exchange.accounts import add_officer, change_roles, reset, set_active
from hub.records.actor import Role
from keys.enrolment import issue_client_certificate
from tests.api.world import Said, World, authority, overdo, partner_certificate
from tests.exchange.hubs import CUSTODIAN

PASSWORD = "a long sentence for tests"


def test_a_systems_token_is_bound_and_short(world: World) -> None:
    certificate = world.member("kz-mvd", "collect:*", "submit:designation")
    said = world.ask_token("kz-mvd", certificate, scope="collect:designation")
    token = said.ok()
    assert (token["token_type"], token["expires_in"]) == ("Bearer", 300)
    assert token["scope"] == "collect:designation"
    assert said.headers["Cache-Control"] == "no-store"
    world.call("GET", "/api/v1/inbox", token=token["access_token"], certificate=certificate).ok()


def test_without_asking_a_member_gets_all_it_holds(world: World) -> None:
    certificate = world.member("kz-mvd", "collect:*", "submit:designation")
    assert world.ask_token("kz-mvd", certificate).ok()["scope"] == "collect:* submit:designation"


def oauth_refused(said: Said, status: int, code: str, error: str) -> None:
    assert (said.status, said.code, said.body["error"]) == (status, code, error)
    assert said.body["error_description"]


def test_a_token_takes_a_certificate(world: World) -> None:
    world.member("kz-mvd")
    oauth_refused(world.ask_token("kz-mvd", None), 401, "certificate-missing", "invalid_client")


def test_a_certificate_nobody_registered_gets_no_token(world: World) -> None:
    world.member("kz-mvd")
    stranger = partner_certificate("de-bka", names="kz-mvd")
    oauth_refused(world.ask_token("kz-mvd", stranger), 403, "certificate-unknown", "invalid_client")


def test_a_members_expired_certificate_gets_no_token(world: World) -> None:
    certificate = world.member("kz-mvd")
    world.later(366 * 86400)
    oauth_refused(world.ask_token("kz-mvd", certificate), 403, "certificate-expired", "invalid_client")


def test_one_members_certificate_gets_no_token_for_another(world: World) -> None:
    certificate = world.member("kz-mvd")
    world.member("kz-border")
    oauth_refused(world.ask_token("kz-border", certificate), 401, "credentials-invalid", "invalid_client")
    oauth_refused(world.ask_token("kz-nobody", certificate), 401, "credentials-invalid", "invalid_client")


def test_a_partner_gets_no_token(world: World) -> None:
    certificate = partner_certificate("cis-atc")
    oauth_refused(world.ask_token("cis-atc", certificate), 401, "credentials-invalid", "invalid_client")


def test_a_suspended_member_gets_no_token(world: World) -> None:
    certificate = world.member("kz-mvd")
    members.suspend(world.broker, CUSTODIAN, "kz-mvd")
    world.later()
    oauth_refused(world.ask_token("kz-mvd", certificate), 403, "partner-suspended", "invalid_client")


def test_a_scope_that_is_not_held_is_not_granted(world: World) -> None:
    certificate = world.member("kz-mvd", "collect:designation")
    for scope in ("submit:designation", "collect:*", "collect:designation role:custodian"):
        said = world.ask_token("kz-mvd", certificate, scope=scope)
        oauth_refused(said, 400, "grant-invalid", "invalid_scope")


def test_another_grant_type_is_refused(world: World) -> None:
    certificate = world.member("kz-mvd")
    said = world.ask_token("kz-mvd", certificate, grant_type="password")
    oauth_refused(said, 400, "grant-invalid", "unsupported_grant_type")


def test_a_token_request_is_a_form_without_extras(world: World) -> None:
    certificate = world.member("kz-mvd")
    as_json = world.call(
        "POST", "/oauth/token", {"grant_type": "client_credentials"}, certificate=certificate
    )
    assert (as_json.status, as_json.code) == (415, "media-type-unsupported")
    more = world.ask_token("kz-mvd", certificate, client_secret="hunter2")
    assert (more.status, more.code) == (422, "request-invalid")
    twice = world.call(
        "POST",
        "/oauth/token",
        certificate=certificate,
        data="grant_type=client_credentials&client_id=kz-mvd&client_id=kz-border",
        content_type="application/x-www-form-urlencoded",
    )
    assert (twice.status, twice.code) == (422, "request-invalid")
    in_address = world.call("POST", "/oauth/token?client_id=kz-mvd", certificate=certificate, data={})
    assert (in_address.status, in_address.code) == (422, "request-invalid")


def test_a_token_works_with_its_certificate_alone(world: World) -> None:
    token, certificate = world.system("kz-mvd")
    other = world.member("kz-border")
    world.call("GET", "/api/v1/inbox", token=token, certificate=certificate).ok()
    for shown in (None, other):
        said = world.call("GET", "/api/v1/inbox", token=token, certificate=shown)
        assert (said.status, said.code) == (401, "token-invalid")
        assert said.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_ends_after_its_life(world: World) -> None:
    token, certificate = world.system("kz-mvd")
    world.later(301)
    said = world.call("GET", "/api/v1/inbox", token=token, certificate=certificate)
    assert (said.status, said.code) == (401, "token-invalid")


def test_a_suspended_member_is_cut_within_seconds(world: World) -> None:
    token, certificate = world.system("kz-mvd")
    members.suspend(world.broker, CUSTODIAN, "kz-mvd")
    world.later()
    said = world.call("GET", "/api/v1/inbox", token=token, certificate=certificate)
    assert (said.status, said.code) == (401, "token-invalid")


def test_a_replaced_certificate_ends_its_tokens(world: World) -> None:
    token, certificate = world.system("kz-mvd")
    fresh = issue_client_certificate(authority("kz-knb"), member="kz-mvd", at=world.hubs.clock.now())
    members.replace_certificate(world.broker, CUSTODIAN, "kz-mvd", fresh.certificate_pem)
    world.later()
    said = world.call("GET", "/api/v1/inbox", token=token, certificate=certificate)
    assert (said.status, said.code) == (401, "token-invalid")


def test_a_scope_that_was_taken_away_is_gone_from_tokens(world: World) -> None:
    token, certificate = world.system("kz-mvd", "collect:*", "submit:*")
    members.change_scopes(world.broker, CUSTODIAN, "kz-mvd", ["submit:*"])
    world.later()
    said = world.call("GET", "/api/v1/inbox", token=token, certificate=certificate)
    assert (said.status, said.code) == (403, "scope-missing")


@pytest.mark.parametrize("header", ["", "Basic YTpi", "Bearer", "Bearer ", "Bearer not-a-token"])
def test_only_a_bearer_token_opens_the_members_api(world: World, header: str) -> None:
    said = world.call("GET", "/api/v1/kinds", headers={"Authorization": header})
    assert (said.status, said.code) == (401, "token-invalid")


def signed_in(world: World, *, code: str | None = None, **changes: str) -> Said:
    enrolled = add_officer(
        world.broker, CUSTODIAN, name="aigul", password=PASSWORD, roles=[Role.READER, Role.DRAFTER]
    )
    totp = pyotp.parse_uri(enrolled.totp_uri)
    assert isinstance(totp, pyotp.TOTP)
    body = {"name": "aigul", "password": PASSWORD, "code": code or totp.at(world.hubs.clock.now())} | changes
    return world.call("POST", "/api/v1/session", body)


def test_an_officer_signs_in_with_password_and_code(world: World) -> None:
    said = signed_in(world)
    session = said.ok()
    assert session["roles"] == ["drafter", "reader"]
    assert session["expires_in"] == 900
    world.later()
    world.call("GET", "/api/v1/records", token=session["access_token"]).ok()
    assert world.events(Act.LOGIN)


def test_a_wrong_password_or_code_is_told_the_same(world: World) -> None:
    wrong = signed_in(world, password="another long sentence")
    assert (wrong.status, wrong.code) == (401, "credentials-invalid")
    body = {"name": "nobody", "password": PASSWORD, "code": "000000"}
    unknown = world.call("POST", "/api/v1/session", body)
    assert unknown.body == wrong.body
    assert len(world.events(Act.LOGIN_FAILED)) == 2


def test_a_closed_account_is_cut_within_seconds(world: World) -> None:
    token = signed_in(world).ok()["access_token"]
    world.later()
    set_active(world.broker, CUSTODIAN, name="aigul", active=False)
    world.later()
    said = world.call("GET", "/api/v1/records", token=token)
    assert (said.status, said.code) == (401, "token-invalid")


def test_an_officers_token_is_bound_where_a_certificate_was_shown(world: World) -> None:
    certificate = world.member("kz-mvd")
    enrolled = add_officer(world.broker, CUSTODIAN, name="bolat", password=PASSWORD, roles=[Role.READER])
    totp = pyotp.parse_uri(enrolled.totp_uri)
    assert isinstance(totp, pyotp.TOTP)
    body = {"name": "bolat", "password": PASSWORD, "code": totp.at(world.hubs.clock.now())}
    token = world.call("POST", "/api/v1/session", body, certificate=certificate).ok()["access_token"]
    world.later()
    assert world.call("GET", "/api/v1/records", token=token).code == "token-invalid"
    world.call("GET", "/api/v1/records", token=token, certificate=certificate).ok()


def test_logins_from_one_address_are_few(world: World) -> None:
    few = world.limited(logins_per_minute=2)
    body = {"name": "nobody", "password": PASSWORD, "code": "000000"}
    said = overdo(lambda: few.call("POST", "/api/v1/session", body), allowed=2)
    assert [one.code for one in said[:2]] == ["credentials-invalid", "credentials-invalid"]
    assert int(said[-1].headers["Retry-After"]) >= 1


def test_a_role_that_was_taken_away_is_gone_from_the_session(world: World) -> None:
    token = world.officer("dana", Role.CUSTODIAN)
    world.officer("dana", Role.READER)
    world.later()
    said = world.call("POST", "/api/v1/partners/cis-atc/suspend", token=token)
    assert (said.status, said.code) == (403, "role-missing")


@pytest.mark.parametrize("change", ["reset", "roles", "closed and opened"])
def test_a_session_ends_when_the_account_is_changed(world: World, change: str) -> None:
    token = signed_in(world).ok()["access_token"]
    world.later()
    world.call("GET", "/api/v1/records", token=token).ok()
    if change == "reset":
        reset(world.broker, CUSTODIAN, name="aigul", password="another long sentence")
    elif change == "roles":
        change_roles(world.broker, CUSTODIAN, name="aigul", roles=[Role.READER])
    else:
        for active in (False, True):
            set_active(world.broker, CUSTODIAN, name="aigul", active=active)
    world.later()
    said = world.call("GET", "/api/v1/records", token=token)
    assert (said.status, said.code) == (401, "token-invalid")


def test_guesses_from_one_address_do_not_keep_the_officer_out(world: World) -> None:
    assert signed_in(world, password="not this sentence").code == "credentials-invalid"
    guess = {"name": "aigul", "password": "not this sentence", "code": "000000"}
    for _ in range(6):
        world.call("POST", "/api/v1/session", guess, environ={"REMOTE_ADDR": "192.0.2.7"})
    renewed = reset(world.broker, CUSTODIAN, name="aigul", password=PASSWORD)
    totp = pyotp.parse_uri(renewed.totp_uri)
    assert isinstance(totp, pyotp.TOTP)
    for _ in range(6):
        world.call("POST", "/api/v1/session", guess, environ={"REMOTE_ADDR": "192.0.2.7"})
    right = {"name": "aigul", "password": PASSWORD, "code": totp.at(world.hubs.clock.now())}
    said = world.call("POST", "/api/v1/session", right, environ={"REMOTE_ADDR": "192.0.2.7"})
    assert said.code == "credentials-invalid"
    world.call("POST", "/api/v1/session", right, environ={"REMOTE_ADDR": "198.51.100.4"}).ok()
