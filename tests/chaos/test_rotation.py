"""Every purpose is rotated, at both hubs, while records flow both ways over mutual TLS; nothing is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest

from hub.audit.events import Act
from hub.bootstrap.opening import Hub
from hub.exchange.cards.telling import unaware
from hub.exchange.keys.changing import rotate
from hub.exchange.keys.rules import RULES
from tests.chaos.world import (
    THERE,
    US,
    World,
    all_accepted,
    check_exactly_once,
    wait_for,
    wait_for_more,
    world,
)
from tests.exchange.hubs import CUSTODIAN

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


#: Purposes whose keys change together are rotated by naming one of them.
PURPOSES = [purpose for purpose, rule in RULES.items() if purpose == (rule.together or (purpose,))[0]]


def told_to(hub: Hub, *words: str, noun: str = "key") -> dict[str, Any]:
    """Run `hub key` for a home, as a custodian at its console does, in a process that takes seconds."""
    done = subprocess.run(
        [sys.executable, "-m", "hub.cli", noun, *words, "--home", str(hub.config.home), "--json"],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return dict(json.loads(done.stdout))


def rotate_beside(hub: Hub, purpose: str, *, now: bool = False) -> None:
    """Rotate beside the serving processes, as the command does once it has started."""
    rotate(hub.broker, hub.custody, CUSTODIAN, purpose, now=now)


def states(hub: Hub, purpose: str) -> list[str]:
    return [key.state for key in hub.custody.inventory() if key.purpose == purpose]


def rotated(hub: Hub, purposes: Sequence[str]) -> None:
    """Rotate purposes together, and wait until the serving hub has taken all of them into use."""
    before = {purpose: len(states(hub, purpose)) for purpose in purposes}
    for purpose in purposes:
        rotate_beside(hub, purpose)
    wait_for(
        lambda: all(
            len(states(hub, purpose)) == before[purpose] + 1 and states(hub, purpose)[-1] == "current"
            for purpose in purposes
        ),
        f"{purposes} to be taken into use",
        within_s=120,
    )


def flows(hubs: World, dice: Random) -> None:
    for desk in hubs.desks.values():
        wait_for_more(desk, dice)


def refusals(hub: Hub) -> set[str]:
    with hub.store.read() as view:
        events = [event for _position, event in view.events(after=0, limit=1_000_000)]
    return {str(event.details.get("code")) for event in events if event.act is Act.REFUSED}


#: Two processes for each hub is the harder of the two; keys lie in files on both databases.
@pytest.mark.parametrize("told", ["postgresql"], indirect=True)
def test_every_purpose_is_rotated_under_load_and_nothing_is_lost(
    tmp_path: Path, told: Mapping[str, Any]
) -> None:
    dice = Random("rotation")
    with world(tmp_path, [US, THERE], **told) as hubs:
        us, there = hubs.hub(US), hubs.hub(THERE)
        for desk in hubs.desks.values():
            desk.pause_s = 0.5  # traffic all the time, and time left for a dozen rotations
            desk.start()
        flows(hubs, dice)
        for hub in (us, there):
            rotated(hub, PURPOSES)
            flows(hubs, dice)
        told_to(us, "rotate", "tls-leaf")
        told_to(us, "rotate", "tls-authority")
        us.keyring.look_again()
        hubs.desks[US].trust(us.leaf.server_authorities())
        wait_for(lambda: unaware(us.broker) == (), "the partner to know the next authority", within_s=60)
        told_to(us, "switch", noun="ca")
        flows(hubs, dice)
        told_to(there, "rotate", PURPOSES[0])
        flows(hubs, dice)
        # Announced, verified, opened: whatever was refused here was refused for a while, and then taken.
        assert refusals(us) | refusals(there) <= {"key-unknown", "statement-invalid", "token-invalid"}
        for purpose in PURPOSES:  # and without any announcement: what cannot be verified yet waits
            rotate_beside(us, purpose, now=True)
            flows(hubs, dice)
        lost = told_to(us, "compromise", "decrypt-xwing", "--why", "a test of ours says so")
        assert lost["affected"]
        # Told at once; who did not answer within its seconds on a busy machine is told by the serving hub.
        wait_for(
            lambda: unaware(us.broker) == (), "the partner to have the card without the key", within_s=60
        )
        flows(hubs, dice)
        for desk in hubs.desks.values():
            desk.stop()
        for hub in (us, there):
            wait_for(lambda hub=hub: all_accepted(hub.store), "everything to be accepted", within_s=120)  # type: ignore[misc]
        check_exactly_once(us, there, hubs.desks[US].acknowledged)
        check_exactly_once(there, us, hubs.desks[THERE].acknowledged)
        assert all(key.logged for key in (*us.custody.inventory(), *there.custody.inventory()))
