"""Certificates of our making, requests for them, and the alarms before their end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, or_, select, update

from hub.entries import CertificateRow, EnrolmentRow
from hub.storage.certificate_tables import REVOKED, certificates, enrolments, expiry_alarms
from hub.storage.directory import BUMP
from hub.storage.session import Session, Shape, kept
from hub.storage.upsert import insert

_C: Final = certificates.c
_E: Final = enrolments.c

_ISSUED: Final = Shape(CertificateRow, certificates)
_ADD: Final = insert(certificates).on_conflict_do_nothing()
_GET: Final = _ISSUED.select().where(_C.thumbprint == bindparam("which"))
_OF_SERIAL: Final = _ISSUED.select().where(
    _C.authority == bindparam("issuer"), _C.serial == bindparam("which")
)
_FIND: Final = (
    _ISSUED.select()
    .where(
        or_(
            _C.serial.startswith(bindparam("begin"), autoescape=False),
            _C.thumbprint.startswith(bindparam("begin"), autoescape=False),
        )
    )
    .order_by(_C.issued_at.desc(), _C.thumbprint)
    .limit(bindparam("most"))
)
_IN_FORCE: Final = (
    _ISSUED.select()
    .where(_C.not_after >= bindparam("at"), _C.revoked_at.is_(None))
    .order_by(_C.not_after, _C.thumbprint)
)
_PAGE: Final = (
    _ISSUED.select()
    .where(_C.issued_at < bindparam("before"))
    .order_by(_C.issued_at.desc(), _C.thumbprint)
    .limit(bindparam("most"))
)
_NEWEST: Final = _ISSUED.select().order_by(_C.issued_at.desc(), _C.thumbprint).limit(bindparam("most"))
_REVOKED: Final = (
    _ISSUED.select()
    .where(REVOKED, _C.authority == bindparam("issuer"), _C.not_after >= bindparam("at"))
    .order_by(_C.serial)
)
_REVOKE: Final = (
    update(certificates)
    .where(_C.thumbprint == bindparam("which"), _C.revoked_at.is_(None))
    .values(revoked_at=bindparam("at"), revoked_by=bindparam("by"), reason=bindparam("why"))
)

_ENROLMENTS: Final = Shape(EnrolmentRow, enrolments)
_ENROLMENT: Final = kept(_ENROLMENTS.select().where(_E.enrolment_id == bindparam("which")))
_WAITING: Final = (
    _ENROLMENTS.select()
    .where(_E.state == "asked")
    .order_by(_E.requested_at.desc(), _E.enrolment_id.desc())
    .limit(bindparam("most"))
)
_ALL_ENROLMENTS: Final = (
    _ENROLMENTS.select().order_by(_E.requested_at.desc(), _E.enrolment_id.desc()).limit(bindparam("most"))
)
_enrolled = insert(enrolments)
_PUT_ENROLMENT: Final = _enrolled.on_conflict_do_update(
    index_elements=[_E.enrolment_id],
    set_={name: _enrolled.excluded[name] for name in ("state", "decided_by", "decided_at", "thumbprint")},
)
_ALARM: Final = insert(expiry_alarms).on_conflict_do_nothing().returning(expiry_alarms.c.days)
_ALARMED: Final = select(expiry_alarms.c.days).where(
    expiry_alarms.c.thumbprint == bindparam("which"), expiry_alarms.c.days == bindparam("left")
)


class CertificateStore:
    """Implements `hub.ports.Certificates`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, row: CertificateRow) -> None:
        """Store a certificate that was issued; one that is there stays as it is."""
        self._session.change()
        self._session.run(_ADD, vars(row))

    def get(self, thumbprint: str) -> CertificateRow | None:
        """Return a certificate."""
        return _ISSUED.load_one(self._session.row(_GET, {"which": thumbprint}))

    def of_serial(self, authority: str, serial: str) -> CertificateRow | None:
        """Return a certificate by the authority that issued it and its serial number."""
        return _ISSUED.load_one(self._session.row(_OF_SERIAL, {"issuer": authority, "which": serial}))

    def find(self, prefix: str, *, limit: int) -> Sequence[CertificateRow]:
        """Return those whose serial number or thumbprint begins so."""
        if not prefix or set(prefix) - set("0123456789abcdef"):
            return []
        return _ISSUED.load(self._session.rows(_FIND, {"begin": prefix, "most": limit}))

    def in_force(self, at: datetime) -> Sequence[CertificateRow]:
        """Return those that are in force, the one that ends first before the others."""
        return _ISSUED.load(self._session.rows(_IN_FORCE, {"at": at}))

    def page(self, *, before: datetime | None, limit: int) -> Sequence[CertificateRow]:
        """Return those issued before a time, or the newest, the newest first."""
        if before is None:
            return _ISSUED.load(self._session.rows(_NEWEST, {"most": limit}))
        return _ISSUED.load(self._session.rows(_PAGE, {"before": before, "most": limit}))

    def revoked(self, authority: str, at: datetime) -> Sequence[CertificateRow]:
        """Return those of an authority that were revoked and would else be valid still."""
        return _ISSUED.load(self._session.rows(_REVOKED, {"issuer": authority, "at": at}))

    def revoke(self, thumbprint: str, *, at: datetime, by: str, reason: str) -> bool:
        """Revoke a certificate, under a new generation of the directory; tell whether it was in force."""
        self._session.change()
        done = self._session.run(_REVOKE, {"which": thumbprint, "at": at, "by": by, "why": reason})
        self._session.run(BUMP)
        return bool(done)

    def put_enrolment(self, row: EnrolmentRow) -> None:
        """Store a request, or what was decided of it."""
        self._session.change()
        self._session.run(_PUT_ENROLMENT, vars(row))

    def enrolment(self, enrolment_id: str) -> EnrolmentRow | None:
        """Return a request, in a unit of work kept from others until the end."""
        return _ENROLMENTS.load_one(self._session.kept_row(_ENROLMENT, {"which": enrolment_id}))

    def enrolments(self, *, waiting: bool, limit: int) -> Sequence[EnrolmentRow]:
        """Return requests, the newest first: those that wait, or all."""
        query = _WAITING if waiting else _ALL_ENROLMENTS
        return _ENROLMENTS.load(self._session.rows(query, {"most": limit}))

    def note_alarm(self, thumbprint: str, days: int, at: datetime) -> bool:
        """Note an alarm so many days before an end; tell whether it is the first. Bookkeeping."""
        if self._session.row(_ALARMED, {"which": thumbprint, "left": days}) is not None:
            return False
        self._session.change(audited=False)
        told = {"thumbprint": thumbprint, "days": days, "at": at}
        return bool(self._session.rows(_ALARM, told))
