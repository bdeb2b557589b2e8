"""Members' systems collect what was routed to them, in order, and say what they did with it."""

from __future__ import annotations

from typing import Any

from hub.audit.events import Act
from hub.exchange.agreements import adopt
from tests.api.world import World, document
from tests.exchange.hubs import CUSTODIAN, agreement_text, released, run_lanes

UNKNOWN = "019d4420-6b1c-7c3e-a5f4-2f1de6a9b710"


def arrive(world: World, kind: str = "designation") -> str:
    row = released(world.other, "kz-knb", **(document(kind) | {"kind": kind}))
    run_lanes(world.other)
    return row.record_id


def collected(world: World, token: str, certificate: bytes, query: str = "") -> Any:
    return world.call("GET", f"/api/v1/inbox{query}", token=token, certificate=certificate).ok()


def test_an_inbox_is_read_to_its_end_with_content(world: World) -> None:
    token, certificate = world.system("kz-mvd")
    ids = [arrive(world) for _ in range(3)]
    page = collected(world, token, certificate, "?limit=2")
    assert [one["delivery"]["record_id"] for one in page["items"]] == ids[:2]
    assert page["items"][0]["record"]["narrative"] == document("designation")["narrative"]
    rest = collected(world, token, certificate, f"?after={page['next']}")
    assert [one["delivery"]["record_id"] for one in rest["items"]] == ids[2:]
    end = collected(world, token, certificate, f"?after={rest['next']}")
    assert end == {"items": [], "next": rest["next"]}


def test_collecting_is_logged_before_content_leaves(world: World) -> None:
    token, certificate = world.system("kz-mvd")
    arrive(world)
    collected(world, token, certificate)
    assert len(world.events(Act.DISCLOSED)) == 1


def test_a_token_collects_the_kinds_it_covers(world: World) -> None:
    certificate = world.member("kz-mvd")
    one, other = arrive(world, "designation"), arrive(world, "travel-ban")
    told = world.ask_token("kz-mvd", certificate, scope="collect:travel-ban").ok()
    page = collected(world, told["access_token"], certificate)
    assert [item["delivery"]["record_id"] for item in page["items"]] == [other]
    assert [event["delivery"] for event in world.events(Act.DISCLOSED)] == [
        page["items"][0]["delivery"]["delivery_id"]
    ]
    everything = collected(world, world.ask_token("kz-mvd", certificate).ok()["access_token"], certificate)
    assert [item["delivery"]["record_id"] for item in everything["items"]] == [one, other]


def test_members_see_their_own_inbox_alone(world: World) -> None:
    token, certificate = world.system("kz-mvd", "collect:designation")
    other, other_certificate = world.system("kz-border", "collect:travel-ban")
    arrive(world, "designation")
    assert len(collected(world, token, certificate)["items"]) == 1
    assert collected(world, other, other_certificate)["items"] == []


def test_an_acknowledgement_tells_the_originator(world: World) -> None:
    token, certificate = world.system("kz-mvd")
    record_id = arrive(world)
    delivery = collected(world, token, certificate)["items"][0]["delivery"]["delivery_id"]
    for status in ("delivered", "opened", "actioned"):
        body = {"deliveries": [delivery], "status": status}
        path = "/api/v1/inbox/acknowledgements"
        assert world.call("POST", path, body, token=token, certificate=certificate).ok()["changed"] == [
            delivery
        ]
        again = world.call("POST", path, body, token=token, certificate=certificate)
        assert again.ok()["changed"] == []
    run_lanes(world.broker)
    with world.other.store.read() as view:
        found = [r.status.value for r in view.receipts.of_record(record_id) if r.member == "kz-mvd"]
    assert found == ["delivered", "opened", "actioned"]
    back = {"deliveries": [delivery], "status": "delivered"}
    said = world.call("POST", path, back, token=token, certificate=certificate)
    assert (said.status, said.code) == (409, "transition-invalid")


def test_another_members_delivery_is_not_there(world: World) -> None:
    token, certificate = world.system("kz-mvd")
    other, other_certificate = world.system("kz-border")
    arrive(world)
    delivery = collected(world, token, certificate)["items"][0]["delivery"]["delivery_id"]
    for named in (delivery, UNKNOWN):
        body = {"deliveries": [named], "status": "opened"}
        said = world.call(
            "POST", "/api/v1/inbox/acknowledgements", body, token=other, certificate=other_certificate
        )
        assert (said.status, said.code) == (404, "not-found")


def test_waiting_is_not_what_a_member_states(world: World) -> None:
    token, certificate = world.system("kz-mvd")
    body = {"deliveries": [UNKNOWN], "status": "waiting"}
    said = world.call("POST", "/api/v1/inbox/acknowledgements", body, token=token, certificate=certificate)
    assert (said.status, said.code) == (422, "request-invalid")


def test_an_inbox_is_for_systems(world: World, drafter: str) -> None:
    said = world.call("GET", "/api/v1/inbox", token=drafter)
    assert (said.status, said.code) == (403, "scope-missing")


def test_another_lists_cursor_is_refused(world: World, drafter: str) -> None:
    token, certificate = world.system("kz-mvd")
    arrive(world)
    cursor = world.call("GET", "/api/v1/records", token=drafter).ok()["next"]
    said = world.call("GET", f"/api/v1/inbox?after={cursor}", token=token, certificate=certificate)
    assert (said.status, said.code) == (422, "request-invalid")


def test_a_narrow_token_acknowledges_no_kind_that_it_does_not_cover(world: World) -> None:
    token, certificate = world.system("kz-mvd")
    arrive(world, "spontaneous-information")
    delivery = collected(world, token, certificate)["items"][0]["delivery"]["delivery_id"]
    narrow = world.ask_token("kz-mvd", certificate, scope="collect:designation").ok()["access_token"]
    body = {"deliveries": [delivery], "status": "actioned"}
    path = "/api/v1/inbox/acknowledgements"
    said = world.call("POST", path, body, token=narrow, certificate=certificate)
    assert (said.status, said.code) == (403, "scope-missing")
    world.call("POST", path, body, token=token, certificate=certificate).ok()


def test_what_may_no_longer_be_had_comes_without_content_and_says_why(world: World) -> None:
    token, certificate = world.system("kz-mvd")
    arrive(world)
    text = agreement_text(["kz-knb", "cis-atc"]).replace("version = 1", "version = 2", 1)
    adopt(world.broker, CUSTODIAN, text)
    (item,) = collected(world, token, certificate)["items"]
    assert "record" not in item
    assert [reason["code"] for reason in item["withheld"]] == ["agreement-missing"]
    assert item["withheld"][0]["sentence"]
