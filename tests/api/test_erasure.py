"""Two officers erase a record over the API; what was erased is told by a status of its own."""

from __future__ import annotations

from hub.audit.events import Act
from hub.records.actor import Role
from tests.api.test_records import received
from tests.api.world import World

WHY = {"justification": "The retention period has ended"}


def test_a_record_is_erased_by_two_officers(world: World, drafter: str, custodian: str) -> None:
    path = f"/api/v1/records/{received(world)}"
    proposed = world.call("POST", f"{path}/erasure", WHY, token=custodian).ok(202)
    assert (proposed["proposed_by"], "confirmed_by" in proposed) == ("officer:dana", False)
    own = world.call("POST", f"{path}/erasure/confirm", {}, token=custodian)
    assert (own.status, own.code) == (403, "four-eyes")
    auditor = world.officer("erlan", Role.AUDITOR)
    done = world.call("POST", f"{path}/erasure/confirm", {}, token=auditor).ok()
    assert done["confirmed_by"] == "officer:erlan"
    read = world.call("POST", f"{path}/read", {"justification": "Case 26-114"}, token=drafter)
    assert (read.status, read.code) == (410, "content-erased")
    again = world.call("POST", f"{path}/erasure", WHY, token=custodian)
    assert (again.status, again.code) == (410, "content-erased")
    assert len(world.events(Act.ERASED)) == 1


def test_an_erasure_takes_a_reason_and_a_custodian(world: World, drafter: str, custodian: str) -> None:
    path = f"/api/v1/records/{received(world)}/erasure"
    assert world.call("POST", path, {}, token=custodian).code == "justification-missing"
    assert world.call("POST", path, WHY, token=drafter).code == "role-missing"
    auditor = world.officer("erlan", Role.AUDITOR)
    assert world.call("POST", f"{path}/confirm", {}, token=auditor).code == "not-found"
