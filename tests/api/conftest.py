from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.records.actor import Role
from tests.api.world import World, copy_world, make_pattern
from tests.exchange.hubs import Hubs


@pytest.fixture(scope="session")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Hubs:
    """The hubs that each test gets a copy of."""
    return make_pattern(tmp_path_factory.mktemp("pattern"))


@pytest.fixture
def world(pattern: Hubs, tmp_path: Path) -> Iterator[World]:
    """One hub behind its API."""
    made = copy_world(pattern, tmp_path)
    yield made
    made.hubs.close()


@pytest.fixture
def drafter(world: World) -> str:
    """A token of aigul, who drafts and reads."""
    return world.officer("aigul", Role.DRAFTER, Role.READER)


@pytest.fixture
def releaser(world: World) -> str:
    """A token of bolat, who releases, reads and operates."""
    return world.officer("bolat", Role.RELEASER, Role.READER, Role.OPERATOR)


@pytest.fixture
def custodian(world: World) -> str:
    """A token of dana, who looks after the directory."""
    return world.officer("dana", Role.CUSTODIAN)
