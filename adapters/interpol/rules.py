"""Interpol's Rules on the Processing of Data (RPD): what refuses a release, what an officer must answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import MAXYEAR, date, timedelta
from typing import Any, Final

from adapters.contract import Finding, Weight

#: Interpol's languages (General Regulations, article 54).
LANGUAGES: Final = frozenset({"ar", "en", "es", "fr"})
MAX_YEARS: Final = 5
#: How long what was withdrawn at its source is kept here; ours, not Interpol's: its rules say to delete it.
WITHDRAWN_KEPT_DAYS: Final = 30


class InterpolRules:
    """The rules that a machine can check, and the questions that only a person can answer."""

    def check(self, record: Mapping[str, Any], *, on: date) -> Sequence[Finding]:
        """Return what stands against a notice or diffusion; a withdrawal is never held up."""
        return [] if record["action"] == "withdrawal" else list(_findings(record, on))

    def delete_by(self, record: Mapping[str, Any], *, came: bool) -> date | None:
        """Return the last day on which a record may be kept without being renewed (RPD art. 49-50).

        It is the earliest of what the record says and of the end of five years, counted from its publication
        or its making: what is in force after that was renewed, for five more. What came and was withdrawn is
        kept for a month, in which people can decide otherwise; what we withdrew ourselves, as we say, and for
        five years at most.
        """
        details, made = record["details"], date.fromisoformat(record["created_at"][:10])
        began = min(date.fromisoformat(details.get("published_on", made.isoformat())), made)
        recalled = came and record["action"] == "withdrawal"
        last = made + timedelta(days=WITHDRAWN_KEPT_DAYS) if recalled else _term(began, made)
        ends = [value for value in (details.get("valid_until"), record.get("retain_until")) if value]
        return min([last, *map(date.fromisoformat, ends)])


def _term(began: date, on: date) -> date:
    """Return when the five years end that run on a day."""
    terms = max(1, -((began.year - on.year) // MAX_YEARS))
    end = _years_after(began, MAX_YEARS * terms)
    return end if end > on else _years_after(began, MAX_YEARS * (terms + 1))


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
    yield from _overdue(record, on)
    yield from _condition(record)
    if record["details"].get("colour") == "red" or record["details"].get("aim") == "arrest":
        yield from _arrest(record)


def _time(record: Mapping[str, Any], on: date) -> Iterator[Finding]:
    """Yield what goes beyond five years, after which data are deleted unless they are needed still."""
    last = _years_after(on).isoformat()
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


def _years_after(day: date, years: int = MAX_YEARS) -> date:
    year = min(day.year + years, MAXYEAR)
    return date(year, day.month, 28 if (day.month, day.day) == (2, 29) else day.day)


def _overdue(record: Mapping[str, Any], on: date) -> Iterator[Finding]:
    """Yield what says that a record should be gone, or needs a decision to go on."""
    details = record["details"]
    for path, value in (
        ("details.valid_until", details.get("valid_until")),
        ("retain_until", record.get("retain_until")),
    ):
        if value is not None and value < on.isoformat():
            yield Finding(
                weight=Weight.REFUSES,
                code="policy-denied",
                sentence=f"Expected an end on {on} or later; it has ended, so it is deleted and not sent.",
                clause="RPD art. 49",
                path=path,
            )
    published = details.get("published_on")
    if published is not None and _years_after(date.fromisoformat(published)) < on:
        yield Finding(
            weight=Weight.ASKS,
            code="policy-denied",
            sentence=f"It was published more than {MAX_YEARS} years ago. Was the need for it examined again?",
            clause="RPD art. 49-50",
            path="details.published_on",
        )
    if record["action"] == "correction":
        yield Finding(
            weight=Weight.ASKS,
            code="policy-denied",
            sentence="Is the purpose not yet achieved? What is no longer needed is withdrawn, not corrected.",
            path="action",
        )


#: colour -> what an officer answers before such a notice goes.
_CONDITIONS: Final = {
    "blue": "Is the person of interest to a criminal investigation, and is more information on them sought?",
    "green": "Did a law enforcement authority assess the person as a possible threat to public safety?",
    "black": "Is it about a body that nobody could identify so far?",
    "orange": "Is the danger serious and imminent, and is its kind described?",
    "purple": "Does it describe methods, objects or hiding places, and no more of persons than that needs?",
    "silver": "Is what is sought the assets, and is the offence one for which they can be traced?",
}


def _condition(record: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what the purpose of a notice asks for, colour by colour."""
    colour = record["details"].get("colour")
    if colour in _CONDITIONS:
        yield Finding(
            weight=Weight.ASKS, code="policy-denied", sentence=_CONDITIONS[colour], path="details.colour"
        )
    missing = colour == "yellow" or record["details"].get("aim") == "missing-person"
    if missing and not any(one.get("capacity") == "missing" for one in record["subjects"]):
        yield Finding(
            weight=Weight.REFUSES,
            code="policy-denied",
            sentence="Expected a person who is missing; none of its subjects is marked so.",
            path="subjects",
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
    yield from _grounds(record["details"])
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


def _grounds(details: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what an arrest lacks in law; what others announced may lack it, and what we ask for may not."""
    charges = details.get("charges", ())
    wanted = (
        ("details.charges", bool(charges), "the charges; there are none"),
        ("details.charges", all("law" in one for one in charges), "the law of each charge; one names none"),
        (
            "details.charges",
            all("country" in one for one in charges),
            "whose charge each is; one names no country",
        ),
        ("details.warrant", "warrant" in details, "the warrant of arrest or the judgment; there is none"),
    )
    for path, holds, sentence in wanted:
        if not holds:
            yield Finding(
                weight=Weight.REFUSES,
                code="policy-denied",
                sentence=f"Expected {sentence}.",
                clause="RPD art. 83(2)",
                path=path,
            )
