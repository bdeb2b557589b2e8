"""What this hub remembers as a witness of other logs, and what others have said of its own log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol

from hub.audit.witnessing import Contradiction
from hub.entries import PartnerRow


@dataclass(frozen=True, kw_only=True)
class WitnessedRow:
    """The latest checkpoint of another log that was cosigned here.

    `note` is the note with the log's signatures and our cosignatures. `origin_hash` is what monitors ask by.
    """

    origin: str
    origin_hash: str
    agency: str
    size: int
    root: bytes
    at: datetime
    note: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class ForkRow:
    """A signed checkpoint that contradicts the one that was cosigned: evidence, kept as it came.

    `request` is the whole body that came, `known` the cosigned note that it contradicts. `number` counts
    from 1 and is given when it is stored.
    """

    number: int = 0
    origin: str
    size: int
    root: bytes
    kind: Contradiction
    reported_by: str
    at: datetime
    request: bytes = field(repr=False)
    known: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class CosignatureRow:
    """What a witness said of our log of so many entries: its signature lines, and when, as it states.

    Checkpoints of one size say the same, so that lines given for one stand under each of them.
    """

    size: int
    witness: str
    at: datetime
    lines: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class TimestampRow:
    """A time stamp (TimeStampToken, DER) over the note of one of our checkpoints; `at` is as it states."""

    number: int
    size: int
    tsa: str
    at: datetime
    token: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class WitnessState:
    """How asking a witness, or the time stamping authority, went last.

    `cosigned_at`, `number` and `size` are of the last checkpoint that it confirmed. `failing_since` is None
    while it answers; else `code` and `sentence` say why it does not. The authority stands here by its name.
    """

    witness: str
    asked_at: datetime
    cosigned_at: datetime | None = None
    number: int = 0
    size: int = 0
    failing_since: datetime | None = None
    code: str | None = None
    sentence: str | None = None


class Alarm(Enum):
    """What witnesses have proven against our own log, by the code that releases are then refused with."""

    ROLLED_BACK = "log-rolled-back"
    FORKED = "log-forked"


@dataclass(frozen=True, kw_only=True)
class QuorumState:
    """How our log stands with its witnesses as a whole; one row.

    `number` and `size` are of the newest checkpoint that a quorum cosigned, at `met_at`. `missing_since` is
    None while the quorum is met. `alarm` stays until an operator has dealt with it.
    """

    met_at: datetime | None = None
    number: int = 0
    size: int = 0
    missing_since: datetime | None = None
    missing: tuple[str, ...] = ()
    alarm: Alarm | None = None


class Witnessing(Protocol):
    """Cosignatures given and got. What is given is changed only forwards; what is got is only added."""

    def witnessed(self, origin: str) -> WitnessedRow | None:
        """Return what was cosigned last for a log."""
        ...

    def witnessed_by_hash(self, origin_hash: str) -> WitnessedRow | None:
        """Return what was cosigned last for the log whose origin has this hash."""
        ...

    def witnessed_logs(self) -> Sequence[WitnessedRow]:
        """Return what was cosigned last, for every log, by origin."""
        ...

    def advance(self, row: WitnessedRow, *, before: WitnessedRow | None) -> bool:
        """Remember a checkpoint in place of `before`; False when another request was first.

        The first one of a log changes state; those that follow are bookkeeping.
        """
        ...

    def add_fork(self, row: ForkRow, *, most: int) -> bool:
        """Keep evidence; False when it is kept already, or as much of that kind against the log."""
        ...

    def forks(self, *, after: int = 0, limit: int) -> Sequence[ForkRow]:
        """Return evidence with a number above `after`, lowest first."""
        ...

    def fork_count(self, kind: Contradiction) -> int:
        """Return how much evidence of a kind there is."""
        ...

    def add_cosignatures(self, rows: Sequence[CosignatureRow]) -> None:
        """Store what witnesses said of our checkpoints; what is there already stays. Bookkeeping."""
        ...

    def cosignatures(self, size: int) -> Sequence[CosignatureRow]:
        """Return what was said of our log when it had so many entries, by witness."""
        ...

    def cosigned_size(self, least: int, *, needed: int = 1) -> int | None:
        """Return the smallest size from `least` on of which so many witnesses have said something."""
        ...

    def add_timestamp(self, row: TimestampRow) -> None:
        """Store a time stamp; one that is there already stays. Bookkeeping."""
        ...

    def timestamps(self, number: int) -> Sequence[TimestampRow]:
        """Return the time stamps of one checkpoint, oldest first."""
        ...

    def timestamp_covering(self, size: int) -> TimestampRow | None:
        """Return the first time stamp over a checkpoint of at least so many entries."""
        ...

    def last_timestamp(self) -> TimestampRow | None:
        """Return the newest time stamp."""
        ...

    def states(self) -> Mapping[str, WitnessState]:
        """Return how asking went last, by witness."""
        ...

    def put_states(self, rows: Sequence[WitnessState]) -> None:
        """Store how asking went; bookkeeping."""
        ...

    def quorum(self) -> QuorumState:
        """Return how our log stands with its witnesses; a unit of work keeps it from others until its end."""
        ...

    def put_quorum(self, row: QuorumState) -> None:
        """Store how our log stands with its witnesses.

        That the quorum goes missing or is back, and an alarm, change state; the rest is bookkeeping.
        """
        ...

    def lease(self, worker: str, *, at: datetime, until: datetime) -> bool:
        """Take or keep the task of asking the witnesses; False while another worker has it. Bookkeeping."""
        ...


@dataclass(frozen=True, kw_only=True)
class WitnessReply:
    """What a witness answered, as it came."""

    status: int
    media_type: str
    body: bytes = field(repr=False)


class WitnessClient(Protocol):
    """Asks other agencies' witnesses. Raises PeerFault `partner-unreachable` or `-misbehaved`."""

    def add_checkpoint(self, partner: PartnerRow, body: bytes) -> WitnessReply:
        """Ask for a cosignature (C2SP tlog-witness, `add-checkpoint`)."""
        ...

    def checkpoint(self, partner: PartnerRow, origin_hash: str) -> bytes | None:
        """Fetch the latest checkpoint that it cosigned for a log; None when it never cosigned one."""
        ...


class TimestampAuthority(Protocol):
    """An outside authority that stamps times (RFC 3161 over HTTP)."""

    @property
    def name(self) -> str:
        """Return its address without credentials, for people and as its name in the tables."""
        ...

    def ask(self, query: bytes) -> bytes:
        """Send a query and return the answer, both in DER; raise PeerFault `timestamp-unavailable`."""
        ...
