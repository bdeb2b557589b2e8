"""What an agreement says: parties, articles, flows, and what each side bound itself to. Checked when made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import Enum
from typing import Final

from hub.policy.calendar import Calendar
from hub.policy.checks import Check
from hub.records.kinds import Kind, Purpose
from hub.records.label import Classification, Handling, Tlp

#: What is said to be urgent must be confirmed in writing within so many hours, whatever a file says.
CONFIRM_MAX_HOURS: Final = 72
#: More officers than this no agreement asks for.
APPROVALS_MAX: Final = 9
#: So long after it took effect here a version still lets kinds flow by rule, whatever its file says.
BY_RULE_MAX_DAYS: Final = 366


class Onward(Enum):
    """Whether what came under a flow may be passed on; no file can let it pass without consent."""

    CONSENT = "consent"
    NEVER = "never"


class Form(Enum):
    """In which form requests are taken: written, or urgent and confirmed later."""

    WRITTEN = "written"
    URGENT = "urgent"


class RefusalGround(Enum):
    """Why a party may refuse assistance; the words in which answers give their grounds."""

    SOVEREIGNTY_OR_SECURITY = "sovereignty-or-security"
    CONTRARY_TO_LAW = "contrary-to-law"
    ONGOING_PROCEEDINGS = "ongoing-proceedings"
    POLITICAL_OFFENCE = "political-offence"
    NO_SUCH_DATA = "no-such-data"
    NOT_COMPETENT = "not-competent"
    MEANS_LACKING = "means-lacking"
    ORIGINATOR_CONSENT_LACKING = "originator-consent-lacking"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class Article:
    """One article of the instrument that a flow rests on."""

    number: str
    about: str


@dataclass(frozen=True, kw_only=True)
class Authority:
    """Who is competent for a party, and where that is written."""

    party: str
    name: str
    source: str | None = None


@dataclass(frozen=True, kw_only=True)
class Level:
    """How a party writes one of our classifications, in its own language or its own scale."""

    party: str
    theirs: str
    ours: Classification


@dataclass(frozen=True, kw_only=True)
class Ground:
    """One ground on which assistance may be refused, and the article that says so."""

    ground: RefusalGround
    article: str
    about: str


@dataclass(frozen=True, kw_only=True)
class Flow:
    """What may go from these senders to these recipients, and under which articles.

    `by_rule` holds the kinds that need no second officer, and `by_rule_until` their last day; without it,
    they end as `Agreement.rule_until` says. `tlp` None leaves the colour to the label alone.
    `handling` holds the handling codes that the recipient is bound to honour; a label with another one
    does not go. `caveats` are obligations in plain words, for people. Deadlines and retention are in days;
    `retention_of` says it for some kinds apart, and `review_days` how soon what is kept is looked at again.
    `checks` are what a person answers before a release. `approvals` says from which classification on how
    many officers release it beside its author.
    """

    senders: frozenset[str]
    recipients: frozenset[str]
    articles: tuple[str, ...]
    kinds: frozenset[Kind]
    purposes: frozenset[Purpose]
    languages: frozenset[str]
    highest: Classification
    by_rule: frozenset[Kind] = frozenset()
    by_rule_until: date | None = None
    tlp: frozenset[Tlp] | None = None
    handling: frozenset[Handling] = frozenset()
    caveats: tuple[str, ...] = ()
    reply_days: Mapping[Kind, int] = field(default_factory=dict, hash=False)
    retention_days: int | None = None
    retention_of: Mapping[Kind, int] = field(default_factory=dict, hash=False)
    review_days: Mapping[Kind, int] = field(default_factory=dict, hash=False)
    onward: Onward = Onward.CONSENT
    forms: frozenset[Form] = frozenset(Form)
    confirm_hours: int = CONFIRM_MAX_HOURS
    checks: frozenset[Check] = frozenset()
    approvals: Mapping[Classification, int] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        """Refuse a flow that contradicts itself, or loosens what no file may."""
        if both := self.senders & self.recipients:
            raise ValueError(f"{min(both)} is both sender and recipient of one flow")
        for name, kinds in (
            ("by_rule", self.by_rule),
            ("reply_days", frozenset(self.reply_days)),
            ("retention_of", frozenset(self.retention_of)),
            ("review_days", frozenset(self.review_days)),
        ):
            if extra := kinds - self.kinds:
                raise ValueError(f"{name} has {min(k.value for k in extra)}, which is not among its kinds")
        if self.by_rule_until is not None and not self.by_rule:
            raise ValueError("by_rule_until is there, and by_rule names no kind")
        if not all(1 <= number <= APPROVALS_MAX for number in self.approvals.values()):
            raise ValueError(f"approvals are from 1 to {APPROVALS_MAX}")
        if not 1 <= self.confirm_hours <= CONFIRM_MAX_HOURS:
            raise ValueError(
                f"confirm_hours is {self.confirm_hours}; at most {CONFIRM_MAX_HOURS} are allowed"
            )

    def retention(self, kind: Kind) -> int | None:
        """Return how many days the recipient may keep a kind of record; None where nothing is agreed."""
        return self.retention_of.get(kind, self.retention_days)


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """One version of an agreement. `in_force_until` is its last day; None means until further notice.

    A `draft` is never put in force. `uncertain` says in plain words what is not publicly certain of it, and
    `sources` where the rest is written. With a `calendar` its deadlines run in working days. `effective_on`
    is the day on which this version took effect at this hub, which no file says: None where it did not.
    """

    id: str
    version: int
    title: str
    instrument: str
    parties: tuple[str, ...]
    in_force_from: date
    articles: tuple[Article, ...]
    flows: tuple[Flow, ...]
    in_force_until: date | None = None
    authorities: tuple[Authority, ...] = ()
    levels: tuple[Level, ...] = ()
    grounds: tuple[Ground, ...] = ()
    sources: tuple[str, ...] = ()
    uncertain: tuple[str, ...] = ()
    draft: bool = False
    calendar: Calendar | None = None
    effective_on: date | None = None

    def __post_init__(self) -> None:
        """Refuse flows between strangers, under unknown articles, or two for one sender and recipient."""
        if self.in_force_until is not None and self.in_force_until < self.in_force_from:
            raise ValueError("in_force_until is before in_force_from")
        _refuse_repeats("parties", self.parties)
        _refuse_repeats("articles", [article.number for article in self.articles])
        pairs = [(s, r) for flow in self.flows for s in flow.senders for r in flow.recipients]
        _refuse_repeats("flows", [f"{sender} to {recipient}" for sender, recipient in pairs])
        for flow in self.flows:
            self._refuse_strangers("a flow", flow.senders | flow.recipients)
            self._refuse_unknown_articles("a flow", flow.articles)
        self._refuse_strangers("authorities", {one.party for one in self.authorities})
        self._refuse_strangers("levels", {one.party for one in self.levels})
        self._refuse_unknown_articles("grounds", [one.article for one in self.grounds])
        _refuse_repeats("levels", [f"{one.theirs} of {one.party}" for one in self.levels])
        _refuse_repeats("levels", [f"{one.ours.value} of {one.party}" for one in self.levels])

    def holds_on(self, day: date) -> bool:
        """Tell whether it is in force on a day; a draft never is."""
        started = not self.draft and self.in_force_from <= day
        return started and (self.in_force_until is None or day <= self.in_force_until)

    def rule_until(self, flow: Flow) -> date | None:
        """Return the last day on which a flow's kinds go by rule; None for what took effect nowhere.

        Custodians decide anew, with the next version, before a rule that lets things go alone goes on.
        """
        most = None if self.effective_on is None else self.effective_on + timedelta(days=BY_RULE_MAX_DAYS)
        return min((day for day in (flow.by_rule_until, most) if day is not None), default=None)

    def flow(self, sender: str, recipient: str) -> Flow | None:
        """Return what may go from one party to another, or None when nothing may."""
        for flow in self.flows:
            if sender in flow.senders and recipient in flow.recipients:
                return flow
        return None

    def marking(self, party: str, level: Classification) -> str | None:
        """Return how a party writes a classification; None where it has none that answers to it."""
        return next((one.theirs for one in self.levels if one.party == party and one.ours is level), None)

    def maps_levels_of(self, party: str) -> bool:
        """Tell whether the agreement says how a party's classifications answer to ours."""
        return any(one.party == party for one in self.levels)

    def _refuse_strangers(self, name: str, agencies: set[str] | frozenset[str]) -> None:
        if strangers := agencies - set(self.parties):
            raise ValueError(f"{name} names {min(strangers)}, which is not among the parties")

    def _refuse_unknown_articles(self, name: str, numbers: Sequence[str]) -> None:
        if unknown := set(numbers) - {article.number for article in self.articles}:
            raise ValueError(f"{name} rests on article {min(unknown)}, which is not among the articles")


def _refuse_repeats(name: str, values: Sequence[str]) -> None:
    if repeated := sorted(value for value, times in Counter(values).items() if times > 1):
        raise ValueError(f"{name} has {repeated[0]} more than once")
