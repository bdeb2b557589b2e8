"""TAXII 2.1 as a member meets it: what was routed to it, in STIX, by scopes and the rules of the moment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from adapters.registry import make
from hub.audit.events import Act
from hub.bootstrap.adapted import Adapters
from hub.exchange.agreements import adopt
from hub.exchange.correcting import withdraw
from hub.exchange.members import change_scopes, suspend
from hub.exchange.routing import collect
from tests.api.test_inbox import arrive
from tests.api.test_taxii import MEDIA_TYPE, ROOT, error
from tests.api.world import Said, World, partner_certificate
from tests.exchange.hubs import AIGUL, CUSTODIAN, agreement_text, release_it, run_lanes
from tests.exchange.test_erasing import erased

pytestmark = pytest.mark.slow
STIX = make("bilateral-stix").dialect


class Member:
    """A member's system, which shows its certificate, and a token where it has one."""

    def __init__(self, world: World, *scopes: str, agency: str = "kz-mvd") -> None:
        broker = world.broker
        folder = world.hubs.folder / "adapters"
        adapting = Adapters(agency="kz-knb", store=broker.store, keyring=broker.keyring, folder=folder)
        self.world = replace(world, broker=replace(broker, adapting=adapting))
        self.agency = agency
        self.certificate = world.member(agency, *scopes)
        self.token: str | None = None

    def ask(self, path: str, method: str = "GET", **more: Any) -> Said:
        told: dict[str, Any] = {"certificate": self.certificate, "token": self.token} | more
        return self.world.call(method, path, headers={"Accept": MEDIA_TYPE}, **told)

    def collections(self) -> dict[str, str]:
        found: Any = self.ask(f"{ROOT}collections/").ok().get("collections", [])
        assert all(one["can_read"] and not one["can_write"] for one in found)
        return {one["title"]: f"{ROOT}collections/{one['id']}/" for one in found}

    def green(self) -> str:
        return self.collections()[f"For {self.agency}, green"]

    def read(self, limit: int = 100) -> list[dict[str, Any]]:
        return list(self._pages(f"{self.green()}objects/?limit={limit}"))

    def listed(self) -> list[str]:
        return [one["id"] for one in self._pages(f"{self.green()}manifest/?limit=100")]

    def _pages(self, address: str) -> Iterator[dict[str, Any]]:
        after = ""
        while True:
            page: Any = self.ask(address + after).ok()
            yield from page.get("objects", [])
            if not page.get("more"):
                return
            after = f"&next={page['next']}"


def in_stix(world: World, *record_ids: str) -> list[dict[str, Any]]:
    """Return the objects of records that a member collects otherwise, each once."""
    found: dict[str, dict[str, Any]] = {}
    for one in collect(world.broker, "kz-mvd", after=0, limit=50):
        if one.row.record_id in record_ids and one.record is not None:
            for each in json.loads(STIX.translate(one.record.document).document)["objects"]:
                found.setdefault(each["id"], each)
    return list(found.values())


def test_a_member_reads_its_records_page_by_page_and_each_disclosure_is_logged(world: World) -> None:
    member = Member(world)
    assert member.collections() == {}
    ids = [arrive(world) for _ in range(2)]
    assert list(member.collections()) == ["For kz-mvd, green"]
    read = member.read(limit=3)
    shown = world.events(Act.DISCLOSED)
    assert read == in_stix(world, *ids)
    assert member.read() == read
    assert member.listed() == [one["id"] for one in read]
    assert {one["recipients"] for one in shown} == {"kz-mvd"}
    told = [number for one in shown for number in json.loads(one["numbers"])]
    assert sorted(told) == list(range(1, len(read) + 1))
    address = member.green()
    assert {one["collection"] for one in shown} == {address.split("/")[-2]}
    arrive(world)
    told_of: Any = member.ask(f"{address}manifest/").ok()
    assert len(told_of["objects"]) > len(read)


def test_what_comes_later_is_read_from_where_the_member_was(world: World) -> None:
    member = Member(world)
    arrive(world)
    first = member.ask(f"{member.green()}objects/")
    last = first.headers["X-TAXII-Date-Added-Last"]
    assert member.ask(f"{member.green()}objects/?added_after={last}").ok() == {}
    record_id = arrive(world)
    fresh: Any = member.ask(f"{member.green()}objects/?added_after={last}").ok()
    known = {one["id"] for one in first.ok()["objects"]}
    assert fresh["objects"] == [one for one in in_stix(world, record_id) if one["id"] not in known]
    assert fresh["objects"]


def test_one_object_and_its_versions_are_found(world: World) -> None:
    member = Member(world)
    arrive(world)
    wanted = member.read()[-1]
    address = f"{member.green()}objects/{wanted['id']}/"
    assert member.ask(address).ok() == {"objects": [wanted]}
    assert len(member.ask(f"{address}versions/").ok()["versions"]) == 1
    by_type: Any = member.ask(f"{member.green()}objects/?match[type]={wanted['type']}").ok()
    assert wanted in by_type["objects"]
    assert error(member.ask(f"{member.green()}objects/report--{'0' * 8}-0000-4000-8000-{'0' * 12}/"))


def test_a_member_gets_the_kinds_that_its_scopes_cover(world: World) -> None:
    member = Member(world)
    one, other = arrive(world, "designation"), arrive(world, "travel-ban")
    both = member.read()
    change_scopes(world.broker, CUSTODIAN, "kz-mvd", ["collect:travel-ban"])
    world.later()
    read = member.read()
    assert {each["id"] for each in read} == {each["id"] for each in in_stix(world, other)}
    assert len(read) < len(both)
    assert set(member.listed()) == {each["id"] for each in read}
    assert in_stix(world, one)


def test_a_token_narrows_what_the_certificate_alone_may(world: World) -> None:
    member = Member(world)
    other = [arrive(world, "designation"), arrive(world, "travel-ban")][1]
    told = world.ask_token("kz-mvd", member.certificate, scope="collect:travel-ban").ok()
    member.token = str(told["access_token"])
    assert {each["id"] for each in member.read()} == {each["id"] for each in in_stix(world, other)}
    neighbour = world.member("kz-border")
    said = member.ask(f"{ROOT}collections/", certificate=neighbour)
    assert (said.status, error(said)) == (401, "token-invalid")


def test_what_the_rules_withhold_now_is_left_out_and_logged(world: World) -> None:
    member = Member(world)
    arrive(world)
    assert member.read()
    text = agreement_text(["kz-knb", "cis-atc"]).replace("version = 1", "version = 2", 1)
    adopt(world.broker, CUSTODIAN, text)
    world.later()
    before = len(world.events(Act.DISCLOSED))
    assert member.read() == []
    assert world.events(Act.WITHHELD)[0]["code"] == "agreement-missing"
    assert len(world.events(Act.DISCLOSED)) == before


def test_what_was_erased_or_withdrawn_is_not_given_and_shared_objects_stay(world: World) -> None:
    member = Member(world)
    gone, recalled, stays = (arrive(world) for _ in range(3))
    assert member.read()
    erased(world.broker, gone)
    release_it(world.other, withdraw(world.other, AIGUL, recalled, reason="Entered by mistake."))
    run_lanes(world.other)
    ids = {one["id"] for one in member.read()}
    assert {one["id"] for one in in_stix(world, stays)} <= ids
    assert not any(gone in json.dumps(one) for one in member.read())


def test_members_see_their_own_alone_and_post_nothing(world: World) -> None:
    member, neighbour = Member(world), Member(world, "collect:travel-ban", agency="kz-border")
    arrive(world)
    address = member.green()
    assert neighbour.collections() == {}
    assert error(neighbour.ask(f"{address}objects/")) == "not-found"
    said = member.ask(f"{address}objects/", "POST", data='{"objects": []}', content_type=MEDIA_TYPE)
    assert error(said) == "policy-denied"
    submits = Member(world, "submit:designation", agency="kz-nbk")
    assert error(submits.ask(f"{ROOT}collections/")) == "scope-missing"


def test_a_certificate_that_is_not_registered_or_a_suspended_members_opens_nothing(world: World) -> None:
    member = Member(world)
    arrive(world)
    assert member.read()
    strange = partner_certificate("kz-knb", names="kz-mvd")
    assert error(member.ask(f"{ROOT}collections/", certificate=strange)) == "certificate-unknown"
    suspend(world.broker, CUSTODIAN, "kz-mvd")
    world.later()
    assert member.ask(f"{ROOT}collections/").status in (401, 403)


def test_much_is_laid_out_in_the_order_in_which_it_came(world: World) -> None:
    member = Member(world)
    ids = [arrive(world) for _ in range(4)]
    read = member.read(limit=1)
    assert read == in_stix(world, *ids)
    assert len(world.events(Act.LAID_OUT)) == 4


def test_an_answer_that_takes_no_more_bytes_ends_early_and_nothing_is_lost_or_repeated(world: World) -> None:
    member = Member(world)
    ids = [arrive(world) for _ in range(3)]
    member.world = member.world.limited(batch_max_bytes=1)
    page: Any = member.ask(f"{member.green()}objects/").ok()
    assert page["more"]
    assert member.read() == in_stix(world, *ids)
