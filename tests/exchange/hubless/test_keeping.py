"""How long what a partner without a hub sent is kept: by its agreement, and by its own rules where sooner."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.interpol.rules import MAX_YEARS
from hub.audit.events import Act
from hub.entries import RecordRow
from hub.exchange.agreements import adopt
from hub.exchange.drafting import draft
from hub.exchange.dues.looking import look_at_dues
from hub.exchange.dues.retaining import last_day
from hub.policy.dues import Due
from tests.exchange.hubless.conftest import THEM, US, Pair, make_pair, profile_text
from tests.exchange.hubless.test_taking import packed, records, theirs
from tests.exchange.hubs import AIGUL, CUSTODIAN, START, Hubs, agreement_text, document

pytestmark = pytest.mark.slow
TODAY = START.date()
DECIDES = """
[decides]
originator = "de-bka"
purpose = "prevention"
language = "en"
legal_basis = { agreement = "test-treaty", articles = ["1"] }
label = { classification = "unclassified", tlp = "clear" }
"""
NOTICE = {
    "entity_id": "2026/1",
    "name": "INVENTED",
    "_links": {"self": {"href": "https://ws-public.interpol.int/notices/v1/red/2026-1"}},
}


def agreed(pair: Pair, days: int) -> None:
    """Adopt the agreement anew, with a retention."""
    text = agreement_text([US, THEM, "kz-mvd"]).replace("version = 1", "version = 2")
    adopt(
        pair.broker,
        CUSTODIAN,
        text.replace('highest = "secret"\n', f'highest = "secret"\nretention_days = {days}\n'),
    )


def bureau(hubs: Hubs, folder: Path, more: str = "") -> Pair:
    """Return the hub with a partner that speaks Interpol's format."""
    source = profile_text(folder / "drop", adapter="interpol", extra=DECIDES + more)
    return make_pair(hubs, source, folder)


def ends(row: RecordRow) -> date:
    assert row.retain_until is not None
    return last_day(row.retain_until)


def told(pair: Pair, act: Act) -> list[dict[str, str]]:
    with pair.broker.store.read() as view:
        return [dict(one.details) for _, one in view.events(after=0, limit=500) if one.act is act]


def test_what_came_is_erased_when_the_retention_of_its_agreement_ends(made: Any) -> None:
    pair: Pair = made(dialect="record-json")
    agreed(pair, 60)
    record = dict(theirs(pair))
    record.pop("retain_until", None)
    pair.send(packed(pair, record))
    pair.look()
    (row,) = records(pair)
    assert ends(row) == TODAY + timedelta(days=60)
    pair.hubs.clock.pass_(31 * 86_400)
    look_at_dues(pair.broker)
    soon = [one["level"] for one in told(pair, Act.REMINDED) if one["what"] == Due.RETENTION.value]
    assert soon == ["soon"]
    pair.hubs.clock.pass_(30 * 86_400)
    look_at_dues(pair.broker)
    assert [one["proposed_by"] for one in told(pair, Act.ERASED)] == ["rule:test-treaty"]
    with pair.broker.store.read() as view:
        assert view.bodies.get_many([row.body_id]) == {}


@pytest.mark.parametrize(("agreement_days", "kept_days"), [(60, 20), (10, 10)])
def test_a_notice_is_kept_until_the_sooner_of_its_own_end_and_its_agreements(
    hubs: Hubs, tmp_path: Path, agreement_days: int, kept_days: int
) -> None:
    valid = (TODAY + timedelta(days=20)).isoformat()
    pair = bureau(hubs, tmp_path, f'[decides.details.notice]\nvalid_until = "{valid}"\n')
    agreed(pair, agreement_days)
    pair.send(json.dumps(NOTICE).encode())
    pair.look()
    (row,) = records(pair)
    assert ends(row) == TODAY + timedelta(days=kept_days)


def test_a_notice_that_says_no_end_is_kept_for_five_years_at_most(hubs: Hubs, tmp_path: Path) -> None:
    pair = bureau(hubs, tmp_path)
    pair.send(json.dumps(NOTICE).encode())
    pair.look()
    (row,) = records(pair)
    assert ends(row) == TODAY.replace(year=TODAY.year + MAX_YEARS)


def test_a_notice_that_has_ended_is_taken_and_erased_at_the_next_look(hubs: Hubs, tmp_path: Path) -> None:
    valid = (TODAY - timedelta(days=1)).isoformat()
    pair = bureau(hubs, tmp_path, f'[decides.details.notice]\nvalid_until = "{valid}"\n')
    pair.send(json.dumps(NOTICE).encode())
    pair.look()
    assert len(records(pair)) == 1
    look_at_dues(pair.broker)
    assert len(told(pair, Act.ERASED)) == 1


def test_a_notice_of_our_own_ends_with_the_day_that_it_says(hubs: Hubs, tmp_path: Path) -> None:
    pair = bureau(hubs, tmp_path)
    said = dict(document("notice"))
    for name in ("retain_until", "review_on"):
        said.pop(name, None)
    valid = TODAY + timedelta(days=200)
    said["details"] = {**dict(said["details"]), "valid_until": valid.isoformat()}  # type: ignore[call-overload]
    pair.release(draft(pair.broker, AIGUL, said, recipients=[THEM]))
    (row,) = records(pair)
    assert ends(row) == valid
