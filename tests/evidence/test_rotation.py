"""Evidence on what was signed by keys that have been rotated and destroyed since, on both sides."""

from __future__ import annotations

from dataclasses import replace

from hub.exchange.cards.introducing import introduce
from hub.exchange.keys.changing import retire, rotate
from hub.federation.card import fingerprint
from tests.evidence.world import World, proven
from tests.exchange.hubs import CUSTODIAN, Hubs, released, run_lanes
from tests.exchange.keyed import Keyed, keyed

_SIGNING = ("sign-es256", "sign-ml-dsa-65")


def rotated(hubs: Hubs, hub: Keyed, other: Keyed) -> None:
    """Rotate what one hub signs with, tell the other, and destroy the old keys once they may go."""
    custodian = replace(CUSTODIAN, agency=hub.agency)
    for purpose in _SIGNING:
        hubs.clock.pass_(1)
        rotate(hub.broker, hub.custody, custodian, purpose, now=True)
    introduce(hub.broker, other.agency)
    hubs.clock.pass_(30 * 86400)
    for purpose in _SIGNING:
        retire(hub.broker, hub.custody, custodian, purpose)
    introduce(hub.broker, other.agency)


def test_what_destroyed_keys_signed_is_still_proven(hubs: Hubs) -> None:
    ours, theirs = keyed(hubs, "kz-knb"), keyed(hubs, "cis-atc")
    hubs.add("sco-rats")
    hubs.pair_all()
    hubs.agree()
    hubs.clock.pass_(60)
    world = World(hubs=hubs)
    world.record_id = released(ours.broker, "cis-atc", narrative="under the first keys").record_id
    run_lanes(ours.broker)
    for hub, other in ((ours, theirs), (theirs, ours)):
        rotated(hubs, hub, other)
    later = released(ours.broker, "cis-atc", narrative="under the second keys").record_id
    run_lanes(ours.broker)
    for record_id in (world.record_id, later):
        world.record_id = record_id
        for hub in (ours, theirs):
            proven(world.export(hub.broker), world.anchors(hub.broker))
    assert len({fingerprint(raw) for raw in _cards(ours, theirs)}) == 3


def _cards(ours: Keyed, theirs: Keyed) -> list[bytes]:
    with ours.broker.store.read() as view:
        return list(view.directory.cards(theirs.agency))
