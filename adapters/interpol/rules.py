"""Interpol's Rules on the Processing of Data (RPD): what refuses a release, what an officer must answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from adapters.contract import Finding, Weight

#: Interpol's languages (General Regulations, article 54).
LANGUAGES: Final = frozenset({"ar", "en", "es", "fr"})
MAX_YEARS: Final = 5


class InterpolRules:
    """The rules that a machine can check, and the questions that only a person can answer."""

    def check(self, record: Mapping[str, Any], *, on: date) -> Sequence[Finding]:
        """Return what stands against a notice or diffusion; a withdrawal is never held up."""
        return [] if record["action"] == "withdrawal" else list(_findings(record, on))


def _findings(record: Mapping[str, Any], on: date) -> Iterator[Finding]:
    yield Finding(
        weight=Weight.ASKS,
        code="policy-denied",
        sentence="Is the request free of any political, military, religious or racial character?",
        clause="Constitution art. 3; RPD art. 34",
    )
    if record["language"][:2] not in LANGUAGES:
        yield Finding(
            weight=Weight.ASKS,
            code="language-not-agreed",
            sentence="Interpol's languages are ar, en, es and fr. Is a translation in the narrative?",
            clause="General Regulations art. 54",
            path="language",
        )
    yield from _time(record, on)
    if record["details"].get("colour") == "red" or record["details"].get("aim") == "arrest":
        yield from _arrest(record)


def _time(record: Mapping[str, Any], on: date) -> Iterator[Finding]:
    """Yield what goes beyond five years, after which data are deleted unless they are needed still."""
    last = date(on.year + MAX_YEARS, on.month, 28 if (on.month, on.day) == (2, 29) else on.day).isoformat()
    for path, value in (
        ("details.valid_until", record["details"].get("valid_until")),
        ("retain_until", record.get("retain_until")),
    ):
        if value is not None and value > last:
            yield Finding(
                weight=Weight.REFUSES,
                code="policy-denied",
                sentence=f"Expected at most {MAX_YEARS} years from now; it is kept longer.",
                clause="RPD art. 49",
                path=path,
            )
    if record["details"].get("valid_until") is None and record.get("retain_until") is None:
        yield Finding(
            weight=Weight.ASKS,
            code="policy-denied",
            sentence=f"It says no end. Is it clear who deletes or renews it within {MAX_YEARS} years?",
            clause="RPD art. 49-50",
        )


def _arrest(record: Mapping[str, Any]) -> Iterator[Finding]:
    persons = [one for one in record["subjects"] if one["type"] == "person"]
    if not persons:
        yield Finding(
            weight=Weight.REFUSES,
            code="policy-denied",
            sentence="Expected the person who is to be arrested; it names none.",
            clause="RPD art. 83(2)",
            path="subjects",
        )
    elif not (persons[0].get("birth_dates") or persons[0].get("biometrics") or persons[0].get("documents")):
        yield Finding(
            weight=Weight.REFUSES,
            code="policy-denied",
            sentence="Expected a date of birth, a document or a biometric; it has none of them.",
            clause="RPD art. 83(2)",
            path="subjects[0]",
        )
    yield Finding(
        weight=Weight.ASKS,
        code="policy-denied",
        sentence=(
            "Is it a serious ordinary-law crime, punishable by at least two years, or a sentence of at least"
            " six months left to serve?"
        ),
        clause="RPD art. 83(1)",
        path="details.charges",
    )
