"""The financial intelligence unit: suspicious-transaction reports as goAML 5.0.2."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from adapters.contract import Adapter
from adapters.fiu.codes import UNKNOWN, is_currency
from adapters.fiu.dialect import GoAml
from adapters.fiu.rules import ReportRules
from adapters.fiu.transactions import Movements
from adapters.profiles import invalid, only, text, whole, words

_YEAR: Final = re.compile(r"20[0-9]{2}")
_AMOUNT: Final = re.compile(r"[1-9][0-9]{0,8}(\.[0-9]{1,2})?")
#: One monthly calculation index in KZT, by the year of the budget law; a profile may name others.
_INDEX: Final = {"2023": "3450", "2024": "3692", "2025": "3932", "2026": "4325"}


def make(options: Mapping[str, Any]) -> Adapter:
    """Make the adapter of a unit's profile."""
    only(
        options,
        *("reporting_entity", "local_currency", "utc_offset_minutes", "indicators", "no_indicator"),
        *("index", "max_document_bytes", "decides"),
    )
    size = whole(
        options, "max_document_bytes", lowest=1024, highest=16 * 1024 * 1024, default=4 * 1024 * 1024
    )
    currency = text(options, "local_currency", default="KZT")
    if not is_currency(currency):
        raise invalid("local_currency: expected three letters that goAML has")
    offset = whole(options, "utc_offset_minutes", lowest=-720, highest=840, default=300)
    return Adapter(
        name="fiu",
        about="financial intelligence unit, goAML 5.0.2",
        dialect=GoAml(
            entity=whole(options, "reporting_entity", lowest=1, highest=2**31 - 1, default=1),
            indicators=words(options, "indicators") or frozenset(),
            no_indicator=text(options, "no_indicator", default=UNKNOWN),
            currency=currency,
            movements=Movements(currency=currency, offset=timedelta(minutes=offset)),
            max_bytes=size,
        ),
        rules=ReportRules(currency=currency, index_by_year=_indices(options.get("index", _INDEX))),
        max_document_bytes=size,
        options=options,
    )


def _indices(table: Any) -> dict[int, Decimal]:
    if not isinstance(table, Mapping):
        raise invalid("index: expected amounts by year")
    for year, amount in table.items():
        if not _YEAR.fullmatch(year) or not isinstance(amount, str) or not _AMOUNT.fullmatch(amount):
            raise invalid('index: expected amounts by year, such as 2026 = "4325"')
    return {int(year): Decimal(amount) for year, amount in table.items()}
