"""A correction or withdrawal reaches everyone who ever got the record."""

from __future__ import annotations

import pytest

from hub.entries import Priority
from hub.errors import Refused
from hub.exchange.correcting import correct, withdraw
from hub.exchange.drafting import discard, draft
from hub.exchange.routing import collect
from hub.exchange.suspending import suspend
from hub.exchange.upkeep import trace
from hub.records.lifecycle import EntryState, RecordState
from tests.exchange.hubs import AIGUL, CUSTODIAN, Hubs, add_member, document, release_it, released, run_lanes


@pytest.fixture
def three(hubs: Hubs) -> Hubs:
    for agency in ("kz-knb", "cis-atc", "sco-rats"):
        hubs.add(agency)
    hubs.pair_all()
    hubs.agree(extra=("kz-mvd",))
    add_member(hubs.network.brokers["kz-knb"], "kz-mvd")
    return hubs


def states(hubs: Hubs, agency: str, record_id: str) -> list[RecordState]:
    return [v.state for v in trace(hubs.network.brokers[agency], record_id).versions]


def test_a_correction_reaches_everyone_and_supersedes(three: Hubs) -> None:
    ours = three.network.brokers["kz-knb"]
    row = released(ours, "cis-atc", "sco-rats", "kz-mvd", narrative="Wrong date")
    run_lanes(ours)
    corrected = correct(ours, AIGUL, row.record_id, document(narrative="Right date"))
    assert corrected.recipients == ("cis-atc", "kz-mvd", "sco-rats")
    release_it(ours, corrected)
    run_lanes(ours)
    assert states(three, "kz-knb", row.record_id) == [RecordState.SUPERSEDED, RecordState.RELEASED]
    for agency in ("cis-atc", "sco-rats"):
        assert states(three, agency, row.record_id) == [RecordState.SUPERSEDED, RecordState.RECEIVED]
    assert [c.row.version for c in collect(ours, "kz-mvd", after=0, limit=10)] == [1, 2]


def test_a_withdrawal_recalls_every_version_and_nothing_follows_it(three: Hubs) -> None:
    ours = three.network.brokers["kz-knb"]
    row = released(ours, "cis-atc", kind="wanted-person")
    run_lanes(ours)
    release_it(ours, correct(ours, AIGUL, row.record_id, document("wanted-person", narrative="Found")))
    recall = withdraw(ours, AIGUL, row.record_id, reason="mistaken identity")
    assert recall.priority is Priority.URGENT
    release_it(ours, recall)
    run_lanes(ours, rounds=3)
    assert states(three, "cis-atc", row.record_id)[:2] == [RecordState.WITHDRAWN, RecordState.WITHDRAWN]
    with pytest.raises(Refused) as refused:
        correct(ours, AIGUL, row.record_id, document("wanted-person"))
    assert refused.value.code == "transition-invalid"


def test_a_discarded_correction_uses_up_its_number_and_stops_nothing(three: Hubs) -> None:
    ours = three.network.brokers["kz-knb"]
    row = released(ours, "cis-atc")
    run_lanes(ours)
    correct(ours, AIGUL, row.record_id, document(narrative="Never mind"))
    with pytest.raises(Refused) as refused:
        correct(ours, AIGUL, row.record_id, document(narrative="A second draft"))
    assert refused.value.code == "conflict"
    discard(ours, AIGUL, row.record_id)
    third = correct(ours, AIGUL, row.record_id, document(narrative="Right"))
    assert third.version == 3
    release_it(ours, third)
    run_lanes(ours)
    assert states(three, "cis-atc", row.record_id) == [RecordState.SUPERSEDED, RecordState.RECEIVED]


def test_only_the_originator_corrects_or_withdraws(three: Hubs) -> None:
    ours, theirs = three.network.brokers["kz-knb"], three.network.brokers["cis-atc"]
    row = released(ours, "cis-atc")
    run_lanes(ours)
    with pytest.raises(Refused) as refused:
        withdraw(theirs, AIGUL, row.record_id, reason="not mine")
    assert refused.value.code == "policy-denied"


def test_a_draft_is_revised_not_corrected(three: Hubs) -> None:
    ours = three.network.brokers["kz-knb"]
    row = released(ours, "cis-atc")
    correct(ours, AIGUL, row.record_id, document())
    with pytest.raises(Refused) as refused:
        withdraw(ours, AIGUL, row.record_id, reason="both at once")
    assert refused.value.code == "conflict"


def test_a_suspended_partner_does_not_keep_a_recall_from_the_others(three: Hubs) -> None:
    ours = three.network.brokers["kz-knb"]
    row = released(ours, "cis-atc", "sco-rats")
    run_lanes(ours)
    suspend(ours, CUSTODIAN, "cis-atc")
    release_it(ours, withdraw(ours, AIGUL, row.record_id, reason="mistaken identity"))
    run_lanes(ours)
    recall = [e for e in trace(ours, row.record_id).entries if e.version == 2]
    assert {e.recipient: e.state for e in recall} == {
        "cis-atc": EntryState.HELD,
        "sco-rats": EntryState.ACCEPTED,
    }


def test_an_answer_to_a_request_that_was_withdrawn_changes_nothing(three: Hubs) -> None:
    ours, theirs = three.network.brokers["kz-knb"], three.network.brokers["cis-atc"]
    asked = released(ours, "cis-atc", kind="assistance-request")
    run_lanes(ours)
    reply = document("assistance-answer", in_reply_to=asked.record_id, conversation=asked.conversation)
    answer = draft(theirs, AIGUL, reply, recipients=["kz-knb"])
    release_it(ours, withdraw(ours, AIGUL, asked.record_id, reason="no longer needed"))
    run_lanes(ours)
    release_it(theirs, answer)
    run_lanes(theirs)
    for agency in ("kz-knb", "cis-atc"):
        assert RecordState.ANSWERED not in states(three, agency, asked.record_id)
