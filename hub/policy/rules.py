"""Every rule as a row: what it says, where it is written, and what would change it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from hub.policy.checks import CHECKS, concerned
from hub.policy.permission import Question
from hub.policy.terms import Agreement, Flow
from hub.records.label import Handling


class Source(Enum):
    """Where a rule is written."""

    AGREEMENT = "agreement"
    LABEL = "label"
    CODE = "code"
    HUB = "hub"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a rule is told of: the question, and the agreement and flow that it rests on."""

    question: Question
    agreement: Agreement | None
    flow: Flow | None


@dataclass(frozen=True, kw_only=True)
class RuleRow:
    """One rule: the code it fails with, what it says, where it is written, and what would change it.

    `held` says what was held against what, or returns None where the rule does not concern the record.
    """

    code: str
    rule: str
    source: Source
    remedy: str
    held: Callable[[Asked], str | None]


def _flow_says(text: Callable[[Question, Flow], str | None]) -> Callable[[Asked], str | None]:
    return lambda asked: None if asked.flow is None else text(asked.question, asked.flow)


def _named(asked: Asked) -> str:
    question = asked.question
    if asked.flow is not None and asked.agreement is not None:
        return f"{asked.agreement.id} has a flow from {question.sender} to {question.recipient}."
    return f"A flow from {question.sender} to {question.recipient} is looked for."


def _holds(asked: Asked) -> str | None:
    if asked.agreement is None:
        return None
    until = asked.agreement.in_force_until or "further notice"
    return f"It is in force from {asked.agreement.in_force_from} until {until}."


def _articles(asked: Asked) -> str | None:
    if not asked.question.articles:
        return None
    rests = "" if asked.flow is None else f" The flow rests on {_list(asked.flow.articles)}."
    return f"The record cites {_list(asked.question.articles)}.{rests}"


def _handling(question: Question, flow: Flow) -> str | None:
    codes = [code.value for code in question.label.handling if code is not Handling.H0]
    if not codes:
        return None
    return f"{_list(codes)}; the recipient is bound to {_list([h.value for h in flow.handling])}."


def _level(asked: Asked) -> str | None:
    agreement, recipient = asked.agreement, asked.question.recipient
    if agreement is None or not agreement.maps_levels_of(recipient):
        return None
    level = asked.question.label.classification
    marking = agreement.marking(recipient, level)
    return f"{recipient} writes {level.value} as {marking}." if marking else f"{level.value} needs no level."


def _form(question: Question, flow: Flow) -> str | None:
    if not question.urgent:
        return None
    return f"It is urgent; requests are taken as: {_list([form.value for form in flow.forms])}."


def _deadline(question: Question, flow: Flow) -> str | None:
    agreed = flow.reply_days.get(question.kind)
    if agreed is None or question.days_to_reply is None:
        return None
    return f"{question.days_to_reply} days to answer; agreed: {agreed}."


def _retention(question: Question, flow: Flow) -> str | None:
    if flow.retention_days is None or question.days_kept is None:
        return None
    return f"To be kept {question.days_kept} days; agreed: {flow.retention_days} at most."


def _questions(question: Question, flow: Flow) -> str | None:
    asked = concerned(flow.checks, question.kind, may_be_minor=question.may_be_minor)
    told = (f"{check.value}: {CHECKS[check].question} ({CHECKS[check].source})" for check in asked)
    return f"{'; '.join(told)}." if asked else None


def _originator(asked: Asked) -> str | None:
    question = asked.question
    if question.originator == question.sender:
        return None
    return f"{question.originator} made it, and {question.sender} would pass it on."


def _released_to(asked: Asked) -> str:
    label = asked.question.label
    named = _list(label.releasable_to) if label.releasable_to else "no agency by name"
    return f"The label names {named}, under TLP:{label.tlp.value.upper()}."


def _list(values: Sequence[str] | frozenset[str]) -> str:
    return ", ".join(sorted(values)) or "none"


_NEW_VERSION: Final = "a version of the agreement that allows it, by two custodians"
_LOWER: Final = "a lower label, drafted by one officer and released by another with a reason"

#: Every rule, in the order in which people read them; what `permit` can fail with is in it.
RULES: Final[tuple[RuleRow, ...]] = (
    RuleRow(
        code="partner-suspended",
        rule="Traffic with the recipient is not stopped.",
        source=Source.HUB,
        remedy="a custodian resumes the partner or the member",
        held=lambda asked: f"The standing of {asked.question.counterparty} here.",
    ),
    RuleRow(
        code="agreement-missing",
        rule="The agreement that the record names lets something go from the sender to the recipient.",
        source=Source.CODE,
        remedy="an agreement with such a flow, by two custodians; or another legal basis in the record",
        held=_named,
    ),
    RuleRow(
        code="agreement-not-in-force",
        rule="The agreement is in force on that day.",
        source=Source.CODE,
        remedy="a version that is in force, by two custodians",
        held=_holds,
    ),
    RuleRow(
        code="article-not-agreed",
        rule="The agreement has every article that the record cites, and one of them lets it go there.",
        source=Source.AGREEMENT,
        remedy="citing an article that it has, and that the flow rests on",
        held=_articles,
    ),
    RuleRow(
        code="kind-not-agreed",
        rule="The kind of record is agreed.",
        source=Source.AGREEMENT,
        remedy=_NEW_VERSION,
        held=_flow_says(lambda q, f: f"{q.kind.value}; agreed: {_list([k.value for k in f.kinds])}."),
    ),
    RuleRow(
        code="purpose-not-agreed",
        rule="The purpose is agreed.",
        source=Source.AGREEMENT,
        remedy=f"a purpose that is agreed, where it is true; or {_NEW_VERSION}",
        held=_flow_says(lambda q, f: f"{q.purpose}; agreed: {_list([p.value for p in f.purposes])}."),
    ),
    RuleRow(
        code="language-not-agreed",
        rule="The language is agreed.",
        source=Source.AGREEMENT,
        remedy="a translation into an agreed language",
        held=_flow_says(lambda q, f: f"{q.language}; agreed: {_list(f.languages)}."),
    ),
    RuleRow(
        code="classification-not-agreed",
        rule="The classification is not above the highest that is agreed.",
        source=Source.AGREEMENT,
        remedy=f"{_LOWER}; or {_NEW_VERSION}",
        held=_flow_says(lambda q, f: f"{q.label.classification.value}; agreed: up to {f.highest.value}."),
    ),
    RuleRow(
        code="level-not-mapped",
        rule="The recipient has a level that answers to the classification.",
        source=Source.AGREEMENT,
        remedy=f"{_NEW_VERSION} and names that level",
        held=_level,
    ),
    RuleRow(
        code="tlp-not-agreed",
        rule="The TLP colour is agreed.",
        source=Source.AGREEMENT,
        remedy=f"another colour in the label, where it is true; or {_NEW_VERSION}",
        held=_flow_says(
            lambda q, f: (
                None if f.tlp is None else f"{q.label.tlp.value}; agreed: {_list([t.value for t in f.tlp])}."
            )
        ),
    ),
    RuleRow(
        code="handling-not-agreed",
        rule="The recipient is bound to honour every handling code of the label.",
        source=Source.AGREEMENT,
        remedy=_NEW_VERSION,
        held=_flow_says(_handling),
    ),
    RuleRow(
        code="form-not-agreed",
        rule="An urgent request goes where urgent requests are taken.",
        source=Source.AGREEMENT,
        remedy="a request that is not urgent",
        held=_flow_says(_form),
    ),
    RuleRow(
        code="deadline-not-agreed",
        rule="The recipient gets the agreed days to answer, unless it is urgent.",
        source=Source.AGREEMENT,
        remedy="a later time by which the answer is due, or urgency with its reason",
        held=_flow_says(_deadline),
    ),
    RuleRow(
        code="retention-not-agreed",
        rule="The record is not to be kept longer than agreed.",
        source=Source.AGREEMENT,
        remedy="an earlier retain_until",
        held=_flow_says(_retention),
    ),
    RuleRow(
        code="third-party-rule",
        rule="What another agency made is passed on only as its label and its agreement let it.",
        source=Source.CODE,
        remedy="its originator's consent (`hub consent ask`), or that it sends it itself",
        held=_originator,
    ),
    RuleRow(
        code="not-releasable",
        rule="The label releases it to the recipient.",
        source=Source.LABEL,
        remedy=f"the originator names the recipient in releasable_to, which is {_LOWER}",
        held=_released_to,
    ),
    RuleRow(
        code="check-unanswered",
        rule="A person answers what a machine cannot decide.",
        source=Source.AGREEMENT,
        remedy="whoever releases it answers each question, with a reason",
        held=_flow_says(_questions),
    ),
    RuleRow(
        code="four-eyes",
        rule="Its kind flows by rule, and it is confidential at most and not under originator control.",
        source=Source.CODE,
        remedy="nothing need change: a second officer releases it",
        held=_flow_says(
            lambda q, f: (
                f"{q.kind.value} at {q.label.classification.value}; without a second officer: "
                f"{_list([k.value for k in f.by_rule])}."
            )
        ),
    ),
)
