"""A recipient sees what is missing between the numbers that came, and hears of it once."""

from __future__ import annotations

import pytest

from hub.audit.events import Act
from hub.entries import Gap
from hub.exchange.broker import Broker
from hub.exchange.dispatcher import Dispatcher
from hub.exchange.gaps import look_for_gaps, spelled
from hub.exchange.receiving import receive
from tests.exchange.crafting import craft, stated
from tests.exchange.hubs import START, Hubs, released, run_lanes, with_limits
from tests.exchange.test_slow_partners import eventually


def come(pair: Hubs, *numbers: int) -> None:
    """Let envelopes with these numbers come from kz-knb."""
    ours, theirs = pair.network.brokers.values()
    raws = [craft(ours, "cis-atc") for _ in numbers]
    outcomes = receive(theirs, "kz-knb", stated(ours, *raws, to="cis-atc", numbers=numbers))
    assert [outcome.code for outcome in outcomes] == [None] * len(numbers)


def look(pair: Hubs, *, later_s: float = 61) -> list[str]:
    """Look for gaps a while later; return them as people write them."""
    pair.clock.pass_(later_s)
    theirs = pair.network.brokers["cis-atc"]
    look_for_gaps(theirs)
    with theirs.store.read() as view:
        return [spelled([gap]) for gap in view.books.gaps(limit=100)]


def missed(broker: Broker) -> list[str]:
    with broker.store.read() as view:
        events = view.events(after=0, limit=1000)
    return [event.details["numbers"] for _, event in events if event.act is Act.MISSED]


def test_what_comes_in_order_leaves_no_gap(pair: Hubs) -> None:
    for _ in range(3):
        released(pair.network.brokers["kz-knb"], "cis-atc")
    run_lanes(pair.network.brokers["kz-knb"])
    assert look(pair) == []


def test_numbers_that_later_ones_overtook_are_gaps_until_they_come(pair: Hubs) -> None:
    come(pair, 3, 7)
    assert look(pair) == ["1-2", "4-6"]
    come(pair, 5)
    assert look(pair) == ["1-2", "4", "6"]
    come(pair, 1, 2, 4, 6, 8)
    assert look(pair) == []


def test_a_gap_that_lasts_is_logged_once(pair: Hubs) -> None:
    theirs = pair.network.brokers["cis-atc"]
    come(pair, 2)
    look(pair)
    assert missed(theirs) == []
    assert look(pair, later_s=3600) == ["1"]
    assert missed(theirs) == ["1"]
    come(pair, 4)
    look(pair, later_s=1800)
    look(pair, later_s=3600)
    look(pair, later_s=3600)
    assert missed(theirs) == ["1", "3"]
    with theirs.store.read() as view:
        assert view.books.gap_counts() == {"kz-knb": 2}


def test_what_was_refused_for_good_is_no_gap(pair: Hubs) -> None:
    ours, theirs = pair.network.brokers.values()
    record_id = released(ours, "cis-atc").record_id
    run_lanes(ours)
    twin = stated(ours, craft(ours, "cis-atc", told={"id": record_id}), to="cis-atc", numbers=[2])
    assert receive(theirs, "kz-knb", twin)[0].code == "conflict"
    come(pair, 3)
    assert look(pair) == []


def test_one_process_looks_at_a_time(pair: Hubs) -> None:
    theirs = pair.network.brokers["cis-atc"]
    come(pair, 2)
    look_for_gaps(theirs)
    come(pair, 9)
    look_for_gaps(theirs)
    with theirs.store.read() as view:
        assert [gap.last for gap in view.books.gaps(limit=9)] == [1]


def test_a_leap_to_a_huge_number_is_one_gap(pair: Hubs) -> None:
    come(pair, 2**53 - 1)
    assert look(pair) == [f"1-{2**53 - 2}"]


@pytest.mark.parametrize(("count", "text"), [(1, "3"), (2, "3, 5"), (21, "…")])
def test_gaps_are_spelled_shortly(count: int, text: str) -> None:
    gaps = [Gap(originator="kz-knb", first=3 + 2 * n, last=3 + 2 * n, since=START) for n in range(count)]
    assert spelled(gaps).endswith(text)


def test_the_dispatcher_looks_for_gaps_by_itself(pair: Hubs) -> None:
    come(pair, 2)
    theirs = pair.network.brokers["cis-atc"]
    dispatcher = Dispatcher(with_limits(theirs, gap_look_s=0.05))
    dispatcher.start()
    try:
        assert eventually(lambda: _gaps(theirs) == [1])
    finally:
        dispatcher.stop()


def _gaps(broker: Broker) -> list[int]:
    with broker.store.read() as view:
        return [gap.first for gap in view.books.gaps(limit=9)]
