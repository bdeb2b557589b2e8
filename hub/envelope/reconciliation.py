"""What two hubs state to one another about their books, so that they can compare them.

Both messages of an exchange have one form: who says what it has sent and received, number by number or as
sums over ranges of numbers. What is equal on both sides has equal sums; only the rest is told in rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from hub.entries import Line
from hub.envelope.documents import sign_document, verify_document
from hub.envelope.encoding import choice_of, list_of, members, number_of, text_of, time_of
from hub.envelope.header import is_hex_digest
from hub.envelope.keys import PublicKeys, SigningKeys
from hub.envelope.suites import Suite
from hub.envelope.transfers import is_number
from hub.errors import IntegrityFailure
from hub.records.ids import is_agency, is_id
from hub.records.lifecycle import EntryState
from hub.records.times import as_text

RECONCILIATION_TYPE: Final = "hub-reconciliation+json"
#: In one message, so that it stays below what a signed document may have.
RANGES_MAX: Final = 64
LINES_MAX: Final = 512
FOUND_MAX: Final = 100
_REASON_MAX: Final = 64

_REQUIRED: Final = frozenset({"extent", "from", "issued_at", "received", "rows", "run", "sent", "to"})
_OPTIONAL: Final = frozenset({"answers", "outcome", "period"})
_RANGE: Final = frozenset({"count", "digest", "first", "last"})
_EXTENT: Final = frozenset({"first", "last", "received"})
_PERIOD: Final = frozenset({"from", "to"})
_OUTCOME: Final = frozenset({"compared", "differences", "found"})
_FOUND: Final = frozenset({"difference", "number", "sender"})


class Summing:
    """Adds up lines in the order of their numbers; only what both sides hold to be accepted counts."""

    def __init__(self) -> None:
        self.count = 0
        self._hash = sha256()

    def add(self, lines: Iterable[Line]) -> None:
        """Add the next lines."""
        for line in lines:
            if line.state is EntryState.ACCEPTED:
                self.count += 1
                text = f"{line.number} {line.envelope_id} {line.digest or '-'}\n"
                self._hash.update(text.encode("ascii"))

    @property
    def digest(self) -> str:
        """Return the SHA-256 over what was added, in hex."""
        return self._hash.hexdigest()


@dataclass(frozen=True, kw_only=True)
class Range:
    """What one side has under the numbers from `first` to `last`: how many accepted, and their digest.

    `lines`, where they are told, are all that it has, in whatever state.
    """

    first: int
    last: int
    count: int
    digest: str
    lines: tuple[Line, ...] | None = None

    def __post_init__(self) -> None:
        if not (is_number(self.first) and is_number(self.last) and self.first <= self.last):
            raise ValueError("a range goes from a number to one that is not lower")
        if type(self.count) is not int or self.count < 0 or not is_hex_digest(self.digest):
            raise ValueError("a range has a count and a SHA-256 in lowercase hex")
        if self.lines is not None:
            numbers = [self.first - 1, *(line.number for line in self.lines), self.last + 1]
            if len(self.lines) > LINES_MAX or sorted(set(numbers)) != numbers:
                raise ValueError(f"rows ascend inside of their range, {LINES_MAX} at most")

    def as_document(self) -> dict[str, object]:
        """Return the range as JSON holds it."""
        told = {"count": self.count, "digest": self.digest, "first": self.first, "last": self.last}
        return told if self.lines is None else told | {"rows": [_row(line) for line in self.lines]}


def _row(line: Line) -> list[object]:
    return [line.number, line.envelope_id, line.digest, line.state.value, line.reason]


@dataclass(frozen=True, kw_only=True)
class Extent:
    """The numbers that one side sent in the period asked about, and the highest that it has received.

    `last` is one less than `first` where there are none.
    """

    first: int
    last: int
    received: int

    def __post_init__(self) -> None:
        if not (is_number(self.first) and self.first - 1 <= self.last and self.received >= 0):
            raise ValueError("an extent has a first number, a last one and the highest received")


@dataclass(frozen=True, kw_only=True)
class Period:
    """A time that is compared, open where an end is absent."""

    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Found:
    """One difference, as the other side is told of it."""

    difference: str
    sender: str
    number: int


@dataclass(frozen=True, kw_only=True)
class Conclusion:
    """What a whole comparison came to; `found` are the first differences."""

    compared: int
    differences: int
    found: tuple[Found, ...] = ()


@dataclass(frozen=True, kw_only=True)
class BooksStatement:
    """What `by` states to `to` about what it has sent to it and received from it.

    All messages of one comparison have the same `run`. `rows` asks for lines, and not for sums alone;
    `answers` is the hex digest of the message that this one answers.
    """

    by: str
    to: str
    run: str
    issued_at: datetime
    extent: Extent
    sent: tuple[Range, ...] = ()
    received: tuple[Range, ...] = ()
    rows: bool = False
    answers: str | None = None
    period: Period | None = None
    outcome: Conclusion | None = None

    def __post_init__(self) -> None:
        if not (is_agency(self.by) and is_agency(self.to) and is_id(self.run)):
            raise ValueError("from and to are ids of agencies, run is a UUIDv7")
        ranges = (*self.sent, *self.received)
        if len(ranges) > RANGES_MAX or sum(len(one.lines or ()) for one in ranges) > LINES_MAX:
            raise ValueError(f"a message has at most {RANGES_MAX} ranges and {LINES_MAX} rows")
        if self.answers is not None and not is_hex_digest(self.answers):
            raise ValueError("answers is a SHA-256 in lowercase hex")

    def as_document(self) -> dict[str, object]:
        """Return the statement as JSON holds it."""
        extent = self.extent
        document: dict[str, object] = {
            "extent": {"first": extent.first, "last": extent.last, "received": extent.received},
            "from": self.by,
            "issued_at": as_text(self.issued_at),
            "received": [one.as_document() for one in self.received],
            "rows": self.rows,
            "run": self.run,
            "sent": [one.as_document() for one in self.sent],
            "to": self.to,
        }
        if self.answers is not None:
            document["answers"] = self.answers
        if self.period is not None:
            ends = {"from": self.period.start, "to": self.period.end}
            document["period"] = {name: as_text(end) for name, end in ends.items() if end is not None}
        if self.outcome is not None:
            document["outcome"] = {
                "compared": self.outcome.compared,
                "differences": self.outcome.differences,
                "found": [vars(one) for one in self.outcome.found],
            }
        return document

    @classmethod
    def load(cls, value: object) -> BooksStatement:
        """Return the statement of a JSON object; raise ValueError."""
        document = members(value, _REQUIRED, _OPTIONAL)
        extent = members(document["extent"], _EXTENT)
        if type(document["rows"]) is not bool:
            raise ValueError("rows is true or false")
        return cls(
            by=text_of(document, "from"),
            to=text_of(document, "to"),
            run=text_of(document, "run"),
            issued_at=time_of(document, "issued_at"),
            extent=Extent(**{name: number_of(extent, name) for name in _EXTENT}),
            sent=_ranges(document, "sent"),
            received=_ranges(document, "received"),
            rows=document["rows"],
            answers=text_of(document, "answers") if "answers" in document else None,
            period=_period(document["period"]) if "period" in document else None,
            outcome=_conclusion(document["outcome"]) if "outcome" in document else None,
        )


def _ranges(document: Mapping[str, object], name: str) -> tuple[Range, ...]:
    return tuple(_range(value) for value in list_of(document, name))


def _range(value: object) -> Range:
    told = members(value, _RANGE, frozenset({"rows"}))
    return Range(
        first=number_of(told, "first"),
        last=number_of(told, "last"),
        count=number_of(told, "count"),
        digest=text_of(told, "digest"),
        lines=tuple(_line(row) for row in list_of(told, "rows")) if "rows" in told else None,
    )


def _line(value: object) -> Line:
    if type(value) is not list or len(value) != 5:
        raise ValueError("a row is a number, an envelope id, a digest, a state and a reason")
    number, envelope_id, digest, state, reason = value
    if not (is_number(number) and type(envelope_id) is str and is_id(envelope_id)):
        raise ValueError("a row begins with a number and an envelope id")
    if digest is not None and not (type(digest) is str and is_hex_digest(digest)):
        raise ValueError("a digest is a SHA-256 in lowercase hex")
    if reason is not None and not (type(reason) is str and 0 < len(reason) <= _REASON_MAX):
        raise ValueError("a reason is a failure code")
    return Line(
        number=number,
        envelope_id=envelope_id,
        digest=digest,
        state=choice_of({"state": state}, "state", EntryState),
        reason=reason,
    )


def _period(value: object) -> Period:
    told = members(value, frozenset(), _PERIOD)
    ends = {name: time_of(told, name) for name in told}
    return Period(start=ends.get("from"), end=ends.get("to"))


def _conclusion(value: object) -> Conclusion:
    told = members(value, _OUTCOME)
    found = [members(one, _FOUND) for one in list_of(told, "found")]
    if len(found) > FOUND_MAX:
        raise ValueError(f"an outcome names at most {FOUND_MAX} differences")
    conclusion = Conclusion(
        compared=number_of(told, "compared"),
        differences=number_of(told, "differences"),
        found=tuple(
            Found(
                difference=text_of(one, "difference")[:_REASON_MAX],
                sender=text_of(one, "sender"),
                number=number_of(one, "number"),
            )
            for one in found
        ),
    )
    if min(conclusion.compared, conclusion.differences) < 0:
        raise ValueError("an outcome counts from 0")
    if not all(is_agency(one.sender) and is_number(one.number) for one in conclusion.found):
        raise ValueError("a difference names an agency and a number")
    return conclusion


def state_books(statement: BooksStatement, *, keys: SigningKeys, suite: Suite) -> bytes:
    """Sign what we state about our books."""
    return sign_document(statement.as_document(), typ=RECONCILIATION_TYPE, keys=keys, suite=suite)


def verify_books(raw: bytes, *, by: PublicKeys, to: str, allowed: frozenset[Suite]) -> BooksStatement:
    """Return what an agency states to another about its books.

    Raises what `verify_document` raises, and IntegrityFailure `document-invalid` when it is not of the form
    or not between those two.
    """
    document = verify_document(raw, typ=RECONCILIATION_TYPE, keys=by, allowed=allowed)
    try:
        statement = BooksStatement.load(document)
    except ValueError as error:
        raise IntegrityFailure("document-invalid", f"The books cannot be read: {error}.") from None
    if (statement.by, statement.to) != (by.agency, to):
        raise IntegrityFailure("document-invalid", f"The books are not those of {by.agency} with {to}.")
    return statement
