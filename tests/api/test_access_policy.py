"""Two custodians decide on the policy of a hub through the API; records are confined, and let go."""

from __future__ import annotations

from typing import Any

import pytest

from hub.audit.events import Act
from hub.exchange.dispatching import work_lane
from hub.policy.rulebook import schema_text, shipped_text
from hub.records.actor import Role
from tests.api.world import Said, World, document

POLICY = "/api/v1/access-policy"
PROPOSAL = f"{POLICY}/proposal"
NOBODY = '@id("nobody") @reason("Nobody reads.") forbid (principal, action == Action::"read", resource);'
NOT_TO_MVD = (
    '@id("not-to-mvd") @reason("Nothing goes there now.") forbid (principal, action == Action::"release", '
    'resource in Agency::"kz-mvd") unless { principal == Officer::"asel" };'
)
WHY = {"justification": "case 2026/17"}


def text(*rules: str) -> str:
    return "\n".join((shipped_text(), *rules))


def proposed(world: World, token: str, source: str) -> Said:
    return world.call("POST", PROPOSAL, {"source": source}, token=token)


def approved(world: World, token: str, etag: str | None) -> Said:
    headers = {} if etag is None else {"If-Match": etag}
    return world.call("POST", f"{PROPOSAL}/approve", token=token, headers=headers)


def put_in_force(world: World, custodian: str, *rules: str) -> None:
    other = world.officer("erlan", Role.CUSTODIAN)
    approved(world, other, proposed(world, custodian, text(*rules)).headers["ETag"]).ok()
    world.later()


def draft_of(world: World, token: str, *recipients: str) -> Any:
    body = {"record": document(), "recipients": [*recipients]}
    return world.call("POST", "/api/v1/drafts", body, token=token).ok(201)


def test_two_custodians_put_a_policy_in_force(world: World, custodian: str, drafter: str) -> None:
    shown = world.call("GET", POLICY, token=drafter)
    assert shown.ok()["source"] == shipped_text()
    assert "version" not in shown.body
    assert world.call("GET", PROPOSAL, token=drafter).code == "not-found"
    said = proposed(world, custodian, text(NOBODY))
    assert (said.ok(201)["version"], said.body["proposed_by"]) == (1, "officer:dana")
    read = world.call("GET", PROPOSAL, token=drafter)
    assert read.headers["ETag"] == said.headers["ETag"] == f'"{read.ok()["digest"]}"'
    assert f"+{NOBODY}" in read.body["changes"]
    assert approved(world, custodian, read.headers["ETag"]).code == "four-eyes"
    other = world.officer("erlan", Role.CUSTODIAN)
    done = approved(world, other, read.headers["ETag"]).ok()
    assert (done["approved_by"], done["rules"][-1]["name"]) == ("officer:erlan", "nobody")
    now = world.call("GET", POLICY, token=drafter).ok()
    assert (now["source"], now["version"]) == (text(NOBODY), 1)
    record_id = draft_of(world, drafter, "cis-atc")["record_id"]
    refused = world.call("POST", f"/api/v1/records/{record_id}/read", WHY, token=drafter)
    assert (refused.status, refused.code) == (403, "policy-forbids")
    assert len(world.events(Act.ACCESS_PROPOSED)) == len(world.events(Act.ACCESS_CHANGED)) == 1


def test_what_is_shipped_and_what_can_be_spoken_of_is_shown(world: World, drafter: str) -> None:
    assert world.call("GET", f"{POLICY}?which=shipped", token=drafter).ok()["source"] == shipped_text()
    schema = world.call("GET", f"{POLICY}?which=schema", token=drafter).ok()
    assert (schema["source"], schema["rules"]) == (schema_text(), [])
    assert world.call("GET", f"{POLICY}?which=other", token=drafter).code == "request-invalid"


def test_what_is_wrong_with_a_policy_is_told_by_line(world: World, custodian: str) -> None:
    said = proposed(world, custodian, '@id("a") permit (principal, action, resource);\nforbid (principal,;')
    assert (said.status, said.code) == (422, "policy-invalid")
    assert said.body["problems"][0]["path"] == "line 2"
    assert proposed(world, custodian, shipped_text()).code == "conflict"


def test_only_what_was_read_is_approved(world: World, custodian: str) -> None:
    other = world.officer("erlan", Role.CUSTODIAN)
    etag = proposed(world, custodian, text(NOBODY)).headers["ETag"]
    proposed(world, custodian, text(NOT_TO_MVD))
    for seen, status, code in (
        (None, 428, "precondition-missing"),
        ('"1"', 412, "precondition-failed"),
        (etag, 409, "conflict"),
    ):
        said = approved(world, other, seen)
        assert (said.status, said.code) == (status, code)


def test_other_roles_read_and_do_not_decide(world: World, drafter: str) -> None:
    for said in (proposed(world, drafter, text(NOBODY)), approved(world, drafter, None)):
        assert (said.status, said.code) == (403, "role-missing")


def test_a_record_is_confined_at_once_and_lifted_by_two(world: World, custodian: str, drafter: str) -> None:
    record_id = draft_of(world, drafter, "cis-atc")["record_id"]
    path = f"/api/v1/records/{record_id}"
    assert world.call("GET", path, token=drafter).ok()["compartments"] == []
    body = {"compartment": "almaty", **WHY}
    rows = world.call("POST", f"{path}/compartments", body, token=custodian).ok()["compartments"]
    assert [(one["compartment"], one["confined_by"]) for one in rows] == [("almaty", "officer:dana")]
    shown = world.call("GET", path, token=drafter).ok()
    assert shown["compartments"] == rows
    assert [one["clause"] for one in shown["kept_outside"]] == ["policy rule need-to-know"]
    assert world.call("POST", f"{path}/read", WHY, token=drafter).code == "policy-forbids"
    lift = f"{path}/compartments/lift"
    assert world.call("POST", lift, body, token=custodian).ok()["compartments"][0]["lift_by"] == (
        "officer:dana"
    )
    assert world.call("POST", lift, body, token=custodian).code == "four-eyes"
    other = world.officer("erlan", Role.CUSTODIAN)
    assert world.call("POST", lift, body, token=other).ok()["compartments"] == []
    world.call("POST", f"{path}/read", WHY, token=drafter).ok()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"compartment": "almaty"}, "justification-missing"),
        ({"compartment": "A b", **WHY}, "request-invalid"),
        ({**WHY}, "request-invalid"),
    ],
)
def test_what_is_no_compartment_is_refused(
    world: World, custodian: str, drafter: str, body: dict[str, str], code: str
) -> None:
    path = f"/api/v1/records/{draft_of(world, drafter, 'cis-atc')['record_id']}/compartments"
    assert world.call("POST", path, body, token=custodian).code == code
    assert world.call("POST", path, {"compartment": "almaty", **WHY}, token=drafter).code == "role-missing"
    lifted = world.call("POST", f"{path}/lift", {"compartment": "north", **WHY}, token=custodian)
    assert lifted.code == "not-found"


def test_a_policy_that_asks_for_no_compartments_keeps_nobody_outside(
    world: World, custodian: str, drafter: str
) -> None:
    other = world.officer("erlan", Role.CUSTODIAN)
    anything = '@id("anything") permit (principal, action, resource);'
    approved(world, other, proposed(world, custodian, anything).headers["ETag"]).ok()
    path = f"/api/v1/records/{draft_of(world, drafter, 'cis-atc')['record_id']}"
    world.call("POST", f"{path}/compartments", {"compartment": "almaty", **WHY}, token=custodian).ok()
    shown = world.call("GET", path, token=drafter).ok()
    assert ([one["compartment"] for one in shown["compartments"]], shown["kept_outside"]) == (["almaty"], [])


def test_what_the_policy_holds_from_one_recipient_is_let_go(
    world: World, custodian: str, drafter: str, releaser: str
) -> None:
    mvd, certificate = world.system("kz-mvd")
    draft = draft_of(world, drafter, "cis-atc", "kz-mvd")
    record_id = draft["record_id"]
    decision = {"digest": draft["digest"], "recipients": draft["recipients"]}
    assert (
        world.call("POST", f"/api/v1/drafts/{record_id}/approve", decision, token=releaser).ok()["held_from"]
        == []
    )
    work_lane(world.broker, "cis-atc")
    put_in_force(world, custodian, NOT_TO_MVD)
    body = {"record": document(narrative="As it really was.")}
    row = world.call("POST", f"/api/v1/records/{record_id}/corrections", body, token=drafter).ok(201)
    decision = {"digest": row["digest"], "recipients": row["recipients"]}
    preview = world.call("GET", f"/api/v1/drafts/{record_id}/preview", token=releaser).ok()["items"]
    assert [(one["recipient"], one["permitted"]) for one in preview] == [("cis-atc", True), ("kz-mvd", False)]
    done = world.call("POST", f"/api/v1/drafts/{record_id}/approve", decision, token=releaser).ok()
    assert done["released"] is True
    (held,) = done["held_from"]
    assert (held["recipient"], held["reasons"][0]["clause"]) == ("kz-mvd", "policy rule not-to-mvd")
    shown = world.call("GET", f"/api/v1/records/{record_id}", token=drafter).ok()
    assert [(one["recipient"], one["code"]) for one in shown["held_from"]] == [("kz-mvd", "policy-forbids")]
    assert not_followed(world, drafter) == [("kz-mvd", "held", "policy-forbids")]
    life = world.call("GET", f"/api/v1/records/{record_id}/history", token=drafter).ok()["deliveries"]
    states = [(one["version"], one["state"], one.get("reason")) for one in life]
    assert states == [(1, "waiting", None), (2, "held", "policy-forbids")]
    assert versions(world, mvd, certificate) == [1]
    stated = {"deliveries": [life[1]["delivery_id"]], "status": "opened"}
    said = world.call("POST", "/api/v1/inbox/acknowledgements", stated, token=mvd, certificate=certificate)
    assert (said.status, said.code) == (404, "not-found")
    path = f"/api/v1/records/{record_id}/deliver"
    asel = world.officer("asel", Role.RELEASER)
    body = {"to": "kz-mvd", **WHY}
    assert world.call("POST", path, body, token=releaser).code == "policy-forbids"
    assert world.call("POST", path, {"to": "kz-mvd"}, token=asel).code == "justification-missing"
    told = world.call("POST", path, body, token=asel).ok()
    assert told == {"record_id": record_id, "version": 2, "recipient": "kz-mvd"}
    assert world.call("POST", path, body, token=asel).code == "not-found"
    assert not_followed(world, drafter) == [("kz-mvd", "waiting", None)]
    assert versions(world, mvd, certificate) == [1, 2]
    world.call("POST", "/api/v1/inbox/acknowledgements", stated, token=mvd, certificate=certificate).ok()
    assert not_followed(world, drafter) == []


def not_followed(world: World, token: str) -> list[tuple[str, str, str | None]]:
    """Return which members have not followed a correction, and why."""
    found = world.call("GET", "/api/v1/unheeded", token=token).ok()["items"]
    return [(one["who"], one["stands"], one.get("reason")) for one in found if one["who"] == "kz-mvd"]


def versions(world: World, token: str, certificate: bytes) -> list[int]:
    """Return which versions a member's system is given."""
    page = world.call("GET", "/api/v1/inbox", token=token, certificate=certificate).ok()
    return [one["delivery"]["version"] for one in page["items"]]


def test_a_system_that_submitted_a_record_is_not_told_what_is_held_from_others(
    world: World, custodian: str, releaser: str, drafter: str
) -> None:
    world.member("kz-mvd")
    border, certificate = world.system("kz-border")
    items = [{"record": document(), "recipients": ["cis-atc", "kz-mvd"]}]
    said = world.call(
        "POST", "/api/v1/records", {"records": items}, token=border, certificate=certificate
    ).ok()
    record_id = said["items"][0]["record_id"]
    release(world, world.call("GET", f"/api/v1/records/{record_id}", token=drafter).ok(), releaser)
    put_in_force(world, custodian, NOT_TO_MVD)
    body = {"record": document(narrative="As it really was.")}
    row = world.call("POST", f"/api/v1/records/{record_id}/corrections", body, token=drafter).ok(201)
    release(world, row, releaser)
    path = f"/api/v1/records/{record_id}/history"
    theirs = world.call("GET", path, token=border, certificate=certificate).ok()["deliveries"]
    ours = world.call("GET", path, token=drafter).ok()["deliveries"]
    assert ([one["version"] for one in theirs], [one["version"] for one in ours]) == ([1], [1, 2])


def release(world: World, row: Any, releaser: str) -> None:
    decision = {"digest": row["digest"], "recipients": row["recipients"]}
    world.call("POST", f"/api/v1/drafts/{row['record_id']}/approve", decision, token=releaser).ok()


def test_an_operator_does_not_put_back_what_the_policy_holds(
    world: World, custodian: str, drafter: str, releaser: str
) -> None:
    world.member("kz-mvd")
    draft = draft_of(world, drafter, "cis-atc", "kz-mvd")
    record_id = draft["record_id"]
    path = f"/api/v1/drafts/{record_id}/approve"
    decision = {"digest": draft["digest"], "recipients": draft["recipients"]}
    world.call("POST", path, decision, token=releaser).ok()
    work_lane(world.broker, "cis-atc")
    put_in_force(world, custodian, NOT_TO_MVD.replace("kz-mvd", "cis-atc"))
    body = {"record": document(narrative="As it really was.")}
    row = world.call("POST", f"/api/v1/records/{record_id}/corrections", body, token=drafter).ok(201)
    decision = {"digest": row["digest"], "recipients": row["recipients"]}
    world.call("POST", path, decision, token=releaser).ok()
    (entry,) = world.call("GET", "/api/v1/queue/entries?state=held", token=releaser).ok()["items"]
    said = world.call("POST", f"/api/v1/queue/entries/{entry['entry_id']}/resume", token=releaser)
    assert (said.status, said.code) == (403, "policy-forbids")
    assert f"hub record deliver {record_id} --to cis-atc" in said.body["detail"]
