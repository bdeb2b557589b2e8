"""The checks that a person answers before a release: asked, required, and logged with the release."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from hub.audit.events import Act, AuditEvent
from hub.audit.justification import justified
from hub.entries import Direction, RecordRow
from hub.exchange.broker import Broker, Standing
from hub.exchange.contents import find_row, read_content
from hub.exchange.passing.written import passed_record
from hub.exchange.recipients import originator_of_passed, question_of_record
from hub.policy.checks import Answered, Check, require_answers
from hub.policy.permission import checks_of
from hub.records.actor import Actor
from hub.records.kinds import Action, Kind
from hub.records.record import Record


def checks_for(broker: Broker, record_id: str) -> Sequence[Check]:
    """Return what a person is asked before a draft goes out; its content is opened and not shown."""
    with broker.store.read() as view:
        standing = broker.standings.of(view)
        row = find_row(view, record_id)
        record = read_content(broker, view, row)
    return asked_of(standing, record, row.recipients, agency=broker.agency, at=broker.clock.now())


def asked_of(
    standing: Standing, record: Record, recipients: Sequence[str], *, agency: str, at: datetime
) -> Sequence[Check]:
    """Return the checks that any recipient's flow takes; a withdrawal is never held by one."""
    if record.action is Action.WITHDRAWAL:
        return ()
    asked: set[Check] = set()
    for recipient in recipients:
        if recipient == originator_of_passed(record):
            continue
        question = question_of_record(
            record, counterparty=recipient, direction=Direction.OUT, agency=agency, at=at
        )
        asked |= set(checks_of(question, standing.agreements))
        if record.kind is Kind.PASSAGE:
            passed = replace(
                question_of_record(
                    passed_record(record),
                    counterparty=recipient,
                    direction=Direction.OUT,
                    agency=agency,
                    at=at,
                ),
                agreement=question.agreement,
            )
            asked |= set(checks_of(passed, standing.agreements))
    return tuple(check for check in Check if check in asked)


def answered(
    broker: Broker,
    actor: Actor,
    row: RecordRow,
    asked: Sequence[Check],
    answers: Sequence[Answered],
    *,
    at: datetime,
) -> list[AuditEvent]:
    """Return an entry for each answer, for the transaction of the release; raises what requiring raises."""
    require_answers(asked, answers)
    return [
        broker.event(
            Act.CHECK_ANSWERED,
            actor,
            row.record_id,
            at,
            justification=justified(one.why),
            version=str(row.version),
            check=one.check.value,
            digest=row.digest.hex(),
        )
        for one in answers
    ]
