"""Suspending a partner holds at once what waits for it, and loses no receipt of what was on its way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hub.audit.events import Act
from hub.entries import PartnerRow
from hub.exchange.agreements import adopt
from hub.exchange.suspending import suspend
from hub.exchange.upkeep import trace
from hub.ports import Outcome, Transfer
from hub.records.lifecycle import EntryState
from tests.exchange.hubs import CUSTODIAN, Hubs, LinkCarrier, agreement_text, released, run_lanes


def test_what_waits_is_held_with_its_reason_and_an_entry_in_the_log(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    rows = [released(ours, "cis-atc") for _ in range(3)]
    suspend(ours, CUSTODIAN, "cis-atc")
    entries = [trace(ours, row.record_id).entries[0] for row in rows]
    assert {(one.state, one.reason) for one in entries} == {(EntryState.HELD, "partner-suspended")}
    with ours.store.read() as view:
        held = [event for _, event in view.events(after=0, limit=1000) if event.act is Act.HELD]
    assert [str(event.actor) for event in held] == [str(CUSTODIAN)] * 3


def test_what_goes_to_others_is_left_alone(pair: Hubs) -> None:
    ours, third = pair.network.brokers["kz-knb"], pair.add("sco-rats")
    pair.pair(ours, third)
    pair.agree_again(2)
    row = released(ours, "cis-atc", "sco-rats")
    suspend(ours, CUSTODIAN, "cis-atc")
    states = {one.recipient: one.state for one in trace(ours, row.record_id).entries}
    assert states == {"cis-atc": EntryState.HELD, "sco-rats": EntryState.PENDING}


def test_what_waits_for_a_relay_on_its_way_to_the_partner_is_held_too(pair: Hubs) -> None:
    ours, far = pair.network.brokers["kz-knb"], pair.add("sco-rats")
    pair.pair(ours, far, via="cis-atc")
    pair.agree_again(2)
    row = released(ours, "cis-atc", "sco-rats")
    suspend(ours, CUSTODIAN, "sco-rats")
    states = {one.recipient: one.state for one in trace(ours, row.record_id).entries}
    assert states == {"cis-atc": EntryState.PENDING, "sco-rats": EntryState.HELD}


@dataclass(frozen=True, kw_only=True)
class Interrupted(LinkCarrier):
    """Somebody suspends the partner while a batch is on the wire."""

    def carry(self, partner: PartnerRow, transfers: Sequence[Transfer]) -> Sequence[Outcome]:
        suspend(self.network.brokers[self.us], CUSTODIAN, partner.agency)
        return super().carry(partner, transfers)


def test_a_receipt_for_what_was_held_on_the_wire_still_proves_that_it_was_accepted(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    row = released(ours, "cis-atc")
    run_lanes(replace(ours, carrier=Interrupted(us="kz-knb", network=pair.network)))
    life = trace(ours, row.record_id)
    assert life.entries[0].state is EntryState.ACCEPTED
    assert len(life.receipts) == 1


def test_what_cites_an_article_that_the_agreement_has_no_more_is_held_before_delivery(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    row = released(ours, "cis-atc")
    assert row.articles == ("1",)
    text = agreement_text([*pair.network.brokers, "kz-mvd", "kz-border"])
    text = text.replace("version = 1", "version = 2", 1).replace('number = "1"', 'number = "2"')
    adopt(ours, CUSTODIAN, text.replace('articles = ["1"]', 'articles = ["2"]'))
    run_lanes(ours)
    with ours.store.read() as view:
        (entry,) = view.outbox.of_record(row.record_id)
    assert (entry.state, entry.reason) == (EntryState.HELD, "article-not-agreed")
