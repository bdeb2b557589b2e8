"""What the CIS Treaty of 4 June 1999 asks of a request beyond what the record's own checks do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from adapters.contract import Finding, Weight


class TreatyRules:
    """Written form, in Russian, signed by the head of the authority or a deputy."""

    def check(self, record: Mapping[str, Any], *, on: date) -> Sequence[Finding]:
        """Return what an officer must answer; a withdrawal is never held up."""
        return [] if record["action"] == "withdrawal" else list(_findings(record))


def _findings(record: Mapping[str, Any]) -> Iterator[Finding]:
    if record["language"][:2] != "ru":
        yield Finding(
            weight=Weight.ASKS,
            code="language-not-agreed",
            sentence="The Centre works in Russian. Is a Russian translation attached?",
            path="language",
        )
    if record["kind"] == "assistance-request":
        yield Finding(
            weight=Weight.ASKS,
            code="policy-denied",
            sentence="Has the head of the requesting authority, or a deputy, signed the written request?",
            path="details.signed_by",
        )
