from __future__ import annotations

import pytest

from hub.exchange.broker import Broker
from tests.exchange.hubs import Hubs
from tests.exchange.patterns import Patterns
from tests.exchange.witness.witnesses import OTHERS, LinkWitnessClient


def make_four(hubs: Hubs) -> None:
    """Make kz-knb and three others that are paired with it and can witness."""
    ours, *others = (hubs.add(agency) for agency in ("kz-knb", *OTHERS))
    for other in others:
        hubs.pair(ours, other)
        hubs.pair(other, ours)


@pytest.fixture
def four(patterns: Patterns, hubs: Hubs) -> Hubs:
    """kz-knb and three others that are paired with it and can witness."""
    return patterns.repeat(make_four, hubs)


@pytest.fixture
def knb(four: Hubs) -> Broker:
    return four.network.brokers["kz-knb"]


@pytest.fixture
def atc(four: Hubs) -> Broker:
    return four.network.brokers["cis-atc"]


@pytest.fixture
def client(four: Hubs) -> LinkWitnessClient:
    return LinkWitnessClient(us="kz-knb", network=four.network)
