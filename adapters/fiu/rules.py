"""What a report has to keep: threshold, index by year, look-back, and what the schema cannot say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from adapters.contract import Finding, Weight
from adapters.fiu.codes import UNKNOWN, is_amount, latin
from adapters.fiu.dialect import NARRATIVE_MAX

#: How long institutions look back; records check the same of their period alone.
LOOK_BACK_YEARS: Final = 3


class ReportRules:
    """Thresholds are in monthly calculation indices; what one index is in money, the profile says by year."""

    def __init__(self, *, currency: str, index_by_year: Mapping[int, Decimal]) -> None:
        self._currency = currency
        self._index_by_year = index_by_year

    def check(self, record: Mapping[str, Any], *, on: date) -> Sequence[Finding]:
        """Return what stands against a report; a withdrawal is never held up."""
        return [] if record["action"] == "withdrawal" else list(self._findings(record))

    def _findings(self, record: Mapping[str, Any]) -> Iterator[Finding]:
        details = record["details"]
        moved = [(place, one) for place, one in enumerate(record["subjects"]) if one["type"] == "transaction"]
        yield from self._index(details)
        yield from self._threshold(details)
        yield from _period(details, moved)
        yield from self._sums(details, moved)
        if len(record["narrative"]) > NARRATIVE_MAX:
            yield _refuses(f"Expected at most {NARRATIVE_MAX:,} characters; it is longer.", "narrative")
        for place, one in enumerate(record["subjects"]):
            if one["type"] in ("person", "organisation") and not any(map(_is_latin, one["names"])):
                yield _asks(
                    "The schema takes names in Latin letters, and none is. Is it meant to go without?",
                    f"subjects[{place}].names",
                )

    def _index(self, details: Mapping[str, Any]) -> Iterator[Finding]:
        """Hold the index that the report names against the profile's, for each year of its period."""
        stated = details["threshold"]["index"]
        years = range(int(details["period"]["start"][:4]), int(details["period"]["end"][:4]) + 1)
        known = [self._index_by_year[year] for year in years if year in self._index_by_year]
        path = "details.threshold.index"
        if not known:
            yield _asks("The profile names no index for these years. Is the report's index right?", path)
        elif stated["currency"] != self._currency or Decimal(stated["amount"]) not in known:
            told = ", ".join(f"{one:,}" for one in sorted(set(known)))
            yield _refuses(f"Expected an index of {told} {self._currency}; it differs.", path)

    def _threshold(self, details: Mapping[str, Any]) -> Iterator[Finding]:
        line = details["threshold"]
        least = line["indices"] * Decimal(line["index"]["amount"])
        if details["total"]["currency"] != line["index"]["currency"]:
            yield _asks(
                "The total is in another currency than the threshold. Does it reach it?", "details.total"
            )
        elif Decimal(details["total"]["amount"]) < least:
            yield _asks(
                f"The total is below {line['indices']:,} indices. Is the suspicion the reason to report?",
                "details.total",
            )

    def _sums(
        self, details: Mapping[str, Any], moved: Sequence[tuple[int, Mapping[str, Any]]]
    ) -> Iterator[Finding]:
        if details["transactions"] < len(moved):
            yield _refuses(
                f"Expected {len(moved)} or more, as many as are listed; it is fewer.", "details.transactions"
            )
        ours = [one for _, one in moved if one["currency"] == details["total"]["currency"]]
        if sum(Decimal(one["amount"]) for one in ours) > Decimal(details["total"]["amount"]):
            yield _refuses("Expected a total that covers what is listed; it is lower.", "details.total")
        for place, one in moved:
            if one["currency"] != self._currency or not is_amount(one["amount"]):
                yield _refuses(
                    f"Expected an amount in {self._currency} that goAML can hold; it would not be reported.",
                    f"subjects[{place}]",
                )


def _period(details: Mapping[str, Any], moved: Sequence[tuple[int, Mapping[str, Any]]]) -> Iterator[Finding]:
    reported = date.fromisoformat(details["reported_on"])
    day = 28 if (reported.month, reported.day) == (2, 29) else reported.day
    first = date(reported.year - LOOK_BACK_YEARS, reported.month, day).isoformat()
    period = details["period"]
    if period["start"] < first:
        yield _refuses(
            f"Expected at most {LOOK_BACK_YEARS} years before the report; it looks back longer.",
            "details.period",
        )
    if period["end"] > details["reported_on"]:
        yield _refuses("Expected a period that ended by the report's day; it ends later.", "details.period")
    for place, one in moved:
        if not period["start"] <= one["at"][:10] <= period["end"]:
            yield _asks("It is outside the report's period. Does it belong here?", f"subjects[{place}].at")


def _is_latin(name: Mapping[str, Any]) -> bool:
    return latin(255)(name["text"]) and name["text"] != UNKNOWN


def _refuses(sentence: str, path: str) -> Finding:
    return Finding(weight=Weight.REFUSES, code="policy-denied", sentence=sentence, path=path)


def _asks(sentence: str, path: str) -> Finding:
    return Finding(weight=Weight.ASKS, code="policy-denied", sentence=sentence, path=path)
