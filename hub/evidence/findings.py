"""What verification found, one finding a claim, and the verdict that they come to together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final


class Topic(Enum):
    """What a finding is about; the order is that of the report."""

    BUNDLE = "bundle"
    CONTENT = "content"
    APPROVAL = "approval"
    RECEIPT = "receipt"
    LOG = "log"
    WITNESS = "witness"
    TIME = "time"
    PIN = "pin"
    ERASED = "erased"
    LIMIT = "limit"


class Standing(Enum):
    """How a claim stands.

    NOT_SHOWN is what the bundle or the anchors should hold and do not; it makes the verdict incomplete.
    ERASED is what was destroyed by an erasure that the log proves. NOT_CHECKED is what no bundle of this
    format can show; it is always told and changes no verdict.
    """

    PROVEN = "proven"
    DISPROVEN = "disproven"
    NOT_SHOWN = "not-shown"
    ERASED = "erased"
    NOT_CHECKED = "not-checked"


class Outcome(Enum):
    """The verdict on a whole bundle."""

    PROVEN = "proven"
    DISPROVEN = "disproven"
    INCOMPLETE = "incomplete"

    @property
    def exit(self) -> int:
        """Return the exit code that scripts read the verdict from."""
        return _EXITS[self]


_EXITS: Final = {Outcome.PROVEN: 0, Outcome.DISPROVEN: 1, Outcome.INCOMPLETE: 2}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One claim and how it stands. `key` names its sentence, which `about` fills; see `wording`.

    `code` is the failure's code where a check failed.
    """

    topic: Topic
    standing: Standing
    key: str
    about: Mapping[str, str] = field(default_factory=dict)
    code: str | None = None


@dataclass(frozen=True, kw_only=True)
class Signature:
    """One signature that verified with a key of the anchors: over what, whose, by which algorithms."""

    over: str
    what: str
    by: str
    algorithms: tuple[str, ...]
    claims_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One step of the record's life as a proven entry of the log tells it.

    `before` is the earliest time by which others than the exporter confirm that it was logged, `by` who.
    """

    index: int
    at: str
    act: str
    who: str
    subject: str
    details: Mapping[str, str]
    justification: str | None
    before: datetime | None = None
    by: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Clock:
    """One time in the bundle and who states it: an originator, a recipient, a witness or a time stamp."""

    at: datetime
    by: str
    what: str


@dataclass(frozen=True, kw_only=True)
class Content:
    """What one envelope carries, as its originator signed it."""

    version: int
    kind: str
    action: str
    envelope_id: str
    document: Mapping[str, object] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """All that verification found. What is told of the record is what the signed parts say of it."""

    findings: tuple[Finding, ...]
    exporter: str
    record_id: str
    originator: str
    exported_at: datetime
    exported_by: str
    mode: str
    bundle_digest: str
    anchors_digest: str
    signatures: tuple[Signature, ...] = ()
    moments: tuple[Moment, ...] = ()
    clocks: tuple[Clock, ...] = ()
    contents: tuple[Content, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """Return the verdict: one claim disproven spoils all, one not shown leaves it open."""
        standings = {finding.standing for finding in self.findings}
        if Standing.DISPROVEN in standings:
            return Outcome.DISPROVEN
        if Standing.NOT_SHOWN in standings or Standing.PROVEN not in standings:
            return Outcome.INCOMPLETE
        return Outcome.PROVEN

    def of(self, *standings: Standing) -> Sequence[Finding]:
        """Return the findings that stand so, in the order of the report."""
        return [finding for finding in self.findings if finding.standing in standings]


@dataclass(kw_only=True)
class Notebook:
    """Where the steps of verification write down what they find."""

    findings: list[Finding] = field(default_factory=list)
    signatures: list[Signature] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)
    clocks: list[Clock] = field(default_factory=list)

    def note(
        self, topic: Topic, standing: Standing, key: str, *, code: str | None = None, **about: object
    ) -> None:
        """Write down one finding."""
        told = {name: _told(value) for name, value in about.items()}
        self.findings.append(Finding(topic=topic, standing=standing, key=key, about=told, code=code))

    def proven(self, topic: Topic, key: str, **about: Any) -> None:
        """Write down that a claim holds."""
        self.note(topic, Standing.PROVEN, key, **about)

    def disproven(self, topic: Topic, key: str, **about: Any) -> None:
        """Write down that a claim is false, or that its proof is."""
        self.note(topic, Standing.DISPROVEN, key, **about)

    def not_shown(self, topic: Topic, key: str, **about: Any) -> None:
        """Write down that what would prove a claim is not there."""
        self.note(topic, Standing.NOT_SHOWN, key, **about)

    def ordered(self) -> Iterable[Finding]:
        """Return the findings by topic, and within one as they were found."""
        order = list(Topic)
        return sorted(self.findings, key=lambda finding: order.index(finding.topic))


def _told(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return str(value)
