"""Whether a person that a record names may be under eighteen: what is not known for sure may be."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from hub.records.record import Record

#: Convention on the Rights of the Child, art. 1.
_OF_AGE_YEARS: Final = 18
#: What is approximate may be wrong by a few years.
_APPROXIMATE_YEARS: Final = 25


def may_be_minor(record: Record) -> bool:
    """Tell whether any person among the subjects is not surely of age on the day the record was made."""
    day = record.created_at.date()
    return any(
        subject.get("type") == "person" and not _surely_of_age(subject, day) for subject in record.subjects
    )


def _surely_of_age(person: Mapping[str, Any], day: date) -> bool:
    told = person.get("birth_dates", ())
    return bool(told) and all(_old_enough(one, day) for one in told)


def _old_enough(dated: Mapping[str, Any], day: date) -> bool:
    latest = dated.get("latest") or dated.get("date")
    if latest is None:
        return False
    years = _OF_AGE_YEARS if dated["form"] != "approximate" else _APPROXIMATE_YEARS
    year, _, rest = (latest + "-12-31"[len(latest) - 4 :]).partition("-")
    return f"{int(year) + years:04}-{rest}" <= day.isoformat()
