"""What cannot proceed is held or refused with its true reason, and stands in nobody else's way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from hub.audit.events import Act
from hub.entries import OutboxEntry, PartnerRow
from hub.envelope.vault import MasterKeys, lock
from hub.errors import PeerFault
from hub.exchange.answering import send_receipts
from hub.exchange.broker import Broker
from hub.exchange.mailbox import mailbox
from hub.exchange.routing import read_record
from hub.exchange.suspending import suspend
from hub.exchange.upkeep import trace
from hub.records.ids import new_id
from hub.records.lifecycle import EntryState
from tests.exchange.hubs import BOLAT, CUSTODIAN, Hubs, LinkCarrier, released, run_lanes


def queue_damaged(broker: Broker, like: str) -> str:
    """Queue an entry whose sealed bytes do not open with the master key; return its id."""
    damaged = replace(
        trace(broker, like).entries[0],
        entry_id=new_id(),
        envelope_id=new_id(),
        body_id=new_id(),
        conversation=new_id(),
    )
    with broker.store.work() as work:
        another = MasterKeys(current=b"?" * 32)
        work.bodies.add([lock(b"whatever it was", body_id=damaged.body_id, master_key=another)])
        work.outbox.queue([damaged])
        work.stage([broker.event(Act.CARRIED, broker.itself, damaged.envelope_id, broker.clock.now())])
        work.commit()
    return damaged.entry_id


def entry_of(broker: Broker, entry_id: str) -> OutboxEntry:
    with broker.store.read() as view:
        found = view.outbox.get(entry_id)
    assert found is not None
    return found


def test_bytes_that_do_not_open_any_more_are_held_and_stop_nobody_else(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    row = released(ours, "cis-atc")
    damaged = queue_damaged(ours, row.record_id)
    run_lanes(ours)
    held = entry_of(ours, damaged)
    assert (held.state, held.reason) == (EntryState.HELD, "decryption-failed")
    assert trace(ours, row.record_id).entries[0].state is EntryState.ACCEPTED


def test_bytes_that_do_not_open_any_more_do_not_close_a_mailbox(hubs: Hubs) -> None:
    ours, theirs = hubs.add("kz-knb"), hubs.add("cis-atc")
    hubs.pair(ours, theirs, pulls=True)
    hubs.pair(theirs, ours)
    hubs.agree()
    row = released(ours, "cis-atc")
    damaged = queue_damaged(ours, row.record_id)
    assert len(mailbox(ours, "cis-atc", limit=10).transfers) == 1
    held = entry_of(ours, damaged)
    assert (held.state, held.reason) == (EntryState.HELD, "decryption-failed")


@pytest.fixture
def chain(hubs: Hubs) -> Hubs:
    """kz-knb reaches sco-rats only through cis-atc, which relays between the two."""
    ours, relay, far = (hubs.add(a) for a in ("kz-knb", "cis-atc", "sco-rats"))
    hubs.pair(ours, relay)
    hubs.pair(far, relay)
    hubs.pair(ours, far, via="cis-atc")
    hubs.pair(far, ours, via="cis-atc")
    hubs.pair(relay, ours, relay_for=["sco-rats"])
    hubs.pair(relay, far, relay_for=["kz-knb"])
    hubs.agree()
    return hubs


def test_a_relay_that_refuses_says_so_to_people_at_once(chain: Hubs) -> None:
    ours, relay, _far = chain.network.brokers.values()
    suspend(relay, CUSTODIAN, "sco-rats")
    row = released(ours, "sco-rats")
    run_lanes(ours)
    refused = trace(ours, row.record_id)
    assert (refused.entries[0].state, refused.entries[0].reason) == (EntryState.REFUSED, "relay-refused")
    assert not refused.receipts, "only the recipient can state something about it"


@dataclass(frozen=True, kw_only=True)
class Counting(LinkCarrier):
    """Counts calls that hand over receipts."""

    called: list[int] = field(default_factory=list)

    def carry_receipts(
        self, partner: PartnerRow, receipts: Sequence[bytes], *, taken: Sequence[str] = ()
    ) -> Sequence[str | None]:
        self.called.append(len(receipts))
        return super().carry_receipts(partner, receipts, taken=taken)


def test_receipts_for_a_partner_that_is_down_rest_with_its_lane(pair: Hubs) -> None:
    theirs = pair.network.brokers["cis-atc"]
    carrier = Counting(us="kz-knb", network=pair.network)
    ours = replace(pair.network.brokers["kz-knb"], carrier=carrier)
    row = released(theirs, "kz-knb")
    run_lanes(theirs)
    read_record(ours, BOLAT, row.record_id, justification="looking into it")
    partner = ours.standing().partners["cis-atc"].row
    pair.network.down.add("cis-atc")
    with pytest.raises(PeerFault):
        send_receipts(ours, partner)
    assert [send_receipts(ours, partner) for _ in range(5)] == [0] * 5
    assert carrier.called == [1]
    with ours.store.read() as view:
        assert view.outbox.lane("cis-atc").failures == 1
    pair.network.down.clear()
    pair.clock.pass_(400)
    assert send_receipts(ours, partner) == 1
    with ours.store.read() as view:
        assert view.outbox.lane("cis-atc").failures == 0
