"""Who is not surely of age may be a minor."""

from __future__ import annotations

from typing import Any

import pytest

from hub.records.ages import may_be_minor
from hub.records.kinds import Kind
from hub.records.record import load_record
from hub.records.template import template


def record(*persons: list[dict[str, str]] | None) -> Any:
    told = dict(template(Kind.SPONTANEOUS_INFORMATION)) | {"created_at": "2026-03-31T10:00:00Z"}
    for name in ("reply_due_at", "review_on", "retain_until"):
        told.pop(name, None)
    told["subjects"] = [
        {"type": "person", "names": [{"text": "A", "script": "Latn", "form": "primary"}]}
        | ({} if births is None else {"birth_dates": births})
        for births in persons
    ]
    return load_record(told)


def exact(day: str) -> list[dict[str, str]]:
    return [{"form": "exact", "date": day}]


@pytest.mark.parametrize(
    ("births", "may_be"),
    [
        (None, True),
        (exact("2008-03-31"), False),
        (exact("2008-04-01"), True),
        (exact("2008-03"), False),
        (exact("2008-04"), True),
        (exact("2007"), False),
        (exact("2008"), True),
        (exact("2008-02-29"), False),
        ([{"form": "approximate", "date": "2000"}], False),
        ([{"form": "approximate", "date": "2001"}], True),
        ([{"form": "between", "earliest": "1990", "latest": "2007"}], False),
        ([{"form": "between", "earliest": "1990", "latest": "2010"}], True),
        ([{"form": "described", "note": "grown up"}], True),
        ([*exact("1990-01-01"), *exact("2010-01-01")], True),
    ],
)
def test_only_a_sure_date_makes_a_person_of_age(births: list[dict[str, str]] | None, may_be: bool) -> None:
    assert may_be_minor(record(births)) is may_be


def test_one_of_several_is_enough_and_nobody_is_no_minor() -> None:
    assert may_be_minor(record(exact("1990"), exact("2015")))
    assert not may_be_minor(record(exact("1990"), exact("1991")))
    assert not may_be_minor(record())
