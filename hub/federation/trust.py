"""Whom this hub trusts on the wire, as one frozen snapshot that follows the directory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from types import MappingProxyType
from typing import Final, Protocol

from hub.entries import (
    MaterialRow,
    MemberRow,
    PartnerRow,
    PartnerStatus,
    ProfileRow,
    RevocationRow,
    RevocationRule,
    TrustItem,
)
from hub.federation.answers import RevokedList, load_crl
from hub.federation.authorities import TlsCard, authority_id, is_foreign
from hub.federation.card import read_card
from hub.federation.revocation import AnswerOn, ListOf, Revocation, RevocationPolicy

#: How long a snapshot is believed before the directory's generation is asked for again.
REFRESH_AFTER: Final = timedelta(seconds=1)
#: How long a fresh pin may wait for the first answer about its certificates.
FIRST_ANSWER_S: Final = 3600.0


class DirectoryRows(Protocol):
    """The part of the directory that trust is built from."""

    def generation(self) -> int: ...
    def partners(self) -> Sequence[PartnerRow]: ...
    def members(self) -> Sequence[MemberRow]: ...
    def cards_since(self, agency: str) -> Sequence[tuple[datetime, bytes]]: ...


class RevocationRows(Protocol):
    """What was revoked, as far as it is known here."""

    def answers(self) -> Sequence[RevocationRow]: ...
    def rules(self) -> Mapping[str, RevocationRule]: ...
    def withdrawn(self) -> Sequence[str]: ...


class KeptItems(Protocol):
    """The bytes of answers, by their digests."""

    def items(self, digests: Sequence[str]) -> Mapping[str, TrustItem]: ...


class HublessRows(Protocol):
    """Partners without a hub, and what is held for them."""

    def profiles(self) -> Sequence[ProfileRow]: ...
    def materials(self, agency: str) -> Sequence[MaterialRow]: ...


class HasDirectory(Protocol):
    """A snapshot of the stores, as far as trust looks into it."""

    @property
    def directory(self) -> DirectoryRows: ...
    @property
    def revocations(self) -> RevocationRows: ...
    @property
    def trust(self) -> KeptItems: ...
    @property
    def hubless(self) -> HublessRows: ...


@dataclass(frozen=True, kw_only=True)
class Pinned:
    """One partner as trusted: its authorities, what is known of revocation, and whether traffic flows.

    `tls` holds pins and names where the authority is a foreign one: the keys that its leaves may have, and
    what they must be made out to.
    """

    agency: str
    authorities: tuple[str, ...]
    fingerprint: str
    status: PartnerStatus
    tls: TlsCard = TlsCard()  # noqa: RUF009 - it is frozen
    revocation: Revocation = Revocation()  # noqa: RUF009 - it is frozen

    @property
    def authority_pem(self) -> str:
        """Return the authority that stands first on the card."""
        return self.authorities[0]

    @property
    def foreign(self) -> bool:
        """Tell whether its authority issues for others too, so that leaves are pinned."""
        return is_foreign(self.authorities[0])


#: Carriers whose partners call us, each with the name under which the partner's client certificate is held.
CALLING: Final = MappingProxyType({"as4": "as4-client", "taxii-server": "taxii-client"})


@dataclass(frozen=True, kw_only=True)
class Collector:
    """A partner without a hub that calls us, as its client certificate tells it."""

    agency: str
    status: PartnerStatus


@dataclass(frozen=True, kw_only=True)
class Trust:
    """Whose certificates are taken, at one generation of the directory; never changes.

    `members` is keyed by the thumbprint of the registered certificate (SHA-256 of its DER, lowercase hex);
    `withdrawn` holds those of them that our authority revoked. `collectors` are partners without a hub, keyed
    as members are.
    """

    generation: int
    authority_pem: str
    more_authorities: tuple[str, ...] = ()
    partners: Mapping[str, Pinned] = field(default_factory=dict)
    members: Mapping[str, MemberRow] = field(default_factory=dict)
    withdrawn: frozenset[str] = frozenset()
    collectors: Mapping[str, Collector] = field(default_factory=dict)

    def authorities(self) -> tuple[str, ...]:
        """Return every authority a client certificate may chain to: our own and the pinned ones."""
        pinned = [pem for one in self.partners.values() for pem in one.authorities]
        return tuple(dict.fromkeys((self.authority_pem, *self.more_authorities, *pinned)))

    @cached_property
    def by_pin(self) -> Mapping[str, Pinned]:
        """Return partners with a foreign authority by the keys of their leaves; a key of two is nobody's."""
        found: dict[str, Pinned] = {}
        twice: set[str] = set()
        for pinned in self.partners.values():
            for pin in pinned.tls.pins:
                if found.setdefault(pin, pinned) is not pinned:
                    twice.add(pin)
        return {pin: pinned for pin, pinned in found.items() if pin not in twice}


def build_trust(
    view: HasDirectory,
    *,
    authority_pem: str,
    more: Sequence[str] = (),
    before: Trust | None = None,
    first_answer_s: float = FIRST_ANSWER_S,
) -> Trust:
    """Build the snapshot; a card or a CRL that is the same as in `before` is not read again."""
    directory = view.directory
    generation = directory.generation()
    known = before.partners if before else {}
    answers = _by_authority(view, known.values())
    rules = view.revocations.rules()
    members = {row.certificate_thumbprint: row for row in directory.members()}
    return Trust(
        generation=generation,
        authority_pem=authority_pem,
        more_authorities=tuple(more),
        partners={
            row.agency: _pinned(
                directory, row, known.get(row.agency), answers, rules.get(row.agency), first_answer_s
            )
            for row in directory.partners()
        },
        members=members,
        withdrawn=frozenset(view.revocations.withdrawn()),
        collectors=_collectors(view.hubless, members),
    )


def _collectors(hubless: HublessRows, members: Mapping[str, MemberRow]) -> Mapping[str, Collector]:
    """Return who calls without a hub, by the leaf that is held for it; a leaf of two is nobody's."""
    found: dict[str, Collector] = {}
    twice = set(members)
    for profile in hubless.profiles():
        if profile.carrier not in CALLING:
            continue
        for row in hubless.materials(profile.agency):
            if row.name != CALLING[profile.carrier] or row.sort != "certificates":
                continue
            leaf = row.fingerprint.split(" ")[0]
            twice |= {leaf} & found.keys()
            found[leaf] = Collector(agency=profile.agency, status=profile.status)
    return {leaf: one for leaf, one in found.items() if leaf not in twice}


def policy_of(tls: TlsCard, rule: RevocationRule | None) -> RevocationPolicy:
    """Return what a partner is held to: what a custodian said, else what its card makes possible."""
    if rule is not None and rule.policy is not None:
        return RevocationPolicy(rule.policy)
    published = tls.publishes or (rule is not None and bool(rule.crl or rule.ocsp))
    return RevocationPolicy.REQUIRE if published else RevocationPolicy.NONE_PUBLISHED


@dataclass(frozen=True, kw_only=True)
class _Answers:
    lists: Mapping[str, ListOf]
    on: Mapping[str, Mapping[tuple[str, int], AnswerOn]]


def _by_authority(view: HasDirectory, before: Iterable[Pinned]) -> _Answers:
    """Read the answers held; of CRLs only those bytes that were not read before."""
    rows = view.revocations.answers()
    read = {held.digest: held.crl for pinned in before for held in pinned.revocation.lists.values()}
    fresh = [row.digest for row in rows if row.kind == "crl" and row.digest not in read]
    kept = view.trust.items(fresh) if fresh else {}
    lists: dict[str, ListOf] = {}
    on: dict[str, dict[tuple[str, int], AnswerOn]] = {}
    for row in rows:
        if row.kind == "crl":
            crl = read.get(row.digest) or RevokedList(
                this_update=row.this_update, next_update=row.next_update, crl=load_crl(kept[row.digest].raw)
            )
            lists[row.authority] = ListOf(crl=crl, until=row.until, digest=row.digest)
        else:
            on.setdefault(row.authority, {})[row.authority, int(row.serial, 16)] = AnswerOn(
                good=row.good, revoked=row.revoked, until=row.until, digest=row.digest
            )
    return _Answers(lists=lists, on=on)


def pending(
    directory: DirectoryRows, row: PartnerRow, pinned: Sequence[str], first_answer_s: float
) -> Mapping[str, datetime]:
    """Return until when the first answer about each of a partner's authorities is waited for.

    The time of an authority begins with the first card that showed it, and with none that followed. `pinned`
    are the authorities on the card that is pinned, which was read.
    """
    first: dict[str, datetime] = {}
    for at, raw in (*directory.cards_since(row.agency), (row.pinned_at, row.card)):
        for pem in pinned if raw == row.card else read_card(raw).authorities:
            first.setdefault(authority_id(pem), at)
    return {one: at + timedelta(seconds=first_answer_s) for one, at in first.items()}


def _pinned(
    directory: DirectoryRows,
    row: PartnerRow,
    before: Pinned | None,
    answers: _Answers,
    rule: RevocationRule | None,
    first_answer_s: float,
) -> Pinned:
    if before is not None and before.fingerprint == row.fingerprint:
        authorities, tls, waits = before.authorities, before.tls, before.revocation.pending
    else:
        card = read_card(row.card)
        authorities, tls = card.authorities, card.tls
        waits = pending(directory, row, authorities, first_answer_s)
    ids = [authority_id(pem) for pem in authorities]
    return Pinned(
        agency=row.agency,
        authorities=authorities,
        fingerprint=row.fingerprint,
        status=row.status,
        tls=tls,
        revocation=Revocation(
            policy=policy_of(tls, rule),
            pending=waits,
            lists={one: answers.lists[one] for one in ids if one in answers.lists},
            answers={key: held for one in ids for key, held in answers.on.get(one, {}).items()},
        ),
    )


class TrustSource:
    """Hands out the present Trust and follows changes, also those that another process makes.

    `read` opens a snapshot of the stores (`Store.read`); `authority_pem` is our own authority, which
    signs our members' certificates, or what tells it and those that are exchanged with it.
    """

    def __init__(
        self,
        read: Callable[[], AbstractContextManager[HasDirectory]],
        *,
        authority_pem: str | Callable[[], Sequence[str]],
        first_answer_s: float = FIRST_ANSWER_S,
        refresh_after: timedelta = REFRESH_AFTER,
    ) -> None:
        self._read = read
        self._ours = authority_pem
        self._first_answer_s = first_answer_s
        self._refresh_after = refresh_after
        self._lock = threading.Lock()
        self._trust: Trust | None = None
        self._asked_at: datetime | None = None

    def current(self, at: datetime) -> Trust:
        """Return the snapshot, asking the directory at most once a second whether it still holds."""
        with self._lock:
            if self._trust is None or self._due(at):
                ours = (self._ours,) if isinstance(self._ours, str) else tuple(self._ours())
                with self._read() as view:
                    if self._is_old(view, ours):
                        self._trust = build_trust(
                            view,
                            authority_pem=ours[0],
                            more=ours[1:],
                            before=self._trust,
                            first_answer_s=self._first_answer_s,
                        )
                self._asked_at = at
            assert self._trust is not None
            return self._trust

    def _is_old(self, view: HasDirectory, ours: tuple[str, ...]) -> bool:
        trust = self._trust
        if trust is None or view.directory.generation() != trust.generation:
            return True
        return ours != (trust.authority_pem, *trust.more_authorities)

    def _due(self, at: datetime) -> bool:
        # The distance either way: a clock that was set back must not stop the refreshing.
        return self._asked_at is None or abs(at - self._asked_at) >= self._refresh_after
