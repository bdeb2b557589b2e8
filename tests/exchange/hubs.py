"""Real hubs in one process: real stores, keys, envelopes and use cases, linked by a carrier in memory.

The link is a simulated network: it can be cut, can lose answers after the other side has committed, and
can deliver twice. Nothing of a hub is replaced.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from shutil import copy
from tempfile import TemporaryDirectory
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey

from hub.audit.events import Act
from hub.audit.notes import NoteSigner
from hub.entries import MemberRow, PartnerRow, PartnerStatus, Priority, RecordRow
from hub.envelope.keys import DecryptionKeys, PublicKeys, SigningKeys, thumbprint, xwing_from_seed
from hub.envelope.suites import Suite
from hub.envelope.vault import MasterKeys
from hub.errors import PeerFault
from hub.exchange.agreements import adopt
from hub.exchange.answering import send_receipts, take_receipts
from hub.exchange.broker import Broker, Profile
from hub.exchange.cards.introducing import answer_introduction
from hub.exchange.dispatching import work_lane
from hub.exchange.drafting import draft
from hub.exchange.messages.sending import hand_over
from hub.exchange.messages.taking import take_messages
from hub.exchange.partners import own_card, pair
from hub.exchange.receiving import receive
from hub.exchange.reconciling.answering import answer_books
from hub.exchange.releasing import approve
from hub.federation.card import fingerprint, make_card
from hub.limits import Limits
from hub.ports import BlobStore, BooksAnswer, Introduction, Mail, NoteKeySet, Outcome, Store, Transfer
from hub.records.actor import Actor, ActorKind, Role
from hub.records.kinds import Kind
from hub.records.label import Classification, Label, Tlp
from hub.records.lifecycle import EntryState
from hub.records.template import template
from hub.storage import open_store
from hub.storage.blobs import FileBlobStore
from keys.log_keys import log_signers, witness_signers

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@dataclass(kw_only=True)
class TestClock:
    """A clock that tests move."""

    __test__ = False
    at: datetime = START

    def now(self) -> datetime:
        return self.at

    def pass_(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class LooseKeyring:
    """Freshly made keys that live in memory alone."""

    def __init__(self, agency: str, seed: int) -> None:
        self._filler = filler = bytes([seed]) * 31
        self.later_log_sets: tuple[NoteKeySet, ...] = ()
        self.later_witness_sets: tuple[NoteKeySet, ...] = ()
        self.witness_until: datetime | None = None
        self.log_given_up = False
        self._agency = agency
        self._signing = SigningKeys(
            es256=ec.generate_private_key(ec.SECP256R1()),
            mldsa65=MLDSA65PrivateKey.from_seed_bytes(filler + b"m"),
        )
        p256 = ec.generate_private_key(ec.SECP256R1())
        xwing, xwing_public = xwing_from_seed(filler + b"x")
        kid_p256, kid_xwing = thumbprint(p256.public_key()), thumbprint(xwing_public)
        self._decryption = DecryptionKeys(p256={kid_p256: p256}, xwing={kid_xwing: xwing})
        self._public = PublicKeys(
            agency=agency,
            es256={self._signing.es256_kid: self._signing.es256.public_key()},
            mldsa65={self._signing.mldsa65_kid: self._signing.mldsa65.public_key()},
            p256={kid_p256: p256.public_key()},
            xwing={kid_xwing: xwing_public},
            encrypt_p256=kid_p256,
            encrypt_xwing=kid_xwing,
        )
        self._master = MasterKeys(current=filler + b"v")

    @property
    def agency(self) -> str:
        return self._agency

    def signing(self) -> SigningKeys:
        return self._signing

    def signing_known(self, kids: Collection[str]) -> SigningKeys | None:
        ours = self._signing
        return ours if {ours.es256_kid, ours.mldsa65_kid} <= set(kids) else None

    def decryption(self) -> DecryptionKeys:
        return self._decryption

    def public(self) -> PublicKeys:
        return self._public

    def public_ever(self) -> PublicKeys:
        return self._public

    def given_up(self) -> Mapping[str, datetime]:
        return {}

    def master_key(self) -> MasterKeys:
        return self._master

    def log_signers(self) -> tuple[NoteSigner, ...]:
        return log_signers(self._agency, ed25519=self._filler + b"l", ml_dsa_44=self._filler + b"L")

    def witness_signers(self) -> tuple[NoteSigner, ...]:
        return tuple(s for one in self.witness_key_sets() if one.until is None for s in one.signers)

    def log_key_sets(self) -> tuple[NoteKeySet, ...]:
        first = replace(key_set(self.log_signers()), compromised=self.log_given_up)
        return (first, *self.later_log_sets)

    def witness_key_sets(self) -> tuple[NoteKeySet, ...]:
        first = witness_signers(self._agency, ed25519=self._filler + b"w", ml_dsa_44=self._filler + b"W")
        return (replace(key_set(first), until=self.witness_until), *self.later_witness_sets)


def key_set(signers: tuple[NoteSigner, ...]) -> NoteKeySet:
    return NoteKeySet(keys=tuple(signer.key for signer in signers), signers=signers)


@dataclass(kw_only=True)
class Network:
    """Who is reachable and what the network does to messages; hubs by agency."""

    brokers: dict[str, Broker] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    lose_answer: int = 0
    twice: bool = False
    carried: list[tuple[str, str, int]] = field(default_factory=list)

    def broker(self, agency: str) -> Broker:
        if agency in self.down:
            raise PeerFault("partner-unreachable", f"{agency} does not answer.")
        return self.brokers[agency]


@dataclass(frozen=True, kw_only=True)
class LinkCarrier:
    """Implements ports.Carrier over the simulated network."""

    us: str
    network: Network

    def cut(self, suspended: Collection[str]) -> None:
        """Nothing here outlasts a call."""

    def carry(self, partner: PartnerRow, transfers: Sequence[Transfer]) -> Sequence[Outcome]:
        other = self.network.broker(partner.agency)
        outcomes = receive(other, self.us, transfers)
        if self.network.twice:
            again = receive(other, self.us, transfers)
            assert [o.receipt for o in again] == [o.receipt for o in outcomes]
        self.network.carried.append((self.us, partner.agency, len(transfers)))
        if self.network.lose_answer:
            self.network.lose_answer -= 1
            raise PeerFault("partner-unreachable", "The answer was lost.")
        return outcomes

    def carry_receipts(
        self, partner: PartnerRow, receipts: Sequence[bytes], *, taken: Sequence[str] = ()
    ) -> Sequence[str | None]:
        return take_receipts(self.network.broker(partner.agency), self.us, receipts, taken=taken)

    def carry_messages(
        self, partner: PartnerRow, messages: Sequence[Transfer], *, taken: Sequence[str] = ()
    ) -> Sequence[str | None]:
        return take_messages(self.network.broker(partner.agency), self.us, messages, taken=taken)

    def reconcile(self, partner: PartnerRow, statement: bytes) -> BooksAnswer:
        said = answer_books(self.network.broker(partner.agency), self.us, statement)
        return BooksAnswer(statement=said)

    def introduce(self, partner: PartnerRow, ours: Introduction) -> Introduction:
        return answer_introduction(self.network.broker(partner.agency), self.us, ours)

    def carry_attachment(self, partner: PartnerRow, digest: str, size_bytes: int, blobs: BlobStore) -> None:
        from hub.exchange.attachments import offset, receive_part

        other = self.network.broker(partner.agency)
        start = offset(other, self.us, digest)
        if start < size_bytes:
            receive_part(other, self.us, digest, start, size_bytes, blobs.parts(digest, start))

    def poll(self, partner: PartnerRow, *, limit: int, wait_s: float) -> Mail:
        from hub.exchange.mailbox import mailbox

        return mailbox(self.network.broker(partner.agency), self.us, limit=limit)

    def fetch_attachment(self, partner: PartnerRow, digest: str, offset: int) -> Iterator[bytes]:
        from hub.exchange.attachments import serve_part

        other = self.network.broker(partner.agency)
        yield from serve_part(other, self.us, digest, offset).parts


CUSTODIAN = Actor(
    kind=ActorKind.HUB,
    id="local:test",
    agency="kz-knb",
    roles=frozenset({Role.CUSTODIAN, Role.OPERATOR}),
)


def officer(
    name: str,
    *roles: Role,
    agency: str = "kz-knb",
    clearance: Classification = Classification.TOP_SECRET,
    compartments: Sequence[str] = (),
) -> Actor:
    return Actor(
        kind=ActorKind.OFFICER,
        id=name,
        agency=agency,
        roles=frozenset(roles),
        clearance=clearance,
        compartments=frozenset(compartments),
    )


AIGUL = officer("aigul", Role.DRAFTER, Role.READER)
BOLAT = officer("bolat", Role.RELEASER, Role.READER, Role.OPERATOR)


def agreement_text(parties: Sequence[str], *, by_rule: Sequence[str] = ("designation",)) -> str:
    """Return an agreement under which these agencies may send one another anything."""
    quoted = ", ".join(f'"{p}"' for p in parties)
    kinds = ", ".join(f'"{k.value}"' for k in Kind)
    rule = ", ".join(f'"{k}"' for k in by_rule)
    flows = "\n".join(
        f"""
[[flows]]
from = ["{sender}"]
to = [{", ".join(f'"{p}"' for p in parties if p != sender)}]
articles = ["1"]
kinds = [{kinds}]
purposes = [{PURPOSES}]
languages = ["ru", "en", "kk"]
highest = "secret"
by_rule = [{rule}]
"""
        for sender in parties
    )
    return f"""
id = "test-treaty"
version = 1
title = "Test treaty"
instrument = "Treaty for tests"
parties = [{quoted}]
in_force_from = 2020-01-01

[[articles]]
number = "1"
about = "Everything"
{flows}
"""


def _purposes() -> str:
    from hub.records.kinds import Purpose

    return ", ".join(f'"{p.value}"' for p in Purpose)


PURPOSES = _purposes()


@cache
def _tables() -> TemporaryDirectory[str]:
    """Make a database with the hub's tables once: to run all migrations takes longer than most tests."""
    folder = TemporaryDirectory(prefix="hub-tables-")
    open_store(f"sqlite:///{folder.name}/hub.sqlite3", create=True).close()
    return folder


def embedded(home: Path) -> Store:
    """Make an SQLite database with the hub's tables in a home; return its open store."""
    return open_store(f"sqlite:///{copy(f'{_tables().name}/hub.sqlite3', home / 'hub.sqlite3')}")


@dataclass(kw_only=True)
class Hubs:
    """Some hubs, all paired with one another under one agreement.

    `new_store` opens the store of a home, with the hub's tables and nothing in them.
    """

    folder: Path
    new_store: Callable[[Path], Store] = embedded
    clock: TestClock = field(default_factory=TestClock)
    network: Network = field(default_factory=Network)
    stores: list[Store] = field(default_factory=list)

    def add(self, agency: str) -> Broker:
        home = self.folder / agency
        home.mkdir()
        store = self.new_store(home)
        self.stores.append(store)
        broker = Broker(
            agency=agency,
            store=store,
            keyring=LooseKeyring(agency, len(self.stores)),
            clock=self.clock,
            limits=Limits(),
            blobs=FileBlobStore(home / "attachments"),
            carrier=LinkCarrier(us=agency, network=self.network),
            profile=lambda: profile_of(agency),
        )
        self.network.brokers[agency] = broker
        return broker

    def pair_all(self, *, suites: Sequence[Suite] | None = None) -> None:
        for ours in self.network.brokers.values():
            for theirs in self.network.brokers.values():
                if ours is not theirs:
                    self.pair(ours, theirs, suites=suites)

    def pair(
        self,
        ours: Broker,
        theirs: Broker,
        *,
        suites: Sequence[Suite] | None = None,
        pulls: bool = False,
        via: str | None = None,
        relay_for: Sequence[str] = (),
    ) -> PartnerRow:
        card = own_card_of(theirs, pulls=pulls)
        return pair(
            ours,
            CUSTODIAN,
            card,
            confirmed_fingerprint=fingerprint(card),
            suites=suites,
            via=via,
            relay_for=relay_for,
        )

    def agree(self, *, extra: Sequence[str] = (), by_rule: Sequence[str] = ("designation",)) -> None:
        parties = [*self.network.brokers, *extra]
        for broker in self.network.brokers.values():
            adopt(broker, CUSTODIAN, agreement_text(parties, by_rule=by_rule))

    def agree_again(self, version: int, *, extra: Sequence[str] = ()) -> None:
        """Put a new version of the agreement in force, with these hubs and others as its only parties."""
        text = agreement_text([*self.network.brokers, *extra])
        for broker in self.network.brokers.values():
            adopt(broker, CUSTODIAN, text.replace("version = 1", f"version = {version}", 1))

    def close(self) -> None:
        for store in self.stores:
            store.close()


def own_card_of(broker: Broker, *, pulls: bool = False) -> bytes:
    """Return a hub's card as it stands now."""
    return signed_card(
        broker,
        name=broker.agency,
        url=None if pulls else f"https://{broker.agency}.test:8443",
        tls_ca_pem=authority_pem(broker.agency),
    )


def signed_card(broker: Broker, **told: Any) -> bytes:
    """Return a hub's card that says what is told."""
    return make_card(own_card(broker, **told), broker.keyring.signing())


def profile_of(agency: str, *, pulls: bool = False) -> Profile:
    """Return what the card of a hub says beside its keys."""
    return Profile(
        name=agency,
        url=None if pulls else f"https://{agency}.test:8443",
        tls_ca_pem=authority_pem(agency),
    )


_AUTHORITIES: dict[str, str] = {}


def authority_pem(agency: str) -> str:
    """Return a certificate authority for a card; made once, because no test here opens a socket."""
    if agency not in _AUTHORITIES:
        from cryptography.hazmat.primitives.serialization import Encoding

        from keys.authority import make_authority

        made = make_authority(agency, at=START)
        _AUTHORITIES[agency] = made.certificate.public_bytes(Encoding.PEM).decode()
    return _AUTHORITIES[agency]


def member_row(agency: str, *scopes: str) -> MemberRow:
    return MemberRow(
        agency=agency,
        name=agency,
        certificate_thumbprint=agency.encode().hex().ljust(64, "0"),
        scopes=scopes or ("collect:*",),
        status=PartnerStatus.ACTIVE,
        added_at=START,
    )


def add_member(broker: Broker, agency: str, *scopes: str) -> None:
    row = member_row(agency, *scopes)
    with broker.store.work() as work:
        work.directory.put_member(row)
        work.stage([broker.event(Act.MEMBER_CHANGED, CUSTODIAN, agency, START)])
        work.commit()


def document(kind: str = "spontaneous-information", **changes: object) -> Mapping[str, object]:
    """Return a valid document of a kind under the test treaty, without what the hub fills in."""
    made = dict(template(Kind(kind)))
    for name in ("id", "version", "action", "originator", "created_at", "conversation", "in_reply_to"):
        made.pop(name, None)
    made |= {"legal_basis": {"agreement": "test-treaty", "articles": ["1"]}, "language": "en"}
    made["label"] = Label(classification=Classification.RESTRICTED, tlp=Tlp.GREEN).as_document()
    made["attachments"] = []
    return made | changes


def released(
    broker: Broker,
    *recipients: str,
    kind: str = "spontaneous-information",
    priority: Priority = Priority.ROUTINE,
    **changes: object,
) -> RecordRow:
    """Draft and release a record; return its row as released."""
    row = draft(broker, AIGUL, document(kind, **changes), recipients=recipients, priority=priority)
    release_it(broker, row)
    with broker.store.read() as view:
        found = view.records.get(row.record_id)
    assert found is not None
    return found


def release_it(broker: Broker, row: RecordRow) -> None:
    approve(broker, BOLAT, row.record_id, digest=row.digest, recipients=row.recipients)


def hold_by_rule(broker: Broker, entry_id: str) -> None:
    """Hold an entry as it would be that the agreement does not cover any more."""
    with broker.store.work() as work:
        entry = work.outbox.get(entry_id)
        assert entry is not None
        work.outbox.settle(None, [replace(entry, state=EntryState.HELD, reason="kind-not-agreed")])
        told = {"entry": entry_id, "recipient": entry.recipient, "code": "kind-not-agreed"}
        work.stage([broker.event(Act.HELD, broker.itself, entry.envelope_id, broker.clock.now(), **told)])
        work.commit()


def run_lanes(broker: Broker, *, rounds: int = 1) -> int:
    """Work every due lane and hand over waiting receipts, as the dispatcher would."""
    done = 0
    for _ in range(rounds):
        with broker.store.read() as view:
            lanes = list(view.outbox.lanes_due(broker.clock.now()))
            waiting = list(view.receipts.partners_waiting())
            messages = list(view.messages.partners_waiting())
        for lane in lanes:
            done += work_lane(broker, lane)
        partners = broker.standing().partners
        for name in waiting:
            if partners[name].row.url is not None:
                send_receipts(broker, partners[name].row)
        for name in messages:
            if partners[name].row.url is not None:
                hand_over(broker, partners[name].row)
    return done


def with_limits(broker: Broker, **changes: Any) -> Broker:
    return replace(broker, limits=replace(broker.limits, **changes))
