"""Members: the domestic agencies whose systems call this hub, each with one registered certificate."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from hub.audit.events import Act, AuditEvent
from hub.entries import MemberRow, PartnerStatus
from hub.errors import Refused
from hub.exchange.broker import Broker
from hub.federation.names import agency_in, agency_uri
from hub.policy.decision import require
from hub.policy.four_eyes import may_administer
from hub.ports import UnitOfWork, View
from hub.records.actor import Actor
from hub.records.ids import is_agency
from hub.records.kinds import Kind

_WAYS: Final = ("submit", "collect")
_SCOPES: Final = frozenset(f"{way}:{kind}" for way in _WAYS for kind in ("*", *(k.value for k in Kind)))


def add_member(
    broker: Broker, actor: Actor, *, agency: str, name: str, certificate_pem: str, scopes: Collection[str]
) -> MemberRow:
    """Register a member with the certificate its systems show and the scopes they may ask for.

    A scope is `submit:KIND` or `collect:KIND`; `*` stands for every kind. Raises Refused `role-missing`,
    `request-invalid`, or `conflict` when the agency is here already.
    """
    require(may_administer(actor))
    if not is_agency(agency):
        raise Refused("request-invalid", f"{agency!r} is not an agency id, like kz-mvd.")
    if not 1 <= len(name.strip()) <= 200:
        raise Refused("request-invalid", "A member's name has 1 to 200 characters.")
    at = broker.clock.now()
    row = MemberRow(
        agency=agency,
        name=name.strip(),
        certificate_thumbprint=_thumbprint(certificate_pem, agency=agency, at=at),
        scopes=check_scopes(scopes),
        status=PartnerStatus.ACTIVE,
        added_at=at,
    )
    with broker.store.work() as work:
        directory = work.directory
        taken = directory.member(agency) or directory.partner(agency) or work.hubless.profile(agency)
        if agency == broker.agency or taken:
            raise Refused("conflict", f"{agency} is here already, as member, as partner or as this hub.")
        _put(broker, work, actor, row, at, "added")
    return row


def register_certificate(
    broker: Broker,
    work: UnitOfWork,
    actor: Actor,
    *,
    agency: str,
    name: str,
    thumbprint: str,
    scopes: Collection[str],
    at: datetime,
) -> MemberRow:
    """Register a certificate that was just issued for a member, or for an agency that becomes one."""
    before = work.directory.member(agency)
    if before is None:
        row = MemberRow(
            agency=agency,
            name=name,
            certificate_thumbprint=thumbprint,
            scopes=check_scopes(scopes),
            status=PartnerStatus.ACTIVE,
            added_at=at,
        )
    else:
        row = replace(before, certificate_thumbprint=thumbprint)
    work.directory.put_member(row)
    work.stage([_event(broker, actor, row, at, "added" if before is None else "certificate-replaced")])
    return row


def suspend(broker: Broker, actor: Actor, agency: str) -> MemberRow:
    """Stop a member's traffic until it is resumed."""
    return _change(broker, actor, agency, "suspended", status=PartnerStatus.SUSPENDED)


def resume(broker: Broker, actor: Actor, agency: str) -> MemberRow:
    """Let a suspended member's traffic flow again."""
    return _change(broker, actor, agency, "resumed", status=PartnerStatus.ACTIVE)


def replace_certificate(broker: Broker, actor: Actor, agency: str, certificate_pem: str) -> MemberRow:
    """Register a member's new certificate; the one before is refused from now on."""
    thumbprint = _thumbprint(certificate_pem, agency=agency, at=broker.clock.now())
    return _change(broker, actor, agency, "certificate-replaced", certificate_thumbprint=thumbprint)


def change_scopes(broker: Broker, actor: Actor, agency: str, scopes: Collection[str]) -> MemberRow:
    """Set what a member's systems may ask for."""
    return _change(broker, actor, agency, "scopes-changed", scopes=check_scopes(scopes))


def find_member(view: View, agency: str) -> MemberRow:
    """Return a member's row, or raise Refused `not-found`."""
    row = view.directory.member(agency)
    if row is None:
        raise Refused("not-found", f"{agency} is not a member of this hub.")
    return row


def _change(broker: Broker, actor: Actor, agency: str, what: str, **changed: object) -> MemberRow:
    require(may_administer(actor))
    at = broker.clock.now()
    with broker.store.work() as work:
        before = find_member(work, agency)
        row = replace(before, **changed)  # type: ignore[arg-type]
        if row != before:
            _put(broker, work, actor, row, at, what)
    return row


def _put(broker: Broker, work: UnitOfWork, actor: Actor, row: MemberRow, at: datetime, what: str) -> None:
    work.directory.put_member(row)
    work.stage([_event(broker, actor, row, at, what)])
    work.commit()


def _event(broker: Broker, actor: Actor, row: MemberRow, at: datetime, what: str) -> AuditEvent:
    return broker.event(
        Act.MEMBER_CHANGED,
        actor,
        row.agency,
        at,
        change=what,
        thumbprint=row.certificate_thumbprint,
        scopes=" ".join(row.scopes),
    )


def check_scopes(scopes: Collection[str]) -> tuple[str, ...]:
    """Return scopes in order; raise Refused `request-invalid` for what is none."""
    if unknown := sorted(set(scopes) - _SCOPES):
        raise Refused(
            "request-invalid",
            f"{unknown[0]!r} is not a scope; a scope is submit:KIND or collect:KIND, or * for every kind.",
        )
    if not scopes:
        raise Refused("request-invalid", "A member needs at least one scope, like collect:designation.")
    return tuple(sorted(set(scopes)))


def _thumbprint(pem: str, *, agency: str, at: datetime) -> str:
    """Return the SHA-256 of a certificate that is valid now and made out to this agency."""
    try:
        certificate = x509.load_pem_x509_certificate(pem.encode())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        raise Refused(
            "request-invalid", "This is not a PEM certificate with a subject alternative name."
        ) from None
    if agency_in(names.get_values_for_type(x509.UniformResourceIdentifier)) != agency:
        raise Refused("request-invalid", f"The certificate is not made out to {agency_uri(agency)} alone.")
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        raise Refused(
            "request-invalid",
            f"The certificate is valid from {certificate.not_valid_before_utc.isoformat()} "
            f"until {certificate.not_valid_after_utc.isoformat()}, and not now.",
        )
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()
