"""A record to three partners without a hub, and one from each of two: sealed, signed, laid in a folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.carriers.as4.failures import Ebms
from adapters.carriers.as4.messages import pack
from adapters.carriers.as4.mime import read_parts
from adapters.carriers.as4.names import message_id
from adapters.carriers.as4.signals import write_failure, write_receipt
from adapters.carriers.as4.signing import references_of
from adapters.carriers.as4.soap import read_envelope
from adapters.carriers.verdicts import write_verdict
from adapters.contract import Parcel as Moved
from adapters.contract import Verdict as Said
from adapters.registry import make as make_adapter
from adapters.seals.smime.encrypting import decrypt
from hub.bootstrap.adapted import Adapters
from hub.bootstrap.showing import partner_forms
from hub.entries import ProfileRow, RecordRow
from hub.envelope import personal_keys
from hub.envelope.vault import unlock
from hub.evidence.anchors import Anchors
from hub.evidence.findings import Verdict
from hub.evidence.verifying import verify_bundle
from hub.exchange import accounts
from hub.exchange.accounts import add_officer
from hub.exchange.agreements import adopt
from hub.exchange.approving import ByPassword
from hub.exchange.drafting import draft
from hub.exchange.hubless.asking import losses_of
from hub.exchange.hubless.carrying import work_parcels
from hub.exchange.hubless.keeper import look
from hub.exchange.hubless.pinning import pin_profile, profile_digest, put_material
from hub.exchange.preparing import fill_in
from hub.exchange.releasing import approve
from hub.ports import Answered, Parcel
from hub.records.record import load_record
from tests.adapters.carriers.as4.ends import agreed
from tests.adapters.seals.parties import Party, ec_key, key_pem, party, rsa_key
from tests.conftest import LIGHT
from tests.evidence.world import World
from tests.exchange.hubs import AIGUL, BOLAT, CUSTODIAN, Hubs, agreement_text, document
from tests.servers.mutual import client_leaf, partner_authority

PASSWORD = "a long enough sentence"
MAIL, AS4, FOLDER = "de-bka", "fr-dgsi", "it-aise"
PARTNERS = (MAIL, AS4, FOLDER)
PROFILES = {
    MAIL: """adapter = "bilateral"
dialect = "stix"
[seal]
name = "smime"
[carrier]
name = "mail"
our_address = "hub@knb.example"
their_address = "hub@bka.example"
smtp_host = "localhost"
maildir = "{folder}"
""",
    AS4: """adapter = "bilateral"
dialect = "record-json"
[carrier]
name = "as4"
address = "https://localhost:1/as4"
""",
    FOLDER: """adapter = "bilateral"
dialect = "stix"
extension = false
[carrier]
name = "folder"
path = "{folder}"
""",
}


class Peers(Adapters):
    """Adapters whose mail and messages go nowhere: what those partners answer is put here by the test."""

    def __init__(self, **told: Any) -> None:
        super().__init__(**told)
        self.waiting: list[tuple[str, Answered]] = []
        self.coming: list[tuple[str, Parcel]] = []

    def push(self, partner: ProfileRow, parcel: Parcel) -> None:
        if partner.agency == FOLDER:
            super().push(partner, parcel)

    def answers(self, partner: ProfileRow, *, limit: int) -> Sequence[Answered]:
        if partner.agency == FOLDER:
            return super().answers(partner, limit=limit)
        return [answer for agency, answer in self.waiting if agency == partner.agency]

    def pull(self, partner: ProfileRow, *, limit: int) -> Sequence[Parcel]:
        return [parcel for agency, parcel in self.coming if agency == partner.agency]

    def acknowledge(
        self, partner: ProfileRow, parcel_id: str, *, code: str | None = None, sentence: str = ""
    ) -> None:
        self.coming = [one for one in self.coming if one[1].parcel_id != parcel_id]

    def settle(self, partner: ProfileRow, parcel_id: str) -> None:
        self.waiting = [one for one in self.waiting if one[1].parcel_id != parcel_id]
        if partner.agency == FOLDER:
            super().settle(partner, parcel_id)


@contextmanager
def light() -> Iterator[None]:
    """Derive keys from passwords lightly, in fixtures and in slow tests too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounts, "_HASHER", LIGHT)
        patch.setattr(personal_keys, "_MEMORY_KIB", 8)
        patch.setattr(personal_keys, "_PASSES", 1)
        yield


@dataclass(kw_only=True)
class Parcelled(World):
    """kz-knb and its partners without a hub; sco-rats witnesses."""

    witnesses: tuple[str, ...] = ("sco-rats",)
    peers: Any = None
    us: Mapping[str, Party] = field(default_factory=dict)
    them: Mapping[str, Party] = field(default_factory=dict)

    def anchored(self, **changes: Any) -> Anchors:
        return self.anchors(**{"witnesses": ("sco-rats",), **changes})

    def verdict(self, raw: bytes, anchors: Anchors | None = None) -> Verdict:
        return verify_bundle(raw, anchors or self.anchored(), partner_forms())

    def parcel(self, agency: str, record_id: str | None = None) -> Parcel:
        """Return what went to a partner."""
        with self.ours.store.read() as view:
            rows = view.hubless.parcels_of(record_id or self.record_id)
            row = [one for one in rows if one.agency == agency][-1]
            body = view.bodies.get_many([row.parcel_id])[row.parcel_id]
        content = unlock(body, master_key=self.ours.keyring.master_key())
        return Parcel(parcel_id=row.parcel_id, content=content)

    def send(self, *to: str, **changes: object) -> RecordRow:
        """Draft and release a record, and hand it to the carriers."""
        return self.release(draft(self.ours, AIGUL, document(**changes), recipients=list(to)))

    def release(self, row: RecordRow) -> RecordRow:
        """Release a draft, signed, and hand it to the carriers."""
        with light():
            approve(
                self.ours,
                BOLAT,
                row.record_id,
                digest=row.digest,
                recipients=row.recipients,
                losses=losses_of(self.ours, row.record_id).digest,
                sign=ByPassword(password=PASSWORD),
            )
        self.hubs.clock.pass_(60)
        for agency in row.recipients:
            if agency in PARTNERS:
                work_parcels(self.ours, agency)
        return row

    def answer(self, *agencies: str, code: str | None = None, record_id: str | None = None) -> None:
        """Let partners give the receipts of their carriers, and take them."""
        for agency in agencies:
            parcel = self.parcel(agency, record_id)
            said = Said(taken=code is None, code=code)
            if agency == MAIL:
                raw = self.mailed(parcel, said)
            elif agency == AS4:
                raw = self.signalled(parcel, said)
            else:
                raw = write_verdict(parcel.parcel_id, parcel.content, said)
                folder = self.hubs.folder / "drop" / "receipts-for-kz-knb"
                folder.mkdir(parents=True, exist_ok=True)
                (folder / parcel.parcel_id).write_bytes(raw)
                self.look(agency)
                continue
            self.put(agency, raw, parcel, code)
            self.look(agency)

    def put(self, agency: str, raw: bytes, parcel: Parcel, code: str | None = None) -> None:
        """Have a receipt wait that the partner's carrier verified."""
        self.peers.waiting.append(
            (agency, Answered(parcel_id=parcel.parcel_id, raw=raw, code=code, signer=f"CN={agency}"))
        )

    def mailed(self, parcel: Parcel, said: Said, by: Party | None = None) -> bytes:
        """Return the signed structure that the mail carrier keeps of a receipt."""
        signer = by or self.them[MAIL]
        sealed = signer.to(self.us[MAIL], at=self.hubs.clock.now()).seal(
            write_verdict(parcel.parcel_id, parcel.content, said)
        )
        mine = self.us[MAIL]
        return decrypt(sealed, keys_of=[(mine.certificate, mine.key)])

    def signalled(self, parcel: Parcel, said: Said, by: Party | None = None) -> bytes:
        """Return the signal with which an AS4 gateway answers a message of ours."""
        us, them, at = self.us[AS4], by or self.them[AS4], self.hubs.clock.now()
        name = message_id(parcel.parcel_id, "kz-knb")
        theirs = agreed(them, us)
        if not said.taken:
            return write_failure(name, Ebms.OTHER, code=said.code or "", sentence="", agreed=theirs, at=at)
        moved = Moved(parcel_id=parcel.parcel_id, content=parcel.content)
        sent = pack(moved, agreed(us, them), at)
        return write_receipt(name, references_of(read_envelope(read_parts(*sent).envelope)), theirs, at)

    def look(self, agency: str) -> None:
        """Take what waits at a partner."""
        self.hubs.clock.pass_(self.ours.limits.parcels_interval_s)
        assert look(self.ours, self.ours.standing().hubless[agency])

    def come(self, agency: str, parcel_id: str = "theirs-1") -> str:
        """Let a partner send a record of its own, sealed where its profile says so; return its id."""
        filled = fill_in(document(), agency=agency, at=self.ours.clock.now())
        record = load_record(filled, max_bytes=1 << 20).document
        name = "bilateral-stix" if agency == MAIL else "bilateral"
        made = make_adapter(name, {"dialect": "record-json"} if agency == AS4 else None)
        content = made.dialect.translate(record).document
        if agency == MAIL:
            content = self.them[MAIL].to(self.us[MAIL], at=self.hubs.clock.now()).seal(content)
        self.peers.coming.append((agency, Parcel(parcel_id=parcel_id, content=content)))
        self.look(agency)
        return str(record["id"])


@cache
def parties() -> tuple[Mapping[str, Party], Mapping[str, Party]]:
    """Return what we and the partners sign with, by partner; RSA keys are slow to draw."""
    return (
        {MAIL: party("kz-knb", ec_key()), AS4: party("kz-knb", rsa_key())},
        {MAIL: party(MAIL, ec_key()), AS4: party(AS4, rsa_key())},
    )


def make_world(hubs: Hubs) -> Parcelled:
    """Make a hub with its partners, and an officer with a signing key."""
    for agency in ("kz-knb", "sco-rats"):
        hubs.add(agency)
    hubs.pair_all()
    us, them = parties()
    world = Parcelled(hubs=hubs, us=us, them=them)
    broker = world.ours
    world.peers = Peers(
        agency="kz-knb", store=broker.store, keyring=broker.keyring, folder=hubs.folder / "state"
    )
    hubs.network.brokers["kz-knb"] = broker = replace(broker, adapting=world.peers)
    adopt(broker, CUSTODIAN, agreement_text(["kz-knb", "sco-rats", *PARTNERS]))
    adopt(hubs.network.brokers["sco-rats"], CUSTODIAN, agreement_text(["kz-knb", "sco-rats"]))
    _materials(world)
    for agency in PARTNERS:
        pin(world, agency)
    with light():
        add_officer(
            broker,
            CUSTODIAN,
            name="bolat",
            password=PASSWORD,
            roles=BOLAT.roles,
            clearance=BOLAT.clearance,
        )
    hubs.clock.pass_(60)
    return world


def pin(world: Parcelled, agency: str, more: str = "") -> None:
    """Pin a partner by its profile."""
    source = PROFILES[agency].format(folder=world.hubs.folder / "drop") + more
    pin_profile(world.ours, CUSTODIAN, agency, source, confirmed_digest=profile_digest(source))


def hold(world: Parcelled, agency: str, name: str, *held: Any) -> None:
    """Take in certificates for a partner under a name."""
    pem = b"".join(one.public_bytes(Encoding.PEM) for one in held)
    put_material(world.ours, CUSTODIAN, agency, name, "certificates", pem)


def put_key(world: Parcelled, agency: str, name: str, pem: bytes) -> None:
    """Take in a key of ours for a partner."""
    put_material(world.ours, CUSTODIAN, agency, name, "key", pem)


def _materials(world: Parcelled) -> None:
    leaf, key = client_leaf()
    authority = partner_authority().certificate
    for agency, ours in ((MAIL, "smime"), (AS4, "as4")):
        hold(world, agency, agency, world.them[agency].certificate)
        hold(world, agency, ours, world.us[agency].certificate)
        put_key(world, agency, ours, key_pem(world.us[agency].key))
    hold(world, MAIL, "mail", authority)
    for name in ("as4-tls", "as4-client"):
        hold(world, AS4, name, leaf)
    put_key(world, AS4, "as4-tls", key_pem(key))
    hold(world, AS4, "as4-authority", authority)
