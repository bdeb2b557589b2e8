"""Interpol's rules: what refuses, what is asked, and that a withdrawal is never held up."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from adapters.contract import Finding, Keeping, Weight
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


@pytest.mark.parametrize("kind", [Kind.NOTICE, Kind.DIFFUSION])
@pytest.mark.parametrize(
    ("lacks", "path"),
    [
        (("charges",), "details.charges"),
        (("warrant",), "details.warrant"),
        (("charges", 0, "law"), "details.charges"),
        (("charges", 0, "country"), "details.charges"),
    ],
)
def test_an_arrest_that_we_ask_for_names_its_charges_laws_countries_and_warrant(
    kind: Kind, lacks: tuple[str | int, ...], path: str
) -> None:
    record = template(kind)
    announced = template(Kind.NOTICE)["details"]
    record["details"] |= {name: announced[name] for name in ("charges", "warrant")}
    if kind is Kind.DIFFUSION:
        record["details"]["aim"] = "arrest"
        assert found(record)["RPD art. 83(1)"].weight is Weight.ASKS
    assert "RPD art. 83(2)" not in found(record)
    *inside, last = lacks
    place = record["details"]
    for step in inside:
        place = place[step]
    place.pop(last)
    refused = found(record)["RPD art. 83(2)"]
    assert (refused.weight, refused.path) == (Weight.REFUSES, path)


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


@pytest.mark.parametrize(
    ("published", "valid", "retain", "last"),
    [
        ("2026-01-22", None, None, date(2031, 1, 22)),
        ("2024-02-29", None, None, date(2029, 2, 28)),
        ("2026-01-22", "2027-05-01", None, date(2027, 5, 1)),
        ("2026-01-22", "2040-05-01", "2028-01-01", date(2028, 1, 1)),
    ],
)
def test_a_notice_is_renewed_or_deleted_in_time(
    published: str, valid: str | None, retain: str | None, last: date
) -> None:
    record = template(Kind.NOTICE) | {"created_at": "2026-11-22T10:00:00Z"}
    record["details"] |= {"published_on": published} | ({"valid_until": valid} if valid else {})
    record.pop("retain_until", None)
    if retain:
        record["retain_until"] = retain
    assert isinstance(InterpolRules(), Keeping)
    for came in (False, True):
        assert InterpolRules().delete_by(record, came=came) == last


def test_a_diffusion_counts_from_when_it_was_made() -> None:
    record = template(Kind.DIFFUSION) | {"created_at": "2026-11-22T10:00:00Z"}
    record.pop("retain_until", None)
    assert InterpolRules().delete_by(record, came=True) == date(2031, 11, 22)


@pytest.mark.parametrize(
    ("published", "last"),
    [
        ("2021-11-23", date(2026, 11, 23)),
        ("2021-11-22", date(2031, 11, 22)),
        ("2012-03-01", date(2027, 3, 1)),
        ("2004-02-29", date(2029, 2, 28)),
        ("2030-01-01", date(2031, 11, 22)),
        ("9999-12-31", date(2031, 11, 22)),
    ],
)
def test_what_is_in_force_after_five_years_was_renewed_for_five_more(published: str, last: date) -> None:
    record = template(Kind.NOTICE) | {"created_at": "2026-11-22T10:00:00Z"}
    record.pop("retain_until", None)
    record["details"]["published_on"] = published
    assert InterpolRules().delete_by(record, came=True) == last


def test_the_last_year_of_the_calendar_ends_it() -> None:
    record = template(Kind.NOTICE) | {"created_at": "9999-12-31T10:00:00Z"}
    record.pop("retain_until", None)
    record["details"].pop("published_on", None)
    assert InterpolRules().delete_by(record, came=True) == date(9999, 12, 31)
    record["details"]["published_on"] = "9998-01-01"
    assert "details.published_on" not in [one.path for one in InterpolRules().check(record, on=TODAY)]


def test_what_was_withdrawn_at_its_source_is_kept_for_a_month_and_ours_as_we_say() -> None:
    withdrawn = template(Kind.NOTICE) | {
        "created_at": "2026-11-22T10:00:00Z",
        "version": 2,
        "action": "withdrawal",
        "details": {"reason": "ended"},
    }
    withdrawn.pop("retain_until", None)
    assert InterpolRules().delete_by(withdrawn, came=True) == date(2026, 12, 22)
    assert InterpolRules().delete_by(withdrawn, came=False) == date(2031, 11, 22)
    sooner = withdrawn | {"retain_until": "2026-11-30"}
    assert InterpolRules().delete_by(sooner, came=True) == date(2026, 11, 30)


def test_what_has_ended_is_not_sent() -> None:
    record = template(Kind.NOTICE) | {"retain_until": "2026-11-21"}
    finding = found(record)["RPD art. 49"]
    assert (finding.weight, finding.path) == (Weight.REFUSES, "retain_until")
    assert "RPD art. 49" not in found(template(Kind.NOTICE) | {"retain_until": "2026-11-22"})


def test_an_old_notice_is_asked_about_and_so_is_a_correction() -> None:
    record = template(Kind.NOTICE)
    record["details"]["published_on"] = "2021-11-21"
    assert found(record)["RPD art. 49-50"].path == "details.published_on"
    corrected = template(Kind.NOTICE) | {"version": 2, "action": "correction"}
    assert "action" in [one.path for one in InterpolRules().check(corrected, on=TODAY)]


@pytest.mark.parametrize("colour", ["blue", "green", "black", "orange", "purple", "silver"])
def test_each_colour_has_its_condition(colour: str) -> None:
    record = template(Kind.NOTICE)
    record["details"]["colour"] = colour
    asked = [one for one in InterpolRules().check(record, on=TODAY) if one.path == "details.colour"]
    assert [one.weight for one in asked] == [Weight.ASKS]
    assert asked[0].sentence.endswith("?")


def test_a_yellow_notice_is_about_someone_missing() -> None:
    record = template(Kind.NOTICE)
    record["details"]["colour"] = "yellow"
    paths = [one.path for one in InterpolRules().check(record, on=TODAY) if one.weight is Weight.REFUSES]
    assert paths == ["subjects"]
    record["subjects"][0]["capacity"] = "missing"
    assert not [one for one in InterpolRules().check(record, on=TODAY) if one.weight is Weight.REFUSES]
