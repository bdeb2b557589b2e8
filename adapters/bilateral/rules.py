"""What a bilateral partner takes beyond the agreement: kinds, and how large a record may be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from adapters.contract import Finding, Weight


class BilateralRules:
    """Rules that stand in the partner's profile; an empty profile has none."""

    def __init__(self, *, kinds: frozenset[str] | None, languages: frozenset[str] | None) -> None:
        self._kinds = kinds
        self._languages = languages

    def check(self, record: Mapping[str, Any], *, on: date) -> Sequence[Finding]:
        """Return what of the record this partner does not take; an overlong retention is asked about."""
        return list(self._found(record, on))

    def _found(self, record: Mapping[str, Any], on: date) -> Iterator[Finding]:
        if self._kinds is not None and record["kind"] not in self._kinds:
            yield Finding(
                weight=Weight.REFUSES,
                code="kind-not-carried",
                sentence="This partner does not take this kind of record.",
                path="kind",
            )
        if self._languages is not None and record["language"] not in self._languages:
            yield Finding(
                weight=Weight.ASKS,
                code="language-not-agreed",
                sentence="The record is not in a language of this partner. Is a translation attached?",
                path="language",
            )
        if record.get("retain_until", "9") < on.isoformat():
            yield Finding(
                weight=Weight.ASKS,
                code="policy-denied",
                sentence="Its retention has ended already. Is it still needed, and may it still be sent?",
                path="retain_until",
            )
