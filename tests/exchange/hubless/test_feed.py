"""Interpol's public notices in a hub: from the list over HTTPS to records that a member collects."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.bootstrap.adapted import Adapters
from hub.exchange.agreements import adopt
from hub.exchange.broker import Broker
from hub.exchange.routing import collect
from tests.exchange.hubless.feeding import FEED, PublicList, public_list, real_notices
from tests.exchange.hubs import CUSTODIAN, Hubs, add_member, agreement_text

pytestmark = pytest.mark.slow
US, MEMBER = "kz-knb", "kz-mvd"


@contextmanager
def listed_in(
    hubs: Hubs, folder: Path, notices: list[dict[str, Any]], more: str = ""
) -> Iterator[PublicList]:
    """Make a hub with a member, and the list as its partner."""
    broker = hubs.add(US)
    adapting = Adapters(agency=US, store=broker.store, keyring=broker.keyring, folder=folder)
    broker = replace(broker, adapting=adapting)
    adopt(broker, CUSTODIAN, agreement_text([US, FEED, MEMBER]))
    add_member(broker, MEMBER)
    with public_list(hubs, broker, folder, notices, more) as there:
        yield there


def collected(broker: Broker) -> list[dict[str, Any]]:
    """Return what the member has of it, oldest first."""
    found = collect(broker, MEMBER, after=0, limit=200)
    return [dict(one.record.document) for one in found if one.record]


def test_real_notices_of_the_public_list_reach_the_member_that_collects_them(
    hubs: Hubs, tmp_path: Path
) -> None:
    with listed_in(hubs, tmp_path, real_notices(20)) as there:
        there.look()
        found = collected(there.broker)
        assert sorted(one["details"]["number"] for one in found) == sorted(there.notices)
    assert {one["kind"] for one in found} == {"notice"}
    assert {one["originator"] for one in found} == {FEED}
