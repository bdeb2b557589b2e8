"""A member is registered with one certificate, made out to it, and the scopes its systems may ask for."""

from __future__ import annotations

from typing import Any

import pytest

from hub.audit.events import Act
from hub.entries import MemberRow, PartnerStatus
from hub.errors import Refused
from hub.exchange import members
from hub.exchange.broker import Broker
from hub.exchange.members import add_member
from hub.records.actor import Role
from keys.authority import Authority, make_authority
from keys.enrolment import issue_client_certificate
from tests.exchange.hubs import CUSTODIAN, START, Hubs, officer


@pytest.fixture
def broker(hubs: Hubs) -> Broker:
    return hubs.add("kz-knb")


@pytest.fixture(scope="module")
def authority() -> Authority:
    return make_authority("kz-knb", at=START)


@pytest.fixture(scope="module")
def pem(authority: Authority) -> str:
    return issue_client_certificate(authority, member="kz-mvd", at=START).certificate_pem


def added(broker: Broker, pem: str, **told: Any) -> MemberRow:
    told = {"agency": "kz-mvd", "name": "Ministry", "scopes": ["collect:*"]} | told
    return add_member(broker, CUSTODIAN, certificate_pem=pem, **told)


def refused(broker: Broker, pem: str, **told: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        added(broker, pem, **told)
    with broker.store.read() as view:
        assert view.directory.members() == []
    return caught.value


def changes(broker: Broker) -> list[str]:
    with broker.store.read() as view:
        found = [event for _, event in view.events(after=0, limit=100)]
    assert {event.act for event in found} == {Act.MEMBER_CHANGED}
    return [event.details["change"] for event in found]


def test_a_member_is_known_by_its_certificate(broker: Broker, authority: Authority) -> None:
    issued = issue_client_certificate(authority, member="kz-mvd", at=START)
    row = added(broker, issued.certificate_pem, scopes=["submit:border-hit", "collect:*", "collect:*"])
    assert row.certificate_thumbprint == issued.thumbprint
    assert row.scopes == ("collect:*", "submit:border-hit")
    assert row.status is PartnerStatus.ACTIVE
    with broker.store.read() as view:
        assert members.find_member(view, "kz-mvd") == row
    assert changes(broker) == ["added"]


def test_a_certificate_of_another_member_is_refused(broker: Broker, authority: Authority) -> None:
    other = issue_client_certificate(authority, member="kz-nbk", at=START)
    failure = refused(broker, other.certificate_pem)
    assert failure.code == "request-invalid"
    assert "urn:hub:agency:kz-mvd" in failure.sentence


def test_a_certificate_that_is_not_valid_now_is_refused(broker: Broker, pem: str, hubs: Hubs) -> None:
    hubs.clock.pass_(20 * 365 * 86400)
    assert "not now" in refused(broker, pem).sentence


def test_what_is_no_certificate_is_refused(broker: Broker) -> None:
    framed = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    for text in ("", framed, "\ud800"):
        assert refused(broker, text).code == "request-invalid"


def test_scopes_of_another_form_are_refused(broker: Broker, pem: str) -> None:
    for scopes in ([], ["collect"], ["collect:everything"], ["role:custodian"], ["collect:*", "drop:*"]):
        assert refused(broker, pem, scopes=scopes).code == "request-invalid"


def test_ids_and_names_have_a_form(broker: Broker, pem: str) -> None:
    for told in ({"agency": "MVD"}, {"name": " "}, {"name": "x" * 201}):
        assert refused(broker, pem, **told).code == "request-invalid"


def test_an_agency_is_a_member_once(broker: Broker, pem: str) -> None:
    added(broker, pem)
    with pytest.raises(Refused) as caught:
        added(broker, pem)
    assert caught.value.code == "conflict"


def test_neither_a_partner_nor_the_hub_itself_is_a_member(
    broker: Broker, authority: Authority, hubs: Hubs
) -> None:
    hubs.pair(broker, hubs.add("cis-atc"))
    for agency in ("cis-atc", "kz-knb"):
        pem = issue_client_certificate(authority, member=agency, at=START).certificate_pem
        assert refused(broker, pem, agency=agency).code == "conflict"


def test_a_new_certificate_replaces_the_one_before(broker: Broker, authority: Authority, pem: str) -> None:
    added(broker, pem)
    renewed = issue_client_certificate(authority, member="kz-mvd", at=START)
    row = members.replace_certificate(broker, CUSTODIAN, "kz-mvd", renewed.certificate_pem)
    assert row.certificate_thumbprint == renewed.thumbprint
    members.replace_certificate(broker, CUSTODIAN, "kz-mvd", renewed.certificate_pem)
    assert changes(broker) == ["added", "certificate-replaced"]


def test_a_member_is_suspended_and_resumed(broker: Broker, pem: str) -> None:
    added(broker, pem)
    assert members.suspend(broker, CUSTODIAN, "kz-mvd").status is PartnerStatus.SUSPENDED
    assert members.resume(broker, CUSTODIAN, "kz-mvd").status is PartnerStatus.ACTIVE
    assert changes(broker) == ["added", "suspended", "resumed"]


def test_scopes_can_be_changed(broker: Broker, pem: str) -> None:
    added(broker, pem)
    row = members.change_scopes(broker, CUSTODIAN, "kz-mvd", ["submit:border-hit"])
    assert row.scopes == ("submit:border-hit",)
    assert changes(broker) == ["added", "scopes-changed"]


def test_unknown_members_are_not_changed(broker: Broker) -> None:
    with pytest.raises(Refused) as caught:
        members.suspend(broker, CUSTODIAN, "kz-mvd")
    assert caught.value.code == "not-found"


def test_only_custodians_change_members(broker: Broker, pem: str) -> None:
    releaser = officer("bolat", Role.RELEASER)
    with pytest.raises(Refused) as caught:
        add_member(broker, releaser, agency="kz-mvd", name="M", certificate_pem=pem, scopes=["collect:*"])
    assert caught.value.code == "role-missing"
    with pytest.raises(Refused) as caught:
        members.suspend(broker, releaser, "kz-mvd")
    assert caught.value.code == "role-missing"
