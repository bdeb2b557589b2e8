"""The quarter's figures on illicit transport are those that were handed in, and who is missing is named."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.audit.events import Act
from hub.cli.transport_page import as_csv, page
from hub.cli.transport_words import WORDS
from hub.entries import RecordRow
from hub.errors import Refused
from hub.exchange.broker import Broker
from hub.exchange.contents import read_content
from hub.exchange.drafting import discard, draft, revise
from hub.exchange.ledger.figures import Quarter
from hub.exchange.ledger.transport import Compiled, Figures, Sort, compile_transport, draft_report
from hub.exchange.submitting import Submission, submit
from hub.records.actor import Actor, ActorKind, Role
from hub.records.borders import DIRECTIONS, GOODS, UNITS
from hub.records.lifecycle import RecordState
from tests.exchange.hubs import AIGUL, Hubs, add_member, document, officer, release_it, run_lanes

Q4 = Quarter(year=2026, number=4)
KIND = "illicit-transport-report"
ARMS = {"goods": "arms", "cases": 2, "persons": 3, "quantity": "4", "unit": "pieces"}
DRUGS = {"goods": "drugs", "cases": 5, "quantity": "1.250", "unit": "kilograms", "direction": "transit"}


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Hubs]:
    hubs = Hubs(folder=tmp_path)
    for agency in ("kz-knb", "cis-atc"):
        hubs.add(agency)
    hubs.pair_all()
    hubs.agree(extra=("kz-mvd", "kz-border"))
    yield hubs
    hubs.close()


@pytest.fixture
def ours(pair: Hubs) -> Broker:
    broker = pair.network.broker("kz-knb")
    for member in ("kz-mvd", "kz-border"):
        add_member(broker, member, f"submit:{KIND}")
    add_member(broker, "kz-nbk", "submit:suspicious-transaction")
    return broker


def system(member: str) -> Actor:
    return Actor(kind=ActorKind.SYSTEM, id=member, agency=member)


def told(*figures: dict[str, object], quarter: str = "2026-Q4", **changes: Any) -> dict[str, object]:
    details = {"quarter": quarter, "authority": {"name": "Office"}, "figures": list(figures)}
    return dict(document(KIND, details=details, **changes))


def hand_in(broker: Broker, member: str, *figures: dict[str, object], **changes: Any) -> str:
    item = Submission(document=told(*figures, **changes), recipients=["cis-atc"])
    (done,) = submit(broker, system(member), [item])
    return done.record_id


def compiled(broker: Broker, **options: Any) -> Compiled:
    return compile_transport(broker, AIGUL, Q4, justification="quarterly report", **options)


def test_what_members_handed_in_is_summed_and_who_did_not_is_named(ours: Broker) -> None:
    hand_in(ours, "kz-mvd", ARMS, DRUGS)
    found = compiled(ours)
    assert [one.agency for one in found.delivered] == ["kz-mvd"]
    assert found.missing == ("kz-border",)
    hand_in(ours, "kz-border", ARMS | {"cases": 1, "quantity": "0.5"}, DRUGS | {"direction": "entry"})
    found = compiled(ours)
    assert found.missing == ()
    assert found.totals == {
        Sort(goods="arms", unit="pieces"): Figures(cases=3, persons=6, quantity=Decimal("4.5")),
        Sort(goods="drugs", unit="kilograms", direction="entry"): Figures(cases=5, quantity=Decimal("1.250")),
        Sort(goods="drugs", unit="kilograms", direction="transit"): Figures(
            cases=5, quantity=Decimal("1.250")
        ),
    }


def test_another_quarter_a_discarded_report_and_others_reports_do_not_count(ours: Broker) -> None:
    hand_in(ours, "kz-mvd", ARMS, quarter="2026-Q3")
    discard(ours, AIGUL, hand_in(ours, "kz-mvd", ARMS))
    draft(ours, AIGUL, told(ARMS), recipients=["cis-atc"])
    assert compiled(ours).delivered == ()


def test_the_newest_of_several_counts_and_a_report_that_an_officer_revised(ours: Broker, pair: Hubs) -> None:
    first = hand_in(ours, "kz-mvd", ARMS)
    pair.clock.pass_(60)
    second = hand_in(ours, "kz-mvd", DRUGS)
    with ours.store.read() as view:
        row = view.records.get(second)
    assert row is not None
    revise(ours, AIGUL, second, expected_revision=row.revision, document=told(ARMS | {"cases": 9}))
    (one,) = compiled(ours).delivered
    assert (one.row.record_id, one.also) == (second, (first,))
    assert [figures.cases for figures in one.figures.values()] == [9]


def test_reports_of_our_own_and_of_named_partners_count_too(ours: Broker, pair: Hubs) -> None:
    theirs = pair.network.broker("cis-atc")
    row = draft(theirs, AIGUL, told(DRUGS), recipients=["kz-knb"])
    release_it(theirs, row)
    run_lanes(theirs)
    own = draft(ours, AIGUL, told(ARMS), recipients=["cis-atc"])
    assert compiled(ours).delivered == ()
    found = compiled(ours, partners=["cis-atc"], own=[own.record_id])
    assert [one.agency for one in found.delivered] == ["cis-atc", "kz-knb"]
    for options, code in (({"partners": ["xx-none"]}, "partner-unknown"), ({"own": ["none"]}, "not-found")):
        with pytest.raises(Refused) as refused:
            compiled(ours, **options)
        assert refused.value.code == code


def test_each_report_that_is_read_is_logged_with_the_reason(ours: Broker) -> None:
    record_id = hand_in(ours, "kz-mvd", ARMS)
    compiled(ours)
    with ours.store.read() as view:
        events = [event for _, event in view.events_about([record_id], limit=20)]
    (read,) = [event for event in events if event.act is Act.CONSULTED]
    assert (read.justification, read.details["compiled_for"]) == ("quarterly report", "2026-Q4")
    for actor, why, code in (
        (officer("erlan", Role.DRAFTER), "a reason", "role-missing"),
        (AIGUL, "-", "justification-missing"),
    ):
        with pytest.raises(Refused) as refused:
            compile_transport(ours, actor, Q4, justification=why)
        assert refused.value.code == code


def test_the_draft_has_the_sums_and_the_strictest_label(ours: Broker) -> None:
    strict = {**dict(told()["label"]), "classification": "confidential"}  # type: ignore[call-overload]
    hand_in(ours, "kz-mvd", ARMS, label=strict)
    hand_in(ours, "kz-border", ARMS, DRUGS)
    row = draft_report(ours, AIGUL, compiled(ours), recipient="cis-atc")
    assert (row.state, row.recipients) == (RecordState.DRAFT, ("cis-atc",))
    assert (row.label["classification"], row.agreement) == ("confidential", "test-treaty")
    with ours.store.read() as view:
        details = read_content(ours, view, row).details
    assert [(one["goods"], one["cases"], one["quantity"]) for one in details["figures"]] == [
        ("arms", 4, "8"),
        ("drugs", 5, "1.250"),
    ]
    assert compiled(ours).totals[Sort(goods="arms", unit="pieces")].cases == 4  # it does not count itself


def refusal(broker: Broker, found: Compiled, **options: Any) -> str:
    with pytest.raises(Refused) as refused:
        draft_report(broker, AIGUL, found, **{"recipient": "cis-atc", **options})
    return refused.value.code


def test_what_cannot_be_reported_is_refused(ours: Broker, pair: Hubs) -> None:
    assert refusal(ours, compiled(ours)) == "transition-invalid"
    hand_in(ours, "kz-mvd", ARMS)
    assert refusal(ours, compiled(ours), agreement="other") == "agreement-missing"
    theirs = pair.network.broker("cis-atc")
    control = {**dict(told()["label"]), "originator_control": True}  # type: ignore[call-overload]
    row: RecordRow = draft(theirs, AIGUL, told(DRUGS, label=control), recipients=["kz-knb"])
    release_it(theirs, row)
    run_lanes(theirs)
    assert refusal(ours, compiled(ours, partners=["cis-atc"])) == "third-party-rule"


@pytest.mark.parametrize("language", sorted(WORDS))
def test_the_page_and_the_lines_say_who_is_missing(ours: Broker, language: str) -> None:
    hand_in(ours, "kz-mvd", ARMS, DRUGS)
    found = compiled(ours)
    html = page(found, agency="kz-knb", at="2026-11-22", language=language)
    assert f"{WORDS[language]['missing']}: kz-border" in html
    assert "1.250" in html
    lines = list(csv.DictReader(io.StringIO(as_csv(found))))
    assert [(one["agency"], one["goods"], one["quantity"]) for one in lines] == [
        ("kz-mvd", "arms", "4"),
        ("kz-mvd", "drugs", "1.250"),
        ("*", "arms", "4"),
        ("*", "drugs", "1.250"),
        ("kz-border", "not delivered", ""),
    ]


def test_every_word_is_said_in_every_language() -> None:
    needed = {*GOODS, *UNITS, *DIRECTIONS}
    assert all(WORDS["en"].keys() == words.keys() and needed <= words.keys() for words in WORDS.values())


_FIGURES = st.builds(
    Figures,
    cases=st.integers(0, 10**6),
    persons=st.none() | st.integers(0, 10**6),
    quantity=st.decimals(0, 10**9, places=3),
)


@given(_FIGURES, _FIGURES, _FIGURES)
def test_sums_do_not_depend_on_order(one: Figures, other: Figures, third: Figures) -> None:
    assert one + other == other + one
    assert (one + other) + third == one + (other + third)
    assert one + Figures() == one
