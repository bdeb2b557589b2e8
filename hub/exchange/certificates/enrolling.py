"""Certificates for members' systems by two custodians: one asks with a request, another issues."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from hub.audit.events import Act
from hub.entries import EnrolmentRow
from hub.errors import Refused
from hub.exchange.broker import Broker
from hub.exchange.certificates.issuing import record
from hub.exchange.members import check_scopes, register_certificate
from hub.policy.decision import require
from hub.policy.four_eyes import may_issue, may_request
from hub.ports import View
from hub.records.actor import Actor
from hub.records.ids import is_agency, new_id

_LISTED_MAX: Final = 200

#: Issues the certificate (PEM) for a request, and tells the id of the authority that did.
Issue = Callable[[str, bytes], tuple[str, str]]


def request_certificate(
    broker: Broker,
    actor: Actor,
    *,
    agency: str,
    name: str,
    scopes: Collection[str],
    request: bytes,
    check: Callable[[bytes], object],
) -> EnrolmentRow:
    """Ask for a certificate for a member's system; `check` refuses a request that cannot be issued.

    `scopes` are needed for an agency that is no member yet. Raises Refused `role-missing`,
    `request-invalid`, `conflict` for an agency that is a partner.
    """
    require(may_request(actor))
    if not is_agency(agency):
        raise Refused("request-invalid", f"{agency!r} is not an agency id, like kz-mvd.")
    check(request)
    at = broker.clock.now()
    with broker.store.work() as work:
        member = work.directory.member(agency)
        pinned = work.directory.partner(agency) or work.hubless.profile(agency)
        if agency == broker.agency or pinned is not None:
            raise Refused("conflict", f"{agency} is a partner or this hub; its systems are no member's.")
        if member is None and not scopes:
            raise Refused("request-invalid", f"{agency} is no member yet: say what its systems may do.")
        row = EnrolmentRow(
            enrolment_id=new_id(),
            agency=agency,
            name=name or (member.name if member else agency),
            scopes=check_scopes(scopes) if scopes else (),
            request=request,
            requested_by=str(actor),
            requested_at=at,
            state="asked",
        )
        work.certificates.put_enrolment(row)
        told = {"change": "certificate-requested", "enrolment": row.enrolment_id}
        work.stage([broker.event(Act.MEMBER_CHANGED, actor, agency, at, **told)])
        work.commit()
    return row


def issue_requested(
    broker: Broker, actor: Actor, enrolment_id: str, *, issue: Issue
) -> tuple[EnrolmentRow, str]:
    """Issue what another custodian asked for, and register it for the member; return the certificate too.

    The certificate before is refused from then on. Raises Refused `role-missing`, `four-eyes`, `not-found`,
    `transition-invalid` for a request that was decided already.
    """
    at = broker.clock.now()
    with broker.store.work() as work:
        row = _waiting(work, actor, enrolment_id)
        pem, authority = issue(row.agency, row.request)
        leaf = x509.load_pem_x509_certificate(pem.encode())
        written = record(broker, work, actor, leaf, authority=authority, use="member")
        assert written is not None
        register_certificate(
            broker,
            work,
            actor,
            agency=row.agency,
            name=row.name,
            thumbprint=written.thumbprint,
            scopes=row.scopes,
            at=at,
        )
        issued = replace(
            row, state="issued", decided_by=str(actor), decided_at=at, thumbprint=written.thumbprint
        )
        work.certificates.put_enrolment(issued)
        work.commit()
    return issued, leaf.public_bytes(Encoding.PEM).decode()


def reject_request(broker: Broker, actor: Actor, enrolment_id: str) -> EnrolmentRow:
    """Turn a request down; who asked may take it back too."""
    require(may_request(actor))
    at = broker.clock.now()
    with broker.store.work() as work:
        row = _open_request(work, enrolment_id)
        rejected = replace(row, state="rejected", decided_by=str(actor), decided_at=at)
        work.certificates.put_enrolment(rejected)
        told = {"change": "certificate-rejected", "enrolment": row.enrolment_id}
        work.stage([broker.event(Act.MEMBER_CHANGED, actor, row.agency, at, **told)])
        work.commit()
    return rejected


def waiting_requests(view: View) -> Sequence[EnrolmentRow]:
    """Return the requests that wait for a second custodian."""
    return view.certificates.enrolments(waiting=True, limit=_LISTED_MAX)


def _waiting(view: View, actor: Actor, enrolment_id: str) -> EnrolmentRow:
    row = view.certificates.enrolment(enrolment_id)
    require(may_issue(actor, "nobody" if row is None else row.requested_by))
    return _open_request(view, enrolment_id)


def _open_request(view: View, enrolment_id: str) -> EnrolmentRow:
    row = view.certificates.enrolment(enrolment_id)
    if row is None:
        raise Refused("not-found", f"There is no request {enrolment_id}; see `hub ca requests`.")
    if row.state != "asked":
        raise Refused("transition-invalid", f"The request was {row.state} already by {row.decided_by}.")
    return row
