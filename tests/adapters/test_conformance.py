"""Every adapter here passes the kit that adapters of others must pass."""

from __future__ import annotations

import pytest

from adapters import registry
from adapters.kit.checking import check

#: Every adapter over all kinds: not for the quick gate.
pytestmark = pytest.mark.slow

ADAPTERS = [name for name, source in registry.names().items() if source == "hub"]


@pytest.mark.parametrize("name", ADAPTERS)
def test_the_adapter_keeps_the_contract(name: str) -> None:
    broken = [one for one in check(registry.make(name), examples=60) if not one.holds]
    assert not broken, "\n".join(f"{one.check}: {one.sentence}" for one in broken)
