"""The catalogue of acts is whole: each act has a category and a place in the code where it is staged."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.audit.catalogue import CATALOGUE, Category, category_of
from hub.audit.events import Act
from hub.audit.justification import justified
from hub.errors import Refused
from hub.exchange.broker import Broker
from tests.exchange.hubs import Hubs

HUB = Path(__file__).parents[2] / "hub"
AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.fixture
def broker(tmp_path: Path) -> Broker:
    return Hubs(folder=tmp_path).add("kz-knb")


def test_every_act_has_a_category_and_a_sentence() -> None:
    assert set(CATALOGUE) == set(Act)
    for row in CATALOGUE.values():
        assert row.means.endswith(".")
        assert row.subject


def test_every_category_has_an_act() -> None:
    assert {category_of(act) for act in Act} == set(Category)


def test_every_act_is_staged_somewhere() -> None:
    code = "\n".join(path.read_text() for path in HUB.rglob("*.py") if path.parent.name != "audit")
    assert [act.name for act in Act if f"Act.{act.name}" not in code] == []


def test_consultation_and_disclosure_always_say_why() -> None:
    telling = {Category.CONSULTATION, Category.DISCLOSURE}
    assert all(row.justified for row in CATALOGUE.values() if row.category in telling)
    assert all(row.names_recipients for row in CATALOGUE.values() if row.category is Category.DISCLOSURE)


def test_an_entry_that_does_not_say_what_its_act_promises_is_not_made(broker: Broker) -> None:
    with pytest.raises(ValueError, match="says why"):
        broker.event(Act.CONSULTED, broker.itself, "id", AT)
    with pytest.raises(ValueError, match="names who gets"):
        broker.event(Act.DISCLOSED, broker.itself, "id", AT, justification="border-control under cis-1999")
    told = broker.event(Act.CONSULTED, broker.itself, "id", AT, justification="case 17")
    assert told.justification == "case 17"


@pytest.mark.parametrize(
    ("given", "kept"),
    [("case 17", "case 17"), ("  іс № 7  ", "іс № 7"), ("a" * 500, "a" * 500), ("e\u0301t\u00e9", "été")],
)
def test_a_justification_is_kept_in_one_form(given: str, kept: str) -> None:
    assert justified(given) == kept


@pytest.mark.parametrize(
    "given",
    [None, "", "  ", "ab", " ab ", "...", "a" * 501, "two\nlines", "tab\there", "\u202ecase 17", "nul\x00l"],
)
def test_what_says_nothing_or_hides_something_is_no_justification(given: str | None) -> None:
    with pytest.raises(Refused) as refused:
        justified(given)
    assert refused.value.code == "justification-missing"
