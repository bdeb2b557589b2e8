"""AS4 as a partner's gateway meets it at the hub: the receipt tells the verdict, and comes again."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from hashlib import sha256

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.carriers.as4.messages import pack
from adapters.carriers.as4.mime import read_parts
from adapters.carriers.as4.names import message_id
from adapters.carriers.as4.signals import Failure, Receipt, read_signal
from adapters.carriers.as4.signing import references_of
from adapters.carriers.as4.soap import read_envelope
from adapters.contract import Parcel
from hub.audit.events import Act
from hub.bootstrap.adapted import Adapters
from hub.entries import IntakeRow
from hub.errors import OurFault, Refused
from hub.exchange.agreements import adopt
from hub.exchange.hubless.called import answer_message
from hub.exchange.hubless.pinning import pin_profile, profile_digest, put_material, suspend_hubless
from hub.exchange.hubless.taking import take_parcels
from hub.exchange.preparing import fill_in
from hub.records.actor import Actor, ActorKind
from hub.records.record import load_record
from tests.adapters.carriers.as4.test_vectors import AT, forger, side, theirs
from tests.adapters.seals.parties import ec_key, key_pem, party
from tests.api.world import Said, World, authority, document, partner_certificate, pem
from tests.exchange.hubs import CUSTODIAN, agreement_text

#: RSA keys are checked whenever they are read.
pytestmark = pytest.mark.slow

US, THEM = "kz-knb", "de-bka"
PROFILE = """
adapter = "bilateral"
dialect = "record-json"

[carrier]
name = "as4"
address = "https://127.0.0.1:1/as4"
max_parcel_bytes = 1048576
"""


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """The partner's gateway, and our hub with its profile."""

    world: World
    leaf: bytes

    def push(self, message: tuple[str, bytes], *, leaf: bytes | None = None) -> Said:
        media_type, body = message
        return self.world.call(
            "POST", "/as4", certificate=leaf or self.leaf, data=body, content_type=media_type
        )

    def document(self) -> bytes:
        """Return a record of the partner's own, as the profile's dialect has it."""
        at = self.world.broker.clock.now()
        record = load_record(fill_in(document(), agency=THEM, at=at), max_bytes=1 << 20).document
        return json.dumps(dict(record), ensure_ascii=False).encode()

    def intakes(self, parcel_id: str) -> list[IntakeRow]:
        with self.world.broker.store.read() as view:
            return list(view.hubless.intakes_by_id(THEM, parcel_id))


def gateway_of(world: World, leaf: bytes) -> Gateway:
    folder = world.hubs.folder / "adapters"
    broker = world.broker
    adapting = Adapters(agency=US, store=broker.store, keyring=broker.keyring, folder=folder)
    world = replace(world, broker=replace(broker, adapting=adapting))
    certificate = x509.load_der_x509_certificate(leaf)
    client = pem(certificate) + pem(authority(THEM).certificate)
    us, them, tls = side(US), side(THEM), party("tls", ec_key())
    for name, sort, content in (
        ("as4", "key", key_pem(us.key)),
        ("as4", "certificates", us.certificate.public_bytes(Encoding.PEM)),
        (THEM, "certificates", them.certificate.public_bytes(Encoding.PEM)),
        ("as4-tls", "key", key_pem(tls.key)),
        ("as4-tls", "certificates", tls.certificate.public_bytes(Encoding.PEM)),
        ("as4-authority", "certificates", pem(authority(THEM).certificate).encode()),
        ("as4-client", "certificates", client.encode()),
    ):
        put_material(world.broker, CUSTODIAN, THEM, name, sort, content)
    pin_profile(world.broker, CUSTODIAN, THEM, PROFILE, confirmed_digest=profile_digest(PROFILE))
    text = agreement_text([US, "cis-atc", THEM, "kz-mvd"]).replace("version = 1", "version = 2", 1)
    adopt(world.broker, CUSTODIAN, text)
    world.later()
    return Gateway(world=world, leaf=leaf)


@pytest.fixture
def gateway(world: World) -> Gateway:
    return gateway_of(world, partner_certificate(THEM))


def answered(message: tuple[str, bytes], said: Said, parcel_id: str = "p") -> Receipt | Failure:
    assert said.status == 200
    assert said.response.content_type == "application/soap+xml; charset=UTF-8"
    references = references_of(read_envelope(read_parts(*message).envelope))
    about = message_id(parcel_id, THEM)
    return read_signal(said.response.data, about=about, references=references, agreed=theirs(), at=AT)


def test_a_message_becomes_a_record_and_its_receipt_comes_again(world: World) -> None:
    gateway = gateway_of(world, partner_certificate(THEM))
    message = pack(Parcel(parcel_id="p", content=gateway.document()), theirs(), AT)
    said = gateway.push(message)
    assert answered(message, said) == Receipt(signer=side(US).certificate)
    (intake,) = gateway.intakes("p")
    assert (intake.code, intake.acknowledged_at is None) == (None, False)
    assert gateway.world.row(str(intake.record_id)).originator == THEM
    assert gateway.push(message).response.data == said.response.data
    assert gateway.intakes("p") == [intake]
    assert len(gateway.world.events(Act.ADMITTED)) == 1


def test_what_the_hub_refuses_is_a_signed_error_and_stays_refused(gateway: Gateway) -> None:
    message = pack(Parcel(parcel_id="p", content=b"{}"), theirs(), AT)
    said = gateway.push(message)
    told = answered(message, said)
    assert isinstance(told, Failure)
    (intake,) = gateway.intakes("p")
    assert intake.code is not None
    assert told.sentence == f"EBMS:0004 Other {intake.code}"
    assert told.signer == side(US).certificate
    assert gateway.push(message).response.data == said.response.data


def test_a_forged_message_is_answered_and_nothing_of_it_is_kept(gateway: Gateway) -> None:
    stranger = pack(Parcel(parcel_id="p", content=gateway.document()), forger().stranger, AT)
    told = answered(stranger, gateway.push(stranger))
    assert isinstance(told, Failure)
    assert told.sentence == "EBMS:0101 FailedAuthentication signature-invalid"
    assert gateway.intakes("p") == []
    assert gateway.push(("text/plain", b"hello")).status == 200
    assert logged(gateway) == [("signature-invalid", "1"), ("partner-document-malformed", "1")]


def logged(gateway: Gateway) -> list[tuple[str, str]]:
    """Return what the log says of refused messages."""
    found = [one for one in gateway.world.events(Act.REFUSED) if one["operation"] == "message"]
    assert all(one["address"] == THEM for one in found)
    return [(one["code"], one["times"]) for one in found]


def test_every_message_that_is_refused_is_in_the_log_with_its_code(gateway: Gateway) -> None:
    other = replace(theirs(), us=replace(theirs().us, party_id="xx-other"))
    for_another = replace(theirs(), theirs=(side("stranger").certificate,))
    parcel = Parcel(parcel_id="p", content=gateway.document())
    unsigned = next(one for one in forger().messages() if one.name == "no signature").make()
    for message in (pack(parcel, other, AT), pack(parcel, for_another, AT), unsigned):
        gateway.push(message)
    for content in (b"{}", b"[]"):
        gateway.push(pack(replace(parcel, content=content), theirs(), AT))
    assert logged(gateway) == [
        ("originator-mismatch", "1"),
        ("decryption-failed", "1"),
        ("signature-missing", "1"),
        ("envelope-id-reused", "1"),
    ]
    with gateway.world.broker.store.read() as view:
        refused = [one for _, one in view.events(after=0, limit=1000) if one.act is Act.REFUSED]
    (event,) = (one for one in refused if one.details["code"] == "signature-missing")
    assert (str(event.actor), event.subject) == (f"hub:{US}", THEM)
    assert event.details["thumbprint"] == sha256(gateway.leaf).hexdigest()


def test_a_flood_of_forged_messages_is_two_entries_a_minute(gateway: Gateway) -> None:
    stranger = pack(Parcel(parcel_id="p", content=gateway.document()), forger().stranger, AT)
    for _ in range(30):
        gateway.push(stranger)
    assert logged(gateway) == [("signature-invalid", "1")]
    gateway.world.later(61)
    gateway.push(stranger)
    assert logged(gateway) == [("signature-invalid", "1"), ("signature-invalid", "29")]
    gateway.world.later(61)
    gateway.push(stranger)
    assert logged(gateway)[2:] == [("signature-invalid", "1")]


def test_no_number_of_strangers_hides_whose_message_is_refused(gateway: Gateway) -> None:
    small = replace(gateway, world=gateway.world.limited(strangers_max=1))
    for number in range(3):
        environ = {"REMOTE_ADDR": f"192.0.2.{number}"}
        small.world.call("GET", "/api/v1/records", token="nonsense", environ=environ)
    small.push(("text/plain", b"hello"))
    assert logged(small) == [("partner-document-malformed", "1")]


def test_a_verdict_that_is_not_possible_now_comes_with_the_repeat(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = pack(Parcel(parcel_id="p", content=gateway.document()), theirs(), AT)

    def full(*_: object) -> IntakeRow:
        raise OurFault("storage-unavailable", "The disk is full.")

    with monkeypatch.context() as broken:
        broken.setattr("hub.exchange.hubless.called.take", full)
        said = gateway.push(message)
    assert (said.status, said.response.data) == (202, b"")
    assert "Content-Type" not in said.headers
    broker = gateway.world.broker
    assert take_parcels(broker, broker.standing().hubless[THEM]) == 1
    assert answered(message, gateway.push(message)) == Receipt(signer=side(US).certificate)


def test_only_the_gateway_whose_certificate_is_held_gets_in(gateway: Gateway) -> None:
    message = pack(Parcel(parcel_id="p", content=gateway.document()), theirs(), AT)
    assert gateway.push(message, leaf=partner_certificate(THEM)).code == "certificate-unknown"
    assert gateway.push(message, leaf=partner_certificate("cis-atc")).code == "not-found"
    assert gateway.world.call("POST", "/as4").code == "certificate-missing"
    assert gateway.world.call("GET", "/as4", certificate=gateway.leaf).status == 405
    suspend_hubless(gateway.world.broker, CUSTODIAN, THEM)
    gateway.world.later()
    assert gateway.push(message).code == "partner-suspended"
    assert gateway.intakes("p") == []


def test_its_certificate_opens_nothing_else(gateway: Gateway) -> None:
    said = gateway.world.call("GET", "/api/v1/inbox", certificate=gateway.leaf)
    assert said.status in (401, 403)


def test_a_message_that_is_too_large_is_refused_before_it_is_read(gateway: Gateway) -> None:
    small = replace(gateway, world=gateway.world.limited(as4_message_max_bytes=100))
    assert small.push(pack(Parcel(parcel_id="p", content=b"x"), theirs(), AT)).code == "request-too-large"


def test_nothing_is_taken_while_too_many_that_were_refused_are_kept(gateway: Gateway) -> None:
    full = replace(gateway, world=gateway.world.limited(parcels_held_max=1))
    full.push(pack(Parcel(parcel_id="p", content=b"{}"), theirs(), AT))
    message = pack(Parcel(parcel_id="q", content=b"{}"), theirs(), AT)
    assert full.push(message).code == "quota-exceeded"


def test_nothing_is_taken_by_a_partner_whose_carrier_is_not_called(gateway: Gateway) -> None:
    source = 'adapter = "bilateral"\n[carrier]\nname = "folder"\npath = "/nowhere"\n'
    broker = gateway.world.broker
    pin_profile(broker, CUSTODIAN, "fr-dgsi", source, confirmed_digest=profile_digest(source))
    gateway.world.later()
    actor = Actor(kind=ActorKind.PARTNER, id="fr-dgsi", agency="fr-dgsi")
    with pytest.raises(Refused) as refused:
        answer_message(broker, actor, "text/plain", b"")
    assert refused.value.code == "not-found"
