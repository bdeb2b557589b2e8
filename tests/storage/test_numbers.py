"""Numbers for each recipient: none left out, none given twice, none visible before a lower one."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from hub.entries import Gap, OutboxEntry, ReconciliationRow, StatementRow, Unadmitted
from hub.ports import Store, UnitOfWork
from hub.records.ids import new_id
from hub.records.lifecycle import EntryState
from tests.storage import rows

_ALL = {"first": 1, "last": 2**53 - 1, "limit": 1000}


def _queue(work: UnitOfWork, *told: dict[str, object]) -> list[OutboxEntry]:
    body = rows.body()
    work.bodies.add([body])
    entries = [rows.entry(body.body_id, **one) for one in told]
    work.outbox.queue(entries)
    return entries


def _numbers(store: Store, recipient: str = "cis-atc") -> list[int]:
    with store.read() as view:
        return [line.number for line in view.books.sent(recipient, **_ALL)]


def test_each_recipient_has_numbers_of_its_own_in_the_order_of_queueing(store: Store) -> None:
    with rows.audited(store) as work:
        first = _queue(work, {}, {"recipient": "sco-rats"}, {})
    with rows.audited(store) as work:
        second = _queue(work, {"digest": b"\1" * 32}, {})
    with store.read() as view:
        sent = view.books.sent("cis-atc", **_ALL)
        assert [line.number for line in sent] == [1, 2, 3, 4]
        of_us = [first[0], first[2], *second]
        assert [line.envelope_id for line in sent] == [entry.envelope_id for entry in of_us]
        assert sent[2].digest == "01" * 32
        assert sent[2].state is EntryState.PENDING
        assert [line.number for line in view.books.sent("cis-atc", first=2, last=3, limit=9)] == [2, 3]
        assert [line.number for line in view.books.sent("cis-atc", first=2, last=9, limit=1)] == [2]
        assert (view.books.last_sent("cis-atc"), view.books.last_sent("sco-rats")) == (4, 1)
        assert view.books.last_sent("kg-gknb") == 0
        assert _numbers(store, "sco-rats") == [1]


def test_what_is_relayed_has_no_number_of_ours(store: Store) -> None:
    with rows.audited(store) as work:
        relayed, ours = _queue(work, {"origin": "kg-gknb", "statement": "ab" * 32}, {})
    assert _numbers(store) == [1]
    with store.read() as view:
        kept = view.outbox.get(relayed.entry_id)
        assert kept is not None
        assert (kept.number, kept.statement) == (None, "ab" * 32)
        sent = view.outbox.get(ours.entry_id)
        assert sent is not None
        assert sent.number == 1


def test_a_number_goes_back_with_the_work_that_took_it(store: Store) -> None:
    with rows.audited(store) as work:
        _queue(work, {})
    with store.work() as work:
        _queue(work, {}, {})
        assert work.books.last_sent("cis-atc") == 3
    with rows.audited(store) as work:
        _queue(work, {})
    assert _numbers(store) == [1, 2]


def test_a_step_leaves_the_number_as_it_is(store: Store) -> None:
    with rows.audited(store) as work:
        (entry,) = _queue(work, {})
    with rows.audited(store) as work:
        work.outbox.settle(None, [replace(entry, state=EntryState.REFUSED, reason="conflict")])
    with store.read() as view:
        (line,) = view.books.sent("cis-atc", **_ALL)
        assert (line.number, line.state, line.reason) == (1, EntryState.REFUSED, "conflict")


def test_workers_at_once_leave_no_number_out(store: Store) -> None:
    def work(_number: int) -> None:
        with rows.audited(store) as unit:
            _queue(unit, {}, {"recipient": "sco-rats"})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(20)))
    assert _numbers(store) == list(range(1, 21))
    assert _numbers(store, "sco-rats") == list(range(1, 21))


def test_a_period_begins_with_the_first_number_of_its_time(store: Store) -> None:
    for seconds in (0, 10, 20, 30):
        with rows.audited(store) as work:
            _queue(work, {"created_at": rows.at(seconds)})
    with store.read() as view:
        found = [view.books.first_sent_at("cis-atc", rows.at(at)) for at in (-5, 0, 5, 10, 25, 30, 31)]
        assert found == [1, 1, 2, 2, 4, 4, 5]
        assert view.books.first_sent_at("kg-gknb", rows.at()) == 1


def test_a_number_of_an_originator_is_taken_once(store: Store) -> None:
    one = rows.admitted(number=7, statement="ab" * 32)
    other, elsewhere = rows.admitted(number=7), rows.admitted(number=7, originator="sco-rats")
    with rows.audited(store) as work:
        assert len(work.inbox.admit([one])) == 1
    with rows.audited(store) as work:
        assert work.inbox.admit([other, elsewhere]) == {("sco-rats", elsewhere.envelope_id)}
    with store.read() as view:
        (line,) = view.books.received("cis-atc", **_ALL)
        assert (line.number, line.envelope_id) == (7, one.envelope_id)
        assert (line.digest, line.state) == (one.digest.hex(), EntryState.ACCEPTED)
        assert view.books.last_received("cis-atc") == 7
        assert view.books.last_received("kg-gknb") == 0


def test_a_number_twice_in_one_batch_is_taken_once(store: Store) -> None:
    with rows.audited(store) as work:
        assert len(work.inbox.admit([rows.admitted(number=7), rows.admitted(number=7)])) == 1


def test_statements_are_kept_once_under_their_digest(store: Store) -> None:
    row = StatementRow(digest="ab" * 32, signer="cis-atc", at=rows.at(), raw=b"{}")
    with rows.audited(store) as work:
        work.books.add_statements([row, row])
    with rows.audited(store) as work:
        work.books.add_statements([replace(row, raw=b"other")])
    with store.read() as view:
        assert view.books.statements(["ab" * 32, "cd" * 32]) == {"ab" * 32: b"{}"}
        assert view.books.statements([]) == {}


def _note(number: int, **told: object) -> Unadmitted:
    values = {
        "originator": "cis-atc",
        "number": number,
        "envelope_id": new_id(),
        "state": EntryState.REFUSED,
        "reason": "conflict",
        "at": rows.at(5),
        "digest": b"d" * 32,
    }
    return Unadmitted(**{**values, **told})  # type: ignore[arg-type]


def test_arrivals_are_what_was_admitted_and_what_came_to_nothing(store: Store) -> None:
    with rows.audited(store) as work:
        work.inbox.admit([rows.admitted(number=n, received_at=rows.at(n)) for n in (1, 2, 6)])
        work.books.note([_note(4), _note(6), _note(9, originator="sco-rats")])
    with store.read() as view:
        came = view.books.arrivals("cis-atc", after=0, limit=9)
        assert came == [(1, rows.at(1)), (2, rows.at(2)), (4, rows.at(5)), (6, rows.at(5))]
        assert [n for n, _ in view.books.arrivals("cis-atc", after=2, limit=1)] == [4]


def test_what_is_told_later_of_a_number_replaces_what_was_told(store: Store) -> None:
    later = _note(4, state=EntryState.DEAD, reason="dropped", digest=None)
    with rows.audited(store) as work:
        work.books.note([_note(4)])
        work.books.note([later])
    with store.read() as view:
        assert view.books.noted("cis-atc", **_ALL) == [later]


def test_gaps_are_replaced_and_counted(store: Store) -> None:
    one = Gap(originator="cis-atc", first=3, last=5, since=rows.at())
    two, far = replace(one, first=9, last=9), replace(one, originator="sco-rats")
    with store.work() as work:
        work.books.replace_gaps([], [one, two, far])
        work.books.check_to("cis-atc", 10)
        work.books.check_to("cis-atc", 11)
        work.commit()
    with store.work() as work:
        work.books.replace_gaps([one], [replace(one, last=3, told=True)])
        work.commit()
    with store.read() as view:
        assert view.books.gaps("cis-atc", limit=9) == [replace(one, last=3, told=True), two]
        assert view.books.gaps("cis-atc", after=3, limit=9) == [two]
        assert len(view.books.gaps(limit=2)) == 2
        assert view.books.gap_counts() == {"cis-atc": 2, "sco-rats": 1}
        assert (view.books.checked_to("cis-atc"), view.books.checked_to("sco-rats")) == (11, 0)


def test_the_newest_comparison_with_each_partner_is_found(store: Store) -> None:
    def run(partner: str, seconds: float, **told: object) -> ReconciliationRow:
        values = {"reconciliation_id": new_id(), "partner": partner, "by": "kz-knb", "at": rows.at(seconds)}
        return ReconciliationRow(**{**values, "compared": 5, "differences": 0, **told})  # type: ignore[arg-type]

    def found(partner: str | None = None) -> Mapping[str, ReconciliationRow]:
        with store.read() as view:
            return view.books.newest_reconciliations("kz-knb", partner)

    def add(*added: ReconciliationRow) -> None:
        with rows.audited(store) as work:
            for row in added:
                work.books.add_reconciliation(row)

    with rows.audited(store) as work:
        for agency in ("cis-atc", "sco-rats"):
            work.directory.put_partner(rows.partner(agency=agency))
    newest = run("cis-atc", 2, found=({"number": 3},), statements=("ab" * 32,))
    add(run("cis-atc", 1, differences=7), newest, run("kg-gknb", 3))
    assert found() == found("cis-atc") == {"cis-atc": newest}
    assert found("sco-rats") == {}
    told = run("cis-atc", 1, by="cis-atc", differences=2)
    add(told)
    assert found() == {"cis-atc": told}
    equal = run("cis-atc", 3, by="cis-atc")
    add(equal)
    assert found("cis-atc") == {"cis-atc": equal}
    ours = run("cis-atc", 2.5, differences=1)
    add(ours)
    assert found() == {"cis-atc": ours}


def test_a_duty_is_taken_by_one_and_again_when_it_is_due(store: Store) -> None:
    def take(seconds: float) -> bool:
        with store.work() as work:
            taken = work.books.take_duty("nightly", at=rows.at(seconds), until=rows.at(seconds + 60))
            work.commit()
        return taken

    with store.read() as view:
        assert view.books.due("nightly") is None
    assert [take(0), take(1), take(59), take(60), take(61)] == [True, False, False, True, False]
    with store.read() as view:
        assert view.books.due("nightly") == rows.at(120)
