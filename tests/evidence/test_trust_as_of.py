"""A signature of ten years ago is judged by the trust of that day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from hub.audit.events import Act
from hub.entries import RevocationRow, TrustKind
from hub.evidence.bundle import Bundle
from hub.evidence.findings import Outcome, Standing
from hub.evidence.verifying import verify_bundle
from hub.exchange import receiving
from hub.exchange.broker import Broker
from hub.exchange.mailbox import mailbox
from hub.exchange.partners import pair
from hub.exchange.receiving import receive
from hub.exchange.suspending import suspend
from hub.federation.authorities import authority_id
from hub.federation.card import fingerprint, read_card
from hub.federation.directory.statement import Statement, make_statement
from hub.federation.names import agency_uri, authority_name
from tests.evidence.world import World, keys_of, resigned, told
from tests.exchange import hubs as hubs_
from tests.exchange.hubs import CUSTODIAN, START, Hubs, LooseKeyring, own_card_of, released

TEN_YEARS = timedelta(days=3653)


@dataclass(kw_only=True)
class Authority:
    """An agency's certificate authority with its key: issues a leaf, and says what it revoked."""

    agency: str
    at: datetime
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def make(cls, agency: str, at: datetime) -> Authority:
        key = ec.generate_private_key(ec.SECP256R1())
        name = authority_name(agency)
        built = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(at - timedelta(days=1))
            .not_valid_after(at + timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=False,
                    content_commitment=False,
                    key_encipherment=False,
                    data_encipherment=False,
                    key_agreement=False,
                    key_cert_sign=True,
                    crl_sign=True,
                    encipher_only=False,
                    decipher_only=False,
                ),
                critical=True,
            )
            .sign(key, hashes.SHA256())
        )
        return cls(agency=agency, at=at, key=key, certificate=built)

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def leaf(self) -> x509.Certificate:
        uri = x509.UniformResourceIdentifier(agency_uri(self.agency))
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(self.certificate.subject)
            .public_key(ec.generate_private_key(ec.SECP256R1()).public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.at - timedelta(days=1))
            .not_valid_after(self.at + timedelta(days=90))
            .add_extension(x509.SubjectAlternativeName([uri]), critical=True)
            .sign(self.key, hashes.SHA256())
        )

    def crl(self, at: datetime, *revoked: x509.Certificate) -> bytes:
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(at)
            .next_update(at + timedelta(days=1))
        )
        for one in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(one.serial_number).revocation_date(at)
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER)


def publish(broker: Broker, authority: Authority, raw: bytes, at: datetime) -> None:
    """Have a hub hold a revocation list, as if it had fetched it."""
    with broker.store.work() as work:
        digest = work.trust.keep(TrustKind.CRL, raw)
        work.revocations.put_answer(
            RevocationRow(
                authority=authority_id(authority.pem),
                kind="crl",
                serial="",
                this_update=at,
                next_update=at + timedelta(days=1),
                fetched_at=at,
                until=at + timedelta(days=1),
                digest=digest,
                url="http://ca.test/crl",
                good=False,
                revoked=False,
            )
        )
        work.commit()


@dataclass(kw_only=True)
class Then:
    """What happened ten years ago: cis-atc admitted a record of kz-knb."""

    world: World
    authority: Authority
    leaf: x509.Certificate


def admit(hubs: Hubs, monkeypatch: pytest.MonkeyPatch, *, revoked: bool = False, listed: bool = True) -> Then:
    authority = Authority.make("kz-knb", START)
    monkeypatch.setitem(hubs_._AUTHORITIES, "kz-knb", authority.pem)
    for agency in ("kz-knb", "cis-atc", "sco-rats"):
        hubs.add(agency)
    hubs.pair_all()
    hubs.agree()
    world = World(hubs=hubs, witnesses=("sco-rats",))
    world.record_id = released(world.ours, "cis-atc", narrative="short").record_id
    leaf = authority.leaf()
    if listed:
        publish(world.theirs, authority, authority.crl(START, *([leaf] if revoked else [])), START)
    mail = mailbox(world.ours, "cis-atc", limit=9)
    receive(world.theirs, "kz-knb", mail.transfers, leaf=leaf.public_bytes(Encoding.DER))
    return Then(world=world, authority=authority, leaf=leaf)


def ten_years_on(then: Then, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the card and its keys, suspend the partner, revoke its certificate."""
    world, hubs = then.world, then.world.hubs
    hubs.clock.at += TEN_YEARS
    now = hubs.clock.now()
    later = Authority.make("kz-knb", now)
    monkeypatch.setitem(hubs_._AUTHORITIES, "kz-knb", later.pem)
    card = own_card_of(replace(world.ours, keyring=LooseKeyring("kz-knb", 77)))
    pair(world.theirs, CUSTODIAN, card, confirmed_fingerprint=fingerprint(card))
    publish(world.theirs, then.authority, then.authority.crl(now, then.leaf), now)
    suspend(world.theirs, CUSTODIAN, "kz-knb")


@pytest.mark.parametrize("decade", [False, True])
def test_what_was_right_then_stays_proven(hubs: Hubs, monkeypatch: pytest.MonkeyPatch, decade: bool) -> None:
    then = admit(hubs, monkeypatch)
    if decade:
        ten_years_on(then, monkeypatch)
    world = then.world
    verdict = verify_bundle(world.export(world.theirs), world.anchors(world.theirs, witnesses=("sco-rats",)))
    assert verdict.outcome is Outcome.PROVEN, told(verdict)
    assert {"trust-as-of", "certificate-good", "pin-in-force"} <= keys_of(verdict, Standing.PROVEN)
    assert "revocation" not in keys_of(verdict, Standing.NOT_CHECKED)


def test_a_certificate_that_was_revoked_already_is_told(hubs: Hubs, monkeypatch: pytest.MonkeyPatch) -> None:
    world = admit(hubs, monkeypatch, revoked=True).world
    verdict = verify_bundle(world.export(world.theirs), world.anchors(world.theirs, witnesses=("sco-rats",)))
    assert "certificate-was-revoked" in keys_of(verdict, Standing.DISPROVEN)


def test_where_nothing_was_published_that_is_told(hubs: Hubs, monkeypatch: pytest.MonkeyPatch) -> None:
    world = admit(hubs, monkeypatch, listed=False).world
    verdict = verify_bundle(world.export(world.theirs), world.anchors(world.theirs, witnesses=("sco-rats",)))
    assert verdict.outcome is Outcome.PROVEN, told(verdict)
    assert {"certificate-unchecked", "revocation"} <= keys_of(verdict, Standing.NOT_CHECKED)


def test_an_exporter_cannot_leave_out_or_exchange_what_was_trusted(
    hubs: Hubs, monkeypatch: pytest.MonkeyPatch
) -> None:
    then = admit(hubs, monkeypatch)
    world = then.world
    raw, anchors = world.export(world.theirs), world.anchors(world.theirs, witnesses=("sco-rats",))
    other = Authority.make("kz-knb", START)

    def without(kind: TrustKind) -> set[str]:
        changed = resigned(
            raw, world.theirs, lambda b: replace(b, trust=tuple(p for p in b.trust if p.kind is not kind))
        )
        verdict = verify_bundle(changed, anchors)
        assert verdict.outcome is Outcome.INCOMPLETE
        return keys_of(verdict, Standing.NOT_SHOWN)

    for kind in (TrustKind.SNAPSHOT, TrustKind.PIN, TrustKind.CARD, TrustKind.CRL):
        assert "trust-not-shown" in without(kind)
    assert without(TrustKind.CERTIFICATE) & {"trust-not-shown", "certificate-not-shown"}

    def exchanged(bundle: Bundle) -> Bundle:
        parts = (replace(p, raw=other.crl(START)) if p.kind is TrustKind.CRL else p for p in bundle.trust)
        return replace(bundle, trust=tuple(parts))

    # Another list has another digest: it is not the one that the log commits to.
    verdict = verify_bundle(resigned(raw, world.theirs, exchanged), anchors)
    assert "trust-not-shown" in keys_of(verdict, Standing.NOT_SHOWN)


def test_a_list_of_another_authority_speaks_for_no_certificate(
    hubs: Hubs, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority.make("kz-knb", START)
    monkeypatch.setitem(hubs_._AUTHORITIES, "kz-knb", authority.pem)
    for agency in ("kz-knb", "cis-atc", "sco-rats"):
        hubs.add(agency)
    hubs.pair_all()
    hubs.agree()
    world = World(hubs=hubs, witnesses=("sco-rats",))
    world.record_id = released(world.ours, "cis-atc", narrative="short").record_id
    publish(world.theirs, authority, Authority.make("kz-knb", START).crl(START), START)
    mail = mailbox(world.ours, "cis-atc", limit=9)
    receive(world.theirs, "kz-knb", mail.transfers, leaf=authority.leaf().public_bytes(Encoding.DER))
    verdict = verify_bundle(world.export(world.theirs), world.anchors(world.theirs, witnesses=("sco-rats",)))
    assert "revocation-answer-false" in keys_of(verdict, Standing.DISPROVEN)


def test_a_leaf_of_another_authority_is_told(hubs: Hubs, monkeypatch: pytest.MonkeyPatch) -> None:
    then = admit(hubs, monkeypatch)
    world, hubs_of = then.world, then.world.hubs
    hubs_of.clock.pass_(1)
    world.record_id = released(world.ours, "cis-atc", narrative="other").record_id
    mail = mailbox(world.ours, "cis-atc", limit=9)
    strange = Authority.make("kz-knb", START).leaf().public_bytes(Encoding.DER)
    receive(world.theirs, "kz-knb", mail.transfers, leaf=strange)
    verdict = verify_bundle(world.export(world.theirs), world.anchors(world.theirs, witnesses=("sco-rats",)))
    assert "certificate-of-another" in keys_of(verdict, Standing.DISPROVEN)


def test_a_bundle_of_the_format_before_still_verifies(hubs: Hubs, monkeypatch: pytest.MonkeyPatch) -> None:
    # A hub of that time named nothing. Where entries do, a bundle without it is incomplete in any format.
    monkeypatch.setattr(receiving, "relied_on", lambda *_told, **_more: {})
    world = admit(hubs, monkeypatch).world
    raw = resigned(
        world.export(world.theirs),
        world.theirs,
        lambda b: replace(b, trust=(), transfers=(), format="hub-evidence/1"),
    )
    assert b'"format":"hub-evidence/1"' in raw
    assert b'"trust":[' not in raw
    verdict = verify_bundle(raw, world.anchors(world.theirs, witnesses=("sco-rats",)))
    assert verdict.outcome is Outcome.PROVEN, told(verdict)
    assert "revocation" in keys_of(verdict, Standing.NOT_CHECKED)


def show(broker: Broker, raw: bytes) -> None:
    """Have a directory show an entry of kz-knb here, as a refresh would remember it."""
    with broker.store.work() as work:
        work.directory.put_statement("kz-knb", work.trust.keep(TrustKind.STATEMENT, raw))
        work.stage([broker.event(Act.PARTNER_CHANGED, broker.itself, "kz-knb", START, change="trust")])
        work.commit()


@pytest.mark.parametrize(
    ("days", "other", "key", "standing"),
    [
        (90, False, "statement-shown", Standing.PROVEN),
        (-1, False, "statement-out-of-date", Standing.NOT_CHECKED),
        (90, True, "statement-false", Standing.DISPROVEN),
    ],
)
def test_the_entry_of_a_directory_that_showed_the_card_is_judged_as_of_then(
    hubs: Hubs, monkeypatch: pytest.MonkeyPatch, days: int, other: bool, key: str, standing: Standing
) -> None:
    then = admit(hubs, monkeypatch)
    world = then.world
    hubs.clock.pass_(1)
    card = own_card_of(replace(world.ours, keyring=LooseKeyring("kz-knb", 77)) if other else world.ours)
    keys = (LooseKeyring("kz-knb", 77) if other else world.ours.keyring).signing()
    said = Statement(
        agency="kz-knb",
        issued_at=START - timedelta(days=2),
        expires_at=START + timedelta(days=days),
        card=read_card(card),
        card_raw=card,
    )
    show(world.theirs, make_statement(said, keys))
    world.record_id = released(world.ours, "cis-atc", narrative="shown").record_id
    mail = mailbox(world.ours, "cis-atc", limit=9)
    receive(world.theirs, "kz-knb", mail.transfers, leaf=then.leaf.public_bytes(Encoding.DER))
    verdict = verify_bundle(world.export(world.theirs), world.anchors(world.theirs, witnesses=("sco-rats",)))
    assert key in keys_of(verdict, standing), told(verdict)
