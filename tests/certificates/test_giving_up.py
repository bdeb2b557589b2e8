"""An authority is given up while the hub is served: partners are told before its leaf changes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.bootstrap.opening import Hub
from hub.exchange.cards.telling import unaware
from keys.authorities import give_up_authority
from keys.locks import renewing
from keys.purposes import Purpose
from tests.certificates.world import US, World, ask, certificate_world, eventually

pytestmark = pytest.mark.slow


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with certificate_world(tmp_path) as made:
        made.publish()
        eventually(lambda: ask(made.connect(made.own()))[0] == 200)
        yield made


def broken_off(hub: Hub) -> None:
    """Give the authority up as a command does that is killed before it tells anybody."""
    keyring = hub.keyring
    give_up_authority(
        keyring.directory,
        keyring.agency,
        keyring.stores,
        keyring.store_for(Purpose.TLS_AUTHORITY),
        key_id=None,
        why="the disk was sold",
        at=datetime.now(UTC),
    )
    keyring.look_again()


def test_a_serving_hub_leaves_its_leaf_alone_while_a_command_tells_partners_and_else_tells_them_first(
    world: World,
) -> None:
    hub, before = world.theirs, world.theirs.leaf.present()
    broken_off(hub)
    with renewing(hub.keyring.directory, wait=True):  # what a command holds
        assert not hub.leaf.renew_when_due()
    assert hub.leaf.present() == before
    assert unaware(hub.broker) == (US,)
    assert hub.leaf.renew_when_due()
    assert hub.leaf.present() != before
    assert unaware(hub.broker) == ()
    assert not hub.leaf.renew_when_due()
