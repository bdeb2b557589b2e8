"""Why a record may or may not go to an agency: every rule, now or as it was when it was released."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from hub.entries import Direction, RecordRow
from hub.errors import Refused
from hub.exchange.broker import Broker, Standing
from hub.exchange.contents import find_row, read_content
from hub.exchange.hubless.translating import prepare_all
from hub.exchange.judging import Judged, judge_people
from hub.exchange.recipients import question_of_record
from hub.policy.agreements import effective
from hub.policy.explanation import Explanation, explain
from hub.policy.terms import Agreement
from hub.ports import Remark, View
from hub.records.kinds import Action


@dataclass(frozen=True, kw_only=True)
class Explained:
    """What the rules say of one record and one recipient at one time.

    `remarks` is what the own rules of a partner without a hub refuse or ask now, `people` what an officer
    and a member's systems may do with it now. `recalled` tells that it is
    a withdrawal, which reaches everyone who got the record whatever the rules say of a new one, unless
    traffic is stopped.
    """

    row: RecordRow
    at: datetime
    explanation: Explanation
    recalled: bool
    remarks: tuple[Remark, ...] = ()
    people: tuple[Judged, ...] = ()

    @property
    def permitted(self) -> bool:
        """Tell whether the agreements permit it, and the partner's own rules do not refuse it."""
        return self.explanation.permitted and not any(one.refuses for one in self.remarks)

    @property
    def by_rule(self) -> bool:
        """Tell whether it goes without a second officer, as far as rules tell."""
        return self.explanation.by_rule and not self.remarks


def explain_record(
    broker: Broker,
    record_id: str,
    recipient: str,
    *,
    version: int | None = None,
    originator: str | None = None,
    as_released: bool = False,
    officer: str | None = None,
) -> Explained:
    """Ask every rule whether a record may go to a partner or member; its content is opened and not shown.

    `as_released` asks with the agreements and at the time of its release; of an `officer` is asked what they
    may do with it now. Raises Refused `not-found`,
    `content-erased`, `partner-unknown`, and `transition-invalid` for a release that never was.
    """
    with broker.store.read() as view:
        standing = broker.standings.of(view)
        row = find_row(view, record_id, version, originator=originator)
        _refuse_unknown(standing, recipient)
        people = judge_people(broker, view, row, recipient, officer=officer)
        record = read_content(broker, view, row)
        at = broker.clock.now()
        agreements: Sequence[Agreement] = standing.agreements
        if as_released:
            at = _released_at(view, row)
            agreements = _in_force_at(view, standing, at)
    question = question_of_record(
        record, counterparty=recipient, direction=Direction.OUT, agency=broker.agency, at=at
    )
    if row.direction is Direction.IN:
        question = replace(question, agreement=None, came_under=row.agreement)
    prepared = prepare_all(broker, standing, record, [recipient], at=broker.clock.now())
    return Explained(
        people=tuple(people),
        remarks=tuple(remark for one in prepared for remark in one.remarks),
        row=row,
        at=at,
        explanation=explain(question, agreements, suspended=standing.suspended(recipient)),
        recalled=row.action == Action.WITHDRAWAL.value,
    )


def _refuse_unknown(standing: Standing, recipient: str) -> None:
    if recipient not in {*standing.partners, *standing.members, *standing.hubless}:
        raise Refused("partner-unknown", f"{recipient} is neither a partner nor a member of this hub.")


def _released_at(view: View, row: RecordRow) -> datetime:
    if row.direction is Direction.OUT:
        for release in view.records.releases(row.record_id):
            if release.version == row.version:
                return release.at
    raise Refused("transition-invalid", f"Version {row.version} of this record was not released here.")


def _in_force_at(view: View, standing: Standing, at: datetime) -> Sequence[Agreement]:
    """Return each agreement in the version that decided at a time: the last one put in force by then."""
    then = []
    for current in standing.agreements:
        rows = [row for row in view.directory.agreement_versions(current.id) if row.adopted_at <= at]
        if rows:
            then.append(effective(rows[-1].source, since=rows[-1].adopted_at))
    return then
