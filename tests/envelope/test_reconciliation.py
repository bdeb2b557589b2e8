"""What two hubs state about their books: one form, every other one refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hub.entries import Line
from hub.envelope.canonical import canonical
from hub.envelope.jws import sign_jws
from hub.envelope.reconciliation import (
    FOUND_MAX,
    LINES_MAX,
    RANGES_MAX,
    RECONCILIATION_TYPE,
    BooksStatement,
    Conclusion,
    Extent,
    Found,
    Period,
    Range,
    Summing,
    state_books,
    verify_books,
)
from hub.envelope.suites import Suite
from hub.errors import HubError
from hub.records.lifecycle import EntryState
from tests.envelope.agencies import BOTH, NOW, agency

KNB, ATC = agency("kz-knb"), agency("cis-atc")
ID = "0195e9a0-0000-7000-8000-00000000000e"


def line(number: int, **told: Any) -> Line:
    values = {"envelope_id": ID, "digest": "ab" * 32, "state": EntryState.ACCEPTED, "reason": None}
    return Line(number=number, **{**values, **told})


WHOLE = BooksStatement(
    by="kz-knb",
    to="cis-atc",
    run=ID,
    issued_at=NOW,
    extent=Extent(first=1, last=9, received=4),
    sent=(
        Range(first=1, last=5, count=1, digest="cd" * 32),
        Range(
            first=6,
            last=9,
            count=1,
            digest="ef" * 32,
            lines=(line(6), line(9, digest=None, state=EntryState.DEAD, reason="dropped")),
        ),
    ),
    received=(Range(first=3, last=3, count=0, digest="ab" * 32, lines=()),),
    rows=True,
    answers="ab" * 32,
    period=Period(start=NOW - timedelta(days=8), end=NOW),
    outcome=Conclusion(
        compared=13,
        differences=1,
        found=(Found(difference="sent-not-received", sender="kz-knb", number=9),),
    ),
)
PLAIN = replace(WHOLE, sent=(), received=(), rows=False, answers=None, period=None, outcome=None)


@pytest.mark.parametrize("statement", [WHOLE, PLAIN, replace(PLAIN, period=Period())])
@pytest.mark.parametrize("suite", Suite)
def test_books_come_back_as_they_were_stated(statement: BooksStatement, suite: Suite) -> None:
    raw = state_books(statement, keys=KNB.signing, suite=suite)
    assert verify_books(raw, by=KNB.public, to="cis-atc", allowed=BOTH) == statement


def test_as_many_rows_as_a_message_has_fit_into_a_document() -> None:
    rows = tuple(line(2**53 - 1 - n, reason="r" * 64) for n in reversed(range(LINES_MAX)))
    full = Range(first=1, last=2**53 - 1, count=LINES_MAX, digest="ab" * 32, lines=rows)
    most = replace(WHOLE, sent=(full,), received=())
    raw = state_books(most, keys=KNB.signing, suite=Suite.HYBRID_1)
    assert verify_books(raw, by=KNB.public, to="cis-atc", allowed=BOTH) == most


def _set(path: str, value: object) -> Callable[[Any], None]:
    """Return a change of one member; a number in the path is a place in a list."""
    *parents, name = path.split(".")

    def change(document: Any) -> None:
        for parent in parents:
            document = document[int(parent) if parent.isdigit() else parent]
        document[int(name) if name.isdigit() else name] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        _set("more", 1),
        _set("rows", 1),
        _set("run", "1"),
        _set("to", "CIS"),
        _set("answers", "ab"),
        _set("extent.first", 0),
        _set("extent.last", -1),
        _set("extent.received", -1),
        _set("extent.received", "4"),
        _set("sent.0.first", 6),
        _set("sent.0.first", 0),
        _set("sent.0.count", -1),
        _set("sent.0.count", True),
        _set("sent.0.digest", "cd"),
        _set("sent.0.more", 1),
        _set("sent.1.rows", None),
        _set("sent.1.rows.0", [6, ID, "ab" * 32, "accepted"]),
        _set("sent.1.rows.0.0", 5),
        _set("sent.1.rows.0.0", 9),
        _set("sent.1.rows.0.1", "id"),
        _set("sent.1.rows.0.2", "ab"),
        _set("sent.1.rows.0.3", "lost"),
        _set("sent.1.rows.1.4", "r" * 65),
        _set("sent", [{"count": 0, "digest": "ab" * 32, "first": 1, "last": 1}] * (RANGES_MAX + 1)),
        _set("period.since", "2026-03-31T12:00:00Z"),
        _set("period.from", "2026-03-31"),
        _set("outcome.differences", -1),
        _set("outcome.found.0.number", 0),
        _set("outcome.found.0.sender", "KZ"),
        _set("outcome.found", [{"difference": "d", "number": 1, "sender": "kz-knb"}] * (FOUND_MAX + 1)),
    ],
)
def test_books_of_another_form_are_refused(change: Callable[[Any], None]) -> None:
    document: Any = WHOLE.as_document()
    change(document)
    raw = sign_jws(canonical(document), typ=RECONCILIATION_TYPE, keys=KNB.signing, suite=Suite.CLASSIC_1)
    with pytest.raises(HubError) as refused:
        verify_books(raw, by=KNB.public, to="cis-atc", allowed=BOTH)
    assert refused.value.code == "document-invalid"


def test_a_number_beyond_what_json_holds_is_refused() -> None:
    document: Any = WHOLE.as_document()
    document["sent"][0]["last"] = 2**53
    with pytest.raises(ValueError, match="a range goes"):
        BooksStatement.load(document)


def test_books_between_others_are_refused() -> None:
    raw = state_books(PLAIN, keys=KNB.signing, suite=Suite.CLASSIC_1)
    for by, to in ((KNB, "sco-rats"), (ATC, "kz-knb")):
        with pytest.raises(HubError):
            verify_books(raw, by=by.public, to=to, allowed=BOTH)
    forged = state_books(replace(PLAIN, by="cis-atc"), keys=KNB.signing, suite=Suite.CLASSIC_1)
    with pytest.raises(HubError, match="document-invalid"):
        verify_books(forged, by=KNB.public, to="cis-atc", allowed=BOTH)


def test_only_what_was_accepted_is_summed() -> None:
    one, two = Summing(), Summing()
    one.add([line(1), line(2, state=EntryState.DEAD), line(3)])
    two.add([line(1)])
    two.add([line(3)])
    assert (one.count, one.digest) == (two.count, two.digest)
    two.add([line(4)])
    assert one.digest != two.digest


def test_the_sum_is_over_lines_as_the_page_says() -> None:
    from hashlib import sha256

    summing = Summing()
    summing.add([line(7), line(9, digest=None)])
    text = f"7 {ID} {'ab' * 32}\n9 {ID} -\n"
    assert summing.digest == sha256(text.encode()).hexdigest()
