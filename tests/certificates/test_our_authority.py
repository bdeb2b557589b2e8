"""Our authority at work: two custodians, renewal, alarms, revocation, and a foreign one in its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from hub.audit.events import Act
from hub.bootstrap.authority import AuthorityDesk
from hub.bootstrap.leaf_desk import LeafDesk
from hub.bootstrap.making import init_hub
from hub.bootstrap.opening import Hub, open_hub
from hub.errors import HubError
from hub.exchange.broker import Broker
from hub.exchange.certificates.enrolling import issue_requested, reject_request, request_certificate
from hub.exchange.certificates.expiring import Ending, give_alarms
from hub.exchange.certificates.issuing import revoke_certificate
from hub.exchange.partners import pair
from hub.exchange.revocation.checking import ask_about, fetch_lists
from hub.exchange.revocation.rules import set_rule
from hub.federation.authorities import authority_id
from hub.federation.card import fingerprint, read_card
from hub.federation.revocation import RevocationPolicy
from hub.records.actor import Actor, ActorKind, Role
from hub.transport.peer import identify
from hub.transport.revocation import HttpRevocationClient
from keys.foreign import REQUESTS_MAX
from tests.exchange.hubs import CUSTODIAN
from tests.servers.openssl import responder, web
from tests.transport.foreign import Issuer, ministry

pytestmark = pytest.mark.slow

NOW = datetime.now(UTC)


@dataclass
class Clock:
    """A clock that a test sets."""

    at: datetime

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    init_hub(tmp_path / "hub", agency="kz-knb")
    with open_hub(tmp_path / "hub") as opened:
        yield opened


def custodian(name: str) -> Actor:
    return Actor(kind=ActorKind.OFFICER, id=name, agency="kz-knb", roles=frozenset({Role.CUSTODIAN}))


def request() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    built = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    return built.public_bytes(Encoding.PEM)


def asked(hub: Hub, by: str = "askar", agency: str = "kz-mvd") -> str:
    return request_certificate(
        hub.broker,
        custodian(by),
        agency=agency,
        name="",
        scopes=["collect:*"],
        request=request(),
        check=hub.authority.check_request,
    ).enrolment_id


def refusal(step: object, *args: object, **told: object) -> str:
    with pytest.raises(HubError) as raised:
        step(*args, **told)  # type: ignore[operator]
    return raised.value.code


class Desks(NamedTuple):
    """A hub's desks at another time."""

    broker: Broker
    leaf: LeafDesk
    authority: AuthorityDesk


def at_time(hub: Hub, at: datetime) -> Desks:
    broker = replace(hub.broker, clock=Clock(at))
    leaf = LeafDesk(broker, hub.keyring, hub.config)
    return Desks(broker, leaf, AuthorityDesk(broker, hub.keyring, hub.config, leaf))


def test_a_member_is_admitted_by_two_custodians_and_no_fewer(hub: Hub) -> None:
    wanted, issue = asked(hub), hub.authority.issue_member
    broker = hub.broker
    assert refusal(issue_requested, broker, custodian("askar"), wanted, issue=issue) == "four-eyes"
    drafter = replace(custodian("dana"), roles=frozenset({Role.DRAFTER}))
    assert refusal(issue_requested, broker, drafter, wanted, issue=issue) == "role-missing"
    assert refusal(issue_requested, broker, broker.itself, wanted, issue=issue) == "role-missing"
    with broker.store.read() as view:
        assert view.directory.members() == []

    row, pem = issue_requested(broker, custodian("dana"), wanted, issue=issue)
    leaf = x509.load_pem_x509_certificate(pem.encode())
    trust = hub.trust.current(datetime.now(UTC) + timedelta(seconds=5))
    der = leaf.public_bytes(Encoding.DER)
    assert identify(der, trust, datetime.now(UTC)).agency == "kz-mvd"
    assert (row.requested_by, row.decided_by) == ("officer:askar", "officer:dana")
    assert refusal(issue_requested, broker, custodian("dana"), wanted, issue=issue) == "transition-invalid"


def test_a_request_can_be_turned_down_and_is_then_over(hub: Hub) -> None:
    wanted = asked(hub)
    reject_request(hub.broker, custodian("askar"), wanted)
    again = refusal(issue_requested, hub.broker, custodian("dana"), wanted, issue=hub.authority.issue_member)
    assert again == "transition-invalid"


def test_a_console_issues_nothing_alone_unless_it_is_told_that_it_may(hub: Hub) -> None:
    assert refusal(hub.authority.enrol, "kz-mvd", csr_pem=None) == "four-eyes"
    config = replace(hub.config, unsafe_member_enrolment_alone=True)
    desk = AuthorityDesk(hub.broker, hub.keyring, config, hub.leaf)
    assert desk.enrol("kz-mvd", csr_pem=None).certificate_pem


def test_a_revoked_member_is_refused_and_cannot_be_revoked_twice(hub: Hub) -> None:
    row, pem = issue_requested(hub.broker, custodian("dana"), asked(hub), issue=hub.authority.issue_member)
    assert row.thumbprint is not None
    revoke_certificate(hub.broker, CUSTODIAN, row.thumbprint, reason="keyCompromise")
    der = x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)
    trust = hub.trust.current(datetime.now(UTC) + timedelta(seconds=5))
    assert refusal(identify, der, trust, datetime.now(UTC)) == "certificate-revoked"
    again = refusal(revoke_certificate, hub.broker, CUSTODIAN, row.thumbprint, reason="superseded")
    assert again == "transition-invalid"
    assert refusal(revoke_certificate, hub.broker, CUSTODIAN, "ffffffff", reason="superseded") == "not-found"
    assert refusal(revoke_certificate, hub.broker, CUSTODIAN, "ff", reason="whim") == "request-invalid"


def test_the_hubs_leaf_is_renewed_before_its_end_and_not_earlier(hub: Hub) -> None:
    before = hub.leaf.present()
    soon = at_time(hub, before.not_valid_after_utc - timedelta(days=61)).leaf
    assert not soon.renew_when_due()
    due = at_time(hub, before.not_valid_after_utc - timedelta(days=59)).leaf
    assert due.renew_when_due()
    after = hub.leaf.present()
    assert after.not_valid_after_utc > before.not_valid_after_utc
    assert not due.renew_when_due()
    with hub.store.read() as view:
        assert len(view.certificates.page(before=None, limit=9)) == 2
        steps = [e.details.get("step") for _, e in view.events(after=0, limit=99) if e.act is Act.KEY_CHANGED]
    assert steps[-2:] == ["tls-renewed", "certificate-issued"]


def test_each_alarm_is_given_once(hub: Hub) -> None:
    end = NOW + timedelta(days=100)
    own = [Ending(what="hub", agency="kz-knb", thumbprint="aa", not_after=end)]
    given = []
    for days in (40, 29.5, 29, 15, 13.5, 10, 6.5, 6, 0.5, 0.1, -1):
        broker = at_time(hub, end - timedelta(days=days)).broker
        given += [alarm for _, alarm in give_alarms(broker, own)]
    assert given == [30, 14, 7, 1]


def test_one_authority_takes_the_place_of_another(hub: Hub) -> None:
    first = hub.keyring.authorities()[0].pem
    following = hub.authority.make_next(CUSTODIAN).pem
    assert read_card(hub.card()).authorities == (first, following)
    assert refusal(hub.authority.make_next, CUSTODIAN) == "transition-invalid"
    issue_requested(hub.broker, custodian("dana"), asked(hub), issue=hub.authority.issue_member)
    hub.authority.switch(CUSTODIAN)
    assert read_card(hub.card()).authorities == (following, first)
    hub.leaf.present().verify_directly_issued_by(x509.load_pem_x509_certificate(following.encode()))
    assert refusal(hub.authority.retire, CUSTODIAN) == "conflict"  # a member shows one of its certificates
    issue_requested(hub.broker, custodian("dana"), asked(hub), issue=hub.authority.issue_member)
    hub.authority.retire(CUSTODIAN)
    assert read_card(hub.card()).authorities == (following,)
    assert refusal(hub.authority.retire, CUSTODIAN) == "not-found"


# A hub under a foreign authority, and what its partner learns of it.


def under_the_ministry(hub: Hub) -> tuple[Issuer, x509.Certificate]:
    """Let a hub have its certificate from a ministry."""
    issuer = ministry()
    raw = hub.leaf.request_foreign(CUSTODIAN, ["hub.bka.example"])
    return issuer, answered(hub, issuer, raw)


def answered(hub: Hub, issuer: Issuer, raw: bytes) -> x509.Certificate:
    """Let a ministry answer a request, and install what it issued."""
    wanted = x509.load_pem_x509_csr(raw)
    names = wanted.extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    class Asked:
        """Stands for a key of which only the public half is known."""

        def public_key(self) -> object:
            return wanted.public_key()

    leaf, _ = issuer.issue(list(names), key=Asked())  # type: ignore[arg-type]
    chain = b"".join(c.public_bytes(Encoding.PEM) for c in (issuer.certificate, *issuer.above))
    hub.leaf.install_foreign(CUSTODIAN, leaf.public_bytes(Encoding.PEM), chain)
    return leaf


@pytest.fixture
def abroad(tmp_path: Path) -> Iterator[Hub]:
    init_hub(tmp_path / "abroad", agency="de-bka")
    with open_hub(tmp_path / "abroad") as opened:
        yield opened


def paired(hub: Hub, abroad: Hub) -> None:
    card = abroad.card()
    pair(hub.broker, CUSTODIAN, card, confirmed_fingerprint=fingerprint(card))


def test_a_hub_with_a_foreign_certificate_is_known_by_its_card(hub: Hub, abroad: Hub) -> None:
    issuer, leaf = under_the_ministry(abroad)
    card = read_card(abroad.card())
    assert card.tls_ca_pem == issuer.pem
    paired(hub, abroad)
    trust = hub.trust.current(datetime.now(UTC) + timedelta(seconds=5))
    der = leaf.public_bytes(Encoding.DER)
    assert identify(der, trust, datetime.now(UTC)).agency == "de-bka"
    assert not abroad.leaf.renew_when_due()
    assert refusal(abroad.leaf.renew, CUSTODIAN) == "transition-invalid"


def test_the_key_of_the_next_foreign_certificate_is_on_the_card_before_it_is_used(abroad: Hub) -> None:
    under_the_ministry(abroad)
    before = read_card(abroad.card()).tls.pins
    abroad.leaf.request_foreign(CUSTODIAN, [])
    after = read_card(abroad.card()).tls.pins
    assert after[:1] == before
    assert len(after) == 2


def test_a_certificate_of_another_key_is_not_installed(abroad: Hub) -> None:
    issuer = ministry()
    leaf, _ = issuer.issue([x509.DNSName("hub.bka.example")])
    chain = b"".join(c.public_bytes(Encoding.PEM) for c in (issuer.certificate, *issuer.above))
    pem = leaf.public_bytes(Encoding.PEM)
    assert refusal(abroad.leaf.install_foreign, CUSTODIAN, pem, chain) == "not-found"
    abroad.leaf.request_foreign(CUSTODIAN, [])
    assert refusal(abroad.leaf.install_foreign, CUSTODIAN, pem, chain) == "request-invalid"
    only = issuer.certificate.public_bytes(Encoding.PEM)
    assert refusal(abroad.leaf.install_foreign, CUSTODIAN, pem, only) == "request-invalid"


@pytest.mark.parametrize("revoked", [False, True])
def test_a_real_responder_decides_about_a_foreign_certificate(hub: Hub, abroad: Hub, revoked: bool) -> None:
    issuer, leaf = under_the_ministry(abroad)
    paired(hub, abroad)
    client = HttpRevocationClient(timeout_s=10)
    with responder(issuer, {leaf.serial_number: revoked}) as there:
        set_rule(hub.broker, CUSTODIAN, "de-bka", policy=RevocationPolicy.REQUIRE, crl=[], ocsp=[there.url])
        partner = hub.broker.standing().partners["de-bka"]
        key = authority_id(issuer.pem)
        done = ask_about(hub.broker, client, partner, authority=key, serial=leaf.serial_number)
    assert (done.answered, done.failures) == (1, ())
    at = datetime.now(UTC) + timedelta(hours=2)
    trust = hub.trust.current(at)
    der = leaf.public_bytes(Encoding.DER)
    if revoked:
        assert refusal(identify, der, trust, at) == "certificate-revoked"
    else:
        assert refusal(identify, der, trust, at) == "revocation-unknown"  # openssl's answer lasts an hour
        assert identify(der, trust, datetime.now(UTC)).agency == "de-bka"


def test_a_list_that_is_older_than_the_one_held_is_refused(hub: Hub, abroad: Hub) -> None:
    with web() as there:
        abroad_old = abroad.authority.crl()
        paired(hub, abroad)
        set_rule(hub.broker, CUSTODIAN, "de-bka", policy=None, crl=[f"{there.url}/l"], ocsp=[])
        later = at_time(abroad, NOW + timedelta(hours=13)).authority
        broker = at_time(hub, NOW + timedelta(hours=13)).broker
        partner = broker.standing().partners["de-bka"]
        client = HttpRevocationClient(timeout_s=10)
        there.pages["/l"] = later.crl()
        assert fetch_lists(broker, client, partner).changed == 1
        there.pages["/l"] = abroad_old
        ((_, failure),) = fetch_lists(broker, client, partner).failures
        assert failure.code == "revocation-invalid"
        there.pages["/l"] = 503
        ((_, failure),) = fetch_lists(broker, client, partner).failures
        assert failure.code == "revocation-unavailable"


def test_another_request_is_made_beside_one_that_is_out_and_either_may_be_answered(abroad: Hub) -> None:
    issuer, _ = under_the_ministry(abroad)
    first = abroad.leaf.request_foreign(CUSTODIAN, [])
    assert refusal(abroad.leaf.request_foreign, CUSTODIAN, []) == "conflict"
    assert abroad.leaf.request_foreign(CUSTODIAN, [], again=True) != first
    assert len(read_card(abroad.card()).tls.pins) == 3
    leaf = answered(abroad, issuer, first)
    assert abroad.leaf.present() == leaf
    assert len(read_card(abroad.card()).tls.pins) == 1
    assert abroad.leaf.request_foreign(CUSTODIAN, [])


def test_as_many_requests_are_out_as_a_card_has_room_for(abroad: Hub) -> None:
    issuer, _ = under_the_ministry(abroad)
    requests = [abroad.leaf.request_foreign(CUSTODIAN, [], again=True) for _ in range(REQUESTS_MAX + 1)]
    assert len(read_card(abroad.card()).tls.pins) == REQUESTS_MAX + 1
    assert refusal(answered, abroad, issuer, requests[0]) == "request-invalid"
    leaf = answered(abroad, issuer, requests[1])
    assert abroad.leaf.present() == leaf


def test_a_foreign_certificate_that_a_crash_kept_out_of_the_log_is_logged_by_the_next_turn(
    abroad: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def installed() -> int:
        with abroad.store.read() as view:
            found = [event for _, event in view.events(after=0, limit=1000)]
        return sum(event.details.get("step") == "foreign-installed" for event in found)

    with monkeypatch.context() as patch:
        patch.setattr(LeafDesk, "_log_foreign", lambda *_told: None)  # killed before the event
        under_the_ministry(abroad)
    assert installed() == 0
    for _ in range(2):
        assert not abroad.leaf.renew_when_due()
    assert installed() == 1
    desk = LeafDesk(abroad.broker, abroad.keyring, abroad.config)  # another process looks for itself
    assert not desk.renew_when_due()
    assert installed() == 1
