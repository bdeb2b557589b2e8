"""A suspension is one switch, and nothing flows again before it was verified anew."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from hub.audit.events import Act
from hub.entries import OutboxEntry, PartnerRow
from hub.errors import HubError, PeerFault
from hub.exchange import upkeep
from hub.exchange.answering import take_receipts
from hub.exchange.attachments import serve_part
from hub.exchange.broker import Broker
from hub.exchange.dispatching import work_lane
from hub.exchange.mailbox import mailbox, wait_for_mail
from hub.exchange.receiving import receive
from hub.exchange.suspending import resume, suspend
from hub.exchange.switch import Switch, while_flowing
from hub.ports import Outcome, Transfer
from hub.records.lifecycle import EntryState
from tests.exchange.hubs import (
    BOLAT,
    CUSTODIAN,
    Hubs,
    LinkCarrier,
    hold_by_rule,
    released,
    run_lanes,
    with_limits,
)


def entries(broker: Broker) -> Sequence[OutboxEntry]:
    with broker.store.read() as view:
        return view.outbox.page(after=0, limit=1000)


def codes(broker: Broker) -> list[str]:
    with broker.store.read() as view:
        found = view.events(after=0, limit=1000)
    return [e.details.get("code", "") for _position, e in found if e.act is Act.REFUSED]


def refused(call: Callable[[], object]) -> HubError:
    with pytest.raises(HubError) as caught:
        call()
    return caught.value


@dataclass(frozen=True, kw_only=True)
class Meanwhile(LinkCarrier):
    """A network on which something happens while a batch is on the wire."""

    happens: Callable[[], object]
    fails: bool

    def carry(self, partner: PartnerRow, transfers: Sequence[Transfer]) -> Sequence[Outcome]:
        self.happens()
        if self.fails:
            raise PeerFault("partner-unreachable", "It was cut.")
        return super().carry(partner, transfers)


def test_what_the_suspension_held_goes_out_at_resume_and_nothing_else(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    released(ours, "cis-atc")
    other = released(ours, "cis-atc")
    with ours.store.read() as view:
        (by_rule,) = view.outbox.of_record(other.record_id)
    hold_by_rule(ours, by_rule.entry_id)
    suspend(ours, CUSTODIAN, "cis-atc")
    assert {e.state for e in entries(ours)} == {EntryState.HELD}
    done = resume(ours, CUSTODIAN, "cis-atc")
    assert done.drained == 1
    states = {e.entry_id: (e.state, e.reason) for e in entries(ours)}
    assert states.pop(by_rule.entry_id) == (EntryState.HELD, "kind-not-agreed")
    assert list(states.values()) == [(EntryState.PENDING, None)]
    run_lanes(ours)
    assert [e.state for e in entries(ours) if e.entry_id != by_rule.entry_id] == [EntryState.ACCEPTED]


def test_a_batch_on_the_wire_when_its_partner_is_suspended_is_held_when_it_comes_back(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    for _ in range(3):
        released(ours, "cis-atc")
    carrier = Meanwhile(
        us="kz-knb", network=pair.network, happens=lambda: suspend(ours, CUSTODIAN, "cis-atc"), fails=True
    )
    work_lane(replace(ours, carrier=carrier), "cis-atc")
    assert {(e.state, e.reason) for e in entries(ours)} == {(EntryState.HELD, "partner-suspended")}


def test_no_further_batch_is_carried_once_its_partner_is_suspended(pair: Hubs) -> None:
    ours = with_limits(pair.network.brokers["kz-knb"], batch_max_envelopes=2)
    for _ in range(6):
        released(ours, "cis-atc")
    carried: list[int] = []

    def first() -> None:
        carried.append(1)
        suspend(ours, CUSTODIAN, "cis-atc")

    carrier = Meanwhile(us="kz-knb", network=pair.network, happens=first, fails=False)
    work_lane(replace(ours, carrier=carrier), "cis-atc")
    states = [e.state for e in entries(ours)]
    accepted = states.count(EntryState.ACCEPTED)
    assert len(carried) == 1
    # What was on the wire came to a receipt, which is the truth; the rest is held.
    assert 0 < accepted < 6
    assert states.count(EntryState.HELD) == 6 - accepted


def test_what_comes_in_while_it_is_opened_is_refused_when_its_sender_is_suspended_meanwhile(
    pair: Hubs, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = pair.network.brokers["kz-knb"], pair.network.brokers["cis-atc"]
    released(ours, "cis-atc")
    (transfer,) = mailbox(ours, "cis-atc", limit=9).transfers
    opened = theirs.keyring.decryption()
    pressed: list[object] = []

    def press() -> object:
        if not pressed:
            pressed.append(suspend(theirs, CUSTODIAN, "kz-knb"))
        return opened

    monkeypatch.setattr(theirs.keyring, "decryption", press)
    assert refused(lambda: receive(theirs, "kz-knb", [transfer])).code == "partner-suspended"
    with theirs.store.read() as view:
        assert not view.records.page(after=0, limit=9)


def test_receipts_of_a_suspended_partner_are_refused(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    suspend(ours, CUSTODIAN, "cis-atc")
    assert refused(lambda: take_receipts(ours, "cis-atc", [b"{}"])).code == "partner-suspended"


def test_who_waits_at_the_mailbox_is_sent_away_at_the_next_look(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    paused: list[float] = []

    def pause(seconds: float) -> None:
        paused.append(seconds)
        suspend(ours, CUSTODIAN, "cis-atc")

    failed = refused(lambda: wait_for_mail(ours, "cis-atc", limit=9, wait_s=20, pause=pause))
    assert failed.code == "partner-suspended"
    assert len(paused) == 1
    assert paused[0] <= ours.limits.cut_within_s


def test_a_stream_ends_at_the_next_look_after_a_suspension(pair: Hubs) -> None:
    ours = with_limits(pair.network.brokers["kz-knb"], cut_within_s=0.001)

    def parts() -> Iterator[bytes]:
        while True:
            time.monotonic()
            yield b"x"

    flowing = while_flowing(ours, "cis-atc", parts())
    assert next(flowing) == b"x"
    suspend(ours, CUSTODIAN, "cis-atc")

    def read() -> None:
        for _part in flowing:
            pass

    assert refused(read).code == "partner-suspended"


def test_nothing_is_served_to_a_suspended_partner(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    suspend(ours, CUSTODIAN, "cis-atc")
    assert refused(lambda: serve_part(ours, "cis-atc", "0" * 64)).code == "partner-suspended"
    assert refused(lambda: mailbox(ours, "cis-atc", limit=1)).code == "partner-suspended"


def test_each_process_tells_its_carrier_once_whom_to_cut(pair: Hubs) -> None:
    told: list[Collection[str]] = []

    class Telling(LinkCarrier):
        def cut(self, suspended: Collection[str]) -> None:
            told.append(suspended)

    ours = pair.network.brokers["kz-knb"]
    switch = Switch(replace(ours, carrier=Telling(us="kz-knb", network=pair.network)))
    switch.follow()
    switch.follow()
    suspend(ours, CUSTODIAN, "cis-atc")
    switch.follow()
    resume(ours, CUSTODIAN, "cis-atc")
    switch.follow()
    assert told == [frozenset(), frozenset({"cis-atc"}), frozenset()]


def test_a_pin_that_somebody_changed_in_the_database_is_not_resumed(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    suspend(ours, CUSTODIAN, "cis-atc")
    with ours.store.work() as work:
        row = work.directory.partner("cis-atc")
        assert row is not None
        work.directory.put_partner(replace(row, url="https://elsewhere.test:8443"))
        work.stage([ours.event(Act.SEARCHED, CUSTODIAN, "kz-knb", ours.clock.now())])
        work.commit()
    assert refused(lambda: resume(ours, CUSTODIAN, "cis-atc")).code == "pin-changed"
    assert not ours.standing().partner("cis-atc").active


def test_a_card_that_is_not_the_pinned_one_is_not_resumed(pair: Hubs) -> None:
    ours, theirs = pair.network.brokers["kz-knb"], pair.network.brokers["cis-atc"]
    suspend(ours, CUSTODIAN, "cis-atc")
    with ours.store.work() as work:
        row = work.directory.partner("cis-atc")
        assert row is not None
        from tests.exchange.hubs import own_card_of

        pair.clock.pass_(60)
        work.directory.put_partner(replace(row, card=own_card_of(theirs)))
        work.stage([ours.event(Act.SEARCHED, CUSTODIAN, "kz-knb", ours.clock.now())])
        work.commit()
    assert refused(lambda: resume(ours, CUSTODIAN, "cis-atc")).code == "pin-changed"


def test_suites_that_the_card_does_not_offer_are_not_resumed(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    suspend(ours, CUSTODIAN, "cis-atc")
    from hub.exchange.suspending import _refuse_suites
    from hub.federation.card import read_card

    with ours.store.read() as view:
        row = view.directory.partner("cis-atc")
    assert row is not None
    weaker = replace(read_card(row.card), suites=read_card(row.card).suites[1:])
    assert refused(lambda: _refuse_suites(row, weaker)).code == "suite-not-allowed"


def test_an_authority_that_is_out_of_date_is_not_resumed(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    suspend(ours, CUSTODIAN, "cis-atc")
    pair.clock.at += timedelta(days=40 * 365)
    assert refused(lambda: resume(ours, CUSTODIAN, "cis-atc")).code == "certificate-expired"
    assert not ours.standing().partner("cis-atc").active


def test_nothing_is_resumed_in_the_queue_for_a_suspended_partner(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    released(ours, "cis-atc")
    suspend(ours, CUSTODIAN, "cis-atc")
    (entry,) = entries(ours)
    assert refused(lambda: upkeep.resume(ours, BOLAT, entry.entry_id)).code == "partner-suspended"
    assert entries(ours) == [entry]


def test_what_a_suspended_relay_holds_waits_until_both_are_active(chain: Hubs) -> None:
    ours = chain.network.brokers["kz-knb"]
    released(ours, "sco-rats")
    suspend(ours, CUSTODIAN, "cis-atc")
    suspend(ours, CUSTODIAN, "sco-rats")
    assert [e.state for e in entries(ours)] == [EntryState.HELD]
    assert resume(ours, CUSTODIAN, "sco-rats").drained == 0
    assert resume(ours, CUSTODIAN, "cis-atc").drained == 1
    assert [e.state for e in entries(ours)] == [EntryState.PENDING]
