"""Every rule that is asked about a record and a recipient: its verdict, its source, and what would change it.

The verdicts are those of `permit` and `flows_by_rule` themselves: a rule failed here is one that they name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from hub.policy.decision import Deny, Reason
from hub.policy.permission import Question, flows_by_rule, permit
from hub.policy.rules import RULES, Asked, RuleRow, Source
from hub.policy.terms import Agreement


class Verdict(Enum):
    """What came of a rule: met, failed, not asked as it does not concern the record, or open for a person."""

    MET = "met"
    FAILED = "failed"
    NOT_ASKED = "not-asked"
    OPEN = "open"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One rule with its verdict. `told` says what was held against what, `remedy` what would change it."""

    code: str
    rule: str
    verdict: Verdict
    told: str
    source: str
    remedy: str | None = None


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """All rules for one recipient. `by_rule` tells that it would go without a second officer."""

    recipient: str
    permitted: bool
    by_rule: bool
    findings: tuple[Finding, ...]


def explain(question: Question, agreements: Sequence[Agreement], *, suspended: bool) -> Explanation:
    """Return every rule with its verdict, its source and what would change it."""
    decision = permit(question, agreements, suspended=suspended)
    rule = flows_by_rule(question, agreements)
    failed: dict[str, list[Reason]] = {}
    for reason in decision.reasons if isinstance(decision, Deny) else ():
        failed.setdefault(reason.code, []).append(reason)
    for reason in rule.reasons if isinstance(rule, Deny) else ():
        if reason.code == "four-eyes":
            failed.setdefault(reason.code, []).append(reason)
    asked = _rests_on(question, agreements)
    return Explanation(
        recipient=question.recipient,
        permitted=not isinstance(decision, Deny),
        by_rule=not isinstance(decision, Deny) and not isinstance(rule, Deny),
        findings=tuple(_finding(row, asked, failed.get(row.code, [])) for row in RULES),
    )


def _rests_on(question: Question, agreements: Sequence[Agreement]) -> Asked:
    """Find the agreement that explains the most: the named one, or any with the member it is shown to."""
    for agreement in sorted(agreements, key=lambda each: -each.version):
        flow = agreement.flow(question.sender, question.recipient)
        if agreement.id == question.agreement or (question.shown_on and flow is not None):
            return Asked(question=question, agreement=agreement, flow=flow)
    return Asked(question=question, agreement=None, flow=None)


def _finding(row: RuleRow, asked: Asked, reasons: Sequence[Reason]) -> Finding:
    held = row.held(asked)
    if reasons:
        verdict, told = Verdict.FAILED, " ".join(reason.sentence for reason in reasons)
    elif held is None:
        verdict, told = Verdict.NOT_ASKED, "It does not concern this record, or nothing says anything of it."
    else:
        verdict, told = (Verdict.OPEN if row.code == "check-unanswered" else Verdict.MET), held
    clause = next((reason.clause for reason in reasons if reason.clause), None)
    return Finding(
        code=row.code,
        rule=row.rule,
        verdict=verdict,
        told=told,
        source=clause or _source(row.source, asked),
        remedy=row.remedy if verdict in {Verdict.FAILED, Verdict.OPEN} else None,
    )


def _source(source: Source, asked: Asked) -> str:
    """Return where a rule is written, as precisely as it is known."""
    if source is Source.LABEL:
        return f"the label, by {asked.question.originator}"
    if source is Source.HUB:
        return "this hub's directory"
    if source is Source.CODE:
        return "a rule of every hub, docs/agreements.md"
    if asked.agreement is None:
        return "the agreement"
    of = f", art. {', '.join(asked.flow.articles)}" if asked.flow else ""
    return f"{asked.agreement.id}, version {asked.agreement.version}{of}"
