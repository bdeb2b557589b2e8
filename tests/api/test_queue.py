"""What waits or was given up is visible, and an operator decides about it."""

from __future__ import annotations

from hub.exchange import suspending
from hub.records.actor import Role
from tests.api.world import World, document
from tests.exchange.hubs import CUSTODIAN, hold_by_rule, released

UNKNOWN = "019d4420-6b1c-7c3e-a5f4-2f1de6a9b710"


def held(world: World) -> str:
    """Queue a record that the rules hold before it goes; return the held entry's id."""
    row = released(world.broker, "cis-atc", **document())
    with world.broker.store.read() as view:
        [waiting] = view.outbox.of_record(row.record_id)
    hold_by_rule(world.broker, waiting.entry_id)
    with world.broker.store.read() as view:
        [entry] = view.outbox.of_record(row.record_id)
    assert entry.state.value == "held"
    return entry.entry_id


def test_the_queue_is_counted_and_listed(world: World, releaser: str) -> None:
    for _ in range(3):
        released(world.broker, "cis-atc", **document())
    [count] = world.call("GET", "/api/v1/queue/counts", token=releaser).ok()["items"]
    assert (count["lane"], count["state"], count["count"]) == ("cis-atc", "pending", 3)
    page = world.call("GET", "/api/v1/queue/entries?limit=2&lane=cis-atc", token=releaser).ok()
    more = world.call("GET", f"/api/v1/queue/entries?after={page['next']}", token=releaser).ok()
    assert [len(one["items"]) for one in (page, more)] == [2, 1]
    assert world.call("GET", "/api/v1/queue/entries?state=held", token=releaser).ok()["items"] == []


def test_an_operator_resumes_what_is_held(world: World, releaser: str) -> None:
    entry_id = held(world)
    [shown] = world.call("GET", "/api/v1/queue/entries?state=held", token=releaser).ok()["items"]
    assert (shown["entry_id"], shown["reason"]) == (entry_id, "kind-not-agreed")
    resumed = world.call("POST", f"/api/v1/queue/entries/{entry_id}/resume", token=releaser).ok()
    assert resumed["state"] == "pending"
    again = world.call("POST", f"/api/v1/queue/entries/{entry_id}/resume", token=releaser)
    assert (again.status, again.code) == (409, "transition-invalid")


def test_nothing_is_resumed_for_a_partner_that_is_suspended(world: World, releaser: str) -> None:
    entry_id = held(world)
    suspending.suspend(world.broker, CUSTODIAN, "cis-atc")
    said = world.call("POST", f"/api/v1/queue/entries/{entry_id}/resume", token=releaser)
    assert (said.status, said.code) == (403, "partner-suspended")


def test_an_operator_drops_with_a_reason(world: World, releaser: str) -> None:
    path = f"/api/v1/queue/entries/{held(world)}/drop"
    said = world.call("POST", path, {}, token=releaser)
    assert (said.status, said.code) == (422, "request-invalid")
    dropped = world.call("POST", path, {"reason": "The partner withdrew its request."}, token=releaser)
    assert (dropped.ok()["state"], dropped.body["reason"]) == ("dead", "dropped")


def test_the_queue_is_the_operators(world: World) -> None:
    token = world.officer("aigul", Role.READER)
    for what, body in (("resume", None), ("drop", {"reason": "No longer needed."})):
        said = world.call("POST", f"/api/v1/queue/entries/{UNKNOWN}/{what}", body, token=token)
        assert (said.status, said.code) == (403, "role-missing")


def test_an_unknown_entry_is_not_found(world: World, releaser: str) -> None:
    said = world.call("POST", f"/api/v1/queue/entries/{UNKNOWN}/resume", token=releaser)
    assert (said.status, said.code) == (404, "not-found")
