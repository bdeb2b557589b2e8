"""The Convention's rules: what is asked, and the two terms for notices; a withdrawal is never held up."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from adapters import registry
from adapters.contract import Weight
from adapters.sco_rats.rules import ConventionRules
from hub.errors import Refused
from hub.records.kinds import Kind
from hub.records.template import template

RULES = ConventionRules(list_days=60, change_days=10)


def notice(change: str) -> dict[str, Any]:
    record = template(Kind.SERVICE_NOTICE)
    record["details"] |= {"change": change, "effective_on": "2026-03-01"}
    return record


def paths(record: dict[str, Any], on: date = date(2026, 3, 2)) -> list[str | None]:
    found = RULES.check(record, on=on)
    assert all(one.weight is Weight.ASKS for one in found)
    return [one.path for one in found]


@pytest.mark.parametrize(
    ("change", "due"),
    [
        ("authority-appointed", date(2026, 4, 30)),
        ("authority-replaced", date(2026, 3, 11)),
        ("unit-dissolved", date(2026, 3, 11)),
        ("contact-changed", date(2026, 3, 11)),
        ("training-offered", None),
    ],
)
def test_each_change_has_its_term(change: str, due: date | None) -> None:
    assert RULES.due_on(notice(change)) == due


def test_a_late_notice_is_asked_about_and_goes() -> None:
    assert paths(notice("unit-created"), date(2026, 3, 11)) == []
    assert paths(notice("unit-created"), date(2026, 3, 12)) == ["details.effective_on"]
    assert paths(notice("authority-appointed"), date(2026, 4, 30)) == []
    assert paths(notice("authority-appointed"), date(2026, 5, 1)) == ["details.effective_on"]


def test_the_profile_may_set_other_terms() -> None:
    rules = registry.make("sco_rats", {"change_within_days": 30}).rules
    assert list(rules.check(notice("unit-created"), on=date(2026, 3, 31))) == []
    with pytest.raises(Refused) as refused:
        registry.make("sco_rats", {"change_within_days": 0})
    assert refused.value.code == "adapter-invalid"


def test_languages_other_than_russian_and_chinese_are_asked_about() -> None:
    assert paths(template(Kind.GROUP_PROFILE)) == []
    assert paths(template(Kind.GROUP_PROFILE) | {"language": "zh"}) == []
    assert paths(template(Kind.GROUP_PROFILE) | {"language": "kk"}) == ["language"]


def test_a_request_is_signed_and_says_that_it_is_confidential() -> None:
    record = template(Kind.ASSISTANCE_REQUEST)
    assert paths(record) == ["details.signed_by"]
    record["details"]["confidential"] = False
    assert paths(record) == ["details.signed_by", "details.confidential"]


def test_information_outside_the_six_categories_is_asked_about() -> None:
    record = template(Kind.SPONTANEOUS_INFORMATION)
    assert paths(record) == []
    record["details"]["about"] = "other"
    assert paths(record) == [None]


def test_a_withdrawal_is_never_held_up() -> None:
    record = template(Kind.SERVICE_NOTICE) | {
        "version": 2,
        "action": "withdrawal",
        "details": {"reason": "x"},
    }
    assert paths(record, date(2030, 1, 1)) == []
    assert RULES.due_on(record) is None
