from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.evidence.world import World, play


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One record's life, played once; tests only export and verify it."""
    made = play(tmp_path_factory.mktemp("world"))
    yield made
    made.hubs.close()


@pytest.fixture(scope="package")
def bundle(world: World) -> bytes:
    """What the originator exports of it."""
    return world.export()
