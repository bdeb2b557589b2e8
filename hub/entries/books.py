"""Numbers and statements, by which two hubs compare what each sent and received."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from hub.records.lifecycle import EntryState


@dataclass(frozen=True, kw_only=True)
class StatementRow:
    """A signed statement about many envelopes, under the hex digest of its bytes, `raw`.

    One that belongs to a comparison of books names its `run`, until something is found that differs.
    """

    digest: str
    signer: str
    at: datetime
    raw: bytes = field(repr=False)
    run: str | None = None


@dataclass(frozen=True, kw_only=True)
class Line:
    """One envelope as one side's books have it: its number among all from one agency to another.

    `digest` is of the sealed bytes, in hex; it is absent for what was queued before there were numbers.
    """

    number: int
    envelope_id: str
    digest: str | None
    state: EntryState
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Unadmitted:
    """A number that came to nothing here: we refused its envelope, or its originator says it gave it up."""

    originator: str
    number: int
    envelope_id: str
    state: EntryState
    reason: str | None
    at: datetime
    digest: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class Gap:
    """Numbers that have not come although a later one has, `since` then; `told` once it is logged."""

    originator: str
    first: int
    last: int
    since: datetime
    told: bool = False


@dataclass(frozen=True, kw_only=True)
class ReconciliationRow:
    """One comparison of our books with a partner's, made `by` us or, as it told us, by the partner.

    `compared` counts envelopes both ways. `found` are the first of the differences as documents,
    `statements` the digests of what both sides signed.
    """

    reconciliation_id: str
    partner: str
    by: str
    at: datetime
    compared: int
    differences: int
    period_from: datetime | None = None
    period_to: datetime | None = None
    found: tuple[Mapping[str, object], ...] = ()
    statements: tuple[str, ...] = ()
