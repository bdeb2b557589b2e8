"""May this record go from here to there, now: no agreement, no way; every rule that fails is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from hub.entries import Direction
from hub.policy.approvals import officers_of
from hub.policy.checks import Check, concerned
from hub.policy.decision import Decision, Reason, decide
from hub.policy.terms import Agreement, Flow, Form, Onward
from hub.records.kinds import Kind
from hub.records.label import Classification, Handling, Label, Tlp

#: No agreement lets anything above flow without a second officer.
BY_RULE_MAX: Final = Classification.CONFIDENTIAL


@dataclass(frozen=True, kw_only=True)
class Question:
    """What the rules need to know of one record and one counterparty, and nothing of its content.

    `agreement` is the one that the record itself names as its legal basis. It is None where a record that
    came in is shown on to a member: that goes under any agreement with the member, if the label lets it.
    `articles` are those of it that the record cites, `days_to_reply` and `days_kept` those that it gives the
    recipient, counted from the day it was made (`made_on`), `urgent` whether it asks for haste, and
    `may_be_minor` whether a person in it is not surely of age; these say nothing where only the stored row
    of a record is at hand. `came_under` is the agreement of a record that came in, `came_from` who sent it if
    not its originator, and `consented` tells that its originator's consent stands: to show it to the
    counterparty, or to pass it on to the recipient.
    """

    kind: Kind
    purpose: str
    language: str
    label: Label
    originator: str
    counterparty: str
    direction: Direction
    agreement: str | None
    at: datetime
    our_agency: str
    articles: tuple[str, ...] = ()
    made_on: date | None = None
    days_to_reply: int | None = None
    days_kept: int | None = None
    urgent: bool = False
    may_be_minor: bool = False
    came_under: str | None = None
    came_from: str | None = None
    consented: bool = False

    def __post_init__(self) -> None:
        """Refuse a time without a zone: which day it is would be a guess."""
        if self.at.tzinfo is None:
            raise ValueError("the time of a question is aware")

    @property
    def sender(self) -> str:
        """Return who hands the record over."""
        return self.our_agency if self.direction is Direction.OUT else self.counterparty

    @property
    def recipient(self) -> str:
        """Return who would get it."""
        return self.counterparty if self.direction is Direction.OUT else self.our_agency

    @property
    def shown_on(self) -> bool:
        """Tell whether a record that came in would be shown to a member."""
        foreign = self.originator != self.our_agency
        return foreign and self.agreement is None and self.direction is Direction.OUT

    @property
    def passed_on(self) -> bool:
        """Tell whether another originator's record goes from the sender to a partner, under an agreement."""
        return self.agreement is not None and self.originator != self.sender


def permit(question: Question, agreements: Sequence[Agreement], *, suspended: bool) -> Decision:
    """Permit what the agreement that the record names allows, and its label; deny with all that fails.

    `suspended` tells that traffic with the counterparty is stopped here.
    """
    agreement, flow, reasons = _basis(question, agreements)
    if suspended:
        reasons.append(
            Reason(code="partner-suspended", sentence=f"Traffic with {question.counterparty} is suspended.")
        )
    reasons += _label(question) + _onward(question, agreements)
    return decide(reasons, clause=_clause(agreement, flow))


def flows_by_rule(question: Question, agreements: Sequence[Agreement]) -> Decision:
    """Permit release without a second officer: it may go, and its kind is one that flows by rule."""
    agreement, flow, reasons = _basis(question, agreements)
    reasons += _label(question) + _onward(question, agreements)
    clause = _clause(agreement, flow)
    if flow is None or question.kind not in flow.by_rule:
        sentence = f"A {question.kind.value} to {question.recipient} needs a second officer."
        reasons.append(Reason(code="four-eyes", sentence=sentence, clause=clause))
    elif ended := _rule_ended(question, agreement, flow):
        reasons.append(Reason(code="four-eyes", sentence=ended, clause=clause))
    elif question.kind is Kind.PASSAGE:
        sentence = "What another agency made is passed on by two officers, whatever flows by rule."
        reasons.append(Reason(code="four-eyes", sentence=sentence))
    elif question.label.classification.rank > BY_RULE_MAX.rank or question.label.originator_control:
        sentence = (
            f"What is above {BY_RULE_MAX.value} or under originator control needs a second officer, "
            "whatever flows by rule."
        )
        reasons.append(Reason(code="four-eyes", sentence=sentence))
    elif (officers := officers_of(question.label, flow)) > 1:
        sentence = f"{officers} officers release what is {question.label.classification.value}."
        reasons.append(Reason(code="four-eyes", sentence=sentence, clause=clause))
    elif asked := _checks(question, flow):
        told = ", ".join(check.value for check in asked)
        sentence = f"A second officer answers what a machine cannot decide: {told}."
        reasons.append(Reason(code="four-eyes", sentence=sentence, clause=clause))
    return decide(reasons, clause=clause)


def _rule_ended(question: Question, agreement: Agreement | None, flow: Flow) -> str | None:
    """Say that a standing rule has ended; None while it stands."""
    until = None if agreement is None else agreement.rule_until(flow)
    if agreement is None or until is None or question.at.astimezone(UTC).date() <= until:
        return None
    return (
        f"That {question.kind.value} flows by rule under {agreement.id} version {agreement.version} ended "
        f"with {until.isoformat()}; two custodians renew it with the next version."
    )


def articles_for(
    agreements: Sequence[Agreement], name: str, *, sender: str, recipient: str, cited: Sequence[str]
) -> tuple[str, ...]:
    """Return under which articles of an agreement something goes that a record of it gave rise to.

    They are those that the record cites, as far as they let anything go there; else all that do.
    """
    flows = [
        flow
        for agreement in _newest(agreements)
        if agreement.id == name and (flow := agreement.flow(sender, recipient)) is not None
    ]
    granting = [article for flow in flows for article in flow.articles]
    return tuple(one for one in cited if one in granting) or tuple(granting) or tuple(cited)


def checks_of(question: Question, agreements: Sequence[Agreement]) -> tuple[Check, ...]:
    """Return what a person answers before this record goes to this recipient."""
    _, flow, _ = _basis(question, agreements)
    return () if flow is None else _checks(question, flow)


def _checks(question: Question, flow: Flow) -> tuple[Check, ...]:
    return concerned(flow.checks, question.kind, may_be_minor=question.may_be_minor)


def _basis(
    question: Question, agreements: Sequence[Agreement]
) -> tuple[Agreement | None, Flow | None, list[Reason]]:
    """Find the agreement and the flow that the record rests on; return them with what they do not allow."""
    held = [(agreement, _under(question, agreement)) for agreement in _candidates(question, agreements)]
    if not held:
        basis = f"no agreement {question.agreement} here" if question.agreement else "no agreement"
        sentence = f"There is {basis} under which it could go to {question.recipient}."
        return None, None, [Reason(code="agreement-missing", sentence=sentence)]
    agreement, reasons = min(held, key=lambda each: len(each[1]))
    return agreement, agreement.flow(question.sender, question.recipient), reasons


def _candidates(question: Question, agreements: Sequence[Agreement]) -> list[Agreement]:
    """Return the newest version of each agreement that may serve: the named one, or any with a member."""
    newest = _newest(agreements)
    if question.shown_on:
        return [a for a in newest if a.flow(question.sender, question.recipient)]
    return [a for a in newest if a.id == question.agreement]


def _under(question: Question, agreement: Agreement) -> list[Reason]:
    """Return what one agreement does not allow."""
    reasons = []
    day = question.at.astimezone(UTC).date()
    if not agreement.holds_on(day):
        sentence = f"{agreement.id} is not in force on {day.isoformat()}: {_period(agreement)}."
        reasons.append(Reason(code="agreement-not-in-force", sentence=sentence, clause=agreement.id))
    flow = agreement.flow(question.sender, question.recipient)
    if flow is None:
        sentence = f"{agreement.id} lets nothing go from {question.sender} to {question.recipient}."
        reasons.append(Reason(code="agreement-missing", sentence=sentence, clause=agreement.id))
        return reasons
    return (
        reasons
        + _articles(question, agreement, flow)
        + _flow(question, agreement, flow)
        + _level(question, agreement)
        + _times(question, agreement, flow)
    )


def _articles(question: Question, agreement: Agreement, flow: Flow) -> list[Reason]:
    """Hold what the record cites against what the agreement has, and against what lets this flow go.

    Nothing rests on an article that is not there. Of several that are cited, for several recipients, one at
    least must grant what goes to this one.
    """
    known = [article.number for article in agreement.articles]
    unknown = [cited for cited in question.articles if cited not in known]
    if not unknown and question.articles and not set(question.articles) & set(flow.articles):
        sentence = (
            f"Under article {', '.join(question.articles)} of {agreement.id} nothing goes from "
            f"{question.sender} to {question.recipient}; it goes under {', '.join(flow.articles)}."
        )
        return [Reason(code="article-not-agreed", sentence=sentence, clause=_clause(agreement, flow))]
    return [
        Reason(
            code="article-not-agreed",
            sentence=f"{agreement.id} has no article {cited}; it has {', '.join(known)}.",
            clause=agreement.id,
        )
        for cited in unknown
    ]


def _flow(question: Question, agreement: Agreement, flow: Flow) -> list[Reason]:
    """Hold the record against every list of the flow."""
    label = question.label
    # H0 says that nothing restricts: nobody need be bound to it.
    asked = [code for code in label.handling if code is not Handling.H0]
    purposes, kinds = [p.value for p in flow.purposes], [k.value for k in flow.kinds]
    colours, handled = [t.value for t in flow.tlp or ()], [h.value for h in flow.handling]
    rows = [
        ("kind", question.kind.value, question.kind in flow.kinds, kinds),
        ("purpose", question.purpose, question.purpose in purposes, purposes),
        ("language", question.language, question.language in flow.languages, flow.languages),
        (
            "classification",
            label.classification.value,
            label.classification.rank <= flow.highest.rank,
            [f"up to {flow.highest.value}"],
        ),
        ("tlp", label.tlp.value, flow.tlp is None or label.tlp in flow.tlp, colours),
        *(("handling", code.value, code in flow.handling, handled) for code in asked),
    ]
    return [
        Reason(
            code=f"{what}-not-agreed",
            sentence=f"{agreement.id} does not let {what} {value} go from {question.sender} to "
            f"{question.recipient}; agreed: {', '.join(sorted(agreed)) or 'none'}.",
            clause=_clause(agreement, flow),
        )
        for what, value, met, agreed in rows
        if not met
    ]


def _level(question: Question, agreement: Agreement) -> list[Reason]:
    """Hold the classification against the recipient's own levels, where the agreement names them."""
    level = question.label.classification
    recipient = question.recipient
    unmarked = level is Classification.UNCLASSIFIED or not agreement.maps_levels_of(recipient)
    if unmarked or agreement.marking(recipient, level) is not None:
        return []
    sentence = f"{agreement.id} names no level of {recipient} that answers to {level.value}."
    return [Reason(code="level-not-mapped", sentence=sentence, clause=agreement.id)]


def _times(question: Question, agreement: Agreement, flow: Flow) -> list[Reason]:
    """Hold haste, the days to reply and the days to keep against those agreed."""
    reasons, clause = [], _clause(agreement, flow)
    if question.urgent and Form.URGENT not in flow.forms:
        sentence = (
            f"{agreement.id} takes written requests alone from {question.sender}, and this one is urgent."
        )
        reasons.append(Reason(code="form-not-agreed", sentence=sentence, clause=clause))
    agreed, asked = flow.reply_days.get(question.kind), _days_to_reply(question, agreement)
    if agreed is not None and asked is not None and asked < agreed and not question.urgent:
        days = "days" if agreement.calendar is None else "working days"
        sentence = (
            f"{agreement.id} gives {question.recipient} {agreed} {days} to answer a {question.kind.value}; "
            f"the record gives {asked} and is not urgent."
        )
        reasons.append(Reason(code="deadline-not-agreed", sentence=sentence, clause=clause))
    most, kept = flow.retention(question.kind), question.days_kept
    if most is not None and kept is not None and kept > most:
        sentence = (
            f"{agreement.id} lets {question.recipient} keep it for {most} days; the record says {kept}."
        )
        reasons.append(Reason(code="retention-not-agreed", sentence=sentence, clause=clause))
    return reasons


def _days_to_reply(question: Question, agreement: Agreement) -> int | None:
    """Return the days that a record gives for an answer: working days where the agreement counts those."""
    given = question.days_to_reply
    if given is None or agreement.calendar is None:
        return given
    made_on = question.made_on or question.at.astimezone(UTC).date()
    return agreement.calendar.between(made_on, made_on + timedelta(days=given))


def _onward(question: Question, agreements: Sequence[Agreement]) -> list[Reason]:
    """Hold showing or passing a record on against the agreement that it came under."""
    if question.direction is Direction.IN or not (question.shown_on or question.passed_on):
        return []
    for agreement in _newest(agreements):
        flow = agreement.flow(question.came_from or question.originator, question.our_agency)
        if agreement.id == question.came_under and flow is not None and flow.onward is Onward.NEVER:
            came_from = question.came_from or question.originator
            sentence = f"{agreement.id} lets nothing that comes from {came_from} be passed on."
            return [Reason(code="third-party-rule", sentence=sentence, clause=_clause(agreement, flow))]
    return []


def _newest(agreements: Sequence[Agreement]) -> list[Agreement]:
    """Return the newest version of each agreement."""
    return list({a.id: a for a in sorted(agreements, key=lambda a: a.version)}.values())


def _label(question: Question) -> list[Reason]:
    """Hold the record against its originator's own label; no agreement loosens it."""
    reasons = []
    if question.originator != question.sender and not _consents(question):
        sentence = f"{question.originator} has not consented to {question.sender} passing its record on."
        reasons.append(Reason(code="third-party-rule", sentence=sentence))
    releasable_to = question.label.releasable_to
    if question.consented and (question.shown_on or question.passed_on):
        return reasons
    if question.recipient not in releasable_to and (releasable_to or question.label.tlp is Tlp.RED):
        sentence = (
            f"The label releases it to {', '.join(releasable_to)}, not to {question.recipient}."
            if releasable_to
            else f"TLP:RED goes to those the label names alone, and it does not name {question.recipient}."
        )
        reasons.append(Reason(code="not-releasable", sentence=sentence))
    return reasons


def _consents(question: Question) -> bool:
    """Tell whether the originator lets a record that came in go further: by consent, or to members by label.

    The label does not under originator control. Where TLP or H2 keep it with who got it, it does for those
    named. Nothing but consent passes it on to a partner.
    """
    label = question.label
    if question.consented and (question.shown_on or question.passed_on):
        return True
    if not question.shown_on or label.originator_control:
        return False
    kept = label.tlp in {Tlp.RED, Tlp.AMBER_STRICT} or Handling.H2 in label.handling
    return not kept or question.recipient in label.releasable_to


def _clause(agreement: Agreement | None, flow: Flow | None) -> str | None:
    if agreement is None:
        return None
    return f"{agreement.id} art. {', '.join(flow.articles)}" if flow else agreement.id


def _period(agreement: Agreement) -> str:
    until = f" until {agreement.in_force_until.isoformat()}" if agreement.in_force_until else ""
    return f"it is in force from {agreement.in_force_from.isoformat()}{until}"
