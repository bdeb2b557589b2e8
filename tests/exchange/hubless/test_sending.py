"""A record to a partner without a hub: the losses read and sealed in, the bytes carried, the receipt kept."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from adapters.contract import Verdict
from hub.audit.events import Act
from hub.errors import Refused
from hub.exchange.hubless.asking import losses_of
from hub.exchange.releasing import approve
from hub.records.lifecycle import EntryState
from tests.exchange.hubless.conftest import THEM, Pair
from tests.exchange.hubs import BOLAT


def code_of(act: Any) -> str:
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.code


def test_what_was_translated_arrives_and_its_receipt_makes_it_accepted(pair: Pair) -> None:
    row = pair.release(pair.drafted())
    assert pair.carry() == 1
    assert pair.entry(row).state is EntryState.CARRIED
    content = pair.take()
    assert sha256(content).digest() == pair.parcel(row).digest
    assert pair.theirs.dialect.interpret(content).record["kind"] == "spontaneous-information"
    pair.look()
    assert pair.entry(row).state is EntryState.ACCEPTED
    assert pair.parcel(row).receipt_id is not None
    pair.look()  # the receipt was settled, and does not come again
    assert pair.carrier.receipts(limit=5) == []


def test_a_release_names_the_losses_that_were_read(pair: Pair) -> None:
    row = pair.drafted()
    report = losses_of(pair.broker, row.record_id)
    (prepared,) = report.prepared
    assert prepared.translated is not None
    assert prepared.translated.lost
    told: dict[str, Any] = {"digest": row.digest, "recipients": row.recipients}
    assert code_of(lambda: approve(pair.broker, BOLAT, row.record_id, **told)) == "losses-unseen"
    other = bytes(32)
    assert code_of(lambda: pair.release(row, losses=other)) == "losses-unseen"
    pair.release(row)
    assert report.digest is not None
    with pair.broker.store.read() as view:
        (event,) = [one for _, one in view.events_about([row.record_id], limit=50) if one.act is Act.RELEASED]
    assert event.details["losses"] == report.digest.hex()
    assert event.details["parcels"] == pair.parcel(row).parcel_id


def test_a_refusal_keeps_the_partners_code(pair: Pair) -> None:
    row = pair.release(pair.drafted())
    pair.carry()
    pair.take(code="not-competent")
    pair.look()
    assert (pair.entry(row).state, pair.entry(row).reason) == (EntryState.REFUSED, "not-competent")


def test_what_is_cut_off_between_push_and_commit_is_pushed_again_as_the_same_bytes(pair: Pair) -> None:
    row = pair.release(pair.drafted())
    with pair.broker.store.read() as view:
        body = view.bodies.get_many([pair.entry(row).body_id])
    assert body
    pair.carry()
    first = pair.carrier.pull(limit=5)
    # As though the commit had been lost: the entry is due again.
    with pair.broker.store.work() as work:
        entry = work.outbox.get(pair.entry(row).entry_id)
        assert entry is not None
        work.outbox.settle(None, [replace(entry, state=EntryState.PENDING)])
        work.stage([pair.broker.event(Act.RESUMED, BOLAT, entry.envelope_id, pair.broker.clock.now())])
        work.commit()
    pair.carry()
    assert pair.carrier.pull(limit=5) == first


def test_a_carrier_without_receipts_leaves_it_unconfirmed(made: Any) -> None:
    pair = made(extra='receipts = "none"')
    row = pair.release(pair.drafted())
    pair.carry()
    assert pair.entry(row).state is EntryState.UNCONFIRMED


def test_a_receipt_about_other_bytes_holds_the_entry(pair: Pair) -> None:
    row = pair.release(pair.drafted())
    pair.carry()
    (parcel,) = pair.carrier.pull(limit=5)
    inbox = pair.folder / "drop" / f"to-{THEM}" / parcel.parcel_id
    inbox.write_bytes(b"other bytes")
    pair.carrier.acknowledge(parcel.parcel_id, Verdict(taken=True))
    pair.look()
    assert (pair.entry(row).state, pair.entry(row).reason) == (EntryState.HELD, "receipt-invalid")


def test_a_receipt_that_is_late_is_shown_as_missing(pair: Pair) -> None:
    row = pair.release(pair.drafted())
    pair.carry()
    pair.look()
    assert pair.entry(row).reason is None
    pair.hubs.clock.pass_(pair.broker.limits.receipt_late_s)
    pair.look()
    assert (pair.entry(row).state, pair.entry(row).reason) == (EntryState.CARRIED, "receipt-missing")
