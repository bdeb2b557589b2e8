"""Versions with parts left out, through the API."""

from __future__ import annotations

from typing import Any

import pytest

from hub.audit.events import Act
from hub.exchange.correcting import correct
from tests.api.test_records import received, sent
from tests.api.world import World, document
from tests.exchange.hubs import AIGUL, release_it


def torn(world: World, token: str, record_id: str, **changes: Any) -> Any:
    body = {"leave_out": ["narrative"], "recipients": ["cis-atc"]} | changes
    return world.call("POST", f"/api/v1/records/{record_id}/tears", body, token=token)


def test_a_version_with_parts_left_out_is_drafted_and_shown(world: World, drafter: str) -> None:
    record_id = sent(world)
    row = torn(world, drafter, record_id, label={"tlp": "amber", "handling": ["H1"]}).ok(201)
    assert (row["state"], row["version"], row["label"]["tlp"]) == ("draft", 1, "amber")
    assert row["record_id"] != record_id
    ties = world.call("GET", f"/api/v1/records/{row['record_id']}/tears", token=drafter).ok()
    assert ties["derived_from"] == {
        "master_id": record_id,
        "master_version": 1,
        "left_out": ["narrative"],
        "may_stay": [],
        "changed": [],
    }
    of_master = world.call("GET", f"/api/v1/records/{record_id}/tears", token=drafter).ok()
    assert "derived_from" not in of_master
    assert [one["record_id"] for one in of_master["derived"]] == [row["record_id"]]
    assert len(world.events(Act.TORN)) == 1


def test_a_corrected_master_is_told_of(world: World, drafter: str) -> None:
    record_id = sent(world)
    row = torn(world, drafter, record_id).ok(201)
    release_it(world.broker, world.row(row["record_id"]))
    details = {**dict(document()["details"]), "relevance": "Another town"}  # type: ignore[call-overload]
    release_it(world.broker, correct(world.broker, AIGUL, record_id, document(details=details)))
    (one,) = world.call("GET", f"/api/v1/records/{record_id}/tears", token=drafter).ok()["derived"]
    assert one["tie"]["changed"] == ["details.relevance"]
    assert one["tear_due_at"]
    said = {"master_version": 2, "justification": "Another town that they never knew of"}
    path = f"/api/v1/records/{row['record_id']}/unaffected"
    tie = world.call("POST", path, said, token=drafter).ok()
    assert (tie["master_version"], tie["changed"]) == (1, [])
    (one,) = world.call("GET", f"/api/v1/records/{record_id}/tears", token=drafter).ok()["derived"]
    assert "tear_due_at" not in one
    told = world.call("POST", path, said, token=drafter)
    assert (told.status, told.code) == (409, "transition-invalid")
    again = torn(world, drafter, record_id, again=row["record_id"], recipients=[]).ok(201)
    assert (again["version"], again["action"]) == (2, "correction")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"leave_out": ["label"]}, "tear-invalid"),
        ({"leave_out": []}, "request-invalid"),
        ({"leave_out": ["details.threat"]}, "record-invalid"),
        ({"may_stay": ["no path"]}, "tear-invalid"),
        ({"recipients": []}, "request-invalid"),
        ({"label": {"tlp": "blue"}}, "request-invalid"),
    ],
)
def test_what_cannot_be_torn_is_refused(
    world: World, drafter: str, changes: dict[str, Any], code: str
) -> None:
    said = torn(world, drafter, sent(world), **changes)
    assert (said.status, said.code) == (422, code)


def test_only_drafters_tear_and_only_what_is_ours(world: World, drafter: str, releaser: str) -> None:
    said = torn(world, releaser, sent(world))
    assert (said.status, said.code) == (403, "role-missing")
    said = torn(world, drafter, received(world))
    assert (said.status, said.code) == (403, "policy-denied")
