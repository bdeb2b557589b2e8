"""Partners without a hub are shown to officers, and suspended and resumed by custodians."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hub.bootstrap.adapted import Adapters
from hub.exchange.hubless.pinning import pin_profile, profile_digest
from hub.records.actor import Role
from tests.api.world import World
from tests.exchange.hubs import CUSTODIAN

#: Nothing is moved here, so the folder need not be there.
PROFILE = 'adapter = "bilateral"\n[carrier]\nname = "folder"\npath = "drop"\n'


def with_partner(world: World) -> World:
    """Return the world with de-bka pinned by a profile."""
    broker = world.broker
    adapting = Adapters(agency="kz-knb", store=broker.store, keyring=broker.keyring, folder=Path("state"))
    found = replace(world, broker=replace(broker, adapting=adapting))
    pin_profile(found.broker, CUSTODIAN, "de-bka", PROFILE, confirmed_digest=profile_digest(PROFILE))
    return found


def test_a_partner_without_a_hub_is_listed_suspended_and_resumed(world: World, custodian: str) -> None:
    found = with_partner(world)
    path = "/api/v1/hubless/de-bka"
    for step, status in (("suspend", "suspended"), ("resume", "active")):
        said = found.call("POST", f"{path}/{step}", token=custodian).ok()
        assert (said["agency"], said["status"], said["carrier"]) == ("de-bka", status, "folder")
        [listed] = found.call("GET", "/api/v1/hubless", token=custodian).ok()["items"]
        assert listed == said
    assert "source" not in said


def test_who_has_a_hub_or_is_not_known_is_not_found_here(world: World, custodian: str) -> None:
    for agency in ("cis-atc", "xx-none"):
        for step in ("suspend", "resume"):
            said = world.call("POST", f"/api/v1/hubless/{agency}/{step}", token=custodian)
            assert (said.status, said.code) == (404, "partner-unknown")


def test_only_a_custodian_stops_and_starts_it(world: World) -> None:
    token = world.officer("bolat", Role.RELEASER, Role.OPERATOR, Role.AUDITOR)
    for step in ("suspend", "resume"):
        said = world.call("POST", f"/api/v1/hubless/de-bka/{step}", token=token)
        assert (said.status, said.code) == (403, "role-missing")
