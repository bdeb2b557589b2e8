"""Certificates, requests for them, alarms and answers, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.entries import (
    CertificateRow,
    EnrolmentRow,
    MemberRow,
    PartnerStatus,
    RevocationRow,
    RevocationRule,
)
from hub.errors import OurFault
from hub.ports import Store
from hub.records.ids import new_id
from tests.storage import rows

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ISSUER = "ab" * 32


def certificate(number: int, **told: object) -> CertificateRow:
    return CertificateRow(
        **{
            "thumbprint": f"{number:064x}",
            "authority": ISSUER,
            "serial": f"{number:x}",
            "agency": "kz-mvd",
            "use": "member",
            "not_before": NOW,
            "not_after": NOW + timedelta(days=number),
            "raw": b"der",
            "issued_at": NOW + timedelta(seconds=number),
            "issued_by": "officer:dana",
        }
        | told
    )  # type: ignore[arg-type]


def fill(store: Store, *held: CertificateRow) -> None:
    with store.work() as work:
        for row in held:
            work.certificates.add(row)
        work.stage([rows.event()])
        work.commit()


def test_a_certificate_is_found_by_its_thumbprint_and_by_its_serial_number(store: Store) -> None:
    fill(store, certificate(1), certificate(0x2F))
    with store.read() as view:
        assert view.certificates.get(f"{1:064x}") == certificate(1)
        assert view.certificates.of_serial(ISSUER, "2f") == certificate(0x2F)
        assert view.certificates.of_serial("cd" * 32, "2f") is None
        assert view.certificates.find("2f", limit=5) == [certificate(0x2F)]
        assert view.certificates.find("%", limit=5) == []
        assert view.certificates.find("", limit=5) == []


def test_issued_certificates_are_paged_newest_first_and_listed_by_their_end(store: Store) -> None:
    fill(store, certificate(3), certificate(1), certificate(2))
    with store.read() as view:
        assert [row.serial for row in view.certificates.page(before=None, limit=2)] == ["3", "2"]
        older = view.certificates.page(before=NOW + timedelta(seconds=2), limit=9)
        assert [row.serial for row in older] == ["1"]
        later = NOW + timedelta(days=1, seconds=1)
        assert [row.serial for row in view.certificates.in_force(later)] == ["2", "3"]


def test_a_revoked_certificate_is_listed_until_it_would_have_ended(store: Store) -> None:
    fill(store, certificate(1), certificate(2))
    with store.work() as work:
        before = work.directory.generation()
        assert work.certificates.revoke(f"{1:064x}", at=NOW, by="local:root", reason="keyCompromise")
        assert not work.certificates.revoke(f"{1:064x}", at=NOW, by="local:root", reason="keyCompromise")
        work.stage([rows.event()])
        work.commit()
    with store.read() as view:
        assert view.directory.generation() > before
        assert [row.reason for row in view.certificates.revoked(ISSUER, NOW)] == ["keyCompromise"]
        assert view.certificates.revoked(ISSUER, NOW + timedelta(days=2)) == []
        assert [row.serial for row in view.certificates.in_force(NOW)] == ["2"]


def test_a_member_whose_registered_certificate_was_revoked_is_withdrawn(store: Store) -> None:
    fill(store, certificate(1), certificate(2))
    with store.work() as work:
        for number, agency in ((1, "kz-mvd"), (2, "kz-nbk")):
            work.directory.put_member(
                MemberRow(
                    agency=agency,
                    name=agency,
                    certificate_thumbprint=f"{number:064x}",
                    scopes=("collect:*",),
                    status=PartnerStatus.ACTIVE,
                    added_at=NOW,
                )
            )
        work.certificates.revoke(f"{1:064x}", at=NOW, by="local:root", reason="superseded")
        work.stage([rows.event()])
        work.commit()
    with store.read() as view:
        assert view.revocations.withdrawn() == [f"{1:064x}"]


def test_revoking_needs_its_event(store: Store) -> None:
    fill(store, certificate(1))
    with store.work() as work:
        work.certificates.revoke(f"{1:064x}", at=NOW, by="local:root", reason="superseded")
        with pytest.raises(OurFault) as raised:
            work.commit()
    assert raised.value.code == "audit-missing"


def test_a_request_waits_until_it_is_decided(store: Store) -> None:
    asked = EnrolmentRow(
        enrolment_id=new_id(),
        agency="kz-mvd",
        name="MVD",
        scopes=("collect:*",),
        request=b"csr",
        requested_by="officer:askar",
        requested_at=NOW,
        state="asked",
    )
    issued = EnrolmentRow(
        **{
            **vars(asked),
            "state": "issued",
            "decided_by": "officer:dana",
            "decided_at": NOW,
            "thumbprint": "00",
        }
    )
    with store.work() as work:
        work.certificates.put_enrolment(asked)
        assert work.certificates.enrolments(waiting=True, limit=9) == [asked]
        work.certificates.put_enrolment(issued)
        work.stage([rows.event()])
        work.commit()
    with store.read() as view:
        assert view.certificates.enrolments(waiting=True, limit=9) == []
        assert view.certificates.enrolments(waiting=False, limit=9) == [issued]
        assert view.certificates.enrolment(asked.enrolment_id) == issued


def test_an_alarm_is_given_once(store: Store) -> None:
    for expected in (True, False):
        with store.work() as work:
            assert work.certificates.note_alarm("aa", 30, NOW) is expected
            assert work.certificates.note_alarm("aa", 7, NOW) is expected
            work.commit()


def answer(kind: str, serial: str = "", **told: object) -> RevocationRow:
    return RevocationRow(
        **{
            "authority": ISSUER,
            "kind": kind,
            "serial": serial,
            "this_update": NOW,
            "next_update": NOW + timedelta(days=1),
            "fetched_at": NOW,
            "until": NOW + timedelta(days=1),
            "digest": "cd" * 32,
            "url": "http://ca.example/",
            "good": True,
            "revoked": False,
        }
        | told
    )  # type: ignore[arg-type]


def test_a_newer_answer_takes_the_place_of_the_one_before(store: Store) -> None:
    with store.work() as work:
        before = work.directory.generation()
        work.revocations.put_answer(answer("crl"))
        work.revocations.put_answer(answer("ocsp", "1f"))
        newer = answer("crl", until=NOW + timedelta(days=2))
        work.revocations.put_answer(newer)
        work.commit()
    with store.read() as view:
        assert view.directory.generation() > before
        assert view.revocations.answer(ISSUER, "crl") == newer
        assert view.revocations.answer(ISSUER, "ocsp", "1f") == answer("ocsp", "1f")
        assert view.revocations.answer(ISSUER, "ocsp", "2f") is None
        assert len(view.revocations.answers()) == 2


def test_good_answers_that_ended_are_forgotten_and_others_are_not(store: Store) -> None:
    with store.work() as work:
        work.revocations.put_answer(answer("crl"))
        work.revocations.put_answer(answer("ocsp", "1"))
        work.revocations.put_answer(answer("ocsp", "2", revoked=True, good=False))
        assert work.revocations.forget_answers(NOW + timedelta(days=2)) == 1
        work.commit()
    with store.read() as view:
        assert [(row.kind, row.serial) for row in view.revocations.answers()] == [("crl", ""), ("ocsp", "2")]


def test_a_rule_is_replaced_by_the_next(store: Store) -> None:
    rule = RevocationRule(
        agency="de-bka", policy="prefer", crl=("http://a/",), ocsp=(), set_at=NOW, set_by="local:root"
    )
    second = RevocationRule(**{**vars(rule), "policy": None})
    with store.work() as work:
        work.revocations.put_rule(rule)
        work.revocations.put_rule(second)
        work.stage([rows.event()])
        work.commit()
    with store.read() as view:
        assert view.revocations.rules() == {"de-bka": second}
