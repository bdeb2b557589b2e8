"""Two hubs compare what each says it sent and received, and find every difference and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from hub.audit.events import Act
from hub.entries import Line, PartnerRow
from hub.envelope.canonical import digest
from hub.envelope.reconciliation import (
    Conclusion,
    Extent,
    Period,
    Range,
    state_books,
    verify_books,
)
from hub.envelope.suites import Suite
from hub.errors import HubError, IntegrityFailure, PeerFault, Refused
from hub.exchange.broker import Broker
from hub.exchange.gaps import look_for_gaps
from hub.exchange.receiving import receive
from hub.exchange.reconciling import walking
from hub.exchange.reconciling.answering import answer_books
from hub.exchange.reconciling.asking import number_on, reconcile
from hub.exchange.reconciling.comparing import Difference, Kind, compare
from hub.exchange.reconciling.forgetting import forget_books
from hub.exchange.reconciling.nightly import next_turn, reconcile_due
from hub.exchange.suspending import suspend
from hub.exchange.upkeep import drop, expire
from hub.ports import BooksAnswer
from hub.records.actor import Role
from hub.records.ids import new_id
from hub.records.lifecycle import EntryState
from tests.exchange.crafting import craft, stated, stated_books
from tests.exchange.hubs import CUSTODIAN, START, Hubs, LinkCarrier, officer, released, run_lanes, with_limits

#: Many hubs and stores: not for the quick gate.
pytestmark = pytest.mark.slow

US, THEM = "kz-knb", "cis-atc"
BOLAT_READS = officer("bolat", Role.READER)


def both(pair: Hubs) -> tuple[Broker, Broker]:
    ours, theirs = pair.network.brokers.values()
    return ours, theirs


def exchanged(pair: Hubs, *, there: int = 5, back: int = 3) -> None:
    """Let records go both ways and be accepted."""
    ours, theirs = both(pair)
    for _ in range(there):
        released(ours, THEM)
    for _ in range(back):
        released(theirs, US)
    run_lanes(ours)
    run_lanes(theirs)


def change(pair: Hubs, at: str, statement: str, **values: Any) -> None:
    """Do to a hub's database what no hub does."""
    engine = create_engine(pair.network.brokers[at].store._database._writer.url)  # type: ignore[attr-defined]
    with engine.begin() as connection:
        assert connection.execute(text(statement), values).rowcount > 0
    engine.dispose()


def compared(broker: Broker, agency: str, **told: Any) -> list[tuple[str, str, int]]:
    """Compare the books; return the differences as (kind, sender, number)."""
    row, found = reconcile(broker, CUSTODIAN, agency, **told)
    assert row.differences == len(found)
    return [(one.kind.value, one.sender, one.number) for one in found]


def test_books_of_honest_hubs_agree_from_both_sides(pair: Hubs) -> None:
    ours, theirs = both(pair)
    exchanged(pair)
    row, found = reconcile(ours, CUSTODIAN, THEM)
    assert (row.compared, found) == (8, [])
    assert compared(theirs, US) == []


def test_books_without_anything_in_them_agree(pair: Hubs) -> None:
    row, found = reconcile(both(pair)[0], CUSTODIAN, THEM)
    assert (row.compared, row.differences, found) == (0, 0, [])


@pytest.mark.parametrize("asker", [US, THEM])
@pytest.mark.parametrize(
    ("at", "statement", "kind"),
    [
        (THEM, "DELETE FROM inbox WHERE number = 3", Kind.SENT_NOT_RECEIVED),
        (US, "DELETE FROM outbox WHERE number = 3", Kind.RECEIVED_NOT_SENT),
        (THEM, "UPDATE inbox SET digest = :other WHERE number = 3", Kind.DIGEST_DIFFERS),
        (US, "UPDATE outbox SET digest = :other WHERE number = 3", Kind.DIGEST_DIFFERS),
        (THEM, "UPDATE inbox SET envelope_id = :id WHERE number = 3", Kind.NUMBER_TWICE),
        (US, "UPDATE outbox SET state = 'dead', reason = 'dropped' WHERE number = 3", Kind.STATE_DIFFERS),
        (US, "UPDATE outbox SET state = 'refused', reason = 'conflict' WHERE number = 3", Kind.STATE_DIFFERS),
    ],
)
def test_every_difference_is_found_whoever_asks(
    pair: Hubs, at: str, statement: str, kind: Kind, asker: str
) -> None:
    exchanged(pair)
    values = {"other": b"\1" * 32, "id": new_id()}
    change(pair, at, statement, **{name: v for name, v in values.items() if f":{name}" in statement})
    asking_hub, other = (pair.network.brokers[agency] for agency in (asker, THEM if asker == US else US))
    assert compared(asking_hub, other.agency) == [(kind.value, US, 3)]


def test_a_number_that_neither_side_knows_is_found_by_who_misses_it(pair: Hubs) -> None:
    _ours, theirs = both(pair)
    exchanged(pair)
    change(pair, US, "DELETE FROM outbox WHERE number = 3")
    change(pair, THEM, "DELETE FROM inbox WHERE number = 3")
    look_for_gaps(theirs)
    assert compared(theirs, US) == [("in-neither", US, 3)]


def test_a_receipt_that_the_recipient_denies_is_found(pair: Hubs) -> None:
    ours, theirs = both(pair)
    record_id = released(ours, THEM).record_id
    run_lanes(ours)
    twin = stated(ours, craft(ours, THEM, told={"id": record_id}), to=THEM, numbers=[2])
    assert receive(theirs, US, twin)[0].code == "conflict"
    released(ours, THEM)
    with theirs.store.read() as view:
        (note,) = view.books.noted(US, first=2, last=2, limit=1)
    statement = "UPDATE outbox SET state = 'accepted', envelope_id = :id, digest = :digest WHERE number = 2"
    change(pair, US, statement, id=note.envelope_id, digest=note.digest)
    assert compared(ours, THEM) == compared(theirs, US) == [("state-differs", US, 2)]


def test_what_is_on_its_way_is_no_difference(pair: Hubs) -> None:
    ours, theirs = both(pair)
    exchanged(pair)
    released(ours, THEM)
    assert compared(ours, THEM) == compared(theirs, US) == []
    pair.network.lose_answer = 1
    run_lanes(ours)  # it was admitted there, and we do not know it yet
    assert compared(ours, THEM) == compared(theirs, US) == []


def test_what_was_given_up_is_no_difference_and_closes_the_gap_with_its_reason(pair: Hubs) -> None:
    ours, theirs = both(pair)
    lost = released(ours, THEM)
    with ours.store.read() as view:
        (entry,) = view.outbox.of_record(lost.record_id)
    drop(ours, CUSTODIAN, entry.entry_id, reason="sent by courier")
    exchanged(pair)
    look_for_gaps(theirs)
    with theirs.store.read() as view:
        assert [gap.first for gap in view.books.gaps(limit=9)] == [1]
    assert compared(ours, THEM) == compared(theirs, US) == []
    with theirs.store.read() as view:
        (note,) = view.books.noted(US, first=1, last=9, limit=9)
    assert (note.number, note.state, note.reason) == (1, EntryState.DEAD, "dropped")
    pair.clock.pass_(61)
    look_for_gaps(theirs)
    with theirs.store.read() as view:
        assert view.books.gaps(limit=9) == []


def test_what_expired_keeps_its_number(pair: Hubs) -> None:
    ours, theirs = both(pair)
    pair.network.down.add(THEM)
    released(ours, THEM)
    pair.clock.pass_(8 * 86400)
    expire(ours)
    pair.network.down.clear()
    exchanged(pair)
    assert compared(theirs, US) == []
    with ours.store.read() as view:
        lines = view.books.sent(THEM, first=1, last=9, limit=9)
    assert [(line.number, line.state) for line in lines][:2] == [
        (1, EntryState.DEAD),
        (2, EntryState.ACCEPTED),
    ]


def test_a_period_narrows_what_is_compared(pair: Hubs) -> None:
    ours, _theirs = both(pair)
    for _ in range(3):
        exchanged(pair, there=2, back=1)
        pair.clock.pass_(3600)
    change(pair, THEM, "DELETE FROM inbox WHERE number = 3")
    hour = timedelta(hours=1)
    wrong = [("sent-not-received", US, 3)]
    assert compared(ours, THEM, period=Period(start=START, end=START + hour)) == []
    assert compared(ours, THEM, period=Period(start=START + hour)) == wrong
    assert compared(ours, THEM, period=Period(end=START + 2 * hour)) == wrong
    assert compared(ours, THEM, period=Period(start=START + 2 * hour)) == []
    row, _ = reconcile(ours, CUSTODIAN, THEM, period=Period(start=START + hour, end=START + 2 * hour))
    assert row.compared == 3 - 1 + 1


def test_both_statements_of_each_message_are_kept_and_logged_on_both_sides(pair: Hubs) -> None:
    ours, theirs = both(pair)
    exchanged(pair)
    change(pair, THEM, "DELETE FROM inbox WHERE number = 3")
    row, _found = reconcile(ours, CUSTODIAN, THEM)
    for broker, by in ((ours, "local:test"), (theirs, US)):
        other = THEM if broker is ours else US
        with broker.store.read() as view:
            events = [e for _, e in view.events(after=0, limit=1000) if e.act is Act.RECONCILED]
            kept = view.books.statements(row.statements)
            newest = view.books.newest_reconciliations(broker.agency, other)[other]
        assert len(kept) == len(row.statements)
        assert {e.details["run"] for e in events} == {row.reconciliation_id}
        assert {e.actor.id for e in events} == {by}
        named = {e.details[name] for e in events[:-1] for name in ("request", "answer")}
        assert named == set(row.statements)
        assert events[-1].details["differences"] == "1"
        assert (newest.by, newest.differences) == (US, 1)
        assert newest.found[0]["difference"] == "sent-not-received"
    for raw in kept.values():
        signer = next(b for b in (ours, theirs) if _signed(b, raw))
        assert signer.agency in (US, THEM)


def _signed(broker: Broker, raw: bytes) -> bool:
    to = THEM if broker.agency == US else US
    try:
        verify_books(raw, by=broker.keyring.public(), to=to, allowed=frozenset(Suite))
    except HubError:
        return False
    return True


def test_books_over_many_messages_agree_but_for_what_differs(
    pair: Hubs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "_CHUNK", 8)
    monkeypatch.setattr(walking, "_CHUNKS", 2)
    monkeypatch.setattr(walking, "_PART", 2)
    monkeypatch.setattr(walking, "_PARTS", 2)
    ours, theirs = both(pair)
    exchanged(pair, there=40, back=0)
    assert compared(ours, THEM) == compared(theirs, US) == []
    for number in (1, 2, 17, 40):
        change(pair, THEM, f"DELETE FROM inbox WHERE number = {number}")
    expected = [("sent-not-received", US, number) for number in (1, 2, 17, 40)]
    assert compared(ours, THEM) == expected
    assert compared(theirs, US) == expected
    pair.network.brokers[THEM] = with_limits(theirs, reconcile_lines_max=3)
    assert compared(ours, THEM) == expected


def test_every_difference_is_told_a_page_at_a_time_and_counted(pair: Hubs, monkeypatch: Any) -> None:
    monkeypatch.setattr(walking, "_PART", 2)
    ours, _theirs = both(pair)
    exchanged(pair, there=10, back=0)
    change(pair, THEM, "DELETE FROM inbox WHERE number > 0")
    few = with_limits(ours, reconcile_differences_max=4)
    pages: list[list[int]] = []
    row, kept = reconcile(few, CUSTODIAN, THEM, tell=lambda page: pages.append([one.number for one in page]))
    assert (row.differences, len(kept), len(row.found)) == (10, 4, 4)
    assert sorted(number for page in pages for number in page) == list(range(1, 11))
    assert max(map(len, pages)) < 10


def test_what_differed_before_the_partner_broke_off_is_kept_and_counted(pair: Hubs) -> None:
    ours, _theirs = both(pair)
    exchanged(pair)
    change(pair, THEM, "DELETE FROM inbox WHERE number = 3")

    def leaving(asked: bytes, answer: bytes) -> bytes:
        told = verify_books(asked, by=ours.keyring.public(), to=THEM, allowed=frozenset(Suite))
        if told.outcome is not None or (told.rows and len(told.sent) == 1 and told.sent[0].first == 3):
            raise PeerFault("partner-unreachable", "It hangs up.")
        return answer

    told = replace(ours, carrier=Lying(us=US, network=pair.network, lie=leaving))
    with pytest.raises(PeerFault, match="partner-unreachable"):
        reconcile(told, CUSTODIAN, THEM)
    with ours.store.read() as view:
        assert view.books.newest_reconciliations(US)[THEM].differences == 1


def test_what_found_nothing_is_let_go_after_its_time_and_what_differed_never(pair: Hubs) -> None:
    ours, theirs = both(pair)
    exchanged(pair)
    equal, _found = reconcile(ours, CUSTODIAN, THEM)
    with ours.store.read() as view:
        carried = [line.digest for line in view.books.received(THEM, first=1, last=9, limit=9)]
    change(pair, THEM, "DELETE FROM inbox WHERE number = 3")
    differing, _found = reconcile(ours, CUSTODIAN, THEM)
    assert forget_books(ours) == forget_books(theirs) == 0
    pair.clock.pass_(ours.limits.reconcile_keep_s + 60)
    last, _found = reconcile(ours, CUSTODIAN, THEM)
    for broker in (ours, theirs):
        assert forget_books(broker) > 0
        assert forget_books(broker) == 0
        with broker.store.read() as view:
            assert view.books.statements(equal.statements) == {}
            for row in (differing, last):
                assert len(view.books.statements(row.statements)) == len(set(row.statements))
            assert [e.act for _, e in view.events(after=0, limit=1000)][-1] is Act.RECONCILED
    with ours.store.read() as view:
        assert view.books.newest_reconciliations(US)[THEM] == last
        came = view.books.received(THEM, first=1, last=9, limit=9)
        assert [line.digest for line in came] == carried


def test_numbers_in_a_row_that_nobody_knows_are_one_line(pair: Hubs) -> None:
    _ours, theirs = both(pair)
    exchanged(pair)
    change(pair, US, "DELETE FROM outbox WHERE number IN (2, 3, 4)")
    change(pair, THEM, "DELETE FROM inbox WHERE number IN (2, 3, 4)")
    look_for_gaps(theirs)
    row, (one,) = reconcile(theirs, CUSTODIAN, US)
    assert (one.kind, one.number, one.last, row.differences) == (Kind.IN_NEITHER, 2, 4, 3)


def test_a_restored_sender_is_seen(pair: Hubs) -> None:
    ours, theirs = both(pair)
    exchanged(pair)
    change(pair, US, "DELETE FROM outbox WHERE number > 3")
    change(pair, US, "UPDATE numbering SET last = 3")
    expected = [("received-not-sent", US, 4), ("received-not-sent", US, 5)]
    assert compared(ours, THEM) == compared(theirs, US) == expected
    released(ours, THEM)
    run_lanes(ours)
    with ours.store.read() as view:
        (line,) = view.books.sent(THEM, first=4, last=4, limit=1)
    assert (line.state, line.reason) == (EntryState.REFUSED, "number-reused")
    assert compared(ours, THEM)[0] == ("number-twice", US, 4)


def test_a_restored_sender_goes_on_above_the_numbers_that_are_taken(pair: Hubs) -> None:
    ours, theirs = both(pair)
    exchanged(pair)
    change(pair, US, "DELETE FROM outbox WHERE number > 3")
    change(pair, US, "UPDATE numbering SET last = 3")
    assert number_on(ours, CUSTODIAN, THEM) == (3, 5)
    assert number_on(ours, CUSTODIAN, THEM) == (5, 5)
    released(ours, THEM)
    run_lanes(ours)
    with theirs.store.read() as view:
        assert view.books.last_received(US) == 6
    expected = [("received-not-sent", US, 4), ("received-not-sent", US, 5)]
    assert compared(ours, THEM) == expected
    with pytest.raises(Refused, match="role-missing"):
        number_on(ours, BOLAT_READS, THEM)


def test_a_partner_cannot_talk_away_what_we_have_found(pair: Hubs) -> None:
    ours, theirs = both(pair)
    exchanged(pair)
    change(pair, THEM, "DELETE FROM inbox WHERE number = 3")
    row, _found = reconcile(ours, CUSTODIAN, THEM)
    pair.clock.pass_(60)
    for run in (row.reconciliation_id, new_id(), new_id()):
        raw = question(theirs, by=THEM, to=US, run=run, outcome=Conclusion(compared=8, differences=0))
        answer_books(ours, THEM, raw)
    with ours.store.read() as view:
        assert view.books.newest_reconciliations(US)[THEM] == row
    change(pair, THEM, "DELETE FROM outbox WHERE number = 2")
    row, _found = reconcile(ours, CUSTODIAN, THEM)
    assert row.differences == 2


def test_partners_that_cannot_be_called_are_not_asked(hubs: Hubs) -> None:
    ours, shy, relay = hubs.add(US), hubs.add("kg-gknb"), hubs.add(THEM)
    hubs.pair(ours, shy, pulls=True)
    hubs.pair(shy, ours)
    hubs.pair(ours, relay)
    hubs.agree()
    refused = pytest.raises(Refused, match="books-unreachable: kg-gknb cannot be called")
    with refused:
        reconcile(ours, CUSTODIAN, "kg-gknb")
    assert compared(shy, US) == []
    with pytest.raises(Refused, match="partner-unknown"):
        reconcile(ours, CUSTODIAN, "de-bka")
    suspend(ours, CUSTODIAN, THEM)
    with pytest.raises(Refused, match="partner-suspended"):
        reconcile(ours, CUSTODIAN, THEM)


@dataclass(frozen=True, kw_only=True)
class Lying(LinkCarrier):
    """Hands our statements over, and does to the answers what it likes."""

    lie: Callable[[bytes, bytes], bytes]

    def reconcile(self, partner: PartnerRow, statement: bytes) -> BooksAnswer:
        said = super().reconcile(partner, statement)
        return BooksAnswer(statement=self.lie(statement, said.statement))


def lied_to(pair: Hubs, lie: Callable[[bytes, bytes], bytes]) -> str:
    ours, _theirs = both(pair)
    exchanged(pair, there=1, back=1)
    told = replace(ours, carrier=Lying(us=US, network=pair.network, lie=lie))
    with pytest.raises(HubError) as failed:
        reconcile(told, CUSTODIAN, THEM)
    return failed.value.code


def resigned(broker: Broker, **changes: Any) -> Callable[[bytes, bytes], bytes]:
    def lie(_asked: bytes, answer: bytes) -> bytes:
        told = verify_books(answer, by=broker.keyring.public(), to=US, allowed=frozenset(Suite))
        changed = replace(told, **changes)
        return state_books(changed, keys=broker.keyring.signing(), suite=Suite.HYBRID_1)

    return lie


def test_an_answer_to_another_message_is_not_taken(pair: Hubs) -> None:
    _ours, theirs = both(pair)
    assert lied_to(pair, resigned(theirs, answers="ab" * 32)) == "partner-misbehaved"
    assert lied_to(pair, resigned(theirs, run=new_id())) == "partner-misbehaved"
    assert lied_to(pair, resigned(theirs, answers=None)) == "partner-misbehaved"


def test_an_answer_of_another_is_not_taken(pair: Hubs) -> None:
    _ours, theirs = both(pair)
    assert lied_to(pair, resigned(theirs, to="sco-rats")) == "document-invalid"
    assert lied_to(pair, lambda asked, _answer: asked) == "key-unknown"
    assert lied_to(pair, lambda _asked, _answer: b"{}") == "document-invalid"


def test_an_answer_about_other_numbers_is_not_taken(pair: Hubs) -> None:
    _ours, theirs = both(pair)
    other = Range(first=7, last=9, count=0, digest="ab" * 32)
    assert lied_to(pair, resigned(theirs, received=(other,))) == "partner-misbehaved"


def test_a_partner_that_never_ends_is_left(pair: Hubs) -> None:
    ours, theirs = both(pair)
    exchanged(pair, there=1, back=0)

    def endless(asked: bytes, answer: bytes) -> bytes:
        told = verify_books(answer, by=theirs.keyring.public(), to=US, allowed=frozenset(Suite))
        extent = Extent(first=1, last=2**53 - 1, received=2**53 - 1)
        short = [
            tuple(replace(one, last=one.first, lines=() if told.rows else None) for one in ranges)
            for ranges in (told.sent, told.received)
        ]
        changed = replace(told, extent=extent, sent=short[0], received=short[1])
        return state_books(changed, keys=theirs.keyring.signing(), suite=Suite.HYBRID_1)

    told = replace(ours, carrier=Lying(us=US, network=pair.network, lie=endless))
    with pytest.raises(PeerFault, match="partner-misbehaved: After 20 messages"):
        reconcile(with_limits(told, reconcile_messages_max=20), CUSTODIAN, THEM)


def question(ours: Broker, **told: Any) -> bytes:
    return stated_books(ours, told.pop("to", THEM), **told)


def test_questions_that_are_not_the_callers_own_or_not_fresh_are_refused(pair: Hubs) -> None:
    ours, theirs = both(pair)
    late = ours.clock.now() - timedelta(seconds=301)
    for raw, code in (
        (b"{}", "document-invalid"),
        (question(ours, to="sco-rats"), "document-invalid"),
        (question(theirs), "key-unknown"),
        (question(ours, issued_at=late), "clock-skew"),
        (question(ours, answers="ab" * 32), "request-invalid"),
    ):
        with pytest.raises(HubError) as refused:
            answer_books(theirs, US, raw)
        assert refused.value.code == code
    with theirs.store.read() as view:
        assert not [e for _, e in view.events(after=0, limit=100) if e.act is Act.RECONCILED]


def test_an_answer_names_the_message_that_it_answers(pair: Hubs) -> None:
    ours, theirs = both(pair)
    raw = question(ours)
    answer = verify_books(
        answer_books(theirs, US, raw), by=theirs.keyring.public(), to=US, allowed=frozenset(Suite)
    )
    assert answer.answers == digest(raw).hex()


def line(number: int, state: EntryState = EntryState.ACCEPTED, **told: Any) -> Line:
    values = {"envelope_id": "0192f0c1-7a2b-7c3d-8e4f-5a6b7c8d9e0f", "digest": "ab" * 32}
    return Line(**{"number": number, "state": state, **values, **told})


@pytest.mark.parametrize(
    ("sent", "received", "kind"),
    [
        (line(1), line(1), None),
        (line(1), None, Kind.SENT_NOT_RECEIVED),
        (None, line(1), Kind.RECEIVED_NOT_SENT),
        (None, line(1, EntryState.REFUSED), None),
        (line(1), line(1, digest="cd" * 32), Kind.DIGEST_DIFFERS),
        (line(1, digest=None), line(1), None),
        (line(1), line(1, envelope_id="0192f0c1-7a2b-7c3d-8e4f-5a6b7c8d9e00"), Kind.NUMBER_TWICE),
        (line(1, EntryState.REFUSED), line(1), Kind.STATE_DIFFERS),
        (line(1, EntryState.DEAD), line(1), Kind.STATE_DIFFERS),
        (line(1), line(1, EntryState.REFUSED), Kind.STATE_DIFFERS),
        (line(1, EntryState.REFUSED), line(1, EntryState.REFUSED), None),
        (line(1, EntryState.PENDING), line(1), None),
        (line(1, EntryState.PENDING), None, None),
        (line(1, EntryState.CARRIED), None, None),
        (line(1, EntryState.HELD), None, None),
        (line(1, EntryState.DEAD), None, None),
    ],
)
def test_two_lines_differ_in_one_way(sent: Line | None, received: Line | None, kind: Kind | None) -> None:
    sides = [[one] if one else [] for one in (sent, received)]
    found: list[Difference] = compare(*sides, sender=US, recipient=THEM)
    assert [one.kind for one in found] == ([kind] if kind else [])


def test_the_books_are_compared_every_night_by_one_process(pair: Hubs) -> None:
    ours, theirs = both(pair)
    exchanged(pair)
    assert reconcile_due(ours, hour=1) == 0  # the first turn is in the night to come
    turn = next_turn(US, THEM, 1, pair.clock.at)
    assert turn.hour in (1, 2, 3)
    pair.clock.at = turn - timedelta(seconds=1)
    assert reconcile_due(ours, hour=1) == 0
    pair.clock.at = turn
    assert [reconcile_due(ours, hour=1), reconcile_due(ours, hour=1)] == [1, 0]
    change(pair, THEM, "DELETE FROM inbox WHERE number = 3")
    pair.clock.at += timedelta(days=1)
    assert reconcile_due(ours, hour=1) == 1
    for broker, other in ((ours, THEM), (theirs, US)):
        with broker.store.read() as view:
            assert view.books.newest_reconciliations(broker.agency)[other].differences == 1


def test_a_difference_is_found_again_each_night_until_it_is_settled(pair: Hubs) -> None:
    ours, _theirs = both(pair)
    exchanged(pair)
    reconcile_due(ours, hour=1)
    change(pair, THEM, "DELETE FROM inbox WHERE number = 3")
    found = []
    for _ in range(4):  # the row is soon older than what is looked at every night
        pair.clock.pass_(3 * 86400)
        reconcile_due(ours, hour=1)
        with ours.store.read() as view:
            found.append(view.books.newest_reconciliations(US, THEM)[THEM].differences)
    assert found == [1] * 4


def test_a_partner_that_is_down_at_night_is_asked_again_an_hour_later(pair: Hubs) -> None:
    ours, _theirs = both(pair)
    reconcile_due(ours, hour=1)
    pair.clock.pass_(86400)
    pair.network.down.add(THEM)
    assert reconcile_due(ours, hour=1) == 0
    pair.network.down.clear()
    pair.clock.pass_(3599)
    assert reconcile_due(ours, hour=1) == 0
    pair.clock.pass_(1)
    assert reconcile_due(ours, hour=1) == 1
    with pytest.raises(IntegrityFailure, match="document-invalid"):
        verify_books(b"", by=ours.keyring.public(), to=US, allowed=frozenset(Suite))
