"""The report's rules: threshold and index by year, look-back, sums, and what goAML would not say."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from adapters import registry
from hub.errors import Refused
from hub.records.kinds import Kind
from hub.records.template import template

RULES = registry.make("fiu").rules
TODAY = date(2026, 11, 22)


def record(**details: Any) -> dict[str, Any]:
    made = template(Kind.SUSPICIOUS_TRANSACTION)
    made["details"] |= details
    return made


def found(made: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(one.weight.value, one.path) for one in RULES.check(made, on=TODAY)]


def money(amount: str, currency: str = "KZT") -> dict[str, str]:
    return {"amount": amount, "currency": currency}


def test_the_template_goes() -> None:
    assert found(record()) == []


@pytest.mark.parametrize(
    ("party", "indices", "total", "asked"),
    [
        ("natural", 2000, "8650000", False),
        ("natural", 2000, "8649999.99", True),
        ("legal", 5000, "21625000", False),
        ("legal", 5000, "21624999", True),
    ],
)
def test_a_total_below_the_threshold_is_asked_about(
    party: str, indices: int, total: str, *, asked: bool
) -> None:
    threshold = {"party": party, "indices": indices, "index": money("4325")}
    made = record(threshold=threshold, total=money(total))
    made["subjects"][2]["amount"] = "1"
    assert found(made) == ([("asks", "details.total")] if asked else [])


@pytest.mark.parametrize("amount", ["3450", "3692", "3932", "4325"])
def test_the_index_is_that_of_a_year_of_the_period(amount: str) -> None:
    threshold = {"party": "natural", "indices": 2000, "index": money(amount)}
    assert found(record(threshold=threshold)) == []
    only = record(threshold=threshold, period={"start": "2025-06-01", "end": "2025-12-31"})
    assert found(only) == ([] if amount == "3932" else [("refuses", "details.threshold.index")])


def test_another_index_is_refused_and_a_year_without_one_is_asked_about() -> None:
    threshold = {"party": "natural", "indices": 2000, "index": money("4000")}
    assert found(record(threshold=threshold)) == [("refuses", "details.threshold.index")]
    old = record(
        threshold=threshold,
        reported_on="2019-06-01",
        period={"start": "2018-01-01", "end": "2019-05-31"},
    )
    old["subjects"][2]["at"] = "2019-01-01T00:00:00Z"
    assert found(old) == [("asks", "details.threshold.index")]


@pytest.mark.parametrize(
    ("period", "refused"),
    [
        ({"start": "2023-01-15", "end": "2026-01-14"}, False),
        ({"start": "2023-01-14", "end": "2026-01-13"}, True),
        ({"start": "2024-01-15", "end": "2026-01-16"}, True),
    ],
)
def test_institutions_look_back_three_years_from_the_report(period: dict[str, str], *, refused: bool) -> None:
    assert found(record(period=period)) == ([("refuses", "details.period")] if refused else [])


def test_sums_and_counts_cover_what_is_listed() -> None:
    made = record(total=money("9149999.99"))
    assert found(made) == [("refuses", "details.total")]
    made = record(transactions=1)
    made["subjects"].append(dict(made["subjects"][2]))
    assert found(made) == [("refuses", "details.transactions")]


def test_what_goaml_would_not_say_is_refused_or_asked_about() -> None:
    made = record()
    made["subjects"][2]["currency"] = "USD"
    assert found(made) == [("refuses", "subjects[2]")]
    made = record() | {"narrative": "я" * 8001}
    assert found(made) == [("refuses", "narrative")]
    made = record()
    made["subjects"][0]["names"] = [{"text": "Мысалов", "script": "Cyrl", "form": "primary"}]
    assert found(made) == [("asks", "subjects[0].names")]
    made = record()
    made["subjects"][2]["at"] = "2026-02-01T00:00:00Z"
    assert found(made) == [("asks", "subjects[2].at")]


def test_a_withdrawal_is_never_held_up() -> None:
    made = record() | {"version": 2, "action": "withdrawal", "details": {"reason": "ended"}}
    assert found(made) == []


@pytest.mark.parametrize(
    "options",
    [
        {"index": {"2026": 4325}},
        {"index": {"next": "4325"}},
        {"index": "4325"},
        {"local_currency": "BYN"},
        {"utc_offset_minutes": 900},
        {"thresholds": 1},
    ],
)
def test_a_profile_with_a_mistake_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        registry.make("fiu", options)
    assert refused.value.code == "adapter-invalid"
