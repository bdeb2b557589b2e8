"""Interpol's rules: what refuses, what is asked, and that a withdrawal is never held up."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from adapters.contract import Finding, Weight
from adapters.interpol.rules import InterpolRules
from hub.records.kinds import Kind
from hub.records.template import template

TODAY = date(2026, 11, 22)


def found(record: dict[str, Any]) -> dict[str, Finding]:
    return {finding.clause or "": finding for finding in InterpolRules().check(record, on=TODAY)}


def test_article_3_is_asked_about_every_release() -> None:
    for kind in (Kind.NOTICE, Kind.DIFFUSION):
        finding = found(template(kind))["Constitution art. 3; RPD art. 34"]
        assert finding.weight is Weight.ASKS
        assert finding.sentence.endswith("?")


@pytest.mark.parametrize(
    ("day", "refused"), [("2031-11-22", False), ("2031-11-23", True), ("2026-12-01", False)]
)
def test_nothing_is_kept_longer_than_five_years(day: str, refused: bool) -> None:
    record = template(Kind.NOTICE)
    record["details"]["valid_until"] = day
    finding = found(record).get("RPD art. 49")
    assert (finding is not None and finding.weight is Weight.REFUSES) is refused


def test_what_says_no_end_is_asked_about() -> None:
    record = template(Kind.DIFFUSION)
    record.pop("retain_until")
    assert found(record)["RPD art. 49-50"].weight is Weight.ASKS


def test_an_arrest_needs_someone_who_can_be_told_apart() -> None:
    record = template(Kind.NOTICE)
    for name in ("birth_dates", "documents"):
        record["subjects"][0].pop(name)
    assert found(record)["RPD art. 83(2)"].weight is Weight.REFUSES
    record["subjects"] = []
    assert found(record)["RPD art. 83(2)"].weight is Weight.REFUSES


def test_a_blue_notice_is_not_measured_as_an_arrest() -> None:
    record = template(Kind.NOTICE)
    record["details"]["colour"] = "blue"
    assert not {clause for clause in found(record) if "83" in clause}


def test_another_language_is_asked_about() -> None:
    record = template(Kind.DIFFUSION)
    record["language"] = "ru"
    assert "General Regulations art. 54" in found(record)
    record["language"] = "es"
    assert "General Regulations art. 54" not in found(record)


def test_a_withdrawal_is_never_held_up() -> None:
    record = template(Kind.NOTICE) | {"version": 2, "action": "withdrawal", "details": {"reason": "ended"}}
    assert found(record) == {}
