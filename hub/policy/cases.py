"""Tables of cases that lawyers read and extend: what goes, what needs a second officer, what is refused.

A table names its agreements and what is given in all its cases; each case says what differs in it and what is
to be expected. It may also have rows on who may do what, for one policy. `docs/policy.md` explains every key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from enum import Enum
from typing import Any, Final

from marshmallow import ValidationError, fields

from hub.entries import Direction
from hub.errors import Refused
from hub.policy.access_cases import ACCESS, LABEL, AccessCase, access_case, label_of
from hub.policy.agreements import DayField, sentences
from hub.policy.explanation import Verdict, explain
from hub.policy.permission import Question
from hub.policy.rules import RULES
from hub.policy.terms import Agreement
from hub.policy.toml import read_toml
from hub.records.fields import Agency, Choice, Count, Flag, Language, Many, Slug, Text
from hub.records.kinds import Kind, Purpose
from hub.records.schema import Object

#: Rules of which a case is never refused by rule: a person decides them at the release.
NO_REFUSAL: Final = frozenset({"four-eyes", "check-unanswered"})
MAX_BYTES: Final = 512 * 1024


class Expected(Enum):
    """What comes of a case."""

    BY_RULE = "goes by rule"
    SECOND_OFFICER = "goes with a second officer"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One row: a question, whether the counterparty is suspended, and what is expected of it."""

    name: str
    question: Question
    suspended: bool
    expected: Expected
    because: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table of cases; `agreements` and `policy` are files, named relative to the table.

    Without a policy the one shipped is asked.
    """

    title: str
    agreements: tuple[str, ...]
    cases: tuple[Case, ...]
    policy: str | None
    access: tuple[AccessCase, ...]


@dataclass(frozen=True, kw_only=True)
class Tried:
    """What came of a case, and the codes of the rules that it failed."""

    case: Case
    found: Expected
    because: frozenset[str] = field(default=frozenset())

    @property
    def right(self) -> bool:
        """Tell whether it came as expected, for exactly the reasons expected."""
        return self.found is self.case.expected and self.because == self.case.because


def load_table(toml_text: str) -> Table:
    """Read a table; raise Refused `cases-invalid` that names the case, the key and what is wrong."""
    try:
        read = _TableSchema().load(read_toml(toml_text, max_bytes=MAX_BYTES))
    except ValidationError as error:
        raise _invalid("; ".join(sentences(error.messages))) from None
    except ValueError as error:
        raise _invalid(str(error)) from None
    given, of_access = read.get("given", {}), read.get("access_given", {})
    cases, access = read.get("cases", []), read.get("access", [])
    names = [case["name"] for case in (*cases, *access)]
    if not names:
        raise _invalid("it has no case")
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise _invalid(f"cases has {repeated[0]} more than once")
    if cases and "agreements" not in read:
        raise _invalid("agreements is missing, under which its cases would go")
    return Table(
        title=read["title"],
        agreements=tuple(read.get("agreements", ())),
        cases=tuple(_case({**given, **case}) for case in cases),
        policy=read.get("policy"),
        access=tuple(_access_case({**of_access, **case}) for case in access),
    )


def try_case(case: Case, agreements: Sequence[Agreement]) -> Tried:
    """Ask the rules, as the exchange asks them."""
    explained = explain(case.question, agreements, suspended=case.suspended)
    failed = frozenset(
        one.code for one in explained.findings if one.verdict is Verdict.FAILED and one.code not in NO_REFUSAL
    )
    if not explained.permitted:
        return Tried(case=case, found=Expected.REFUSED, because=failed)
    return Tried(case=case, found=Expected.BY_RULE if explained.by_rule else Expected.SECOND_OFFICER)


def _access_case(told: Mapping[str, Any]) -> AccessCase:
    try:
        return access_case(told)
    except (Refused, ValueError) as error:
        raise _invalid(f"the case “{told['name']}”: {getattr(error, 'sentence', error)}") from None


def _case(told: Mapping[str, Any]) -> Case:
    """Build a case from what is given and what it says itself."""
    name = told["name"]
    if missing := sorted(_NEEDED - told.keys()):
        raise _invalid(f"the case “{name}” says nothing of {missing[0]}, and nor does [given]")
    because = frozenset(told.get("because", ()))
    expected = Expected(told["expect"])
    if (expected is Expected.REFUSED) is not bool(because):
        raise _invalid(f"the case “{name}” says because exactly where it is refused")
    try:
        question = _question(told)
    except (Refused, ValueError) as error:
        raise _invalid(f"the case “{name}”: {getattr(error, 'sentence', error)}") from None
    return Case(
        name=name,
        question=question,
        suspended=told.get("suspended", False),
        expected=expected,
        because=because,
    )


def _question(told: Mapping[str, Any]) -> Question:
    us, sender, recipient = told["us"], told["from"], told["to"]
    if us not in {sender, recipient}:
        raise ValueError(f"expected {us}, whose hub is asked, as sender or recipient")
    return Question(
        kind=Kind(told["kind"]),
        purpose=told["purpose"],
        language=told["language"],
        label=label_of(told),
        originator=told.get("originator", sender),
        counterparty=recipient if sender == us else sender,
        direction=Direction.OUT if sender == us else Direction.IN,
        agreement=None if told.get("shown_on") else told["under"],
        at=datetime.combine(told["on"], time(12), tzinfo=UTC),
        our_agency=us,
        articles=tuple(told.get("articles", ())),
        days_to_reply=told.get("days_to_reply"),
        days_kept=told.get("days_kept"),
        urgent=told.get("urgent", False),
        may_be_minor=told.get("may_be_minor", False),
        came_under=told["under"] if told.get("shown_on") else None,
    )


_NEEDED: Final = frozenset(
    {
        "us",
        "from",
        "to",
        "under",
        "on",
        "kind",
        "purpose",
        "language",
        "classification",
        "tlp",
        "expect",
    }
)
_GIVEN: Final[dict[str, fields.Field[Any]]] = {
    "us": Agency(),
    "from": Agency(),
    "to": Agency(),
    "under": Slug(),
    "on": DayField(),
    "kind": Choice(Kind),
    "purpose": Choice(Purpose),
    "language": Language(),
    **LABEL,
    "originator": Agency(),
    "articles": Many(Text(64), 16),
    "days_to_reply": Count(0, 36_525),
    "days_kept": Count(0, 36_525),
    "urgent": Flag(),
    "may_be_minor": Flag(),
    "suspended": Flag(),
    "shown_on": Flag(),
    "expect": Choice(Expected),
    "because": Many(
        Choice([row.code for row in RULES if row.code not in NO_REFUSAL]), len(RULES), shortest=1
    ),
}
_GivenSchema = Object.from_dict(_GIVEN, name="Given")
_CaseSchema = Object.from_dict({"name": Text(300, required=True), **_GIVEN}, name="Case")
_AccessGivenSchema = Object.from_dict(ACCESS, name="AccessGiven")
_AccessSchema = Object.from_dict({"name": Text(300, required=True), **ACCESS}, name="AccessCase")


class _TableSchema(Object):
    title = Text(200, required=True)
    agreements = Many(Text(400), 64, shortest=1)
    policy = Text(400)
    given = fields.Nested(_GivenSchema)
    cases = fields.List(fields.Nested(_CaseSchema))
    access_given = fields.Nested(_AccessGivenSchema)
    access = fields.List(fields.Nested(_AccessSchema))


def _invalid(why: str) -> Refused:
    return Refused("cases-invalid", f"The table of cases cannot be used: {why}.")
