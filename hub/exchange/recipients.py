"""Who gets a record: names and groups expanded, members told from partners, each one permitted or denied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time

from hub.entries import Direction, PartnerStatus, RecordRow
from hub.errors import Refused
from hub.exchange.broker import Standing
from hub.policy.decision import Decision, Deny, Permit, Reason
from hub.policy.permission import Question
from hub.records.ages import may_be_minor
from hub.records.kinds import Action, Kind
from hub.records.label import Label
from hub.records.record import Record

GROUPS = ("@members", "@partners", "@agreement:ID")


def expand(standing: Standing, names: Sequence[str], *, agency: str, max_recipients: int) -> tuple[str, ...]:
    """Return the agencies that names and groups stand for, sorted, each once and never ourselves.

    Groups: `@members`, `@partners`, `@agreement:ID` (the parties of an agreement that are known here).
    Raises Refused `partner-unknown` for a name, `request-invalid` for no one or too many.
    """
    found: set[str] = set()
    for name in names:
        found |= _expand_one(standing, name)
    found.discard(agency)
    if not found:
        raise Refused("request-invalid", "A record needs at least one recipient besides this hub.")
    if len(found) > max_recipients:
        raise Refused("request-invalid", f"{len(found)} recipients are more than the limit {max_recipients}.")
    return tuple(sorted(found))


def _expand_one(standing: Standing, name: str) -> set[str]:
    if name == "@members":
        return {m.agency for m in standing.members.values() if m.status is PartnerStatus.ACTIVE}
    if name == "@partners":
        known = {*standing.partners, *standing.hubless}
        return {agency for agency in known if not standing.suspended(agency)}
    if name.startswith("@agreement:"):
        wanted = name.removeprefix("@agreement:")
        known = {*standing.members, *standing.partners, *standing.hubless}
        parties = [a.parties for a in standing.agreements if a.id == wanted]
        if not parties:
            raise Refused("partner-unknown", f"There is no agreement {wanted} here.")
        return {party for group in parties for party in group if party in known}
    if name.startswith("@"):
        raise Refused("partner-unknown", f"There is no group {name}; there are {', '.join(GROUPS)}.")
    if name in standing.members or name in standing.partners or name in standing.hubless:
        return {name}
    raise Refused("partner-unknown", f"{name} is neither a partner nor a member of this hub.")


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the rules say about one recipient."""

    recipient: str
    decision: Decision

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Return why not, or nothing."""
        return self.decision.reasons if isinstance(self.decision, Deny) else ()


def _its_day(at: datetime) -> datetime:
    """Return when the day (UTC) of a moment began: rules ask for the day, so one answer serves all of it."""
    return datetime.combine(at.astimezone(UTC).date(), time(), tzinfo=UTC)


def question_of_record(
    record: Record, *, counterparty: str, direction: Direction, agency: str, at: datetime
) -> Question:
    """Ask the rules about a record whose content is at hand."""
    return Question(
        kind=record.kind,
        purpose=record.purpose.value,
        language=record.language,
        label=record.label,
        originator=record.originator,
        counterparty=counterparty,
        direction=direction,
        agreement=record.legal_basis.agreement,
        at=_its_day(at),
        our_agency=agency,
        articles=record.legal_basis.articles,
        made_on=record.created_at.astimezone(UTC).date(),
        days_to_reply=_days(record.created_at, record.reply_due_at and record.reply_due_at.date()),
        days_kept=_days(record.created_at, record.retain_until),
        urgent=record.details.get("urgency", "routine") != "routine",
        may_be_minor=may_be_minor(record),
    )


def _days(since: datetime, until: date | None) -> int | None:
    """Return the calendar days (UTC) from one moment to a day."""
    return None if until is None else (until - since.astimezone(UTC).date()).days


def question_of_row(row: RecordRow, *, counterparty: str, agency: str, at: datetime) -> Question:
    """Ask the rules about a stored record without opening its content."""
    return Question(
        kind=Kind(row.kind),
        purpose=row.purpose,
        language=row.language,
        label=Label.of(row.label),
        originator=row.originator,
        counterparty=counterparty,
        direction=Direction.OUT,
        agreement=row.agreement,
        at=_its_day(at),
        our_agency=agency,
        articles=row.articles,
    )


def permit_showing(standing: Standing, row: RecordRow, member: str, *, agency: str, at: datetime) -> Decision:
    """Ask the rules whether a stored record may be shown to a member now."""
    question = question_of_row(row, counterparty=member, agency=agency, at=at)
    if row.direction is Direction.IN:  # under any agreement with the member, if the label lets it
        consented = standing.consented(row.originator, row.record_id, member, on=at.astimezone(UTC).date())
        question = replace(
            question,
            agreement=None,
            came_under=row.agreement,
            came_from=row.via,
            articles=(),
            consented=consented,
        )
    return standing.permit(question)


def permit_member(standing: Standing, row: RecordRow, member: str, *, agency: str, at: datetime) -> Decision:
    """Permit a member what was delivered to it, by the rules of this moment; a withdrawal always."""
    if row.action == Action.WITHDRAWAL.value:
        return standing.recall(member)
    return permit_showing(standing, row, member, agency=agency, at=at)


def judge_all(
    standing: Standing, record: Record, recipients: Sequence[str], *, agency: str, at: datetime
) -> Sequence[Verdict]:
    """Return the verdict on each recipient of a record about to go out."""

    def judge(recipient: str) -> Decision:
        if record.action is Action.WITHDRAWAL:
            return standing.recall(recipient)
        if recipient == originator_of_passed(record):
            return standing.report(recipient)
        question = question_of_record(
            record, counterparty=recipient, direction=Direction.OUT, agency=agency, at=at
        )
        return standing.permit(question)

    return [Verdict(recipient=recipient, decision=judge(recipient)) for recipient in recipients]


def originator_of_passed(record: Record) -> str | None:
    """Return whose record a passage passes on; None for every other record."""
    if record.kind is not Kind.PASSAGE:
        return None
    originator: str = record.details["record"]["originator"]
    return originator


def judge_rule(
    standing: Standing, record: Record, recipients: Sequence[str], *, agency: str, at: datetime
) -> Decision:
    """Tell whether every recipient's agreement lets this kind flow without a second officer."""
    reasons: list[Reason] = []
    for recipient in recipients:
        question = question_of_record(
            record, counterparty=recipient, direction=Direction.OUT, agency=agency, at=at
        )
        decision = standing.flows_by_rule(question)
        if isinstance(decision, Deny):
            reasons.extend(decision.reasons)
    return Deny(reasons=tuple(reasons)) if reasons else Permit()


def refuse_denied(verdicts: Sequence[Verdict]) -> None:
    """Raise Refused `policy-denied` with every reason when any recipient is denied."""
    denied: Mapping[str, tuple[Reason, ...]] = {v.recipient: v.reasons for v in verdicts if v.reasons}
    if denied:
        first = next(iter(denied))
        raise Refused(
            "policy-denied",
            f"It may not go to {', '.join(sorted(denied))}. {first}: {denied[first][0].sentence}",
            reasons={who: [r.sentence for r in why] for who, why in denied.items()},
        )
