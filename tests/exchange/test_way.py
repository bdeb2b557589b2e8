"""The record's way from a draft at one hub to a verified receipt, and on to members and officers."""

from __future__ import annotations

import pytest

from hub.audit.events import Act
from hub.entries import Direction
from hub.envelope import sealing
from hub.envelope.vault import body_key, unlock
from hub.errors import Refused
from hub.exchange.drafting import draft, preview, revise
from hub.exchange.releasing import approve, reject
from hub.exchange.routing import acknowledge, collect, read_record
from hub.exchange.submitting import Submission, submit
from hub.exchange.upkeep import trace
from hub.records.actor import Actor, ActorKind, Role
from hub.records.lifecycle import DeliveryState, EntryState, ReceiptStatus, RecordState
from tests.exchange.hubs import (
    AIGUL,
    BOLAT,
    Hubs,
    add_member,
    document,
    officer,
    release_it,
    released,
    run_lanes,
)

SYSTEM = Actor(kind=ActorKind.SYSTEM, id="kz-mvd", agency="kz-mvd")
READER = officer("igor", Role.READER, Role.DRAFTER, Role.RELEASER, agency="cis-atc")


def acts(broker: object) -> list[Act]:
    with broker.store.read() as view:  # type: ignore[attr-defined]
        return [event.act for _position, event in view.events(after=0, limit=1000)]


def test_a_released_record_arrives_and_its_receipt_is_verified(pair: Hubs) -> None:
    ours, theirs = pair.network.brokers.values()
    row = released(ours, "cis-atc", narrative="Жедел хабарлама")
    run_lanes(ours)
    life = trace(ours, row.record_id)
    assert [e.state for e in life.entries] == [EntryState.ACCEPTED]
    assert [(r.by, r.status) for r in life.receipts] == [("cis-atc", ReceiptStatus.ACCEPTED)]
    there = trace(theirs, row.record_id).versions[0]
    assert (there.direction, there.state, there.digest) == (Direction.IN, RecordState.RECEIVED, row.digest)
    record = read_record(theirs, READER, row.record_id, justification="checking the message")
    assert record.narrative == "Жедел хабарлама"


def test_every_step_leaves_its_audit_event(pair: Hubs) -> None:
    ours, theirs = pair.network.brokers.values()
    released(ours, "cis-atc")
    run_lanes(ours)
    assert acts(ours)[-3:] == [Act.DRAFTED, Act.RELEASED, Act.RECEIPT_VERIFIED]
    assert acts(theirs)[-1] is Act.ADMITTED


def test_the_hub_that_sealed_an_envelope_can_open_it_for_evidence(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    row = released(ours, "cis-atc", narrative="as it was sealed")
    with ours.store.read() as view:
        assert row.envelope_id is not None
        body = view.bodies.get_many([row.envelope_id])[row.envelope_id]
        (told,) = (e for _, e in view.events(after=0, limit=1000) if e.act is Act.RELEASED)
    master_key = ours.keyring.master_key()
    sealed = sealing.peek(unlock(body, master_key=master_key), max_bytes=1 << 20)
    assert told.details["envelopes"] == row.envelope_id
    assert told.details["envelope_digests"] == sealed.digest.hex()
    opened = sealing.open_with_key(sealed, body_key(body, master_key=master_key))
    assert sealing.read_again(opened)[1]["narrative"] == "as it was sealed"


def test_approver_cannot_be_author(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    both = officer("dana", Role.DRAFTER, Role.RELEASER)
    row = draft(ours, both, document(), recipients=["cis-atc"])
    with pytest.raises(Refused) as refused:
        approve(ours, both, row.record_id, digest=row.digest, recipients=row.recipients)
    assert refused.value.code == "four-eyes"
    assert acts(ours)[-1] is Act.REFUSED


def test_whoever_edited_last_is_the_author_whom_four_eyes_bind(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    both = officer("dana", Role.DRAFTER, Role.RELEASER)
    row = draft(ours, AIGUL, document(), recipients=["cis-atc"])
    revised = revise(ours, both, row.record_id, expected_revision=1, document=document(narrative="Other"))
    with pytest.raises(Refused) as refused:
        approve(ours, both, row.record_id, digest=revised.digest, recipients=revised.recipients)
    assert refused.value.code == "four-eyes"


def test_a_release_is_bound_to_the_digest_and_recipients_that_were_read(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    row = draft(ours, AIGUL, document(), recipients=["cis-atc"])
    revise(ours, AIGUL, row.record_id, expected_revision=1, document=document(narrative="Changed since"))
    for digest, recipients in ((row.digest, row.recipients), (b"\0" * 32, row.recipients)):
        with pytest.raises(Refused) as refused:
            approve(ours, BOLAT, row.record_id, digest=digest, recipients=recipients)
        assert refused.value.code == "conflict"


def test_an_edit_of_what_another_edited_meanwhile_is_refused(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    row = draft(ours, AIGUL, document(), recipients=["cis-atc"])
    revise(ours, AIGUL, row.record_id, expected_revision=1, document=document(narrative="First"))
    with pytest.raises(Refused) as refused:
        revise(ours, AIGUL, row.record_id, expected_revision=1, document=document(narrative="Second"))
    assert refused.value.code == "conflict"


def test_a_released_record_is_released_once(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    row = released(ours, "cis-atc")
    with pytest.raises(Refused) as refused:
        approve(ours, BOLAT, row.record_id, digest=row.digest, recipients=row.recipients)
    assert refused.value.code == "transition-invalid"


def test_a_rejected_draft_goes_back_to_its_author(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    row = draft(ours, AIGUL, document(), recipients=["cis-atc"])
    reject(ours, BOLAT, row.record_id, reason="the dates are unclear")
    assert trace(ours, row.record_id).versions[0].state is RecordState.REJECTED
    again = revise(ours, AIGUL, row.record_id, expected_revision=2, document=document(narrative="Clear"))
    release_it(ours, again)
    assert trace(ours, row.record_id).versions[0].state is RecordState.RELEASED


def test_what_no_agreement_allows_is_denied_with_reasons(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    odd = document(language="de")
    row = draft(ours, AIGUL, odd, recipients=["cis-atc"])
    assert [v.recipient for v in preview(ours, row.record_id) if v.reasons] == ["cis-atc"]
    with pytest.raises(Refused) as refused:
        release_it(ours, row)
    assert refused.value.code == "policy-denied"


def test_designations_flow_by_rule_to_members_and_partners(pair: Hubs) -> None:
    ours, theirs = pair.network.brokers.values()
    add_member(ours, "kz-mvd")
    add_member(ours, "kz-border", "collect:travel-ban")
    items = [Submission(document=document("designation"), recipients=["@members", "@partners"])]
    (done,) = submit(ours, SYSTEM, items)
    assert done.state is RecordState.RELEASED
    run_lanes(ours)
    assert trace(theirs, done.record_id).versions[0].state is RecordState.RECEIVED
    found = collect(ours, "kz-mvd", after=0, limit=10)
    assert [c.row.record_id for c in found] == [done.record_id]
    assert collect(ours, "kz-mvd", after=found[-1].delivery.position, limit=10) == []


def test_what_a_rule_does_not_cover_waits_for_an_officer_and_says_why(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    add_member(ours, "kz-mvd")
    (done,) = submit(ours, SYSTEM, [Submission(document=document(), recipients=["cis-atc"])])
    assert done.state is RecordState.DRAFT
    assert done.held_because


def test_one_bad_record_refuses_its_batch_and_names_its_place(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    good = Submission(document=document("designation"), recipients=["cis-atc"])
    bad = Submission(document=document("designation", unknown_field=1), recipients=["cis-atc"])
    with pytest.raises(Refused) as refused:
        submit(ours, SYSTEM, [good, bad])
    assert (refused.value.code, refused.value.details["index"]) == ("record-invalid", 1)
    with ours.store.read() as view:
        assert not view.records.page(after=0, limit=10)


def test_a_received_record_reaches_members_and_their_receipts_reach_the_originator(pair: Hubs) -> None:
    ours, theirs = pair.network.brokers.values()
    add_member(ours, "kz-mvd")
    row = released(theirs, "kz-knb", kind="wanted-person")
    run_lanes(theirs)
    (found,) = collect(ours, "kz-mvd", after=0, limit=10)
    for state in (DeliveryState.DELIVERED, DeliveryState.ACTIONED):
        acknowledge(ours, SYSTEM, [found.delivery.delivery_id], state)
    run_lanes(ours)
    told = [(r.status, r.member) for r in trace(theirs, row.record_id).receipts]
    assert told == [
        (ReceiptStatus.ACCEPTED, None),
        (ReceiptStatus.DELIVERED, "kz-mvd"),
        (ReceiptStatus.ACTIONED, "kz-mvd"),
    ]


def test_a_member_acknowledges_only_its_own_deliveries(pair: Hubs) -> None:
    ours, theirs = pair.network.brokers.values()
    add_member(ours, "kz-mvd")
    released(theirs, "kz-knb", kind="wanted-person")
    run_lanes(theirs)
    (found,) = collect(ours, "kz-mvd", after=0, limit=10)
    stranger = Actor(kind=ActorKind.SYSTEM, id="kz-border", agency="kz-border")
    with pytest.raises(Refused) as refused:
        acknowledge(ours, stranger, [found.delivery.delivery_id], DeliveryState.DELIVERED)
    assert refused.value.code == "not-found"


def test_reading_takes_a_reason_and_is_logged_before_content_leaves(pair: Hubs) -> None:
    ours, theirs = pair.network.brokers.values()
    row = released(ours, "cis-atc")
    run_lanes(ours)
    with pytest.raises(Refused) as refused:
        read_record(theirs, READER, row.record_id, justification=" ")
    assert refused.value.code == "justification-missing"
    read_record(theirs, READER, row.record_id, justification="case 17")
    run_lanes(theirs)
    assert Act.CONSULTED in acts(theirs)
    assert trace(ours, row.record_id).receipts[-1].status is ReceiptStatus.OPENED
    assert trace(theirs, row.record_id).versions[0].state is RecordState.OPENED


def test_an_answer_marks_the_request_answered_on_both_sides(pair: Hubs) -> None:
    ours, theirs = pair.network.brokers.values()
    asked = released(ours, "cis-atc", kind="assistance-request")
    run_lanes(ours)
    answer = document("assistance-answer", in_reply_to=asked.record_id, conversation=asked.conversation)
    drafted = draft(theirs, officer("vera", Role.DRAFTER), answer, recipients=["kz-knb"])
    release_it(theirs, drafted)
    run_lanes(theirs)
    assert trace(ours, asked.record_id).versions[0].state is RecordState.ANSWERED
    assert trace(theirs, asked.record_id).versions[0].state is RecordState.ANSWERED


def test_an_answer_to_nothing_is_refused(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    stray = document("assistance-answer", in_reply_to="01890000-0000-7000-8000-000000000000")
    with pytest.raises(Refused) as refused:
        draft(ours, AIGUL, stray, recipients=["cis-atc"])
    assert refused.value.code == "not-found"


def test_groups_are_expanded_before_release(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    add_member(ours, "kz-mvd")
    row = draft(ours, AIGUL, document(), recipients=["@members", "@agreement:test-treaty"])
    assert row.recipients == ("cis-atc", "kz-mvd")
    wrong = {("@nobody",): "partner-unknown", ("de-bka",): "partner-unknown", (): "request-invalid"}
    for names, code in wrong.items():
        with pytest.raises(Refused) as refused:
            draft(ours, AIGUL, document(), recipients=names)
        assert refused.value.code == code


def test_one_without_the_role_drafts_nothing(pair: Hubs) -> None:
    with pytest.raises(Refused) as refused:
        draft(pair.network.brokers["kz-knb"], officer("eve", Role.READER), document(), recipients=["cis-atc"])
    assert refused.value.code == "role-missing"
