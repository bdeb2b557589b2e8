"""A record that the other hub refuses, over real mutual TLS: told, signed, and in nobody's way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.exchange.agreements import adopt
from hub.exchange.upkeep import trace
from hub.records.lifecycle import EntryState, ReceiptStatus
from tests.exchange.hubs import CUSTODIAN, agreement_text, released, run_lanes
from tests.wire.served import PEERS, US, Served, served

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("wire")) as running:
        yield running


def test_a_refusal_reaches_its_sender_signed_and_the_rest_of_its_batch_is_accepted(hub: Served) -> None:
    sender = hub.peers["cis-atc"].hub.broker
    adopt(sender, CUSTODIAN, agreement_text([US, *PEERS]))
    narrower = agreement_text([US, *PEERS]).replace("version = 1", "version = 2")
    adopt(hub.hub.broker, CUSTODIAN, narrower.replace('"wanted-person", ', ""))
    taken = released(sender, US)
    refused = released(sender, US, kind="wanted-person")
    also_taken = released(sender, US)
    run_lanes(sender)
    life = trace(sender, refused.record_id)
    assert (life.entries[0].state, life.entries[0].reason) == (EntryState.REFUSED, "policy-denied")
    assert [(r.by, r.status, r.reason) for r in life.receipts] == [
        (US, ReceiptStatus.REFUSED, "policy-denied")
    ]
    for row in (taken, also_taken):
        assert trace(sender, row.record_id).entries[0].state is EntryState.ACCEPTED
