"""When an entry of the queue will really be tried, and what keeps it until then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from hub.cli.answer import plain
from hub.entries import Lane, OutboxEntry, PartnerRow, PartnerStatus, ProfileRow
from hub.exchange.custody import TOKEN_FAILURES
from hub.ports import View
from hub.records.lifecycle import EntryState


@dataclass(frozen=True, kw_only=True)
class Prospects:
    """How the lanes and partners stand at one moment."""

    lanes: Mapping[str, Lane]
    partners: Mapping[str, PartnerRow | ProfileRow]
    at: datetime

    def next_try(self, row: OutboxEntry) -> datetime | None:
        """Return when an entry is tried next: not before its lane's rest is over. None when it is not."""
        if row.state is not EntryState.PENDING or self.stopped(row) is not None:
            return None
        rests = self.lanes[row.lane].open_until
        return max(row.next_at, rests) if rests is not None else row.next_at

    def stopped(self, row: OutboxEntry) -> str | None:
        """Return which partner's suspension keeps an entry here."""
        for agency in (row.recipient, row.lane):
            partner = self.partners.get(agency)
            if partner is not None and partner.status is not PartnerStatus.ACTIVE:
                return agency
        return None

    def why(self, row: OutboxEntry) -> str | None:
        """Return why an entry still waits."""
        if row.state is EntryState.PENDING and self.stopped(row) is None:
            lane = self.lanes[row.lane]
            if lane.open_until is not None and lane.open_until > self.at:
                if row.reason in TOKEN_FAILURES:
                    return f"{row.reason}; `hub key doctor` says what is wrong with the token"
                count = lane.failures
                rest = f"{row.lane} rests after {count} failure{'s' * (count != 1)} in a row"
                return f"{row.reason}; {rest}" if row.reason else rest
        return row.reason

    def when(self, row: OutboxEntry) -> str:
        """Return when an entry is tried next, for a table."""
        at = self.next_try(row)
        if at is None:
            return "–"
        if at > self.at:
            return plain(at)
        return "when it polls" if self._polls(row) else "due now"

    def sentence(self, row: OutboxEntry) -> str:
        """Return what becomes of an entry that was just released or resumed."""
        if (agency := self.stopped(row)) is not None:
            return (
                f"Traffic with {agency} is suspended: it is held until `hub partner resume {agency}`, "
                f"and then `hub queue resume --partner {row.lane}`."
            )
        at = self.next_try(row)
        if at is not None and at > self.at and row.reason in TOKEN_FAILURES:
            return f"Our token cannot be used ({row.reason}): a running hub tries again at {plain(at)} UTC."
        if at is not None and at > self.at:
            return f"{row.lane} did not answer lately: a running hub tries again at {plain(at)} UTC."
        if self._polls(row):
            return f"{row.lane} gets it when it polls its mailbox at a running hub."
        return f"A running hub sends it to {row.lane} now; without one it waits in the queue."

    def _polls(self, row: OutboxEntry) -> bool:
        partner = self.partners.get(row.lane)
        return isinstance(partner, PartnerRow) and partner.url is None


def prospects(view: View, rows: Iterable[OutboxEntry], *, at: datetime) -> Prospects:
    """Read how the lanes and partners of some entries stand."""
    rows = list(rows)
    lanes = {row.lane for row in rows}
    return Prospects(
        lanes={lane: view.outbox.lane(lane) for lane in lanes},
        partners={row.agency: row for row in view.directory.partners()}
        | {row.agency: row for row in view.hubless.profiles()},
        at=at,
    )
