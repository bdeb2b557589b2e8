"""Which entry of a directory shows each pinned card: snapshots of trust name it; pins stay as they are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from hub.audit.events import Act, AuditEvent
from hub.entries import PartnerRow
from hub.exchange.broker import Broker, read_standing
from hub.exchange.directory.place import State
from hub.exchange.relying import TRUST_CHANGED, keep
from hub.ports import UnitOfWork
from hub.records.actor import Actor


def remember_shown(
    broker: Broker, work: UnitOfWork, actor: Actor, found: State, compared: dict[str, str], at: datetime
) -> Iterator[AuditEvent]:
    """Remember which entries show what is pinned, and yield the event of each that became another.

    `compared` are the fingerprints of the cards that the entries were compared with: a partner that was
    pinned anew meanwhile is left to the next refresh. An entry that differs, expired or is gone shows none.
    """
    before = work.directory.statements()
    changed: list[PartnerRow] = []
    for row in work.directory.partners():
        known = found.agencies.get(row.agency)
        shown = None if known is None or known.differences else known.statement
        if compared.get(row.agency) == row.fingerprint and before.get(row.agency) != shown:
            work.directory.put_statement(row.agency, shown)
            changed.append(row)
    if not changed:
        return
    standing = read_standing(work, 0)  # not the cached one: this unit may still be rolled back
    for row in changed:
        trust = standing.partners[row.agency].trust
        keep(broker, work, trust)
        yield broker.event(
            Act.PARTNER_CHANGED,
            actor,
            row.agency,
            at,
            change=TRUST_CHANGED,
            fingerprint=row.fingerprint,
            suites=" ".join(row.suites),
            trust=trust.digest,
        )
