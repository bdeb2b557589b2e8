"""What every use case is handed: the ports of one hub, and the partners as they stand."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property, lru_cache
from typing import Final

from hub.audit.catalogue import CATALOGUE
from hub.audit.events import Act, AuditEvent
from hub.entries import ConsentRow, MemberRow, PartnerRow, PartnerStatus, ProfileRow
from hub.envelope.keys import PublicKeys
from hub.envelope.suites import Suite
from hub.errors import OurFault, Refused
from hub.exchange.freshness import Fresh
from hub.exchange.witness.policy import WitnessPolicy
from hub.federation.authorities import TlsCard, authority_id
from hub.federation.card import Card, read_card
from hub.federation.snapshot import Trusted, trusted
from hub.limits import Limits
from hub.policy.access import Policy
from hub.policy.agreements import Agreement, effective
from hub.policy.approvals import ReleasePolicy
from hub.policy.decision import Decision, Deny, Permit, Reason
from hub.policy.permission import Question, flows_by_rule, permit
from hub.policy.rulebook import read_policy
from hub.ports import Adapting, BlobStore, Carrier, Clock, Keyring, NoAdapters, Store, View
from hub.records.actor import Actor, ActorKind
from hub.records.ids import new_id

#: Different questions of one batch, and more: its records to each of their recipients.
_QUESTIONS_MAX: Final = 1024


@dataclass(frozen=True, kw_only=True)
class Counterparty:
    """A pinned partner with its card read: whose keys verify, and which suites it may use.

    `revocation` are the digests of the answers about its TLS authority that stand, `statement` that of the
    entry of a directory that shows the pinned card, where one does.
    """

    row: PartnerRow
    card: Card
    allowed: frozenset[Suite]
    revocation: tuple[str, ...] = ()
    statement: str | None = None

    @cached_property
    def trust(self) -> Trusted:
        """Return what it is trusted by, as audit events name it; made once for a generation."""
        return trusted(self.row, self.card, revocation=self.revocation, statement=self.statement)

    @property
    def public(self) -> PublicKeys:
        """Return the keys on its pinned card."""
        return self.card.public

    @property
    def offered(self) -> frozenset[Suite]:
        """Return the suites on its card, of which some are pinned."""
        return frozenset(self.card.suites)

    @property
    def active(self) -> bool:
        """Tell whether traffic flows."""
        return self.row.status is PartnerStatus.ACTIVE

    @property
    def suite(self) -> Suite:
        """Return the suite we seal with for this partner: the first one pinned."""
        return Suite(self.row.suites[0])

    @property
    def lane(self) -> str:
        """Return the partner that its envelopes are handed to: itself, or the relay."""
        return self.row.via or self.row.agency


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Partners, members and agreements at one generation of the directory; never changes.

    `partners` have hubs, with cards and keys; `hubless` are reached through adapters and have neither.
    `policy_text` is None where the policy that is shipped holds.
    """

    generation: int
    partners: Mapping[str, Counterparty]
    members: Mapping[str, MemberRow]
    agreements: tuple[Agreement, ...]
    hubless: Mapping[str, ProfileRow] = field(default_factory=dict)
    consents: tuple[ConsentRow, ...] = ()
    policy_text: str | None = field(default=None, repr=False)

    @cached_property
    def policy(self) -> Policy:
        """Return the policy on who does what, read once for each change of its text."""
        return read_policy(self.policy_text)

    @cached_property
    def _consented(self) -> Mapping[tuple[str, str, str], str]:
        """Return the last day of each consent, by originator, record and whom it may be passed on to."""
        found: dict[tuple[str, str, str], str] = {}
        for one in self.consents:
            key = one.originator, one.record_id, one.pass_to
            found[key] = max(one.until, found.get(key, ""))
        return found

    def consented(self, originator: str, record_id: str, agency: str, *, on: date) -> bool:
        """Tell whether a record's originator lets it be passed on to an agency on a day."""
        return self._consented.get((originator, record_id, agency), "") >= on.isoformat()

    def consenting(self, more: Sequence[ConsentRow]) -> Standing:
        """Return the standing with consents that are about to be stored."""
        return replace(self, consents=(*self.consents, *more))

    @cached_property
    def permit(self) -> Callable[[Question], Decision]:
        """Return what permits or denies one recipient; of a batch, most records ask the same question."""

        @lru_cache(maxsize=_QUESTIONS_MAX)
        def answer(question: Question) -> Decision:
            return permit(question, self.agreements, suspended=self.suspended(question.counterparty))

        return answer

    @cached_property
    def flows_by_rule(self) -> Callable[[Question], Decision]:
        """Return what tells whether a record goes without a second officer."""

        @lru_cache(maxsize=_QUESTIONS_MAX)
        def answer(question: Question) -> Decision:
            return flows_by_rule(question, self.agreements)

        return answer

    @cached_property
    def in_force(self) -> Mapping[str, str]:
        """Return each agreement with its version, as the log names what a release rests on."""
        return {found.id: f"{found.id}/{found.version}" for found in self.agreements}

    def recall(self, counterparty: str) -> Decision:
        """Permit a withdrawal: it must reach everyone who has the record, whatever agreement has ended.

        Only a suspension holds it.
        """
        return self._unless_suspended(counterparty, "a withdrawal reaches everyone who got the record")

    def report(self, counterparty: str) -> Decision:
        """Permit telling an originator who got its record through us, whatever agreement holds."""
        return self._unless_suspended(counterparty, "an originator is told who got its record")

    def _unless_suspended(self, counterparty: str, clause: str) -> Decision:
        if self.suspended(counterparty):
            return Deny(
                reasons=(
                    Reason(code="partner-suspended", sentence=f"Traffic with {counterparty} is suspended."),
                )
            )
        return Permit(clause=clause)

    def suspended(self, agency: str) -> bool:
        """Tell whether traffic with a counterparty is stopped here, as it is with one that is not known."""
        partner, member = self.partners.get(agency), self.members.get(agency)
        if partner is not None:
            return not partner.active
        if (adapted := self.hubless.get(agency)) is not None:
            return adapted.status is not PartnerStatus.ACTIVE
        return member is None or member.status is not PartnerStatus.ACTIVE

    def partner(self, agency: str) -> Counterparty:
        """Return a pinned partner, or raise Refused `partner-unknown`."""
        try:
            return self.partners[agency]
        except KeyError:
            raise Refused("partner-unknown", f"{agency} is not a partner of this hub.") from None


def read_standing(view: View, generation: int) -> Standing:
    """Read the directory and parse its cards and agreements."""
    directory = view.directory
    answers: dict[str, list[str]] = {}
    for answer in view.revocations.answers():
        answers.setdefault(answer.authority, []).append(answer.digest)
    statements = directory.statements()
    policy = view.access.policy()
    return Standing(
        generation=generation,
        partners={
            row.agency: _counterparty(row, answers, statements.get(row.agency))
            for row in directory.partners()
        },
        members={row.agency: row for row in directory.members()},
        agreements=tuple(effective(row.source, since=row.adopted_at) for row in directory.agreements()),
        hubless={row.agency: row for row in view.hubless.profiles()},
        consents=tuple(view.consents.standing()),
        policy_text=None if policy is None else policy.source,
    )


def _counterparty(
    row: PartnerRow, answers: Mapping[str, Sequence[str]], statement: str | None
) -> Counterparty:
    card = read_card(row.card)
    relied = [name for pem in card.authorities for name in answers.get(authority_id(pem), ())]
    return Counterparty(
        row=row,
        card=card,
        allowed=frozenset(Suite(name) for name in row.suites),
        revocation=tuple(dict.fromkeys(relied)),
        statement=statement,
    )


class StandingCache:
    """Keeps the last Standing for as long as the directory's generation stays.

    `kept` are digests of items of trust that are known to be in the database.
    """

    def __init__(self) -> None:
        self.kept: set[str] = set()
        self._lock = threading.Lock()
        self._standing: Standing | None = None

    def of(self, view: View) -> Standing:
        """Return the standing that this view sees; parse only after a change."""
        generation = view.directory.generation()
        standing = self._standing
        if standing is None or standing.generation != generation:
            standing = read_standing(view, generation)
            with self._lock:
                self._standing = standing
        return standing


def _nobody(lane: str) -> None:
    """Wake no one: the dispatcher's own polling finds what is due."""


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What our card says beside our keys. `url` is None where nobody can call us."""

    name: str
    url: str | None
    tls_ca_pem: str = field(repr=False)
    tls: TlsCard = TlsCard()  # noqa: RUF009 - it is frozen


def _no_profile() -> Profile:
    raise OurFault("not-ready", "This process has no card to show.")


@dataclass(frozen=True, kw_only=True)
class Broker:
    """The ports of one hub. Use cases are functions over it; it has no state but caches.

    With `confirm_cards` a partner's next card waits for a custodian, also where its pinned keys signed it.
    """

    agency: str
    store: Store
    keyring: Keyring
    clock: Clock
    limits: Limits
    blobs: BlobStore
    carrier: Carrier
    adapting: Adapting = field(default_factory=NoAdapters, repr=False)
    pull: bool = False
    wake: Callable[[str], None] = _nobody
    standings: StandingCache = field(default_factory=StandingCache, repr=False)
    profile: Callable[[], Profile] = _no_profile
    confirm_cards: bool = False
    releases: ReleasePolicy = ReleasePolicy()  # noqa: RUF009 - it is frozen
    witnesses: WitnessPolicy = WitnessPolicy()  # noqa: RUF009 - it is frozen
    log_kept: Fresh = field(default_factory=Fresh, repr=False)
    log_witnessed: Fresh = field(default_factory=Fresh, repr=False)

    @property
    def itself(self) -> Actor:
        """Return the hub as the actor of what it does on its own."""
        return Actor(kind=ActorKind.HUB, id=self.agency, agency=self.agency)

    def standing(self) -> Standing:
        """Return the partners, members and agreements as they stand now."""
        with self.store.read() as view:
            return self.standings.of(view)

    def event(
        self,
        act: Act,
        actor: Actor,
        subject: str,
        at: datetime,
        *,
        justification: str | None = None,
        **details: str,
    ) -> AuditEvent:
        """Build the audit event of one step; `details` are ids, digests and codes, never content.

        Its salt opens the commitments in its leaf, and ends with its erasure.
        Raises ValueError for an event that does not say what the catalogue promises of its act.
        """
        row = CATALOGUE[act]
        if row.justified and not justification:
            raise ValueError(f"an entry of {act.value} says why")
        if row.names_recipients and not details.get("recipients"):
            raise ValueError(f"an entry of {act.value} names who gets the content")
        return AuditEvent(
            event_id=new_id(),
            at=at,
            act=act,
            actor=actor,
            subject=subject,
            details=details,
            justification=justification,
            salt=os.urandom(32),
        )
