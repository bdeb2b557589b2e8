"""What falls due with records is told in time, decided by two, and done on the day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from hub.audit.events import Act, AuditEvent
from hub.entries import RecordRow
from hub.exchange.agreements import adopt
from hub.exchange.broker import Broker
from hub.exchange.correcting import correct, withdraw
from hub.exchange.drafting import discard, draft
from hub.exchange.dues.heeding import Unheeded, unheeded
from hub.exchange.dues.looking import look_at_dues
from hub.exchange.dues.reminding import Level, falling_due
from hub.exchange.dues.retaining import confirm_keeping, propose_keeping
from hub.exchange.dues.reviewing import review
from hub.exchange.erasing import erase_by_rule
from hub.exchange.routing import collect, read_record
from hub.exchange.upkeep import drop, trace
from hub.policy.dues import Due
from hub.records.actor import Role
from hub.records.kinds import Kind
from hub.records.lifecycle import RecordState
from tests.exchange.hubs import (
    AIGUL,
    BOLAT,
    CUSTODIAN,
    START,
    Hubs,
    add_member,
    agreement_text,
    document,
    officer,
    release_it,
    run_lanes,
)
from tests.exchange.test_attachments import refused

pytestmark = pytest.mark.slow

DANA = officer("dana", Role.CUSTODIAN)
ERLAN = officer("erlan", Role.AUDITOR)
WHY = "an appeal is pending, case 14/26"
DAY_S = 86400.0
TODAY = START.date()


@pytest.fixture
def pair(embedded_pair: Hubs) -> Hubs:
    text = agreement_text(["kz-knb", "cis-atc", "kz-mvd"]).replace(
        'highest = "secret"\n',
        'highest = "secret"\nreply_days = { assistance-request = 10 }\nretention_days = 60\n'
        "retention_of = { diffusion = 20 }\nreview_days = { wanted-person = 40 }\n",
    )
    for broker in embedded_pair.network.brokers.values():
        adopt(broker, CUSTODIAN, text)
    return embedded_pair


def drafted(broker: Broker, to: str, kind: str, **more: object) -> RecordRow:
    """Draft and release a record that gives no days but those that are said; it has not left yet."""
    told = dict(document(kind))
    for name in ("review_on", "retain_until", "reply_due_at"):
        told.pop(name, None)
    row = draft(broker, AIGUL, told | more, recipients=[to])
    release_it(broker, row)
    return row


def sent(ours: Broker, kind: Kind = Kind.SPONTANEOUS_INFORMATION, **more: object) -> RecordRow:
    row = drafted(ours, "cis-atc", kind.value, **more)
    run_lanes(ours)
    return row


def newest(broker: Broker, record_id: str) -> RecordRow:
    return trace(broker, record_id).versions[-1]


def reminders(broker: Broker, what: Due) -> list[str]:
    with broker.store.read() as view:
        events = [event for _, event in view.events(after=0, limit=10_000)]
    return [e.details["level"] for e in events if e.act is Act.REMINDED and e.details["what"] == what.value]


def done(broker: Broker, act: Act) -> list[AuditEvent]:
    with broker.store.read() as view:
        return [event for _, event in view.events(after=0, limit=10_000) if event.act is act]


def pass_days(pair: Hubs, days: float) -> None:
    pair.clock.pass_(days * DAY_S)


def reads(broker: Broker, record_id: str) -> None:
    read_record(broker, BOLAT, record_id, justification="case 17")


def test_what_came_is_kept_no_longer_than_agreed_and_ours_as_its_originator_says(
    ours: Broker, theirs: Broker
) -> None:
    row = sent(ours)
    assert newest(ours, row.record_id).retain_until is None
    kept = newest(theirs, row.record_id).retain_until
    assert kept is not None
    assert kept.date() == TODAY + timedelta(days=61)
    sooner = sent(ours, Kind.DIFFUSION)
    kept = newest(theirs, sooner.record_id).retain_until
    assert kept is not None
    assert kept.date() == TODAY + timedelta(days=21)
    said = sent(ours, retain_until=(TODAY + timedelta(days=7)).isoformat())
    for broker in (ours, theirs):
        kept = newest(broker, said.record_id).retain_until
        assert kept is not None
        assert kept.date() == TODAY + timedelta(days=8)


def test_people_are_told_before_the_end_and_the_content_is_erased_on_the_day(
    pair: Hubs, ours: Broker, theirs: Broker
) -> None:
    row = sent(ours)
    look_at_dues(theirs)
    assert reminders(theirs, Due.RETENTION) == []
    pass_days(pair, 31)
    look_at_dues(theirs)
    look_at_dues(theirs)
    assert reminders(theirs, Due.RETENTION) == ["soon"]
    reads(theirs, row.record_id)
    pass_days(pair, 30)
    look_at_dues(theirs)
    with refused("content-erased"):
        reads(theirs, row.record_id)
    (erased,) = done(theirs, Act.ERASED)
    assert erased.details["proposed_by"] == "rule:test-treaty"
    assert erased.justification == f"Its retention ended with {(TODAY + timedelta(days=60)).isoformat()}."
    pass_days(pair, 30)
    look_at_dues(theirs)
    assert reminders(theirs, Due.RETENTION) == ["soon", "due"]
    assert len(done(theirs, Act.ERASED)) == 1
    reads(ours, row.record_id)


def test_two_people_keep_a_record_longer_and_one_does_not(pair: Hubs, ours: Broker, theirs: Broker) -> None:
    row = sent(ours)
    until = TODAY + timedelta(days=90)
    propose_keeping(theirs, DANA, row.record_id, until=until, justification=WHY)
    with refused("four-eyes"):
        confirm_keeping(theirs, replace(DANA), row.record_id, until=until)
    before = newest(theirs, row.record_id).retain_until
    assert before is not None
    assert before.date() == TODAY + timedelta(days=61)
    confirm_keeping(theirs, ERLAN, row.record_id, until=until)
    pass_days(pair, 62)
    look_at_dues(theirs)
    reads(theirs, row.record_id)
    (kept,) = done(theirs, Act.KEPT)
    assert (kept.justification, kept.details["until"]) == (WHY, until.isoformat())
    pass_days(pair, 30)
    look_at_dues(theirs)
    with refused("content-erased"):
        reads(theirs, row.record_id)


def test_a_proposal_alone_keeps_nothing(pair: Hubs, ours: Broker, theirs: Broker) -> None:
    row = sent(ours)
    propose_keeping(theirs, DANA, row.record_id, until=TODAY + timedelta(days=90), justification=WHY)
    pass_days(pair, 62)
    look_at_dues(theirs)
    with refused("content-erased"):
        reads(theirs, row.record_id)


@pytest.mark.parametrize("day", [-1, 60, 60 + 5 * 366])
def test_a_day_that_changes_nothing_or_lies_too_far_away_is_refused(
    ours: Broker, theirs: Broker, day: int
) -> None:
    row = sent(ours)
    until = TODAY + timedelta(days=day)
    with refused("retention-invalid"):
        propose_keeping(theirs, DANA, row.record_id, until=until, justification=WHY)


def test_what_nothing_ends_needs_no_keeping_and_a_reason_is_asked_for(ours: Broker, theirs: Broker) -> None:
    row = sent(ours)
    until = TODAY + timedelta(days=90)
    with refused("retention-invalid"):
        propose_keeping(ours, DANA, row.record_id, until=until, justification=WHY)
    with refused("justification-missing"):
        propose_keeping(theirs, DANA, row.record_id, until=until, justification=" ")
    with refused("role-missing"):
        propose_keeping(theirs, AIGUL, row.record_id, until=until, justification=WHY)
    with refused("not-found"):
        confirm_keeping(theirs, ERLAN, row.record_id, until=until)


def test_who_confirms_keeps_what_they_read_and_not_what_was_proposed_since(
    ours: Broker, theirs: Broker
) -> None:
    row = sent(ours)
    read, since = TODAY + timedelta(days=90), TODAY + timedelta(days=1500)
    propose_keeping(theirs, DANA, row.record_id, until=read, justification=WHY)
    propose_keeping(theirs, DANA, row.record_id, until=since, justification=WHY)
    with refused("conflict"):
        confirm_keeping(theirs, ERLAN, row.record_id, until=read)
    assert confirm_keeping(theirs, ERLAN, row.record_id, until=since).confirmed_by is not None


def test_a_correction_that_was_given_up_keeps_nothing(pair: Hubs, ours: Broker) -> None:
    row = sent(ours, retain_until=(TODAY + timedelta(days=5)).isoformat())
    told = dict(read_record(ours, BOLAT, row.record_id, justification="case 17").document)
    correct(ours, AIGUL, row.record_id, told)
    discard(ours, AIGUL, row.record_id)
    pass_days(pair, 7)
    look_at_dues(ours)
    assert len(done(ours, Act.ERASED)) == 1


def test_what_was_withdrawn_is_kept_no_longer_than_agreed(pair: Hubs, ours: Broker, theirs: Broker) -> None:
    row = sent(ours)
    release_it(ours, withdraw(ours, AIGUL, row.record_id, reason="a mistake"))
    run_lanes(ours)
    pass_days(pair, 62)
    look_at_dues(theirs)
    assert len(done(theirs, Act.ERASED)) == 1


def test_what_is_kept_longer_while_its_end_is_looked_at_is_not_erased(
    pair: Hubs, ours: Broker, theirs: Broker
) -> None:
    row = sent(ours)
    pass_days(pair, 62)
    seen, until = newest(theirs, row.record_id), TODAY + timedelta(days=90)
    propose_keeping(theirs, DANA, row.record_id, until=until, justification=WHY)
    confirm_keeping(theirs, ERLAN, row.record_id, until=until)
    with refused("conflict"):
        erase_by_rule(theirs, seen, why="Its retention ended.", at=pair.clock.now())
    reads(theirs, row.record_id)


def test_what_is_on_its_way_is_erased_once_it_has_arrived(pair: Hubs, ours: Broker) -> None:
    until = (TODAY + timedelta(days=1)).isoformat()
    row = drafted(ours, "cis-atc", "spontaneous-information", retain_until=until)
    pass_days(pair, 3)
    look_at_dues(ours)
    reads(ours, row.record_id)
    run_lanes(ours)
    pass_days(pair, 1)
    look_at_dues(ours)
    with refused("content-erased"):
        reads(ours, row.record_id)


def test_a_correction_that_says_a_later_day_is_kept_until_then(
    pair: Hubs, ours: Broker, theirs: Broker
) -> None:
    row = sent(ours, retain_until=(TODAY + timedelta(days=5)).isoformat())
    told = dict(read_record(ours, BOLAT, row.record_id, justification="case 17").document)
    told["retain_until"] = (TODAY + timedelta(days=30)).isoformat()
    release_it(ours, correct(ours, AIGUL, row.record_id, told))
    run_lanes(ours)
    pass_days(pair, 10)
    for broker in (ours, theirs):
        look_at_dues(broker)
        reads(broker, row.record_id)
    pass_days(pair, 25)
    for broker in (ours, theirs):
        look_at_dues(broker)
        with refused("content-erased"):
            reads(broker, row.record_id)


def test_an_answer_is_due_at_both_sides_until_it_comes(pair: Hubs, ours: Broker, theirs: Broker) -> None:
    row = sent(ours, Kind.ASSISTANCE_REQUEST)
    pass_days(pair, 8)
    for broker in (ours, theirs):
        look_at_dues(broker)
        assert reminders(broker, Due.REPLY) == ["soon"]
    pass_days(pair, 4)
    look_at_dues(theirs)
    assert reminders(theirs, Due.REPLY) == ["soon", "due"]
    with theirs.store.read() as view:
        (item,) = falling_due(view, theirs.limits, Due.REPLY, at=pair.clock.now())
    assert (item.row.record_id, item.level) == (row.record_id, Level.DUE)
    pass_days(pair, 7)
    look_at_dues(theirs)
    assert reminders(theirs, Due.REPLY) == ["soon", "due", "overdue"]
    answer = drafted(
        theirs,
        "kz-knb",
        "assistance-answer",
        in_reply_to=row.record_id,
        conversation=row.conversation,
    )
    run_lanes(theirs)
    assert newest(ours, answer.record_id).outcome == document("assistance-answer")["details"]["outcome"]  # type: ignore[index]
    for broker in (ours, theirs):
        with broker.store.read() as view:
            assert list(falling_due(view, broker.limits, Due.REPLY, at=pair.clock.now())) == []


def test_an_answer_that_postpones_leaves_the_request_due_until_the_final_one_comes(
    pair: Hubs, ours: Broker, theirs: Broker
) -> None:
    row = sent(ours, Kind.ASSISTANCE_REQUEST)
    authority = document("assistance-answer")["details"]["answering"]  # type: ignore[index]
    later = {
        "outcome": "postponed",
        "answering": authority,
        "ground": {"ground": "ongoing-proceedings", "explained": "A trial."},
        "expected_on": "2026-12-22",
    }
    final = {"outcome": "full", "answering": authority, "executed_on": "2026-12-20"}
    for details, open_ in ((later, [row.record_id]), (final, [])):
        told = {"in_reply_to": row.record_id, "conversation": row.conversation, "details": details}
        answer = drafted(theirs, "kz-knb", "assistance-answer", **told)
        run_lanes(theirs)
        pass_days(pair, 11)
        for broker in (ours, theirs):
            with broker.store.read() as view:
                due = falling_due(view, broker.limits, Due.REPLY, at=pair.clock.now())
                assert [one.row.record_id for one in due] == open_
            assert done(broker, Act.ANSWERED)[-1].details["answer"] == answer.record_id
            answered = newest(broker, row.record_id).state is RecordState.ANSWERED
            assert answered is not bool(open_)


def test_a_request_to_several_is_due_until_all_that_got_it_have_answered(tmp_path: Path) -> None:
    hubs = Hubs(folder=tmp_path)
    ours, *others = [hubs.add(agency) for agency in ("kz-knb", "cis-atc", "sco-rats", "kg-gknb")]
    hubs.pair_all()
    hubs.agree(extra=("kz-mvd",))
    add_member(ours, "kz-mvd")
    told = dict(document("assistance-request"))
    for name in ("review_on", "retain_until"):
        told.pop(name, None)
    told["reply_due_at"] = "2026-12-02T09:00:00.000Z"
    row = draft(ours, AIGUL, told, recipients=["cis-atc", "sco-rats", "kg-gknb", "kz-mvd"])
    release_it(ours, row)
    hubs.network.down.add("kg-gknb")
    run_lanes(ours)
    with ours.store.read() as view:
        (away,) = [one for one in view.outbox.of_record(row.record_id) if one.recipient == "kg-gknb"]
    drop(ours, CUSTODIAN, away.entry_id, reason="they are closed")
    pass_days(hubs, 11)
    for broker, open_ in zip(others[:2], ([row.record_id], []), strict=True):
        more = {"in_reply_to": row.record_id, "conversation": row.conversation}
        drafted(broker, "kz-knb", "assistance-answer", **more)
        run_lanes(broker)
        with ours.store.read() as view:
            due = falling_due(view, ours.limits, Due.REPLY, at=hubs.clock.now())
            assert [one.row.record_id for one in due] == open_
        assert newest(broker, row.record_id).state is RecordState.ANSWERED
    assert newest(ours, row.record_id).state is RecordState.ANSWERED
    hubs.close()


def test_what_was_asked_urgently_is_confirmed_in_writing_by_its_next_version(
    pair: Hubs, ours: Broker, theirs: Broker
) -> None:
    haste = {"urgency": "urgent", "urgency_reason": "A suspect may leave."}
    details = {**document("assistance-request")["details"], **haste}  # type: ignore[dict-item]
    row = sent(ours, Kind.ASSISTANCE_REQUEST, details=details)
    due = newest(theirs, row.record_id).confirm_by
    assert due == pair.clock.now() + timedelta(hours=72)
    pass_days(pair, 3.1)
    look_at_dues(theirs)
    assert reminders(theirs, Due.CONFIRMATION) == ["due"]
    told = dict(read_record(ours, BOLAT, row.record_id, justification="case 17").document)
    told["details"] = told["details"] | {"confirms_in_writing": True}
    release_it(ours, correct(ours, AIGUL, row.record_id, told))
    run_lanes(ours)
    for broker in (ours, theirs):
        with broker.store.read() as view:
            assert list(falling_due(view, broker.limits, Due.CONFIRMATION, at=pair.clock.now())) == []


def test_a_review_falls_due_and_a_person_says_why_it_is_still_needed(
    pair: Hubs, ours: Broker, theirs: Broker
) -> None:
    row = sent(ours, Kind.WANTED_PERSON)
    pass_days(pair, 41)
    look_at_dues(theirs)
    assert reminders(theirs, Due.REVIEW) == ["due"]
    with refused("role-missing"):
        review(theirs, officer("anon", Role.RELEASER), row.record_id, justification=WHY, again_on=None)
    with refused("retention-invalid"):
        review(theirs, AIGUL, row.record_id, justification=WHY, again_on=date(2020, 1, 1))
    review(theirs, AIGUL, row.record_id, justification=WHY, again_on=TODAY + timedelta(days=50))
    (noted,) = done(theirs, Act.REVIEWED)
    assert noted.justification == WHY
    with theirs.store.read() as view:
        (item,) = falling_due(view, theirs.limits, Due.REVIEW, at=pair.clock.now())
    assert item.level is Level.SOON


def test_one_process_looks_at_a_time(pair: Hubs, ours: Broker, theirs: Broker) -> None:
    sent(ours, Kind.ASSISTANCE_REQUEST)
    pass_days(pair, 9)
    assert look_at_dues(theirs) > 0
    pass_days(pair, 4)
    with theirs.store.work() as work:
        assert work.books.take_duty("dues", at=pair.clock.now(), until=pair.clock.now() + timedelta(hours=1))
        work.commit()
    assert look_at_dues(theirs) == 0


def test_who_has_not_followed_a_withdrawal_is_told_until_it_has(pair: Hubs, ours: Broker) -> None:
    from_us = sent(ours)
    add_member(ours, "kz-mvd")
    to_member = drafted(ours, "kz-mvd", "spontaneous-information")
    collect(ours, "kz-mvd", after=0, limit=10)
    for row in (from_us, to_member):
        release_it(ours, withdraw(ours, AIGUL, row.record_id, reason="a mistake"))
    assert {one.who for one in follows(pair, ours)} == {"cis-atc", "kz-mvd"}
    look_at_dues(ours)
    assert told_of(ours, "withdrawal") == []
    pass_days(pair, 3)
    look_at_dues(ours)
    pass_days(pair, 1)
    look_at_dues(ours)
    assert sorted(told_of(ours, "withdrawal")) == [("cis-atc", "due"), ("kz-mvd", "due")]
    pass_days(pair, 7)
    look_at_dues(ours)
    assert ("kz-mvd", "overdue") in told_of(ours, "withdrawal")


def test_whoever_follows_is_told_of_no_more_and_neither_is_what_was_overtaken(
    pair: Hubs, ours: Broker
) -> None:
    row = sent(ours)
    told = dict(read_record(ours, BOLAT, row.record_id, justification="case 17").document)
    release_it(ours, correct(ours, AIGUL, row.record_id, told))
    release_it(ours, withdraw(ours, AIGUL, row.record_id, reason="a mistake"))
    assert [one.version for one in follows(pair, ours)] == [3]
    run_lanes(ours, rounds=2)
    assert follows(pair, ours) == []


@pytest.mark.parametrize("given_up", [False, True])
def test_a_request_that_is_being_corrected_is_answered_all_the_same(
    ours: Broker, theirs: Broker, given_up: bool
) -> None:
    row = sent(ours, Kind.ASSISTANCE_REQUEST)
    told = dict(read_record(ours, BOLAT, row.record_id, justification="case 17").document)
    correct(ours, AIGUL, row.record_id, told)
    if given_up:
        discard(ours, AIGUL, row.record_id)
    tied = {"in_reply_to": row.record_id, "conversation": row.conversation}
    drafted(theirs, "kz-knb", "assistance-answer", **tied)
    run_lanes(theirs)
    assert trace(ours, row.record_id).versions[0].state is RecordState.ANSWERED


@pytest.mark.parametrize("given_up", [False, True])
def test_the_draft_of_a_next_version_hides_nobody_who_has_not_followed(
    pair: Hubs, ours: Broker, given_up: bool
) -> None:
    row = sent(ours)
    told = dict(read_record(ours, BOLAT, row.record_id, justification="case 17").document)
    release_it(ours, correct(ours, AIGUL, row.record_id, told))
    correct(ours, AIGUL, row.record_id, told)
    if given_up:
        discard(ours, AIGUL, row.record_id)
    assert [one.version for one in follows(pair, ours)] == [2]


def follows(pair: Hubs, broker: Broker) -> list[Unheeded]:
    with broker.store.read() as view:
        return list(unheeded(view, broker.limits, agency=broker.agency, at=pair.clock.now()))


def told_of(broker: Broker, action: str) -> list[tuple[str, str]]:
    found = done(broker, Act.REMINDED)
    return [(e.details["to"], e.details["level"]) for e in found if e.details["what"] == action]
