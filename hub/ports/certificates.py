"""Certificates of our making, requests for them, and what is known of the revocation of others'."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from hub.entries import CertificateRow, EnrolmentRow, RevocationRow, RevocationRule


class Certificates(Protocol):
    """What our authority issued, whom it was asked for, and which alarms were given."""

    def add(self, row: CertificateRow) -> None:
        """Store a certificate that was issued; one that is there stays as it is."""
        ...

    def get(self, thumbprint: str) -> CertificateRow | None: ...
    def of_serial(self, authority: str, serial: str) -> CertificateRow | None:
        """Return a certificate by the authority that issued it (`authority_id`) and its serial number."""
        ...

    def find(self, prefix: str, *, limit: int) -> Sequence[CertificateRow]:
        """Return those whose serial number or thumbprint begins so."""
        ...

    def in_force(self, at: datetime) -> Sequence[CertificateRow]:
        """Return those that are in force, the one that ends first before the others."""
        ...

    def page(self, *, before: datetime | None, limit: int) -> Sequence[CertificateRow]:
        """Return those issued before a time, or the newest, the newest first."""
        ...

    def revoked(self, authority: str, at: datetime) -> Sequence[CertificateRow]:
        """Return those of an authority that were revoked and would else be valid still."""
        ...

    def revoke(self, thumbprint: str, *, at: datetime, by: str, reason: str) -> bool:
        """Revoke a certificate, under a new generation of the directory; tell whether it was in force."""
        ...

    def put_enrolment(self, row: EnrolmentRow) -> None: ...
    def enrolment(self, enrolment_id: str) -> EnrolmentRow | None: ...
    def enrolments(self, *, waiting: bool, limit: int) -> Sequence[EnrolmentRow]:
        """Return requests, the newest first: those that wait, or all."""
        ...

    def note_alarm(self, thumbprint: str, days: int, at: datetime) -> bool:
        """Note an alarm so many days before an end; tell whether it is the first. Bookkeeping."""
        ...


class Revocations(Protocol):
    """The newest answers about the certificates of others' authorities."""

    def answers(self) -> Sequence[RevocationRow]: ...
    def answer(self, authority: str, kind: str, serial: str = "") -> RevocationRow | None: ...
    def put_answer(self, row: RevocationRow) -> None:
        """Store or replace an answer, under a new generation of the directory. Bookkeeping."""
        ...

    def forget_answers(self, before: datetime) -> int:
        """Forget OCSP answers on certificates that nobody asked about since; return how many. Bookkeeping."""
        ...

    def rules(self) -> Mapping[str, RevocationRule]:
        """Return what was decided about partners, by agency."""
        ...

    def put_rule(self, row: RevocationRule) -> None:
        """Store or replace, under a new generation of the directory."""
        ...

    def withdrawn(self) -> Sequence[str]:
        """Return the thumbprints of members' registered certificates that were revoked."""
        ...


class RevocationClient(Protocol):
    """Fetches what authorities say; what comes is signed, so the way to it is not trusted."""

    def fetch(self, url: str, *, authorities: Sequence[str], max_bytes: int) -> bytes:
        """Return a CRL; raise PeerFault `revocation-unavailable`. `authorities` are for https."""
        ...

    def ask(self, url: str, request: bytes, *, authorities: Sequence[str], max_bytes: int) -> bytes:
        """Return the answer to an OCSP request; raise PeerFault `revocation-unavailable`."""
        ...
