"""Members' systems submit batches: whole or not at all, and once however often they ask."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from hub.exchange.upkeep import forget_replays
from hub.records.actor import Role
from tests.api.world import World, document

UNKNOWN = "019d4420-6b1c-7c3e-a5f4-2f1de6a9b710"
KEY = {"Idempotency-Key": "batch-2026-03-31"}


def item(kind: str = "designation", *, to: str = "cis-atc", **changes: Any) -> dict[str, Any]:
    return {"record": document(kind, **changes), "recipients": [to]}


def submitted(world: World, items: list[dict[str, Any]], **more: Any) -> Any:
    token, certificate = world.system("kz-mvd")
    return world.call(
        "POST", "/api/v1/records", {"records": items}, token=token, certificate=certificate, **more
    )


def stored(world: World) -> list[str]:
    with world.broker.store.read() as view:
        return [row.record_id for row in view.records.page(after=0, limit=100)]


def test_what_flows_by_rule_is_released_and_the_rest_waits(world: World) -> None:
    answer = submitted(world, [item(), item("spontaneous-information")]).ok()
    released, waiting = answer["items"]
    assert (released["state"], len(released["envelope_ids"])) == ("released", 1)
    assert released["held_because"] == []
    assert (waiting["state"], waiting["envelope_ids"]) == ("draft", [])
    assert waiting["held_because"][0]["sentence"]


def test_a_batch_is_taken_whole_or_not_at_all(world: World) -> None:
    said = submitted(world, [item(), item(purpose="curiosity")])
    assert (said.status, said.code, said.body["index"]) == (422, "record-invalid", 1)
    assert stored(world) == []


def test_a_repeat_with_its_key_gets_the_first_answer(world: World) -> None:
    token, certificate = world.system("kz-mvd")
    body = {"records": [item(), item()]}
    first = world.call("POST", "/api/v1/records", body, token=token, certificate=certificate, headers=KEY)
    again = world.call("POST", "/api/v1/records", body, token=token, certificate=certificate, headers=KEY)
    assert again.ok() == first.ok()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert sorted(stored(world)) == sorted(one["record_id"] for one in first.body["items"])


def test_a_key_means_one_request(world: World) -> None:
    token, certificate = world.system("kz-mvd")
    one, other = {"records": [item()]}, {"records": [item(narrative="Another one.")]}
    world.call("POST", "/api/v1/records", one, token=token, certificate=certificate, headers=KEY).ok()
    said = world.call("POST", "/api/v1/records", other, token=token, certificate=certificate, headers=KEY)
    assert (said.status, said.code) == (422, "idempotency-key-reused")
    assert len(stored(world)) == 1


def test_keys_of_two_members_are_two_keys(world: World) -> None:
    ids = set()
    for agency in ("kz-mvd", "kz-border"):
        token, certificate = world.system(agency)
        body = {"records": [item()]}
        said = world.call("POST", "/api/v1/records", body, token=token, certificate=certificate, headers=KEY)
        ids.add(said.ok()["items"][0]["record_id"])
    assert len(ids) == 2


def test_a_refused_request_leaves_its_key_free(world: World) -> None:
    token, certificate = world.system("kz-mvd")
    wrong = {"records": [item(to="xx-nobody")]}
    said = world.call("POST", "/api/v1/records", wrong, token=token, certificate=certificate, headers=KEY)
    assert (said.status, said.code) == (404, "partner-unknown")
    right = {"records": [item()]}
    world.call("POST", "/api/v1/records", right, token=token, certificate=certificate, headers=KEY).ok()


def test_twins_at_the_same_time_are_one_request(world: World) -> None:
    token, certificate = world.system("kz-mvd")
    body = {"records": [item(), item()]}
    start = Barrier(3)

    def ask() -> Any:
        start.wait(10)
        said = world.call("POST", "/api/v1/records", body, token=token, certificate=certificate, headers=KEY)
        return said.ok()

    with ThreadPoolExecutor(3) as pool:
        answers = [asked.result(30) for asked in [pool.submit(ask) for _ in range(3)]]
    assert answers[0] == answers[1] == answers[2]
    assert sorted(stored(world)) == sorted(one["record_id"] for one in answers[0]["items"])


def test_keys_are_forgotten_after_their_life(world: World) -> None:
    token, certificate = world.system("kz-mvd")
    body = {"records": [item()]}
    world.call("POST", "/api/v1/records", body, token=token, certificate=certificate, headers=KEY).ok()
    assert forget_replays(world.broker) == 0
    world.later(world.broker.limits.idempotency_life_s + 1)
    assert forget_replays(world.broker) == 1
    with world.broker.store.read() as view:
        assert view.replays.get("kz-mvd", KEY["Idempotency-Key"]) is None


def test_a_malformed_key_is_refused(world: World) -> None:
    said = submitted(world, [item()], headers={"Idempotency-Key": "short"})
    assert (said.status, said.code) == (422, "request-invalid")


def test_a_record_with_a_known_id_conflicts(world: World) -> None:
    token, certificate = world.system("kz-mvd")
    body = {"records": [item(id=UNKNOWN)]}
    world.call("POST", "/api/v1/records", body, token=token, certificate=certificate).ok()
    said = world.call("POST", "/api/v1/records", body, token=token, certificate=certificate)
    assert (said.status, said.code) == (409, "conflict")


def test_an_answer_to_nothing_is_refused(world: World) -> None:
    said = submitted(world, [item("assistance-answer", in_reply_to=UNKNOWN)])
    assert (said.status, said.code) == (404, "not-found")


def test_each_kind_takes_its_scope(world: World) -> None:
    token, certificate = world.system("kz-mvd", "submit:border-hit", "collect:*")
    said = world.call("POST", "/api/v1/records", {"records": [item()]}, token=token, certificate=certificate)
    assert (said.status, said.code) == (403, "scope-missing")
    assert stored(world) == []


def test_who_only_collects_does_not_submit(world: World) -> None:
    token, certificate = world.system("kz-mvd", "collect:*")
    said = world.call("POST", "/api/v1/records", {"records": []}, token=token, certificate=certificate)
    assert (said.status, said.code) == (403, "scope-missing")


def test_officers_draft_and_do_not_submit(world: World) -> None:
    token = world.officer("aigul", Role.DRAFTER)
    said = world.call("POST", "/api/v1/records", {"records": [item()]}, token=token)
    assert (said.status, said.code) == (403, "scope-missing")


def test_a_system_sees_its_own_records_alone(world: World) -> None:
    own, own_certificate = world.system("kz-mvd")
    other, other_certificate = world.system("kz-border")
    body = {"records": [item()]}
    answer = world.call("POST", "/api/v1/records", body, token=own, certificate=own_certificate).ok()
    path = f"/api/v1/records/{answer['items'][0]['record_id']}"
    for one in (path, f"{path}/history"):
        world.call("GET", one, token=own, certificate=own_certificate).ok()
        said = world.call("GET", one, token=other, certificate=other_certificate)
        assert (said.status, said.code) == (404, "not-found")
