"""Blind relay and mailboxes: the other ways in which sealed bytes reach a partner."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from hub.audit.events import Act
from hub.envelope.canonical import canonical
from hub.envelope.encoding import b64u, unb64u
from hub.envelope.receipts import Statement, issue
from hub.envelope.sealing import peek
from hub.envelope.suites import Suite
from hub.exchange.answering import send_receipts, take_receipts
from hub.exchange.attachments import announce, read_attachment, upload
from hub.exchange.broker import Broker
from hub.exchange.dispatcher import Dispatcher
from hub.exchange.mailbox import mailbox, poll, wait_for_mail
from hub.exchange.receiving import receive
from hub.exchange.routing import acknowledge, collect
from hub.exchange.suspending import resume as activate
from hub.exchange.suspending import suspend
from hub.exchange.upkeep import drop, expire, resume, trace
from hub.ports import Transfer
from hub.records.actor import Actor, ActorKind, Role
from hub.records.ids import new_id
from hub.records.lifecycle import DeliveryState, EntryState, ReceiptStatus
from tests.exchange.crafting import craft, sealed_of, stated, stated_by_each
from tests.exchange.hubs import AIGUL, CUSTODIAN, Hubs, add_member, officer, released, run_lanes, with_limits

#: Many hubs and stores: not for the quick gate.
pytestmark = pytest.mark.slow


def test_a_relayed_record_arrives_and_its_receipt_comes_back(chain: Hubs) -> None:
    ours, relay, far = chain.network.brokers.values()
    row = released(ours, "sco-rats")
    run_lanes(ours)
    assert trace(ours, row.record_id).entries[0].state is EntryState.CARRIED
    run_lanes(relay)
    assert len(trace(far, row.record_id).versions) == 1
    run_lanes(relay)
    life = trace(ours, row.record_id)
    assert life.entries[0].state is EntryState.ACCEPTED
    assert [(r.by, r.status) for r in life.receipts] == [("sco-rats", ReceiptStatus.ACCEPTED)]


def test_later_receipts_come_back_through_the_relay_too(chain: Hubs) -> None:
    ours, relay, far = chain.network.brokers.values()
    add_member(far, "ru-mvd")
    row = released(ours, "sco-rats")
    run_lanes(ours)
    run_lanes(relay, rounds=2)
    (found,) = collect(far, "ru-mvd", after=0, limit=5)
    system = Actor(kind=ActorKind.SYSTEM, id="ru-mvd", agency="ru-mvd")
    acknowledge(far, system, [found.delivery.delivery_id], DeliveryState.ACTIONED)
    run_lanes(far)
    run_lanes(relay)
    assert trace(ours, row.record_id).receipts[-1].status is ReceiptStatus.ACTIONED


def refusals(broker: Broker) -> list[str]:
    with broker.store.read() as view:
        told = [event for _, event in view.events(after=0, limit=10_000) if event.act is Act.REFUSED]
    return [event.details["code"] for event in told]


def test_receipts_that_are_not_taken_now_keep_no_others_and_are_offered_more_and_more_seldom(
    chain: Hubs,
) -> None:
    ours, relay, _far = chain.network.brokers.values()
    add_member(relay, "ru-mvd")
    relayed, direct = released(ours, "sco-rats"), released(ours, "cis-atc")
    run_lanes(ours)
    run_lanes(relay)
    chain.clock.pass_(1)
    suspend(ours, CUSTODIAN, "sco-rats")
    (found,) = collect(relay, "ru-mvd", after=0, limit=5)
    system = Actor(kind=ActorKind.SYSTEM, id="ru-mvd", agency="ru-mvd")
    acknowledge(relay, system, [found.delivery.delivery_id], DeliveryState.DELIVERED)
    partner, one = relay.standing().partners["kz-knb"].row, with_limits(relay, batch_max_envelopes=1)
    assert [send_receipts(one, partner) for _ in range(5)] == [0, 1, 0, 0, 0]
    assert trace(ours, direct.record_id).receipts[-1].status is ReceiptStatus.DELIVERED
    assert refusals(ours) == ["partner-suspended"]
    for _ in range(1000):
        chain.clock.pass_(1)
        send_receipts(one, partner)
    assert len(refusals(ours)) < 20
    activate(ours, CUSTODIAN, "sco-rats")
    chain.clock.pass_(relay.limits.retry_max_s)
    assert send_receipts(one, partner) == 1
    assert [one.status for one in trace(ours, relayed.record_id).receipts] == [ReceiptStatus.ACCEPTED]


def test_a_relay_cannot_read_what_it_relays(chain: Hubs) -> None:
    ours, relay, _far = chain.network.brokers.values()
    row = released(ours, "sco-rats", narrative="for your eyes only")
    raw = sealed_of(ours, row.record_id)
    assert b"for your eyes only" not in raw
    run_lanes(ours)
    with relay.store.read() as view:
        assert not view.records.page(after=0, limit=5)


def refused_with(chain: Hubs, peer: str, transfer: Transfer) -> str | None:
    (outcome,) = receive(chain.network.brokers["cis-atc"], peer, [transfer])
    return outcome.code


def test_a_relay_refuses_loops_long_ways_and_strangers(chain: Hubs) -> None:
    ours = chain.network.brokers["kz-knb"]
    row = released(ours, "sco-rats")
    raw = sealed_of(ours, row.record_id)
    assert refused_with(chain, "kz-knb", Transfer(sealed=raw, hops=("kz-knb", "cis-atc"))) == "relay-loop"
    assert refused_with(chain, "kz-knb", Transfer(sealed=raw, hops=("a", "b", "c", "d"))) == "hop-limit"
    assert refused_with(chain, "sco-rats", Transfer(sealed=raw, hops=("sco-rats",))) == "originator-mismatch"
    with chain.network.brokers["cis-atc"].store.read() as view:
        assert not view.outbox.page(after=0, limit=5)


def test_a_repeat_at_the_relay_is_queued_once(chain: Hubs) -> None:
    ours, relay, _far = chain.network.brokers.values()
    row = released(ours, "sco-rats")
    (transfer,) = stated(ours, sealed_of(ours, row.record_id), to="sco-rats", hops=("kz-knb",))
    first = receive(relay, "kz-knb", [transfer])
    again = receive(relay, "kz-knb", [transfer])
    assert [o.relayed for o in (*first, *again)] == [True, True]
    with relay.store.read() as view:
        assert len(view.outbox.page(after=0, limit=5)) == 1


@pytest.fixture
def crowd(chain: Hubs) -> Hubs:
    """kg-gknb too reaches sco-rats through cis-atc, and is up to no good."""
    relay, far = (chain.network.brokers[a] for a in ("cis-atc", "sco-rats"))
    other = chain.add("kg-gknb")
    chain.pair(other, relay)
    chain.pair(other, far, via="cis-atc")
    chain.pair(far, other, via="cis-atc")
    chain.pair(relay, other, relay_for=["sco-rats"])
    chain.agree_again(2)
    return chain


def handed(crowd: Hubs, peer: str, *raws: bytes) -> list[str | None]:
    """Hand envelopes to the relay; return the codes, None for taken."""
    relay = crowd.network.brokers["cis-atc"]
    transfers = stated_by_each(crowd.network.brokers, *raws, to="sco-rats")
    return [outcome.code for outcome in receive(relay, peer, transfers)]


def test_a_relay_takes_from_a_peer_only_what_that_peer_or_one_behind_it_made(crowd: Hubs) -> None:
    ours, relay = crowd.network.brokers["kz-knb"], crowd.network.brokers["cis-atc"]
    raw = sealed_of(ours, released(ours, "sco-rats").record_id)
    (outcome,) = receive(relay, "kg-gknb", [Transfer(sealed=raw)])
    assert (outcome.code, outcome.receipt) == ("originator-mismatch", None)
    crowd.pair(relay, ours, via="kg-gknb")
    assert handed(crowd, "kg-gknb", raw) == [None]


def test_a_relay_takes_no_life_longer_than_its_own_limit(crowd: Hubs) -> None:
    other = crowd.network.brokers["kg-gknb"]
    greedy = with_limits(other, time_to_live_s=100 * 365 * 86400.0)
    assert handed(crowd, "kg-gknb", craft(greedy, "sco-rats")) == ["time-to-live-too-long"]


def test_what_one_originator_has_relayed_stops_nobody_elses_conversation(crowd: Hubs) -> None:
    ours, relay, far, other = crowd.network.brokers.values()
    conversation = new_id()
    assert handed(crowd, "kg-gknb", craft(other, "sco-rats", told={"conversation": conversation})) == [None]
    crowd.pair(relay, other)  # it is not relayed for any more: what waits is held
    row = released(ours, "sco-rats", conversation=conversation)
    run_lanes(ours)
    run_lanes(relay, rounds=2)
    with relay.store.read() as view:
        states = {entry.origin: entry.state for entry in view.outbox.page(after=0, limit=5)}
    assert states == {"kg-gknb": EntryState.HELD, "kz-knb": EntryState.ACCEPTED}
    assert len(trace(far, row.record_id).versions) == 1


def test_what_waits_at_a_relay_is_bounded_for_each_peer(crowd: Hubs) -> None:
    ours, relay, _far, other = crowd.network.brokers.values()
    crowd.network.brokers["cis-atc"] = with_limits(relay, relay_waiting_max=2)
    first, *more = (craft(other, "sco-rats") for _ in range(4))
    assert handed(crowd, "kg-gknb", first) == [None]
    assert handed(crowd, "kg-gknb", *more) == [None, "quota-exceeded", "quota-exceeded"]
    assert handed(crowd, "kz-knb", craft(ours, "sco-rats")) == [None]
    run_lanes(crowd.network.brokers["cis-atc"])
    assert handed(crowd, "kg-gknb", more[1]) == [None]


def test_one_record_in_two_envelopes_stops_nobody_else_behind_the_relay(crowd: Hubs) -> None:
    ours, relay, far, other = crowd.network.brokers.values()
    told = {"id": new_id()}
    assert handed(crowd, "kg-gknb", *(craft(other, "sco-rats", told=told) for _ in range(2))) == [None, None]
    honest = [released(ours, "sco-rats") for _ in range(3)]
    run_lanes(ours)
    run_lanes(relay, rounds=2)
    assert {trace(ours, row.record_id).entries[0].state for row in honest} == {EntryState.ACCEPTED}
    assert len(trace(far, str(told["id"])).versions) == 1


def stands(broker: Broker, record_id: str) -> tuple[EntryState, str | None]:
    """Return where a record's one entry stands, and why."""
    (entry,) = trace(broker, record_id).entries
    return entry.state, entry.reason


def test_what_a_relay_refuses_at_the_door_is_refused_at_its_originator(chain: Hubs) -> None:
    ours, relay, _far = chain.network.brokers.values()
    chain.pair(relay, ours)
    row = released(ours, "sco-rats")
    run_lanes(ours)
    assert stands(ours, row.record_id) == (EntryState.REFUSED, "relay-refused")


def test_what_a_relay_holds_shows_its_reason_and_still_arrives_when_it_is_resumed(chain: Hubs) -> None:
    ours, relay, far = chain.network.brokers.values()
    row = released(ours, "sco-rats")
    run_lanes(ours)
    suspend(relay, CUSTODIAN, "sco-rats")
    run_lanes(relay, rounds=2)
    assert stands(ours, row.record_id) == (EntryState.CARRIED, "partner-suspended")
    activate(relay, CUSTODIAN, "sco-rats")
    run_lanes(relay, rounds=2)
    assert stands(ours, row.record_id) == (EntryState.ACCEPTED, None)
    assert len(trace(far, row.record_id).versions) == 1


@pytest.mark.parametrize("gives_up", ["drops", "lets it expire"])
def test_what_a_relay_gives_up_is_refused_at_its_originator(chain: Hubs, gives_up: str) -> None:
    ours, relay, _far = chain.network.brokers.values()
    chain.network.down.add("sco-rats")
    row = released(ours, "sco-rats")
    run_lanes(ours)
    with relay.store.read() as view:
        (waiting,) = view.outbox.page(after=0, limit=5)
    if gives_up == "drops":
        drop(relay, CUSTODIAN, waiting.entry_id, reason="the line is closed")
        expected = "dropped"
    else:
        chain.clock.pass_(8 * 86400)
        assert expire(relay) == 1
        expected = "time-to-live-passed"
    run_lanes(relay, rounds=2)
    assert stands(ours, row.record_id) == (EntryState.REFUSED, expected)


def test_what_a_relay_gives_up_and_takes_up_again_is_accepted_once_its_recipient_says_so(chain: Hubs) -> None:
    ours, relay, far = chain.network.brokers.values()
    row = released(ours, "sco-rats")
    run_lanes(ours)
    with relay.store.read() as view:
        (waiting,) = view.outbox.page(after=0, limit=5)
    drop(relay, CUSTODIAN, waiting.entry_id, reason="the line is closed")
    send_receipts(relay, relay.standing().partner("kz-knb").row)
    assert stands(ours, row.record_id) == (EntryState.REFUSED, "dropped")
    resume(relay, CUSTODIAN, waiting.entry_id)
    run_lanes(relay, rounds=2)
    assert len(trace(far, row.record_id).versions) == 1
    assert stands(ours, row.record_id) == (EntryState.ACCEPTED, None)


def test_a_relay_refuses_in_its_own_name_and_states_nothing_else(chain: Hubs) -> None:
    ours, relay, _far = chain.network.brokers.values()
    row = released(ours, "sco-rats")
    run_lanes(ours)
    sealed = peek(sealed_of(ours, row.record_id), max_bytes=1 << 22)
    statement = Statement(
        receipt_id=new_id(),
        envelope_id=sealed.header.envelope_id,
        envelope_digest=sealed.digest.hex(),
        by="cis-atc",
        to="kz-knb",
        status=ReceiptStatus.ACCEPTED,
        at=chain.clock.now(),
    )
    forged = issue(statement, relay.keyring.signing(), Suite.HYBRID_1)
    assert take_receipts(ours, "cis-atc", [forged]) == ["receipt-invalid"]
    assert stands(ours, row.record_id) == (EntryState.CARRIED, None)


def test_each_relay_on_the_way_back_speaks_in_its_own_name(hubs: Hubs) -> None:
    ours, first, second, far = (hubs.add(a) for a in ("kz-knb", "cis-atc", "kg-gknb", "sco-rats"))
    hubs.pair(ours, first)
    hubs.pair(ours, far, via="cis-atc")
    hubs.pair(first, ours, relay_for=["sco-rats"])
    hubs.pair(first, second)
    hubs.pair(first, far, via="kg-gknb")
    hubs.pair(second, first, relay_for=["sco-rats"])
    hubs.pair(second, ours, via="cis-atc")
    hubs.pair(second, far)
    hubs.agree()
    row = released(ours, "sco-rats")
    run_lanes(ours)
    run_lanes(first)
    assert stands(ours, row.record_id) == (EntryState.CARRIED, None)
    with second.store.read() as view:
        (waiting,) = view.outbox.page(after=0, limit=5)
    drop(second, CUSTODIAN, waiting.entry_id, reason="the line is closed")
    run_lanes(second)
    run_lanes(first)
    assert stands(ours, row.record_id) == (EntryState.REFUSED, "dropped")
    assert [r.by for r in trace(ours, row.record_id).receipts] == ["cis-atc"]


def test_two_originators_with_one_envelope_id_do_not_keep_receipts_from_each_other(crowd: Hubs) -> None:
    ours, relay, _far, other = crowd.network.brokers.values()
    row = released(ours, "sco-rats")
    (entry,) = trace(ours, row.record_id).entries
    twin = rewritten(craft(other, "sco-rats"), envelope_id=entry.envelope_id)
    assert handed(crowd, "kg-gknb", twin) == [None]
    run_lanes(ours)
    run_lanes(relay, rounds=3)
    assert stands(ours, row.record_id) == (EntryState.ACCEPTED, None)


def rewritten(raw: bytes, **header: object) -> bytes:
    """Return an envelope with members of its protected header changed; the ciphertext stays."""
    jwe = json.loads(raw)
    jwe["protected"] = b64u(canonical({**json.loads(unb64u(jwe["protected"])), **header}))
    return canonical(jwe)


@pytest.fixture
def shy(hubs: Hubs) -> Hubs:
    """cis-atc cannot be called: it fetches from its mailbox at kz-knb."""
    ours, theirs = hubs.add("kz-knb"), hubs.add("cis-atc")
    hubs.pair(ours, theirs, pulls=True)
    hubs.pair(theirs, ours)
    hubs.agree(extra=("kz-mvd",))
    return hubs


def test_a_mailbox_is_fetched_acknowledged_by_receipts_and_then_empty(shy: Hubs) -> None:
    ours, theirs = shy.network.brokers.values()
    row = released(ours, "cis-atc")
    assert len(mailbox(ours, "cis-atc", limit=10).transfers) == 1
    shy.clock.pass_(1)
    assert len(mailbox(ours, "cis-atc", limit=10).transfers) == 1
    shy.clock.pass_(2)
    assert poll(theirs, theirs.standing().partners["kz-knb"].row, wait_s=0) == 1
    assert trace(ours, row.record_id).entries[0].state is EntryState.ACCEPTED
    assert not mailbox(ours, "cis-atc", limit=10).transfers


def test_receipts_wait_in_the_mailbox_until_they_are_confirmed(shy: Hubs) -> None:
    ours, theirs = shy.network.brokers.values()
    add_member(ours, "kz-mvd")
    row = released(theirs, "kz-knb")
    run_lanes(theirs)
    (found,) = collect(ours, "kz-mvd", after=0, limit=5)
    system = Actor(kind=ActorKind.SYSTEM, id="kz-mvd", agency="kz-mvd")
    acknowledge(ours, system, [found.delivery.delivery_id], DeliveryState.DELIVERED)
    assert len(mailbox(ours, "cis-atc", limit=10).receipts) == 1
    assert not mailbox(ours, "cis-atc", limit=10).receipts
    shy.clock.pass_(1)
    poll(theirs, theirs.standing().partners["kz-knb"].row, wait_s=0)
    assert trace(theirs, row.record_id).receipts[-1].status is ReceiptStatus.DELIVERED
    shy.clock.pass_(300)
    assert not mailbox(ours, "cis-atc", limit=10).receipts


def test_the_dispatcher_drains_a_lane_by_itself_when_it_is_woken(shy: Hubs) -> None:
    ours, theirs = shy.network.brokers.values()
    dispatcher = Dispatcher(theirs)
    woken = replace(theirs, wake=dispatcher.wake)
    dispatcher.start()
    try:
        row = released(woken, "kz-knb")
        assert arrives(ours, row.record_id)
    finally:
        dispatcher.stop()
    assert not dispatcher.alive


def arrives(broker: object, record_id: str) -> bool:
    """Wait, at most a minute, until a record is there."""
    import threading

    pause = threading.Event()
    for _ in range(1200):
        with broker.store.read() as view:  # type: ignore[attr-defined]
            if view.records.get(record_id) is not None:
                return True
        pause.wait(0.05)
    return False


def test_an_attachment_reaches_a_mailbox_partner_before_its_envelope_is_taken(shy: Hubs) -> None:
    ours, theirs = shy.network.brokers.values()
    content = b"a photograph" * 1000
    upload_id = announce(ours, AIGUL, size_bytes=len(content))
    done = upload(ours, AIGUL, upload_id, 0, [content])
    named = {
        "digest": done.digest,
        "name": "photo.jpg",
        "media_type": "image/jpeg",
        "size_bytes": len(content),
    }
    row = released(ours, "cis-atc", attachments=[named])
    poll(theirs, theirs.standing().partners["kz-knb"].row, wait_s=0)
    assert trace(ours, row.record_id).entries[0].state is EntryState.ACCEPTED
    reader = officer("igor", Role.READER, agency="cis-atc")
    parts = read_attachment(theirs, reader, row.record_id, str(done.digest), justification="case 26-114")
    assert b"".join(parts) == content


def test_one_envelope_whose_attachment_cannot_be_had_does_not_block_the_mailbox(shy: Hubs) -> None:
    ours, theirs = shy.network.brokers.values()
    content = b"too much" * 1000
    upload_id = announce(ours, AIGUL, size_bytes=len(content))
    done = upload(ours, AIGUL, upload_id, 0, [content])
    named = {"digest": done.digest, "name": "a.bin", "media_type": "text/plain", "size_bytes": len(content)}
    heavy = released(ours, "cis-atc", attachments=[named])
    light = released(ours, "cis-atc")
    narrow = with_limits(theirs, attachment_max_bytes=100)
    poll(narrow, theirs.standing().partners["kz-knb"].row, wait_s=0)
    assert trace(ours, light.record_id).entries[0].state is EntryState.ACCEPTED
    assert trace(ours, heavy.record_id).entries[0].state is EntryState.PENDING


def test_a_mailbox_answer_is_bounded_in_bytes_and_the_rest_comes_next(shy: Hubs) -> None:
    ours, theirs = shy.network.brokers.values()
    rows = [released(ours, "cis-atc") for _ in range(3)]
    size = len(mailbox(ours, "cis-atc", limit=1).transfers[0].sealed)
    narrow = with_limits(ours, batch_max_bytes=size + 100)
    shy.clock.pass_(1)
    assert len(mailbox(narrow, "cis-atc", limit=10).transfers) == 1
    shy.clock.pass_(2)
    shy.network.brokers["kz-knb"] = narrow
    partner = theirs.standing().partners["kz-knb"].row
    assert [poll(theirs, partner, wait_s=0) for _ in range(4)] == [1, 1, 1, 0]
    assert {trace(ours, row.record_id).entries[0].state for row in rows} == {EntryState.ACCEPTED}


def test_waiting_for_mail_ends_when_the_hub_stops(shy: Hubs) -> None:
    ours = shy.network.brokers["kz-knb"]
    asked: list[float] = []

    def pause(seconds: float) -> bool:
        asked.append(seconds)
        return True

    assert not wait_for_mail(ours, "cis-atc", limit=5, wait_s=20, pause=pause).transfers
    assert len(asked) == 1
