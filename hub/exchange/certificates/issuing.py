"""Put on record what our authority issued, and take it back."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from hub.audit.events import Act
from hub.entries import CertificateRow
from hub.errors import Refused
from hub.exchange.broker import Broker
from hub.federation.names import agency_in
from hub.policy.decision import require
from hub.policy.four_eyes import may_administer
from hub.ports import UnitOfWork, View
from hub.records.actor import Actor

#: Reasons that a person may give (RFC 5280 §5.3.1). Holds are not among them: a member is suspended instead.
REASONS: Final = (
    "unspecified",
    "keyCompromise",
    "affiliationChanged",
    "superseded",
    "cessationOfOperation",
    "privilegeWithdrawn",
)
_FOUND_MAX: Final = 2


def record(
    broker: Broker, work: UnitOfWork, actor: Actor, leaf: x509.Certificate, *, authority: str, use: str
) -> CertificateRow | None:
    """Put a certificate on record with its event; return None where it is on record already.

    A home that was made before there was a record has certificates that are not on it: they are put there
    when they are seen.
    """
    row = row_of(leaf, authority=authority, use=use, at=broker.clock.now(), by=str(actor))
    if work.certificates.get(row.thumbprint) is not None:
        return None
    work.certificates.add(row)
    work.stage([broker.event(Act.KEY_CHANGED, actor, row.agency, row.issued_at, **_told(row, "issued"))])
    return row


def row_of(leaf: x509.Certificate, *, authority: str, use: str, at: datetime, by: str) -> CertificateRow:
    """Return what is kept of a certificate; raise Refused `request-invalid` for one that names no agency."""
    der = leaf.public_bytes(Encoding.DER)
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        agency = agency_in(names.get_values_for_type(x509.UniformResourceIdentifier))
    except x509.ExtensionNotFound:
        agency = None
    if agency is None:
        raise Refused("request-invalid", "The certificate is made out to no agency.")
    return CertificateRow(
        thumbprint=hashlib.sha256(der).hexdigest(),
        authority=authority,
        serial=f"{leaf.serial_number:x}",
        agency=agency,
        use=use,
        not_before=leaf.not_valid_before_utc,
        not_after=leaf.not_valid_after_utc,
        raw=der,
        issued_at=at,
        issued_by=by,
    )


def find_certificate(view: View, which: str) -> CertificateRow:
    """Return the certificate whose serial number or thumbprint begins so; raise Refused `not-found`."""
    found = view.certificates.find(which.lower().replace(":", ""), limit=_FOUND_MAX)
    if len(found) != 1:
        many = "more than one certificate" if found else "no certificate of our making"
        raise Refused("not-found", f"{which} begins the serial number or thumbprint of {many}.")
    return found[0]


def revoke_certificate(broker: Broker, actor: Actor, which: str, *, reason: str) -> CertificateRow:
    """Revoke a certificate of our making; a member's is refused within seconds, on open connections too.

    Raises Refused `role-missing`, `not-found`, `request-invalid`, or `transition-invalid` when it was
    revoked before. It cannot be taken back: another certificate is issued instead.
    """
    require(may_administer(actor))
    if reason not in REASONS:
        raise Refused("request-invalid", f"{reason!r} is no reason; expected one of {', '.join(REASONS)}.")
    at = broker.clock.now()
    with broker.store.work() as work:
        row = revoke_in(broker, work, actor, which, reason=reason, at=at)
        work.commit()
    return row


def revoke_in(
    broker: Broker, work: UnitOfWork, actor: Actor, which: str, *, reason: str, at: datetime
) -> CertificateRow:
    """Revoke a certificate of our making in a unit of work, as `revoke_certificate` does in its own."""
    row = find_certificate(work, which)
    if not work.certificates.revoke(row.thumbprint, at=at, by=str(actor), reason=reason):
        raise Refused("transition-invalid", f"The certificate {row.serial} was revoked before.")
    told = _told(row, "revoked") | {"reason": reason}
    work.stage([broker.event(Act.KEY_CHANGED, actor, row.agency, at, **told)])
    return _revoked(row, at=at, by=str(actor), reason=reason)


def _revoked(row: CertificateRow, *, at: datetime, by: str, reason: str) -> CertificateRow:
    """Return a row as it is once it was revoked."""
    return CertificateRow(**{**vars(row), "revoked_at": at, "revoked_by": by, "reason": reason})


def _told(row: CertificateRow, step: str) -> dict[str, str]:
    return {
        "step": f"certificate-{step}",
        "serial": row.serial,
        "certificate": row.thumbprint,
        "use": row.use,
    }
