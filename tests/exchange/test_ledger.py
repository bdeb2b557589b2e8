"""The ledger counts what went and came, and what became of requests, at both sides alike."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.cli.ledger_page import as_csv, page
from hub.cli.ledger_words import WORDS
from hub.entries import RecordRow
from hub.exchange.broker import Broker
from hub.exchange.correcting import withdraw
from hub.exchange.drafting import draft
from hub.exchange.ledger.counting import ledger
from hub.exchange.ledger.figures import Quarter, Reciprocity, quarter_at, quarter_of
from tests.exchange.hubs import AIGUL, START, Hubs, document, release_it, run_lanes
from tests.exchange.test_attachments import refused
from tests.exchange.test_dues import drafted

slow = pytest.mark.slow
Q4 = Quarter(year=2026, number=4)
AUTHORITY = {"name": "Office", "country": "KZ"}
OUTCOMES = {
    "full": {"executed_on": "2026-11-22"},
    "refused": {"ground": {"ground": "no-such-data", "explained": "No file."}},
    "postponed": {
        "ground": {"ground": "ongoing-proceedings", "explained": "A trial."},
        "expected_on": "2026-12-22",
    },
}


@pytest.fixture
def pair(embedded_pair: Hubs) -> Hubs:
    embedded_pair.agree()
    return embedded_pair


def asked(pair: Hubs, ours: Broker) -> RecordRow:
    due = (pair.clock.now() + timedelta(days=10)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    row = drafted(ours, "cis-atc", "assistance-request", reply_due_at=due)
    run_lanes(ours)
    return row


def answered(theirs: Broker, row: RecordRow, outcome: str) -> None:
    details = {"outcome": outcome, "answering": AUTHORITY, **OUTCOMES[outcome]}
    told = {"in_reply_to": row.record_id, "conversation": row.conversation, "details": details}
    drafted(theirs, "kz-knb", "assistance-answer", **told)
    run_lanes(theirs)


def pages(ours: Broker, theirs: Broker) -> tuple[Reciprocity, Reciprocity]:
    (at_ours,), (at_theirs,) = ledger(ours, Q4), ledger(theirs, Q4)
    return at_ours, at_theirs


@slow
def test_requests_are_told_by_what_became_of_them_at_both_sides_alike(
    pair: Hubs, ours: Broker, theirs: Broker
) -> None:
    rows = [asked(pair, ours) for _ in range(5)]
    answered(theirs, rows[0], "full")
    answered(theirs, rows[1], "postponed")
    pair.clock.pass_(12 * 86400)
    answered(theirs, rows[1], "full")
    answered(theirs, rows[2], "refused")
    answered(theirs, rows[3], "postponed")
    at_ours, at_theirs = pages(ours, theirs)
    assert at_ours.asked == at_theirs.asked_of_us
    found = at_ours.asked
    assert (found.made, found.full, found.refused) == (5, 2, {"no-such-data": 1})
    assert (found.outstanding, found.postponed, found.overdue) == (2, 1, 2)
    assert (found.in_time, found.late, found.median_days) == (1, 2, 12.0)
    assert at_ours.asked_of_us.made == at_theirs.asked.made == 0


@slow
def test_records_count_once_by_kind_and_what_is_recalled_apart(
    pair: Hubs, ours: Broker, theirs: Broker
) -> None:
    row = drafted(ours, "cis-atc", "spontaneous-information")
    drafted(ours, "cis-atc", "wanted-person")
    run_lanes(ours)
    release_it(ours, withdraw(ours, AIGUL, row.record_id, reason="a mistake"))
    at_ours, at_theirs = pages(ours, theirs)
    assert at_ours.sent == at_theirs.received == {"spontaneous-information": 1, "wanted-person": 1}
    assert (at_ours.recalled_sent, at_theirs.recalled_received, at_ours.undelivered) == (1, 0, 1)
    run_lanes(ours)
    at_ours, at_theirs = pages(ours, theirs)
    assert (at_ours.recalled_sent, at_theirs.recalled_received, at_ours.undelivered) == (1, 1, 0)


@slow
def test_drafts_and_other_quarters_are_not_counted_and_strangers_are_refused(
    pair: Hubs, ours: Broker, theirs: Broker
) -> None:
    draft(ours, AIGUL, document(), recipients=["cis-atc"])
    drafted(ours, "cis-atc", "wanted-person")
    run_lanes(ours)
    (one,) = ledger(ours, Q4, partner="cis-atc")
    assert one.sent == {"wanted-person": 1}
    (none,) = ledger(ours, Q4.next)
    assert (none.sent, none.received, none.asked.made) == ({}, {}, 0)
    with refused("partner-unknown"):
        ledger(ours, Q4, partner="xx-nobody")


@slow
def test_the_report_is_numbers_in_three_languages(pair: Hubs, ours: Broker, theirs: Broker) -> None:
    answered(theirs, asked(pair, ours), "refused")
    found = ledger(ours, Q4)
    for language, words in WORDS.items():
        text = page(found, Q4, agency="kz-knb", at="2026-11-22", language=language)
        assert words["asked"] in text
        assert "cis-atc no-such-data 1" in text
        assert "<rect" in text
        assert "No file." not in text
    lines = list(csv.reader(io.StringIO(as_csv(found, Q4))))
    assert ["2026-Q4", "cis-atc", "asked_refused", "no-such-data", "1"] in lines
    assert ["2026-Q4", "cis-atc", "sent", "assistance-request", "1"] in lines


def test_the_report_has_the_same_words_in_every_language() -> None:
    assert len({frozenset(words) for words in WORDS.values()}) == 1


@given(
    st.datetimes(
        min_value=START.replace(tzinfo=None),
        max_value=START.replace(year=2190, tzinfo=None),
        timezones=st.just(START.tzinfo),
    )
)
def test_every_moment_lies_in_one_quarter(at: object) -> None:
    quarter = quarter_at(at)  # type: ignore[arg-type]
    assert quarter.start <= at < quarter.end == quarter.next.start  # type: ignore[operator]
    assert quarter_of(str(quarter)) == quarter


@pytest.mark.parametrize("text", ["", "2026", "2026-Q5", "2026-Q0", "26-Q1", "2026Q1", "-Q1", "x-Q1"])
def test_what_is_no_quarter_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="like 2026-Q4"):
        quarter_of(text)
