"""Nobody takes a record over: its identity, its second pair of eyes, its recall, its answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from hub.entries import Priority
from hub.errors import Refused
from hub.exchange import drafting
from hub.exchange.agreements import adopt
from hub.exchange.broker import Broker
from hub.exchange.correcting import withdraw
from hub.exchange.drafting import discard, draft, revise
from hub.exchange.releasing import approve
from hub.exchange.submitting import Submission, submit
from hub.exchange.upkeep import expire, resume, trace
from hub.records.actor import Actor, ActorKind, Role
from hub.records.ids import new_id
from hub.records.lifecycle import EntryState, RecordState
from tests.exchange.hubs import (
    AIGUL,
    BOLAT,
    CUSTODIAN,
    Hubs,
    add_member,
    agreement_text,
    document,
    officer,
    release_it,
    released,
    run_lanes,
)

SYSTEM = Actor(kind=ActorKind.SYSTEM, id="kz-mvd", agency="kz-mvd")
BOTH = officer("dana", Role.DRAFTER, Role.RELEASER)


@pytest.mark.parametrize(
    ("changed", "code"),
    [({"version": 9999}, "record-invalid"), ({"version": 2, "action": "correction"}, "record-invalid")],
)
def test_what_is_handed_in_is_never_a_version_of_another_record(
    pair: Hubs, changed: dict[str, object], code: str
) -> None:
    ours = pair.network.brokers["kz-knb"]
    add_member(ours, "kz-mvd")
    row = released(ours, "cis-atc", kind="designation")
    stolen = document("designation", id=row.record_id, **changed)
    with pytest.raises(Refused) as refused:
        submit(ours, SYSTEM, [Submission(document=stolen, recipients=["cis-atc"])])
    assert refused.value.code == code
    with pytest.raises(Refused) as refused:
        draft(ours, AIGUL, stolen, recipients=["cis-atc"])
    assert refused.value.code == code
    assert len(trace(ours, row.record_id).versions) == 1


def test_an_id_that_is_known_here_is_not_used_again_whoever_made_it(pair: Hubs) -> None:
    ours, theirs = pair.network.brokers.values()
    came = released(theirs, "kz-knb")
    run_lanes(theirs)
    mine = released(ours, "cis-atc")
    for known in (came.record_id, mine.record_id):
        again = document("designation", id=known)
        with pytest.raises(Refused) as refused:
            submit(ours, SYSTEM, [Submission(document=again, recipients=["cis-atc"])])
        assert refused.value.code == "conflict"
    twice = document("designation", id=new_id())
    with pytest.raises(Refused) as refused:
        submit(ours, SYSTEM, [Submission(document=twice, recipients=["cis-atc"])] * 2)
    assert refused.value.code == "conflict"


def test_an_edit_by_another_does_not_let_the_author_release(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    row = draft(ours, BOTH, document(), recipients=["cis-atc"])
    other = officer("erlan", Role.DRAFTER)
    again = revise(ours, other, row.record_id, expected_revision=1, priority=Priority.URGENT)
    with pytest.raises(Refused) as refused:
        approve(ours, BOTH, row.record_id, digest=again.digest, recipients=again.recipients)
    assert refused.value.code == "four-eyes"
    release_it(ours, again)
    assert trace(ours, row.record_id).versions[0].state is RecordState.RELEASED


def test_a_draft_that_changed_meanwhile_is_not_discarded(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    row = draft(ours, AIGUL, document(), recipients=["cis-atc"])
    revise(ours, AIGUL, row.record_id, expected_revision=1, document=document(narrative="Newer"))
    with pytest.raises(Refused) as refused:
        discard(ours, AIGUL, row.record_id, expected_revision=1)
    assert refused.value.code == "conflict"


def test_a_recall_loses_no_recipient_and_keeps_its_identity(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    add_member(ours, "kz-mvd")
    row = released(ours, "cis-atc", "kz-mvd")
    recall = withdraw(ours, AIGUL, row.record_id, reason="mistaken identity")
    with pytest.raises(Refused) as refused:
        revise(ours, AIGUL, row.record_id, expected_revision=1, recipients=["kz-mvd"])
    assert refused.value.code == "policy-denied"
    moved = revise(ours, AIGUL, row.record_id, expected_revision=1, priority=Priority.FLASH)
    assert (moved.kind, moved.conversation) == (recall.kind, recall.conversation)


def test_a_recall_needs_no_agreement_any_more(pair: Hubs) -> None:
    ours, theirs = pair.network.brokers.values()
    row = released(ours, "cis-atc")
    run_lanes(ours)
    for broker in (ours, theirs):
        ended = agreement_text(["kz-knb", "cis-atc"]).replace("version = 1", "version = 2")
        adopt(broker, CUSTODIAN, ended.replace("2020-01-01", "2020-01-01\nin_force_until = 2020-12-31"))
    release_it(ours, withdraw(ours, AIGUL, row.record_id, reason="mistaken identity"))
    run_lanes(ours)
    recall = next(e for e in trace(ours, row.record_id).entries if e.version == 2)
    assert recall.state is EntryState.ACCEPTED
    assert trace(theirs, row.record_id).versions[0].state is RecordState.WITHDRAWN


def test_a_withdrawal_of_what_never_came_needs_an_agreement_like_any_record(pair: Hubs) -> None:
    ours, theirs = pair.network.brokers.values()
    row = released(ours, "cis-atc")
    narrower = agreement_text(["kz-knb", "cis-atc"]).replace("version = 1", "version = 2")
    adopt(theirs, CUSTODIAN, narrower.replace('"spontaneous-information", ', ""))
    run_lanes(ours)
    release_it(ours, withdraw(ours, AIGUL, row.record_id, reason="mistaken identity"))
    run_lanes(ours)
    recall = next(e for e in trace(ours, row.record_id).entries if e.version == 2)
    assert (recall.state, recall.reason) == (EntryState.REFUSED, "policy-denied")


def test_only_who_was_asked_answers(hubs: Hubs, monkeypatch: pytest.MonkeyPatch) -> None:
    for agency in ("kz-knb", "cis-atc", "sco-rats"):
        hubs.add(agency)
    hubs.pair_all()
    hubs.agree()
    ours, _asked, stranger = hubs.network.brokers.values()
    request = released(ours, "cis-atc", kind="assistance-request")
    run_lanes(ours)
    told = document(in_reply_to=request.record_id, conversation=request.conversation)
    drafter = replace(AIGUL, agency="sco-rats")
    with pytest.raises(Refused):
        draft(stranger, drafter, told, recipients=["kz-knb"])
    claimed = forged_answer(monkeypatch, stranger, told)
    run_lanes(stranger)
    assert trace(ours, claimed).versions[0].in_reply_to == request.record_id
    assert trace(ours, request.record_id).versions[0].state is RecordState.RELEASED


def forged_answer(monkeypatch: pytest.MonkeyPatch, broker: Broker, told: Mapping[str, object]) -> str:
    """Release an answer to a record that this hub never got, as only a dishonest hub would."""
    with monkeypatch.context() as dishonest:
        dishonest.setattr(drafting, "refuse_unanswerable", lambda *_: None)
        row = draft(broker, replace(AIGUL, agency="sco-rats"), told, recipients=["kz-knb"])
    approve(broker, BOLAT, row.record_id, digest=row.digest, recipients=row.recipients)
    return row.record_id


def test_what_was_admitted_and_sealed_anew_is_accepted_once(pair: Hubs) -> None:
    ours, theirs = pair.network.brokers.values()
    row = released(ours, "cis-atc")
    pair.network.lose_answer = 1
    run_lanes(ours)
    pair.network.down.add("cis-atc")
    pair.clock.pass_(8 * 86400)
    expire(ours)
    pair.network.down.clear()
    resume(ours, BOLAT, trace(ours, row.record_id).entries[0].entry_id)
    run_lanes(ours)
    assert trace(ours, row.record_id).entries[-1].state is EntryState.ACCEPTED
    assert len(trace(theirs, row.record_id).versions) == 1
