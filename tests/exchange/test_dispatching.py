"""Nothing lost, nothing twice: partners that are down, answers that are lost, lanes that must not mix."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from hub.audit.events import Act
from hub.entries import Priority
from hub.errors import Refused
from hub.exchange.agreements import adopt
from hub.exchange.answering import take_receipts
from hub.exchange.attachments import announce, upload
from hub.exchange.backoff import breaker_until, retry_at
from hub.exchange.broker import Broker
from hub.exchange.claiming import shares
from hub.exchange.dispatcher import Dispatcher
from hub.exchange.suspending import resume as resume_partner
from hub.exchange.suspending import suspend
from hub.exchange.upkeep import drop, expire, resume, trace
from hub.limits import Limits
from hub.records.lifecycle import EntryState, ReceiptStatus
from tests.exchange.hubs import (
    AIGUL,
    BOLAT,
    CUSTODIAN,
    START,
    Hubs,
    agreement_text,
    released,
    run_lanes,
    with_limits,
)


def test_a_partner_that_is_down_loses_nothing_and_drains_when_it_is_back(pair: Hubs) -> None:
    ours, theirs = pair.network.brokers.values()
    rows = [released(ours, "cis-atc", narrative=f"No {n}") for n in range(7)]
    pair.network.down.add("cis-atc")
    for _ in range(5):
        run_lanes(ours)
        pair.clock.pass_(400)
    assert {trace(ours, r.record_id).entries[0].state for r in rows} == {EntryState.PENDING}
    assert all(trace(ours, r.record_id).entries[0].retries > 1 for r in rows)
    pair.network.down.clear()
    pair.clock.pass_(400)
    run_lanes(ours)
    assert {trace(ours, r.record_id).entries[0].state for r in rows} == {EntryState.ACCEPTED}
    assert [trace(theirs, r.record_id).versions[0].record_id for r in rows] == [r.record_id for r in rows]


def test_a_lost_answer_is_made_good_by_the_original_receipt(pair: Hubs) -> None:
    ours, theirs = pair.network.brokers.values()
    row = released(ours, "cis-atc")
    pair.network.lose_answer = 1
    run_lanes(ours)
    assert trace(ours, row.record_id).entries[0].state is EntryState.PENDING
    first = trace(theirs, row.record_id).inbox[0].receipt
    pair.clock.pass_(400)
    run_lanes(ours)
    assert trace(ours, row.record_id).entries[0].state is EntryState.ACCEPTED
    assert [r.raw for r in trace(ours, row.record_id).receipts] == [first]
    assert len(trace(theirs, row.record_id).versions) == 1


def test_what_is_delivered_twice_is_admitted_once(pair: Hubs) -> None:
    ours, theirs = pair.network.brokers.values()
    pair.network.twice = True
    row = released(ours, "cis-atc")
    run_lanes(ours)
    assert len(trace(theirs, row.record_id).inbox) == 1


def test_a_partner_that_is_down_does_not_slow_another(hubs: Hubs) -> None:
    for agency in ("kz-knb", "cis-atc", "sco-rats"):
        hubs.add(agency)
    hubs.pair_all()
    hubs.agree()
    ours = hubs.network.brokers["kz-knb"]
    hubs.network.down.add("cis-atc")
    row = released(ours, "cis-atc", "sco-rats")
    run_lanes(ours)
    states = {e.recipient: e.state for e in trace(ours, row.record_id).entries}
    assert states == {"cis-atc": EntryState.PENDING, "sco-rats": EntryState.ACCEPTED}


def test_the_breaker_rests_a_failing_lane_and_lets_it_through_again(pair: Hubs) -> None:
    ours = with_limits(pair.network.brokers["kz-knb"], breaker_failures=2, retry_first_s=100.0)
    released(ours, "cis-atc")
    pair.network.down.add("cis-atc")
    for _ in range(3):
        pair.clock.pass_(301)
        run_lanes(ours)
    with ours.store.read() as view:
        lane = view.outbox.lane("cis-atc")
        assert lane.failures == 3
        assert lane.open_until is not None
        assert lane.open_until > pair.clock.now()
        assert "cis-atc" not in view.outbox.lanes_due(pair.clock.now())
        assert "cis-atc" in view.outbox.lanes_due(lane.open_until)


@pytest.mark.parametrize("attempts", [1, 2, 5, 60])
def test_backoff_grows_is_bounded_and_jitters_over_the_whole_span(attempts: int) -> None:
    limits = Limits()
    ceiling = min(limits.retry_max_s, limits.retry_first_s * 2 ** (attempts - 1))
    rolls = [retry_at(attempts, at=START, limits=limits, roll=roll) for roll in (0, 0.5, 1)]
    waits = [(at - START).total_seconds() for at in rolls]
    assert waits == [0, ceiling / 2, ceiling]


def test_an_open_breaker_rests_at_least_half_its_ceiling() -> None:
    limits = Limits()
    assert breaker_until(0, at=START, limits=limits) is None
    until = breaker_until(10, at=START, limits=limits, roll=0.0)
    assert until is not None
    assert (until - START).total_seconds() == limits.retry_max_s / 2


def test_order_is_kept_within_a_conversation(pair: Hubs) -> None:
    ours, theirs = pair.network.brokers.values()
    first = released(ours, "cis-atc", narrative="first")
    second = released(ours, "cis-atc", narrative="second", conversation=first.conversation)
    other = released(ours, "cis-atc", narrative="other")
    with ours.store.work() as work:
        lane = work.outbox.claim_lane("cis-atc", at=pair.clock.now(), until=pair.clock.now())
        heads = work.outbox.claim(lane, at=pair.clock.now(), shares=shares(50))
    assert [e.record_id for e in heads] == [first.record_id, other.record_id]
    run_lanes(ours)
    with theirs.store.read() as view:
        came = [r.record_id for r in view.records.page(after=0, limit=10)]
    assert came.index(first.record_id) < came.index(second.record_id)


def test_flash_goes_first_and_routine_is_not_starved(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    slow = [released(ours, "cis-atc", priority=Priority.ROUTINE) for _ in range(3)]
    fast = [released(ours, "cis-atc", priority=Priority.FLASH) for _ in range(20)]
    with ours.store.work() as work:
        lane = work.outbox.claim_lane("cis-atc", at=pair.clock.now(), until=pair.clock.now())
        batch = work.outbox.claim(lane, at=pair.clock.now(), shares=shares(10))
    assert len(batch) == 10
    assert batch[0].record_id == fast[0].record_id
    assert slow[0].record_id in {e.record_id for e in batch}


def test_a_batch_holds_no_more_than_it_may_and_each_priority_has_its_turn(pair: Hubs) -> None:
    for size in range(1, 60):
        assert sum(shares(size).values()) == size
        assert size < 3 or all(shares(size).values())
    drawn = [{one for one, sure in shares(1, roll=n / 10 + 0.05).items() if sure} for n in range(10)]
    assert drawn == [{Priority.FLASH}] * 6 + [{Priority.URGENT}] * 3 + [{Priority.ROUTINE}]
    assert shares(2, roll=0.99) == {Priority.FLASH: 1, Priority.URGENT: 0, Priority.ROUTINE: 1}
    ours = pair.network.brokers["kz-knb"]
    for priority in Priority:
        released(ours, "cis-atc", priority=priority)
    with ours.store.work() as work:
        lane = work.outbox.claim_lane("cis-atc", at=pair.clock.now(), until=pair.clock.now())
        for size in (1, 2, 3):
            assert len(work.outbox.claim(lane, at=pair.clock.now(), shares=shares(size))) == size


def test_permission_is_asked_again_before_delivery_and_what_is_denied_is_held(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    row = released(ours, "cis-atc")
    suspend(ours, CUSTODIAN, "cis-atc")
    run_lanes(ours)
    held = trace(ours, row.record_id).entries[0]
    assert (held.state, held.reason) == (EntryState.HELD, "partner-suspended")
    resume_partner(ours, CUSTODIAN, "cis-atc")
    run_lanes(ours)
    assert trace(ours, row.record_id).entries[0].state is EntryState.ACCEPTED


def test_time_to_live_ends_visibly_and_a_resume_seals_anew(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    row = released(ours, "cis-atc")
    pair.network.down.add("cis-atc")
    pair.clock.pass_(8 * 86400)
    assert expire(ours) == 1
    dead = trace(ours, row.record_id).entries[0]
    assert (dead.state, dead.reason) == (EntryState.DEAD, "time-to-live-passed")
    pair.network.down.clear()
    renewed = resume(ours, BOLAT, dead.entry_id)
    assert renewed.envelope_id != dead.envelope_id
    with pytest.raises(Refused) as refused:
        resume(ours, BOLAT, dead.entry_id)
    assert refused.value.code == "transition-invalid"
    run_lanes(ours)
    states = {e.entry_id: e.state for e in trace(ours, row.record_id).entries}
    assert states == {dead.entry_id: EntryState.DEAD, renewed.entry_id: EntryState.ACCEPTED}


def test_only_an_operator_resumes_or_drops_and_a_drop_takes_a_reason(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    row = released(ours, "cis-atc")
    entry = trace(ours, row.record_id).entries[0]
    nobody = replace(BOLAT, roles=frozenset())
    for actor, reason, code in ((nobody, "no need", "role-missing"), (BOLAT, "", "justification-missing")):
        with pytest.raises(Refused) as refused:
            drop(ours, actor, entry.entry_id, reason=reason)
        assert refused.value.code == code
    assert drop(ours, BOLAT, entry.entry_id, reason="sent by courier").state is EntryState.DEAD
    assert resume(ours, BOLAT, entry.entry_id).state is EntryState.PENDING


def test_a_refusal_by_the_recipient_is_a_signed_receipt_and_stays_visible(pair: Hubs) -> None:
    ours, theirs = pair.network.brokers.values()
    row = released(ours, "cis-atc")
    narrower = (
        agreement_text(["kz-knb", "cis-atc"])
        .replace("version = 1", "version = 2")
        .replace('"spontaneous-information", ', "")
    )
    adopt(theirs, CUSTODIAN, narrower)
    run_lanes(ours)
    refused = trace(ours, row.record_id)
    assert (refused.entries[0].state, refused.entries[0].reason) == (EntryState.REFUSED, "policy-denied")
    assert [r.status for r in refused.receipts] == [ReceiptStatus.REFUSED]


def test_a_receipt_of_another_signer_proves_nothing(hubs: Hubs) -> None:
    for agency in ("kz-knb", "cis-atc", "sco-rats"):
        hubs.add(agency)
    hubs.pair_all()
    hubs.agree()
    ours = hubs.network.brokers["kz-knb"]
    row = released(ours, "cis-atc", "sco-rats")
    hubs.network.down.add("cis-atc")
    run_lanes(ours)
    (receipt,) = trace(ours, row.record_id).receipts
    assert take_receipts(ours, "cis-atc", [receipt.raw]) == ["receipt-invalid"]
    states = {e.recipient: e.state for e in trace(ours, row.record_id).entries}
    assert states["cis-atc"] is EntryState.PENDING


def test_an_overtaken_worker_settles_nothing(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    released(ours, "cis-atc")
    with ours.store.work() as work:
        stale = work.outbox.claim_lane("cis-atc", at=pair.clock.now(), until=pair.clock.now())
        entries = work.outbox.claim(stale, at=pair.clock.now(), shares=shares(5))
        work.commit()
    pair.clock.pass_(1)
    with ours.store.work() as work:
        assert work.outbox.claim_lane("cis-atc", at=pair.clock.now(), until=pair.clock.now()) is not None
        work.commit()
    with ours.store.work() as work, pytest.raises(Refused) as refused:
        work.outbox.settle(stale, [replace(e, state=EntryState.ACCEPTED) for e in entries])
    assert refused.value.code == "conflict"


def test_an_attachment_that_the_partner_lost_is_pushed_again(pair: Hubs) -> None:
    ours, theirs = pair.network.brokers.values()
    content = b"a photograph" * 500
    done = upload(ours, AIGUL, announce(ours, AIGUL, size_bytes=len(content)), 0, [content])
    named = {"digest": done.digest, "name": "p.jpg", "media_type": "image/jpeg", "size_bytes": len(content)}
    dispatcher = Dispatcher(ours)
    dispatcher.start()
    try:
        first = released(replace(ours, wake=dispatcher.wake), "cis-atc", attachments=[named])
        assert becomes(pair, ours, first.record_id, EntryState.ACCEPTED)
        (digest,) = trace(ours, first.record_id).entries[0].attachments
        with theirs.store.work() as work:
            work.attachments.remove(digest)
            event = theirs.event(Act.ERASED, CUSTODIAN, digest, pair.clock.now(), justification="lost")
            work.stage([event])
            work.commit()
        second = released(replace(ours, wake=dispatcher.wake), "cis-atc", attachments=[named])
        assert becomes(pair, ours, second.record_id, EntryState.ACCEPTED)
    finally:
        dispatcher.stop()


def becomes(hubs: Hubs, broker: Broker, record_id: str, state: EntryState) -> bool:
    """Wait, at most a minute of ours, until an entry is in a state; the hubs' time runs faster."""
    pause = threading.Event()
    for _ in range(1200):
        if trace(broker, record_id).entries[0].state is state:
            return True
        pause.wait(0.05)
        hubs.clock.pass_(1)
    return False
