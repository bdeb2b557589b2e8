"""Versions of records, their releases, and what was decided about keeping and passing them on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from hub.entries.changing import Direction, Priority
from hub.records.lifecycle import RecordState


@dataclass(frozen=True, kw_only=True)
class RecordRow:
    """One version of a record, as draft, released or received; its content is in the body.

    Keyed by (originator, record_id, version): nobody's record stands in the way of another originator's.
    `author` wrote it last; `editors` are all who wrote this version, and none of them may release it.
    `articles` are those of the agreement that it cites; empty also in rows of before they were kept.
    `reply_due_at`, `confirm_by`, `review_at` and `retain_until` are what falls due by the record or by its
    agreement, once it was released or received; `tear_due_at` is since when the master that it was torn from
    is corrected and it is not. `outcome` and `ground` are those of an answer.
    `digest` is the SHA-256 of the canonical content (32 bytes). `revision` counts edits and is the ETag.
    `via` is who passed another originator's record on to us; None for what its originator sent.
    `position` is given by the store at commit, grows in commit order and never changes: pages follow it.
    """

    record_id: str
    version: int
    kind: str
    action: str
    direction: Direction
    originator: str
    state: RecordState
    label: Mapping[str, object]
    digest: bytes
    conversation: str
    in_reply_to: str | None
    language: str
    purpose: str
    agreement: str
    recipients: tuple[str, ...]
    priority: Priority
    author: str
    created_at: datetime
    body_id: str
    reply_due_at: datetime | None = None
    confirm_by: datetime | None = None
    review_at: datetime | None = None
    retain_until: datetime | None = None
    tear_due_at: datetime | None = None
    outcome: str | None = None
    ground: str | None = None
    expires_at: datetime | None = None
    revision: int = 1
    envelope_id: str | None = None
    editors: tuple[str, ...] = ()
    articles: tuple[str, ...] = ()
    via: str | None = None
    position: int = 0


@dataclass(frozen=True, kw_only=True)
class Release:
    """The second person's decision, bound to the digest and the expanded recipients."""

    originator: str
    record_id: str
    version: int
    digest: bytes
    recipients: tuple[str, ...]
    approver: str
    at: datetime
    envelope_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class TearRow:
    """From which version of which record of ours a version of another one was torn, and what was left out.

    `left_out` and `may_stay` are paths in the master: parts that are not in it, and places that a person
    looked at although they say again what was left out. `changed` are the parts that corrections of the
    master have changed since.
    """

    record_id: str
    version: int
    master_id: str
    master_version: int
    left_out: tuple[str, ...]
    may_stay: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ErasureRow:
    """That a record's content is to be destroyed, and who decided it; `confirmed_by` once it was done."""

    originator: str
    record_id: str
    proposed_by: str
    proposed_at: datetime
    justification: str
    confirmed_by: str | None = None
    confirmed_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class KeepingRow:
    """That a record is kept longer than was to be, and who decided it; `confirmed_by` once it holds.

    `until` is the first moment at which it is not kept any more.
    """

    originator: str
    record_id: str
    until: datetime
    proposed_by: str
    proposed_at: datetime
    justification: str
    confirmed_by: str | None = None
    confirmed_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ConsentRow:
    """That an originator lets its record be passed on to one agency, through the day `until` (ISO 8601)."""

    originator: str
    consent_id: str
    consent_version: int
    record_id: str
    pass_to: str
    until: str


@dataclass(frozen=True, kw_only=True)
class PassageRow:
    """Which record a passage holds: `version` of it was passed last, under `consent_id`.

    `passer` is who passes it on, which is ourselves where we do. `behind` tells that it, or its consent, has
    changed since, and that a passage of ours must follow; of our own record, that somebody who has it by the
    passage has not acknowledged what we changed.
    """

    passer: str
    passage_id: str
    originator: str
    record_id: str
    version: int
    consent_id: str
    behind: bool = False


@dataclass(frozen=True, kw_only=True)
class ReminderRow:
    """That people were told of what falls due with a record, in the log; `level` grows with lateness."""

    what: str
    originator: str
    record_id: str
    due_at: datetime
    level: int
    told_at: datetime
