"""What goes to one recipient is numbered without a gap, and nobody gives a number to another envelope."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from hub.audit.events import Act
from hub.entries import Line
from hub.envelope.documents import peek_document
from hub.envelope.suites import Suite
from hub.envelope.transfers import TRANSFER_TYPE
from hub.exchange.broker import Broker
from hub.exchange.mailbox import mailbox
from hub.exchange.receiving import receive
from hub.exchange.upkeep import trace
from hub.records.lifecycle import EntryState
from tests.exchange.crafting import craft, stated
from tests.exchange.hubs import Hubs, released, run_lanes, with_limits

_ALL = {"first": 1, "last": 2**53 - 1, "limit": 1000}


def sent(broker: Broker, to: str) -> list[Line]:
    with broker.store.read() as view:
        return list(view.books.sent(to, **_ALL))


def received(broker: Broker, by: str) -> list[Line]:
    with broker.store.read() as view:
        return list(view.books.received(by, **_ALL))


def code(at: Broker, peer: str, *transfers: object) -> list[str | None]:
    return [outcome.code for outcome in receive(at, peer, transfers)]  # type: ignore[arg-type]


def refusals(broker: Broker) -> list[str]:
    with broker.store.read() as view:
        events = view.events(after=0, limit=1000)
    return [event.details["code"] for _, event in events if event.act is Act.REFUSED]


def test_both_sides_have_the_same_numbers_for_the_same_bytes(pair: Hubs) -> None:
    ours, theirs = pair.network.brokers.values()
    for _ in range(3):
        released(ours, "cis-atc")
    run_lanes(ours)
    there, here = received(theirs, "kz-knb"), sent(ours, "cis-atc")
    assert [line.number for line in here] == [1, 2, 3]
    assert there == here
    with theirs.store.read() as view:
        events = [event for _, event in view.events(after=0, limit=100) if event.act is Act.ADMITTED]
        assert sorted(event.details["number"] for event in events) == ["1", "2", "3"]
        raw = view.books.statements([events[0].details["statement"]]).popitem()[1]
    assert peek_document(raw, TRANSFER_TYPE)["entries"] == [
        [line.number, line.envelope_id, line.digest] for line in here
    ]


def test_a_recipient_learns_nothing_of_what_others_get(chain: Hubs) -> None:
    ours, relay, far = chain.network.brokers.values()
    for to in ("cis-atc", "sco-rats", "cis-atc", "sco-rats"):
        released(ours, to)
    run_lanes(ours)
    run_lanes(relay, rounds=2)
    assert [line.number for line in received(relay, "kz-knb")] == [1, 2]
    assert [line.number for line in received(far, "kz-knb")] == [1, 2]


def test_a_retry_carries_the_same_number(pair: Hubs) -> None:
    ours, theirs = pair.network.brokers.values()
    pair.network.lose_answer = 1
    row = released(ours, "cis-atc")
    released(ours, "cis-atc")
    run_lanes(ours)
    pair.clock.pass_(600)
    run_lanes(ours)
    assert [e.state for e in trace(ours, row.record_id).entries] == [EntryState.ACCEPTED]
    assert received(theirs, "kz-knb") == sent(ours, "cis-atc")


def test_a_mailbox_and_a_relay_hand_the_statement_on_word_for_word(chain: Hubs) -> None:
    ours, relay, far = chain.network.brokers.values()
    row = released(ours, "sco-rats")
    (transfer,) = mailbox(ours, "cis-atc", limit=5).transfers
    assert transfer.statement is not None
    assert code(relay, "kz-knb", transfer) == [None]
    (onward,) = mailbox(relay, "sco-rats", limit=5).transfers
    assert onward.statement == transfer.statement
    assert code(far, "cis-atc", onward) == [None]
    (line,) = received(far, "kz-knb")
    assert line.envelope_id == trace(ours, row.record_id).entries[0].envelope_id
    assert received(relay, "kz-knb") == []


def test_an_envelope_without_a_statement_waits_for_one(pair: Hubs) -> None:
    ours, theirs = pair.network.brokers.values()
    (transfer,) = stated(ours, craft(ours, "cis-atc"), to="cis-atc")
    assert code(theirs, "kz-knb", replace(transfer, statement=None)) == ["statement-missing"]
    (outcome,) = receive(theirs, "kz-knb", [replace(transfer, statement=b"{}")])
    assert (outcome.code, outcome.receipt) == ("statement-invalid", None)
    assert refusals(theirs) == ["statement-missing", "statement-invalid"]
    assert code(theirs, "kz-knb", transfer) == [None]


def test_a_statement_is_for_one_recipient_and_for_the_bytes_that_it_names(pair: Hubs) -> None:
    ours, theirs = pair.network.brokers.values()
    one, two = craft(ours, "cis-atc"), craft(ours, "cis-atc")
    (to_another,) = stated(ours, one, to="sco-rats")
    assert code(theirs, "kz-knb", to_another) == ["statement-invalid"]
    (of_another,) = stated(ours, two, to="cis-atc")
    assert code(theirs, "kz-knb", replace(of_another, sealed=one)) == ["statement-invalid"]
    signed_by_another = stated(theirs, one, to="cis-atc")
    assert code(theirs, "kz-knb", *signed_by_another) == ["statement-invalid"]
    assert received(theirs, "kz-knb") == []


def test_a_statement_in_a_suite_that_is_not_pinned_is_refused(hubs: Hubs) -> None:
    ours, theirs = hubs.add("kz-knb"), hubs.add("cis-atc")
    hubs.pair_all(suites=[Suite.HYBRID_1])
    hubs.agree()
    transfers = stated(ours, craft(ours, "cis-atc"), to="cis-atc", suite=Suite.CLASSIC_1)
    assert code(theirs, "kz-knb", *transfers) == ["statement-invalid"]


def test_a_statement_of_a_time_to_come_is_refused(pair: Hubs) -> None:
    ours, theirs = pair.network.brokers.values()
    pair.clock.at += timedelta(seconds=301)
    raw = craft(ours, "cis-atc", at=pair.clock.at - timedelta(seconds=301))
    transfers = stated(ours, raw, to="cis-atc")
    pair.clock.at -= timedelta(seconds=301)
    assert code(theirs, "kz-knb", *transfers) == ["clock-skew"]


@pytest.mark.parametrize("together", [True, False])
def test_a_number_is_never_given_to_a_second_envelope(pair: Hubs, together: bool) -> None:
    ours, theirs = pair.network.brokers.values()
    first = stated(ours, craft(ours, "cis-atc"), to="cis-atc", numbers=[7])
    second = stated(ours, craft(ours, "cis-atc"), to="cis-atc", numbers=[7])
    if together:
        codes = code(theirs, "kz-knb", *first, *second)
    else:
        codes = [*code(theirs, "kz-knb", *first), *code(theirs, "kz-knb", *second)]
    assert sorted(codes, key=str) == [None, "number-reused"]
    assert len(received(theirs, "kz-knb")) == 1
    assert refusals(theirs) == ["number-reused"]
    with theirs.store.read() as view:
        assert len(view.records.page(after=0, limit=5)) == 1


def test_a_replay_of_an_old_statement_gets_the_first_receipt_and_changes_nothing(pair: Hubs) -> None:
    ours, theirs = pair.network.brokers.values()
    transfers = stated(ours, craft(ours, "cis-atc"), to="cis-atc", numbers=[7])
    (first,) = receive(theirs, "kz-knb", transfers)
    (again,) = receive(theirs, "kz-knb", transfers)
    other_number = stated(ours, transfers[0].sealed, to="cis-atc", numbers=[8])
    (third,) = receive(theirs, "kz-knb", other_number)
    assert first.receipt == again.receipt == third.receipt is not None
    assert [line.number for line in received(theirs, "kz-knb")] == [7]


def test_what_is_refused_for_good_keeps_its_number_with_the_reason(pair: Hubs) -> None:
    ours, theirs = pair.network.brokers.values()
    record_id = released(ours, "cis-atc").record_id
    run_lanes(ours)
    twin = stated(ours, craft(ours, "cis-atc", told={"id": record_id}), to="cis-atc", numbers=[2])
    assert code(theirs, "kz-knb", *twin) == ["conflict"]
    with theirs.store.read() as view:
        (note,) = view.books.noted("kz-knb", **_ALL)
        assert (note.number, note.state, note.reason) == (2, EntryState.REFUSED, "conflict")


def test_what_is_refused_for_now_leaves_no_note(pair: Hubs) -> None:
    ours, theirs = pair.network.brokers.values()
    short = with_limits(ours, time_to_live_s=3600)
    early = craft(short, "cis-atc", at=pair.clock.at + timedelta(hours=1))
    assert code(theirs, "kz-knb", *stated(ours, early, to="cis-atc")) == ["clock-skew"]
    with theirs.store.read() as view:
        assert view.books.noted("kz-knb", **_ALL) == []


def test_a_relay_takes_nothing_that_its_recipient_would_refuse_for_its_statement(chain: Hubs) -> None:
    ours, relay, _far = chain.network.brokers.values()
    raw = craft(ours, "sco-rats")
    assert code(relay, "kz-knb", *stated(ours, raw, to="cis-atc")) == ["statement-invalid"]
    (good,) = stated(ours, raw, to="sco-rats")
    assert code(relay, "kz-knb", replace(good, statement=None)) == ["statement-missing"]
    assert code(relay, "kz-knb", good) == [None]
