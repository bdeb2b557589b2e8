"""Who is refused for what they may not do leaves an entry; a stranger cannot write the log full."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from hub.audit.events import Act, AuditEvent
from hub.records.actor import Role
from tests.api.test_records import received
from tests.api.world import World, document, partner_certificate
from tests.exchange.hubs import START


def logged(world: World, *acts: Act) -> list[AuditEvent]:
    with world.broker.store.read() as view:
        return [event for _, event in view.events(after=0, limit=10_000) if event.act in acts]


def told(world: World, *acts: Act) -> list[tuple[str, str, str]]:
    return [(str(one.actor), one.subject, one.details["code"]) for one in logged(world, *acts)]


def test_a_missing_role_leaves_an_entry_that_names_who_and_what(world: World, custodian: str) -> None:
    record_id = received(world)
    said = world.call("POST", f"/api/v1/records/{record_id}/read", {}, token=custodian)
    assert said.code == "role-missing"
    (event,) = logged(world, Act.REFUSED)
    assert (str(event.actor), event.subject) == ("officer:dana", record_id)
    assert event.details == {"code": "role-missing", "operation": "read_content"}


def test_a_reading_without_a_reason_leaves_an_entry(world: World, drafter: str) -> None:
    record_id = received(world)
    world.call("POST", f"/api/v1/records/{record_id}/read", {}, token=drafter)
    assert told(world, Act.REFUSED) == [("officer:aigul", record_id, "justification-missing")]


def test_a_missing_scope_leaves_an_entry(world: World) -> None:
    token, certificate = world.system("kz-mvd", "collect:designation")
    body = {"records": [{"record": document(), "recipients": ["cis-atc"]}]}
    said = world.call("POST", "/api/v1/records", body, token=token, certificate=certificate)
    assert said.code == "scope-missing"
    assert told(world, Act.REFUSED) == [("system:kz-mvd", "submit_records", "scope-missing")]


def test_a_second_officer_who_is_the_first_leaves_one_entry(world: World) -> None:
    token = world.officer("erlan", Role.DRAFTER, Role.RELEASER)
    row = world.call(
        "POST", "/api/v1/drafts", {"record": document(), "recipients": ["cis-atc"]}, token=token
    ).ok(201)
    body = {"digest": row["digest"], "recipients": ["cis-atc"]}
    said = world.call("POST", f"/api/v1/drafts/{row['record_id']}/approve", body, token=token)
    assert said.code == "four-eyes"
    assert told(world, Act.REFUSED) == [("officer:erlan", row["record_id"], "four-eyes")]


def test_what_is_merely_malformed_leaves_none(world: World, drafter: str) -> None:
    world.call("GET", "/api/v1/records?state=odd", token=drafter)
    world.call("POST", "/api/v1/drafts", {"record": {}, "recipients": ["cis-atc"]}, token=drafter)
    assert told(world, Act.REFUSED) == []


def test_an_unknown_certificate_at_the_door_leaves_an_entry(world: World) -> None:
    shown = partner_certificate("de-bka")
    said = world.call("GET", "/exchange/v1/mailbox", certificate=shown)
    assert said.code == "certificate-unknown"
    (event,) = logged(world, Act.REFUSED)
    assert (str(event.actor), event.subject) == ("hub:kz-knb", "open_mailbox")
    assert event.details["address"] == "127.0.0.1"
    assert event.details["thumbprint"] == hashlib.sha256(shown).hexdigest()


def test_a_strangers_repeats_are_counted_and_told_once_a_minute(world: World) -> None:
    for _ in range(10):
        assert world.call("GET", "/api/v1/records", token="nonsense").code == "token-invalid"
    assert times(world) == ["1"]
    world.later(61)
    world.call("GET", "/healthz").ok()
    assert times(world) == ["1", "9"]
    world.later(61)
    world.call("GET", "/healthz").ok()
    world.call("GET", "/api/v1/records", token="nonsense")
    assert times(world) == ["1", "9", "1"]


def times(world: World) -> list[str]:
    return [one.details["times"] for one in logged(world, Act.REFUSED)]


def test_strangers_beyond_those_that_are_counted_share_one_entry(world: World) -> None:
    small = world.limited(strangers_max=2)
    for number in range(5):
        environ: Mapping[str, object] = {"REMOTE_ADDR": f"192.0.2.{number}"}
        small.call("GET", "/api/v1/records", token="nonsense", environ=environ)
    addresses = [one.details["address"] for one in logged(small, Act.REFUSED)]
    assert addresses == ["192.0.2.0", "192.0.2.1", "others"]


def test_a_token_and_a_failure_to_get_one_are_logged(world: World) -> None:
    certificate = world.member("kz-mvd", "collect:designation")
    world.ask_token("kz-mvd", certificate).ok()
    world.ask_token("kz-mvd", None)
    world.ask_token("kz-mvd", certificate, scope="collect:*")
    world.ask_token("kz-nobody", certificate)
    (signed_in,) = logged(world, Act.LOGIN)
    assert (str(signed_in.actor), signed_in.subject) == ("system:kz-mvd", "kz-mvd")
    assert told(world, Act.LOGIN_FAILED) == [
        ("hub:kz-knb", "kz-mvd", "certificate-missing"),
        ("hub:kz-knb", "kz-mvd", "grant-invalid"),
        ("hub:kz-knb", "unknown", "credentials-invalid"),
    ]


def test_a_failed_session_is_logged_once(world: World) -> None:
    body = {"name": "nobody", "password": "a wrong one for tests", "code": "000000"}
    assert world.call("POST", "/api/v1/session", body).code == "credentials-invalid"
    assert [one.subject for one in logged(world, Act.LOGIN_FAILED)] == ["unknown"]
    assert not logged(world, Act.REFUSED)


def test_entries_are_of_the_hubs_own_time(world: World) -> None:
    world.call("GET", "/api/v1/records", token="nonsense")
    assert logged(world, Act.REFUSED)[0].at >= START
