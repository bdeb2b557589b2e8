from __future__ import annotations

from dataclasses import replace

import pytest

from hub.exchange.broker import Broker
from tests.exchange.hubs import Hubs


@pytest.fixture
def broker(hubs: Hubs) -> Broker:
    """A hub with an empty log, on each of the two databases."""
    return hubs.add("kz-knb")


@pytest.fixture
def hubs_pair(hubs: Hubs) -> tuple[Broker, Broker]:
    """Two databases of one hub with the same keys: what it has, and what a backup would bring back."""
    ours, other = hubs.add("kz-knb"), hubs.add("cis-atc")
    return ours, replace(other, agency="kz-knb", keyring=ours.keyring)
