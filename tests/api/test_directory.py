"""The directory is shown to officers and changed by custodians; its secrets to nobody."""

from __future__ import annotations

from hub.records.actor import Role
from tests.api.world import World


def test_partners_and_members_are_suspended_and_resumed(world: World, custodian: str) -> None:
    world.member("kz-mvd")
    for path in ("/api/v1/partners/cis-atc", "/api/v1/members/kz-mvd"):
        assert world.call("POST", f"{path}/suspend", token=custodian).ok()["status"] == "suspended"
        assert world.call("GET", path, token=custodian).ok()["status"] == "suspended"
        assert world.call("POST", f"{path}/resume", token=custodian).ok()["status"] == "active"


def test_only_a_custodian_changes_the_directory(world: World) -> None:
    token = world.officer("bolat", Role.RELEASER, Role.OPERATOR, Role.AUDITOR)
    for path in ("partners/cis-atc/suspend", "partners/cis-atc/resume", "members/kz-mvd/suspend"):
        said = world.call("POST", f"/api/v1/{path}", token=token)
        assert (said.status, said.code) == (403, "role-missing")


def test_systems_do_not_see_the_directory(world: World) -> None:
    token, certificate = world.system("kz-mvd")
    for path in ("partners", "members", "officers", "agreements"):
        said = world.call("GET", f"/api/v1/{path}", token=token, certificate=certificate)
        assert (said.status, said.code) == (403, "role-missing")


def test_what_is_listed_has_no_secrets(world: World, custodian: str) -> None:
    world.member("kz-mvd")
    [partner] = world.call("GET", "/api/v1/partners", token=custodian).ok()["items"]
    assert (partner["agency"], partner["suites"][0]) == ("cis-atc", "hybrid-1")
    [member] = world.call("GET", "/api/v1/members", token=custodian).ok()["items"]
    assert member["scopes"] == ["collect:*", "submit:*"]
    [officer] = world.call("GET", "/api/v1/officers", token=custodian).ok()["items"]
    assert set(officer) == {"name", "roles", "active", "added_at"}


def test_an_agreement_is_shown_with_its_text(world: World, custodian: str) -> None:
    [listed] = world.call("GET", "/api/v1/agreements", token=custodian).ok()["items"]
    shown = world.call("GET", f"/api/v1/agreements/{listed['agreement_id']}", token=custodian).ok()
    assert shown["source"].lstrip().startswith('id = "test-treaty"')
    assert listed == {name: value for name, value in shown.items() if name != "source"}


def test_who_is_not_known_is_not_found(world: World, custodian: str) -> None:
    for path, code in (
        ("partners/xx-nobody", "partner-unknown"),
        ("members/xx-nobody", "not-found"),
        ("agreements/nothing", "not-found"),
        ("partners/NOT-AN-ID", "not-found"),
    ):
        said = world.call("GET", f"/api/v1/{path}", token=custodian)
        assert (said.status, said.code) == (404, code)
    said = world.call("POST", "/api/v1/members/xx-nobody/suspend", token=custodian)
    assert (said.status, said.code) == (404, "not-found")
