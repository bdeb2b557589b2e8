from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.records.actor import Role
from tests.api.world import World, fresh_world, make_pattern
from tests.exchange.hubs import Hubs


@pytest.fixture(scope="session")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hubs]:
    """The hubs that each test finds as they were made."""
    made = make_pattern(tmp_path_factory.mktemp("pattern"))
    yield made
    made.close()


@pytest.fixture
def world(pattern: Hubs, tmp_path: Path) -> World:
    """One hub behind its API."""
    return fresh_world(pattern, tmp_path)


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
