"""A network that delays, resets, swallows and repeats, between hubs that know nothing of it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any

import pytest

from hub.bootstrap.opening import Hub
from tests.chaos.proxies import FATES, BadNetwork, Doubling
from tests.chaos.world import THERE, US, all_accepted, check_exactly_once, wait_for, world

pytestmark = pytest.mark.slow


def test_a_network_that_breaks_off_anywhere_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    networks: list[BadNetwork] = []
    with ExitStack() as stack:

        def detour(_ours: Hub, theirs: Hub) -> str:
            network = BadNetwork(target=theirs.config.port, dice=Random(theirs.config.agency))
            networks.append(network)
            return stack.enter_context(network.running())

        with world(tmp_path, [US, THERE], detour=detour) as hubs:
            for desk in hubs.desks.values():
                desk.start()
            wait_for(lambda: all(troubled(network) for network in networks), "every sort of trouble")
            for desk in hubs.desks.values():
                desk.stop()
            for network in networks:
                network.healed = True
            for ours, theirs in ((US, THERE), (THERE, US)):
                wait_for(lambda us=ours: all_accepted(hubs.hub(us).store), "everything to be accepted")  # type: ignore[misc]
                check_exactly_once(hubs.hub(ours), hubs.hub(theirs), hubs.desks[ours].acknowledged)


def troubled(network: BadNetwork) -> bool:
    """Tell whether each fate came true."""
    return all(network.suffered[fate] for fate in FATES)


def test_requests_that_come_twice_at_once_are_answered_alike_and_count_once(
    tmp_path: Path, told: Mapping[str, Any]
) -> None:
    proxies: list[Doubling] = []
    with ExitStack() as stack:

        def detour(ours: Hub, theirs: Hub) -> str:
            proxies.append(Doubling(client=ours, server=theirs))
            return stack.enter_context(proxies[-1].running())

        with world(tmp_path, [US, THERE], detour=detour, **told) as hubs:
            desk = hubs.desks[US]
            for _ in range(30):
                desk.submit()
            wait_for(lambda: all_accepted(hubs.hub(US).store), "everything to be accepted")
            check_exactly_once(hubs.hub(US), hubs.hub(THERE), desk.acknowledged)
        for proxy in proxies:
            assert not proxy.strange, "a repeat gets the very answer that the first got"
            assert set(proxy.answers) <= {(200, 200)}
