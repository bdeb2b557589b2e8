"""Who a certificate speaks for."""

from __future__ import annotations

import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from hub.entries import CertificateRow, PartnerStatus
from hub.errors import HubError
from hub.federation.answers import read_crl
from hub.federation.authorities import TlsCard, key_pin
from hub.federation.names import agency_uri
from hub.federation.revocation import AnswerOn, ListOf, Revocation, RevocationPolicy
from hub.federation.trust import Pinned, Trust
from hub.transport.peer import Issued, identify, peer_certificate, recognise
from keys.authority import Authority, issue_hub_leaf, make_authority
from keys.revoking import make_crl
from tests.transport.agencies import Shown, hub_leaf, keyring, member_leaf, member_row, odd_leaf
from tests.transport.foreign import ministry, root

#: An hour ahead: leaves are made later than this module is read, in a long run minutes later.
NOW = datetime.now(UTC) + timedelta(hours=1)
YEAR = timedelta(days=365)


def pinned(agency: str, status: PartnerStatus = PartnerStatus.ACTIVE) -> Pinned:
    return Pinned(
        agency=agency,
        authorities=(keyring(agency).tls_files().authority_pem,),
        fingerprint="",
        status=status,
    )


def trust(*partners: Pinned, members: dict[str, object] | None = None) -> Trust:
    return Trust(
        generation=1,
        authority_pem=keyring("kz-knb").tls_files().authority_pem,
        partners={one.agency: one for one in partners},
        members=members or {},
    )


def refusal(leaf: bytes | None, believed: Trust, at: datetime = NOW) -> str:
    with pytest.raises(HubError) as raised:
        identify(leaf, believed, at)
    return raised.value.code


def odd(authority: str, *uris: str) -> Shown:
    names = [x509.UniformResourceIdentifier(uri) for uri in uris] or None
    return odd_leaf(keyring(authority).authority(), names, start=NOW - YEAR, end=NOW + YEAR)


def test_a_pinned_partners_leaf_speaks_for_that_partner() -> None:
    leaf = hub_leaf("cis-atc")
    peer = identify(leaf.der, trust(pinned("cis-atc"), pinned("sco-rats")), NOW)
    assert (peer.agency, peer.role, peer.thumbprint) == ("cis-atc", "partner", leaf.thumbprint)


def test_a_registered_members_leaf_speaks_for_the_member() -> None:
    leaf = member_leaf("kz-mvd", of="kz-knb")
    believed = trust(members={leaf.thumbprint: member_row("kz-mvd", leaf)})
    peer = identify(leaf.der, believed, NOW)
    assert (peer.agency, peer.role) == ("kz-mvd", "member")


def test_no_certificate_is_refused() -> None:
    assert refusal(None, trust(pinned("cis-atc"))) == "certificate-missing"


@given(noise=st.binary(max_size=200))
def test_bytes_that_are_no_certificate_are_refused(noise: bytes) -> None:
    assert refusal(noise, trust(pinned("cis-atc"))) == "certificate-unknown"


def test_a_partner_that_is_not_pinned_is_refused() -> None:
    assert refusal(hub_leaf("cis-atc").der, trust(pinned("sco-rats"))) == "certificate-unknown"


def test_a_partners_authority_cannot_speak_for_another_agency() -> None:
    forged = hub_leaf("sco-rats", under="cis-atc")
    assert refusal(forged.der, trust(pinned("cis-atc"), pinned("sco-rats"))) == "certificate-unknown"


def test_a_partners_authority_cannot_speak_for_a_member() -> None:
    real = member_leaf("kz-mvd", of="kz-knb")
    forged = hub_leaf("kz-mvd", under="cis-atc")
    believed = trust(pinned("cis-atc"), members={real.thumbprint: member_row("kz-mvd", real)})
    assert refusal(forged.der, believed) == "certificate-unknown"


def test_a_member_whose_certificate_is_not_registered_is_refused() -> None:
    registered = member_leaf("kz-mvd", of="kz-knb")
    other = member_leaf("kz-border", of="kz-knb")
    believed = trust(members={registered.thumbprint: member_row("kz-mvd", registered)})
    assert refusal(other.der, believed) == "certificate-unknown"


def test_a_partners_member_does_not_speak_for_the_partner() -> None:
    assert refusal(member_leaf("kg-mvd", of="cis-atc").der, trust(pinned("cis-atc"))) == "certificate-unknown"


def test_a_leaf_without_alternative_names_is_refused() -> None:
    assert refusal(odd("cis-atc").der, trust(pinned("cis-atc"))) == "certificate-unknown"


def test_a_leaf_with_two_agencies_is_refused() -> None:
    both = odd("cis-atc", agency_uri("cis-atc"), agency_uri("sco-rats"))
    assert refusal(both.der, trust(pinned("cis-atc"), pinned("sco-rats"))) == "certificate-unknown"


def test_a_leaf_is_taken_until_its_last_moment_and_not_after() -> None:
    leaf = hub_leaf("cis-atc")
    end = x509.load_der_x509_certificate(leaf.der).not_valid_after_utc
    believed = trust(pinned("cis-atc"))
    assert identify(leaf.der, believed, end).agency == "cis-atc"
    assert refusal(leaf.der, believed, end + timedelta(seconds=1)) == "certificate-expired"
    assert refusal(leaf.der, believed, NOW - timedelta(days=1)) == "certificate-expired"


def test_an_expired_member_is_refused_though_registered() -> None:
    leaf = member_leaf("kz-mvd", of="kz-knb")
    believed = trust(members={leaf.thumbprint: member_row("kz-mvd", leaf)})
    assert refusal(leaf.der, believed, NOW + 2 * YEAR) == "certificate-expired"


def test_a_suspended_partner_is_refused_as_such() -> None:
    believed = trust(pinned("cis-atc", PartnerStatus.SUSPENDED))
    assert refusal(hub_leaf("cis-atc").der, believed) == "partner-suspended"


def test_a_partner_taken_out_of_trust_is_refused_at_the_next_request() -> None:
    leaf = hub_leaf("cis-atc").der
    assert identify(leaf, trust(pinned("cis-atc")), NOW).agency == "cis-atc"
    assert refusal(leaf, trust()) == "certificate-unknown"


def test_a_partner_with_a_new_authority_loses_the_leaves_of_the_old_one() -> None:
    leaf = hub_leaf("cis-atc").der
    renewed = Pinned(
        agency="cis-atc",
        authorities=(keyring("sco-rats").tls_files().authority_pem,),
        fingerprint="",
        status=PartnerStatus.ACTIVE,
    )
    assert identify(leaf, trust(pinned("cis-atc")), NOW).agency == "cis-atc"
    assert refusal(leaf, trust(renewed)) == "certificate-unknown"


def test_a_request_without_a_tls_socket_has_no_certificate() -> None:
    assert peer_certificate({}) is None
    assert peer_certificate({"gunicorn.socket": object()}) is None


def test_a_header_cannot_stand_for_a_certificate() -> None:
    assert peer_certificate({"HTTP_GUNICORN_SOCKET": ssl.SSLSocket, "HTTP_SSL_CLIENT_CERT": "x"}) is None


# A foreign authority issues for many: its agencies are told apart by pinned key and name.

BKA, ANSSI = "dns:hub.bka.example", "dns:hub.anssi.example"


def abroad(agency: str, leaf: Shown, *names: str, revocation: Revocation | None = None) -> Pinned:
    certificate = x509.load_der_x509_certificate(leaf.der)
    above = tuple(one.public_bytes(Encoding.PEM).decode() for one in ministry().above)
    return Pinned(
        agency=agency,
        authorities=(ministry().pem, *above),
        fingerprint="",
        status=PartnerStatus.ACTIVE,
        tls=TlsCard(authorities=above, pins=(key_pin(certificate.public_key()),), names=names),
        revocation=revocation or Revocation(),
    )


def issued(*names: str) -> Shown:
    kinds = {"dns": x509.DNSName, "uri": x509.UniformResourceIdentifier}
    return ministry().shown([kinds[name[:3]](name[4:]) for name in names])


def test_two_partners_under_one_foreign_authority_are_told_apart() -> None:
    bka, anssi = issued(BKA), issued(ANSSI)
    believed = trust(abroad("de-bka", bka, BKA), abroad("fr-anssi", anssi, ANSSI))
    assert identify(bka.der, believed, NOW).agency == "de-bka"
    assert identify(anssi.der, believed, NOW).agency == "fr-anssi"


def test_a_foreign_leaf_with_another_key_speaks_for_nobody() -> None:
    believed = trust(abroad("de-bka", issued(BKA), BKA))
    assert refusal(issued(BKA).der, believed) == "certificate-unknown"
    # not even when it names the agency as a leaf of our making would
    assert refusal(issued("uri:urn:hub:agency:de-bka").der, believed) == "certificate-unknown"


def test_a_foreign_leaf_with_the_pinned_key_and_another_name_speaks_for_nobody() -> None:
    leaf = issued(ANSSI)
    assert refusal(leaf.der, trust(abroad("de-bka", leaf, BKA))) == "certificate-unknown"


@pytest.mark.parametrize("claimed", [["fr-anssi"], ["de-bka", "fr-anssi"]])
def test_a_foreign_leaf_that_claims_another_agency_speaks_for_nobody(claimed: list[str]) -> None:
    leaf = issued(BKA, *(f"uri:{agency_uri(agency)}" for agency in claimed))
    assert refusal(leaf.der, trust(abroad("de-bka", leaf, BKA))) == "certificate-unknown"


def test_a_key_that_two_partners_pin_speaks_for_neither() -> None:
    leaf = issued(BKA, ANSSI)
    believed = trust(abroad("de-bka", leaf, BKA), abroad("fr-anssi", leaf, ANSSI))
    assert refusal(leaf.der, believed) == "certificate-unknown"


def test_a_partner_that_pins_anothers_key_does_not_shut_it_out() -> None:
    leaf = hub_leaf("cis-atc")
    hostile = abroad("de-bka", leaf, f"uri:{agency_uri('cis-atc')}", BKA)
    believed = trust(pinned("cis-atc"), hostile)
    assert identify(leaf.der, believed, NOW).agency == "cis-atc"
    recognise(leaf.der, "cis-atc", believed, NOW)


def test_the_pinned_key_under_another_authority_speaks_for_nobody() -> None:
    leaf = issued(BKA)
    elsewhere = replace(abroad("de-bka", leaf, BKA), authorities=(root("Elsewhere").pem,))
    assert refusal(leaf.der, trust(elsewhere)) == "certificate-unknown"


def test_a_leaf_of_the_old_or_the_new_authority_is_taken_while_both_are_on_the_card() -> None:
    following = make_authority("cis-atc", at=NOW - timedelta(hours=2))
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = issue_hub_leaf(
        following, agency="cis-atc", host_names=["a.example"], public_key=key.public_key(), at=NOW
    )
    both = replace(
        pinned("cis-atc"),
        authorities=(
            keyring("cis-atc").tls_files().authority_pem,
            following.certificate.public_bytes(Encoding.PEM).decode(),
        ),
    )
    for shows in (hub_leaf("cis-atc").der, leaf.public_bytes(Encoding.DER)):
        assert identify(shows, trust(both), NOW).agency == "cis-atc"


# Revocation.


def held(
    authority: Authority, *serials: int, policy: RevocationPolicy = RevocationPolicy.REQUIRE
) -> Revocation:
    rows = [
        CertificateRow(
            thumbprint="",
            authority="",
            serial=f"{serial:x}",
            agency="",
            use="hub",
            not_before=NOW,
            not_after=NOW,
            raw=b"",
            issued_at=NOW,
            issued_by="",
            revoked_at=NOW,
            reason="keyCompromise",
        )
        for serial in serials
    ]
    raw = make_crl(authority, rows, at=NOW, life=timedelta(days=2))
    crl = read_crl(raw, authority.certificate, at=NOW)
    listed = ListOf(crl=crl, until=NOW + timedelta(days=1), digest="")
    return Revocation(policy=policy, lists={key_pin(authority.certificate.public_key()): listed})


def test_a_revoked_partner_is_refused_and_another_certificate_of_it_is_not() -> None:
    authority = keyring("cis-atc").authority()
    leaf = hub_leaf("cis-atc")
    serial = x509.load_der_x509_certificate(leaf.der).serial_number
    revoked = replace(pinned("cis-atc"), revocation=held(authority, serial))
    assert refusal(leaf.der, trust(revoked)) == "certificate-revoked"
    other = replace(pinned("cis-atc"), revocation=held(authority, serial + 1))
    assert identify(leaf.der, trust(other), NOW).agency == "cis-atc"


def test_what_was_revoked_stays_so_however_old_the_list_is() -> None:
    authority = keyring("cis-atc").authority()
    leaf = hub_leaf("cis-atc")
    serial = x509.load_der_x509_certificate(leaf.der).serial_number
    revoked = replace(pinned("cis-atc"), revocation=held(authority, serial))
    assert refusal(leaf.der, trust(revoked), NOW + timedelta(days=30)) == "certificate-revoked"


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        (RevocationPolicy.REQUIRE, "revocation-unknown"),
        (RevocationPolicy.PREFER, None),
        (RevocationPolicy.NONE_PUBLISHED, None),
    ],
)
def test_a_list_that_is_stale_counts_as_the_policy_says(policy: RevocationPolicy, code: str | None) -> None:
    stale = replace(pinned("cis-atc"), revocation=held(keyring("cis-atc").authority(), policy=policy))
    believed, later = trust(stale), NOW + timedelta(days=1, seconds=1)
    if code is None:
        assert identify(hub_leaf("cis-atc").der, believed, later).agency == "cis-atc"
    else:
        assert refusal(hub_leaf("cis-atc").der, believed, later) == code


def test_a_young_pin_waits_for_its_first_answer_and_no_longer() -> None:
    authority = key_pin(keyring("cis-atc").authority().certificate.public_key())
    waiting = Revocation(policy=RevocationPolicy.REQUIRE, pending={authority: NOW + timedelta(hours=1)})
    believed = trust(replace(pinned("cis-atc"), revocation=waiting))
    wanted: list[Issued] = []
    identify(hub_leaf("cis-atc").der, believed, NOW, wanted=wanted.append)
    serial = x509.load_der_x509_certificate(hub_leaf("cis-atc").der).serial_number
    assert [(one.agency, one.serial) for one in wanted] == [("cis-atc", serial)]
    assert refusal(hub_leaf("cis-atc").der, believed, NOW + timedelta(hours=2)) == "revocation-unknown"


def test_an_ocsp_answer_is_about_one_certificate_alone() -> None:
    authority = key_pin(keyring("cis-atc").authority().certificate.public_key())
    serial = x509.load_der_x509_certificate(hub_leaf("cis-atc").der).serial_number
    until = NOW + timedelta(hours=1)

    def with_answer(on: int, *, good: bool, revoked: bool) -> Trust:
        answer = AnswerOn(good=good, revoked=revoked, until=until, digest="")
        return trust(
            replace(
                pinned("cis-atc"),
                revocation=Revocation(policy=RevocationPolicy.REQUIRE, answers={(authority, on): answer}),
            )
        )

    der = hub_leaf("cis-atc").der
    assert identify(der, with_answer(serial, good=True, revoked=False), NOW).agency == "cis-atc"
    assert refusal(der, with_answer(serial, good=False, revoked=True)) == "certificate-revoked"
    assert refusal(der, with_answer(serial, good=False, revoked=False)) == "revocation-unknown"
    assert refusal(der, with_answer(serial + 1, good=True, revoked=False)) == "revocation-unknown"
    fresh = with_answer(serial, good=True, revoked=False)
    assert refusal(der, fresh, until + timedelta(seconds=1)) == "revocation-unknown"


def test_a_revoked_certificate_of_a_member_is_refused() -> None:
    leaf = member_leaf("kz-mvd", of="kz-knb")
    believed = trust(members={leaf.thumbprint: member_row("kz-mvd", leaf)})
    assert identify(leaf.der, believed, NOW).agency == "kz-mvd"
    withdrawn = replace(believed, withdrawn=frozenset({leaf.thumbprint}))
    assert refusal(leaf.der, withdrawn) == "certificate-revoked"


def test_who_answers_is_held_to_the_same_as_who_calls() -> None:
    recognise(hub_leaf("cis-atc").der, "cis-atc", trust(pinned("cis-atc"), pinned("sco-rats")), NOW)
    for wrong in (hub_leaf("sco-rats").der, b"noise", None):
        with pytest.raises(HubError) as raised:
            recognise(wrong, "cis-atc", trust(pinned("cis-atc"), pinned("sco-rats")), NOW)
        assert raised.value.code == "certificate-unknown"
