"""What a machine cannot decide before a release: it asks, and the record is held until a person has answered.

An agreement's flow lists the checks that it takes; a check is asked of the kinds of record that it concerns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from hub.errors import Refused
from hub.records.kinds import Kind


class Check(Enum):
    """One thing that a person answers for before a record goes out."""

    DUAL_CRIMINALITY = "dual-criminality"
    NEUTRALITY = "neutrality"
    ASSURANCES = "assurances"
    MINORS = "minors"
    NON_DISCRIMINATION = "non-discrimination"
    PROPORTIONALITY = "proportionality"


@dataclass(frozen=True, kw_only=True)
class CheckRow:
    """What is asked, where that is written, and of which kinds; yes lets the record go, no does not."""

    question: str
    source: str
    kinds: frozenset[Kind]


_SEARCHED: Final = frozenset({Kind.WANTED_PERSON, Kind.NOTICE, Kind.DIFFUSION, Kind.ASSISTANCE_REQUEST})
_ON_PEOPLE: Final = _SEARCHED | {
    Kind.ASSISTANCE_ANSWER,
    Kind.SPONTANEOUS_INFORMATION,
    Kind.GROUP_PROFILE,
    Kind.TRAVEL_BAN,
    Kind.BORDER_HIT,
}

CHECKS: Final[Mapping[Check, CheckRow]] = {
    Check.DUAL_CRIMINALITY: CheckRow(
        question="Is the act an offence under the laws of both sides?",
        source="United Nations Model Treaty on Extradition (resolution 45/116), art. 2",
        kinds=_SEARCHED,
    ),
    Check.NEUTRALITY: CheckRow(
        question="Is the matter free of a political, military, religious or racial character?",
        source="Constitution of the ICPO-INTERPOL, art. 3",
        kinds=_ON_PEOPLE,
    ),
    Check.ASSURANCES: CheckRow(
        question="Is it certain, by law or assurances, that nobody will face torture or the death penalty?",
        source="Convention against Torture, art. 3; Model Treaty on Extradition, art. 4 (d)",
        kinds=_ON_PEOPLE,
    ),
    Check.MINORS: CheckRow(
        question="A person in it may be under eighteen: were the best interests of the child looked after?",
        source="Convention on the Rights of the Child, art. 3",
        kinds=frozenset(Kind),
    ),
    Check.NON_DISCRIMINATION: CheckRow(
        question="Is the text free of any link between terrorism and a people, a nationality or a religion?",
        source="United Nations Global Counter-Terrorism Strategy (resolution 60/288)",
        kinds=_ON_PEOPLE,
    ),
    Check.PROPORTIONALITY: CheckRow(
        question="Is what it says of people relevant to its purpose, and no more than that purpose needs?",
        source="United Nations guidelines on personal data files (resolution 45/95), principle 3 (a)",
        kinds=_ON_PEOPLE,
    ),
}


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A person's answer to a check, with the reason; part of the release."""

    check: Check
    met: bool
    why: str


def concerned(checks: frozenset[Check], kind: Kind, *, may_be_minor: bool) -> tuple[Check, ...]:
    """Return those of the checks that are asked of a record of this kind, in their order."""
    return tuple(
        check
        for check, row in CHECKS.items()
        if check in checks and kind in row.kinds and (check is not Check.MINORS or may_be_minor)
    )


def require_answers(asked: Sequence[Check], answers: Sequence[Answered]) -> None:
    """Go on when every check that is asked was answered with yes, once, and nothing else was.

    Raises Refused `check-unanswered`, `check-failed`, and `request-invalid` for an answer nobody asked for.
    """
    given = [one.check for one in answers]
    if len(set(given)) < len(given) or not set(given) <= set(asked):
        told = ", ".join(check.value for check in asked) or "none"
        raise Refused("request-invalid", f"Each check that is asked is answered once; asked here: {told}.")
    if open_ := [check for check in asked if check not in given]:
        questions = " ".join(f"{check.value}: {CHECKS[check].question}" for check in open_)
        raise Refused("check-unanswered", f"Whoever releases it answers first. {questions}")
    if failed := [one.check for one in answers if not one.met]:
        told = ", ".join(check.value for check in failed)
        raise Refused("check-failed", f"It does not go, because of the answer to {told}.")
