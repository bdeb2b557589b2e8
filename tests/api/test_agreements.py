"""Two custodians decide on an agreement through the API as at the command line."""

from __future__ import annotations

from typing import Any

import pytest

from hub.audit.events import Act
from hub.records.actor import Role
from tests.api.world import Said, World
from tests.exchange.hubs import agreement_text

PROPOSALS = "/api/v1/agreement-proposals"


def text(version: int = 2, highest: str = "secret") -> str:
    found = agreement_text(("kz-knb", "cis-atc")).replace("version = 1", f"version = {version}", 1)
    return found.replace('highest = "secret"', f'highest = "{highest}"')


def custodian_of(world: World, name: str) -> str:
    return world.officer(name, Role.CUSTODIAN)


def proposed(world: World, token: str, source: str) -> Said:
    return world.call("POST", PROPOSALS, {"source": source}, token=token)


def approved(world: World, token: str, etag: str | None, **body: Any) -> Said:
    headers = {} if etag is None else {"If-Match": etag}
    return world.call("POST", f"{PROPOSALS}/test-treaty/approve", body, token=token, headers=headers)


def test_one_custodian_proposes_and_another_approves(world: World, custodian: str) -> None:
    other = custodian_of(world, "erlan")
    said = proposed(world, custodian, text(highest="confidential"))
    row = said.ok(201)
    assert (row["agreement_id"], row["version"], row["proposed_by"]) == ("test-treaty", 2, "officer:dana")
    assert world.call("GET", PROPOSALS, token=other).ok()["items"] == [row]
    read = world.call("GET", f"{PROPOSALS}/test-treaty", token=other)
    assert read.headers["ETag"] == said.headers["ETag"]
    changes = read.ok()["changes"]
    assert {(one.get("before"), one.get("after")) for one in changes} >= {("secret", "confidential")}
    assert world.call("GET", "/api/v1/agreements/test-treaty/changes", token=other).ok()["changes"] == changes
    done = approved(world, other, read.headers["ETag"]).ok()
    assert (done["version"], done["adopted_by"], done["source"]) == (
        2,
        "officer:erlan",
        text(highest="confidential"),
    )
    assert world.call("GET", PROPOSALS, token=other).ok()["items"] == []
    path = "/api/v1/agreements/test-treaty"
    assert world.call("GET", path, token=other).ok()["version"] == 2
    assert world.call("GET", f"{path}?version=1", token=other).ok()["version"] == 1
    told = world.call("GET", f"{path}/changes?before=1&after=2", token=other).ok()
    assert (told["before"], told["after"], told["proposed"], told["changes"]) == (1, 2, False, changes)


def test_a_repeat_changes_nothing(world: World, custodian: str) -> None:
    other = custodian_of(world, "erlan")
    first, again = proposed(world, custodian, text()), proposed(world, custodian, text())
    assert first.ok(201) == again.ok(201)
    assert len(world.events(Act.AGREEMENT_PROPOSED)) == 1
    before = len(world.events(Act.AGREEMENT_CHANGED))
    done = [approved(world, other, first.headers["ETag"], **body).ok() for body in ({}, {}, {"version": 2})]
    assert done[0] == done[1] == done[2]
    assert len(world.events(Act.AGREEMENT_CHANGED)) == before + 1
    assert approved(world, custodian, first.headers["ETag"]).status == 404


def test_who_proposed_does_not_approve(world: World, custodian: str) -> None:
    etag = proposed(world, custodian, text()).headers["ETag"]
    said = approved(world, custodian, etag)
    assert (said.status, said.code) == (403, "four-eyes")


def test_only_what_was_read_is_approved(world: World, custodian: str) -> None:
    other = custodian_of(world, "erlan")
    etag = proposed(world, custodian, text()).headers["ETag"]
    proposed(world, custodian, text(highest="restricted"))
    for seen, status, code in (
        (None, 428, "precondition-missing"),
        ('"1"', 412, "precondition-failed"),
        (etag, 409, "conflict"),
    ):
        said = approved(world, other, seen)
        assert (said.status, said.code) == (status, code)


def test_other_roles_read_and_do_not_decide(world: World, drafter: str) -> None:
    for said in (proposed(world, drafter, text()), approved(world, drafter, None)):
        assert (said.status, said.code) == (403, "role-missing")
    assert world.call("GET", PROPOSALS, token=drafter).ok()["items"] == []


@pytest.mark.parametrize(
    ("source", "status", "code"),
    [
        ("not TOML", 422, "agreement-invalid"),
        ('id = "a"', 422, "agreement-invalid"),
        ("x" * 70_000, 422, "request-invalid"),
        (text(version=1), 409, "conflict"),
    ],
)
def test_what_cannot_be_used_is_not_proposed(
    world: World, custodian: str, source: str, status: int, code: str
) -> None:
    said = proposed(world, custodian, source)
    assert (said.status, said.code) == (status, code)


@pytest.mark.parametrize(
    "path",
    [
        "agreement-proposals/test-treaty",
        "agreement-proposals/Not%20an%20id",
        "agreements/nothing/changes",
        "agreements/test-treaty/changes?before=7",
        "agreements/test-treaty/changes?after=7",
        "agreements/test-treaty?version=7",
    ],
)
def test_what_is_not_there_is_not_found(world: World, custodian: str, path: str) -> None:
    said = world.call("GET", f"/api/v1/{path}", token=custodian)
    assert (said.status, said.code) == (404, "not-found")
