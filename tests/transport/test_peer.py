"""Who a certificate speaks for."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from hub.entries import PartnerStatus
from hub.errors import HubError
from hub.federation.names import agency_uri
from hub.federation.trust import Pinned, Trust
from hub.transport.peer import identify, peer_certificate
from tests.transport.agencies import Shown, hub_leaf, keyring, member_leaf, member_row, odd_leaf

#: An hour ahead: leaves are made later than this module is read, in a long run minutes later.
NOW = datetime.now(UTC) + timedelta(hours=1)
YEAR = timedelta(days=365)


def pinned(agency: str, status: PartnerStatus = PartnerStatus.ACTIVE) -> Pinned:
    return Pinned(
        agency=agency, authority_pem=keyring(agency).tls_files().authority_pem, fingerprint="", status=status
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
        authority_pem=keyring("sco-rats").tls_files().authority_pem,
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
