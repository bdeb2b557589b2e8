from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from hub.records import fields, forms
from hub.records.times import as_text, as_time

GOOD = [
    (fields.Time(), "2026-03-31T14:05:00Z", "2026-03-31T14:05:00Z"),
    (fields.Time(), "2026-03-31T14:05:00.5+05:00", "2026-03-31T09:05:00.500000Z"),
    (fields.Date(), "2024-02-29", "2024-02-29"),
    (fields.PartialDate(), "1971", "1971"),
    (fields.PartialDate(), "1971-12", "1971-12"),
    (fields.Language(), "uz-Cyrl", "uz-Cyrl"),
    (fields.Url(), "https://www.interpol.int/en?x=1", "https://www.interpol.int/en?x=1"),
    (fields.MediaType(), "application/vnd.ms-excel", "application/vnd.ms-excel"),
    (fields.Quarter(), "2026-Q4", "2026-Q4"),
    (fields.Count(1, 5), 5, 5),
    (fields.Flag(), False, False),
    (forms.Amount(), "0.10", "0.10"),
    (forms.Latitude(), "-90", "-90"),
    (forms.Longitude(), "179.9999999", "179.9999999"),
    (forms.Country(), "SU", "SU"),
    (forms.Currency(), "KZT", "KZT"),
    (forms.Script(), "Arab", "Arab"),
    (forms.Imo(), "9074729", "9074729"),
    (forms.Mmsi(), "436000001", "436000001"),
    (forms.Iban(), "KZ75125KZT1001300335", "KZ75125KZT1001300335"),
    (forms.Bic(), "AAAAKZKA", "AAAAKZKA"),
    (forms.Vin(), "1M8GDM9AXKP042788", "1M8GDM9AXKP042788"),
]
BAD = [
    (fields.Time(), "2026-03-31T14:05:00"),
    (fields.Time(), "2026-03-31 14:05:00Z"),
    (fields.Time(), "2026-03-31T14:05:60Z"),
    (fields.Time(), "2026-02-30T14:05:00Z"),
    (fields.Time(), "2026-W01-1T14:05:00Z"),
    (fields.Time(), "1900-01-01T00:00:00+05:00"),
    (fields.Time(), "٢٠٢٦-03-31T14:05:00Z"),
    (fields.Time(), 1774965900),
    (fields.Date(), "2026-02-29"),
    (fields.Date(), "20260301"),
    (fields.PartialDate(), "1971-13"),
    (fields.PartialDate(), "71"),
    (fields.Language(), "RU"),
    (fields.Url(), "javascript:alert(1)"),
    (fields.Url(), "https://a b"),
    (fields.Url(), "https://host/" + "a" * 500),
    (fields.MediaType(), "text"),
    (fields.Quarter(), "2026-Q5"),
    (fields.Count(1, 5), 6),
    (fields.Count(1, 5), 2.0),
    (fields.Count(0, 5), True),
    (fields.Count(0, 5), "3"),
    (fields.Flag(), 1),
    (fields.Flag(), "true"),
    (fields.Text(), ["a"]),
    (fields.Text(), "   "),
    (fields.Text(3), "abcd"),
    (fields.Choice(("a", "b")), "A"),
    (fields.Choice(("a", "b")), ["a"]),
    (fields.Id(), "x\n"),
    (fields.Digest(), "AA" * 32),
    (fields.Key(), "1a"),
    (fields.Slug(), "UN SC"),
    (forms.Amount(), "1e3"),
    (forms.Amount(), "01.00"),
    (forms.Amount(), "-5"),
    (forms.Amount(), 12.5),
    (forms.Latitude(), "90.1"),
    (forms.Longitude(), "181"),
    (forms.Country(), "kz"),
    (forms.Country(), "ZZ"),
    (forms.Currency(), "KZZ"),
    (forms.Imo(), "9074728"),
    (forms.Iban(), "KZ76125KZT1001300335"),
    (forms.Vin(), "IM8GDM9AXKP042788"),
    (fields.Many(fields.Text(), 2), ["a", "b", "c"]),
    (fields.Many(fields.Text(), 2, shortest=1), []),
    (fields.Many(fields.Text(), 2), "ab"),
]


def _named(value: Any) -> str:
    return type(value).__name__ if isinstance(value, fields.Plain) else ascii(value)[:40]


@pytest.mark.parametrize(("field", "given_", "kept"), GOOD, ids=_named)
def test_good_values_are_kept_in_their_one_form(field: Any, given_: Any, kept: Any) -> None:
    assert field.deserialize(given_) == kept
    assert field.deserialize(kept) == kept


@pytest.mark.parametrize(("field", "given_"), BAD, ids=_named)
def test_bad_values_are_refused_with_what_was_expected_and_not_repeated(field: Any, given_: Any) -> None:
    with pytest.raises(ValidationError) as refusal:
        field.deserialize(given_)
    said = str(refusal.value.messages)
    assert field.expected in said
    assert str(given_) not in said.replace(field.expected, "") or len(str(given_)) < 4


@given(
    st.datetimes(
        min_value=datetime(1901, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
        max_value=datetime(2198, 12, 31),  # noqa: DTZ001
        timezones=st.integers(-1439, 1439).map(lambda m: timezone(timedelta(minutes=m))),
    )
)
def test_a_time_survives_being_written_and_read(at: datetime) -> None:
    assert as_time(as_text(at)) == at
    assert as_text(at).endswith("Z")
    assert as_time(as_text(at)).tzinfo is UTC


def test_a_time_without_an_offset_is_not_written() -> None:
    with pytest.raises(ValueError, match="offset"):
        as_text(datetime(2026, 1, 1))  # noqa: DTZ001
