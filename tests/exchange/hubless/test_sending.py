"""A record to a partner without a hub: the losses read and sealed in, the bytes carried, the receipt kept."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from adapters.carriers.verdicts import write_verdict
from adapters.contract import Verdict
from hub.audit.events import Act
from hub.errors import OurFault, Refused
from hub.exchange.confining import confine
from hub.exchange.drafting import preview
from hub.exchange.explaining import explain_record
from hub.exchange.hubless import confirming
from hub.exchange.hubless.asking import PartnerAnswer, losses_of
from hub.exchange.hubless.confirming import kept_receipts, take_answers
from hub.exchange.hubless.showing import show_parcels
from hub.exchange.keys.affected import affected
from hub.exchange.ledger.counting import ledger
from hub.exchange.ledger.figures import quarter_at
from hub.exchange.releasing import approve
from hub.exchange.submitting import Submission, submit
from hub.exchange.upkeep import resume
from hub.ports import KeyFacts
from hub.records.actor import Actor, Role
from hub.records.label import Classification
from hub.records.lifecycle import EntryState, RecordState
from tests.exchange.hubless.conftest import THEM, US, Pair
from tests.exchange.hubless.test_taking import Cut, CuttingAdapters, CuttingStore, acts
from tests.exchange.hubs import BOLAT, CUSTODIAN, document, officer, with_limits
from tests.exchange.test_takeover import SYSTEM


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
    (page,) = ledger(pair.broker, quarter_at(pair.broker.clock.now()))
    assert (page.partner, page.sent, page.undelivered) == (THEM, {row.kind: 1}, 0)
    pair.look()  # the receipt was settled, and does not come again
    assert pair.carrier.receipts(limit=5) == []


def test_parcels_are_shown_to_whoever_may_export_the_record(pair: Pair) -> None:
    row = pair.release(pair.drafted())

    def shown(actor: Actor) -> object:
        return show_parcels(pair.broker, actor, row.record_id, justification="case 17")

    auditor = officer("asel", Role.AUDITOR)
    assert shown(auditor)
    assert shown(CUSTODIAN), "the console is not asked"
    assert code_of(lambda: shown(officer("marat", Role.READER))) == "role-missing"
    low = officer("timur", Role.AUDITOR, clearance=Classification.UNCLASSIFIED)
    assert code_of(lambda: shown(low)) == "clearance-missing"
    confine(pair.broker, BOLAT, row.record_id, "almaty", justification="case 17")
    assert code_of(lambda: shown(auditor)) == "policy-forbids"
    assert shown(officer("asel", Role.AUDITOR, compartments=["almaty"]))


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


def test_a_signing_key_that_others_may_have_has_signed_for_parcels_too(pair: Pair) -> None:
    at = pair.broker.clock.now()
    key = KeyFacts(
        key_id="k", purpose="sign-es256", state="current", where="file", made_at=at, since=at, used_from=at
    )
    row = pair.release(pair.drafted())
    with pair.broker.store.read() as view:
        (one,) = affected(view, key, pair.broker.limits, limit=5)
    assert (one.record_id, one.envelopes) == (row.record_id, (pair.parcel(row).parcel_id,))


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


def test_a_bounce_that_nobody_signed_holds_the_entry_and_a_receipt_still_counts(pair: Pair) -> None:
    row = pair.release(pair.drafted())
    pair.carry()
    (parcel,) = pair.carrier.pull(limit=5)
    pair.carrier.acknowledge(parcel.parcel_id, Verdict(taken=False, code="delivery-failed", sentence="5.1.1"))
    pair.look()
    assert (pair.entry(row).state, pair.entry(row).reason) == (EntryState.HELD, "delivery-failed")
    receipts = pair.folder / "drop" / f"receipts-for-{US}"
    (receipts / parcel.parcel_id).write_bytes(
        write_verdict(parcel.parcel_id, parcel.content, Verdict(taken=True))
    )
    pair.look()
    assert pair.entry(row).state is EntryState.ACCEPTED


def test_no_more_receipts_of_a_parcel_are_kept_than_the_limit_says(pair: Pair) -> None:
    row = pair.release(pair.drafted())
    pair.broker = with_limits(pair.broker, parcel_receipts_max=2)
    pair.carry()
    (parcel,) = pair.carrier.pull(limit=5)
    receipts = pair.folder / "drop" / f"receipts-for-{US}"
    for said in ("one", "two", "three", "four"):
        refusal = Verdict(taken=False, code="not-competent", sentence=said)
        receipts.mkdir(exist_ok=True)
        (receipts / parcel.parcel_id).write_bytes(write_verdict(parcel.parcel_id, parcel.content, refusal))
        pair.look()
        assert not list(receipts.iterdir())
    with pair.broker.store.read() as view:
        assert len(kept_receipts(pair.broker, view, pair.parcel(row))) == 2
        refused = [one.details for _, one in view.events(after=0, limit=500) if one.act is Act.REFUSED]
    assert [one["code"] for one in refused] == ["quota-exceeded", "quota-exceeded"]
    assert all("parcel_receipt" in one for one in refused)  # which goes when the record is erased


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
    (other,) = pair.carrier.pull(limit=5)
    pair.carrier.acknowledge(other.parcel_id, Verdict(taken=True))
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


def test_each_receipt_that_is_late_is_shown_however_many_are(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.exchange.hubless.confirming._AT_ONCE", 1)
    rows = [pair.release(pair.drafted()) for _ in range(3)]
    pair.carry()
    pair.hubs.clock.pass_(pair.broker.limits.receipt_late_s)
    pair.look()
    assert [pair.entry(row).reason for row in rows] == ["receipt-missing"] * 3


def test_a_partners_own_rules_refuse_and_the_explanation_says_so(made: Any) -> None:
    pair = made(extra='kinds = ["notice"]')
    row = pair.drafted()
    told = explain_record(pair.broker, row.record_id, THEM)
    assert (told.permitted, told.explanation.permitted) == (False, True)
    (verdict,) = preview(pair.broker, row.record_id)
    assert [reason.code for reason in verdict.reasons] == ["kind-not-carried"]
    assert code_of(lambda: pair.release(row)) == "policy-denied"


def test_what_a_partners_rules_ask_is_answered_with_the_release(made: Any) -> None:
    pair = made(extra='languages = ["de"]')
    row = pair.drafted()
    told: dict[str, Any] = {"digest": row.digest, "recipients": row.recipients}
    told["losses"] = losses_of(pair.broker, row.record_id).digest

    def approved(*answers: PartnerAnswer) -> Any:
        return approve(pair.broker, BOLAT, row.record_id, partner_answers=answers, **told)

    said = PartnerAnswer(
        recipient=THEM, code="language-not-agreed", met=True, why="a translation is attached"
    )
    assert code_of(approved) == "check-unanswered"
    assert code_of(lambda: approved(replace(said, met=False))) == "check-failed"
    assert code_of(lambda: approved(said, said)) == "request-invalid"
    approved(said)
    with pair.broker.store.read() as view:
        events = [one for _, one in view.events_about([row.record_id], limit=50)]
    assert [one.details["check"] for one in events if one.act is Act.CHECK_ANSWERED] == [
        f"{THEM}/language-not-agreed"
    ]


@pytest.mark.parametrize(
    ("dialect", "extra", "state"),
    [("record-json", "", RecordState.RELEASED), ("misp", "extension = false", RecordState.DRAFT)],
)
def test_by_rule_goes_what_loses_nothing_and_no_more(
    made: Any, dialect: str, extra: str, state: RecordState
) -> None:
    pair = made(dialect=dialect, extra=extra)
    (found,) = submit(pair.broker, SYSTEM, [Submission(document=document("designation"), recipients=[THEM])])
    assert found.state is state
    assert ("losses-unseen" in [one.code for one in found.held_because]) is (state is RecordState.DRAFT)


@pytest.mark.parametrize("where", ["settle before", "settle after"])
def test_a_cut_around_a_receipt_doubles_nothing(pair: Pair, where: str) -> None:
    row = pair.release(pair.drafted())
    pair.carry()
    pair.take()
    cutting: Any = CuttingAdapters(pair.broker.adapting, where)
    with pytest.raises(Cut):
        take_answers(replace(pair.broker, adapting=cutting), pair.broker.standing().hubless[THEM])
    pair.look()
    assert pair.entry(row).state is EntryState.ACCEPTED
    assert acts(pair, Act.RECEIPT_KEPT) == 1
    assert pair.carrier.receipts(limit=5) == []


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_cut_at_the_commit_of_a_receipt_doubles_nothing(pair: Pair, moment: str) -> None:
    row = pair.release(pair.drafted())
    pair.carry()
    pair.take()
    store: Any = CuttingStore(pair.broker.store)
    setattr(store, moment, 1)
    with pytest.raises(Cut):
        take_answers(replace(pair.broker, store=store), pair.broker.standing().hubless[THEM])
    pair.look()
    assert pair.entry(row).state is EntryState.ACCEPTED
    assert acts(pair, Act.RECEIPT_KEPT) == 1


def test_a_receipt_that_cannot_be_taken_keeps_none_of_the_others(pair: Pair) -> None:
    rows = [pair.release(pair.drafted()) for _ in range(3)]
    pair.carry()
    for parcel in pair.carrier.pull(limit=5):
        pair.carrier.acknowledge(parcel.parcel_id, Verdict(taken=True))
    first, *_others = pair.broker.adapting.answers(pair.broker.standing().hubless[THEM], limit=3)

    def failing(broker: Any, partner: Any, answer: Any) -> None:
        if answer.parcel_id == first.parcel_id:
            raise OurFault("storage-unavailable", "It cannot be written.")
        confirming_take(broker, partner, answer)

    confirming_take = confirming._take
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(confirming, "_take", failing)
        with pytest.raises(OurFault):
            take_answers(pair.broker, pair.broker.standing().hubless[THEM])
    states = [pair.entry(row).state for row in rows]
    assert sorted(state.value for state in states) == ["accepted", "accepted", "carried"]
    pair.look()  # it stayed with the carrier
    assert {pair.entry(row).state for row in rows} == {EntryState.ACCEPTED}


def test_all_receipts_of_a_parcel_are_kept(pair: Pair) -> None:
    row = pair.release(pair.drafted())
    pair.carry()
    pair.take(code="not-competent")
    pair.look()
    resume(pair.broker, CUSTODIAN, pair.entry(row).entry_id)
    pair.carry()
    pair.take()
    pair.look()
    assert pair.entry(row).state is EntryState.ACCEPTED
    with pair.broker.store.read() as view:
        kept = kept_receipts(pair.broker, view, pair.parcel(row))
    assert [b"refused" in raw for raw in kept] == [True, False]
