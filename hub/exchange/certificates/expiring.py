"""What ends soon: our leaf and authorities, members' certificates, partners' authorities; and alarms."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from hub.exchange.broker import Broker
from hub.ports import View

log = logging.getLogger("hub.certificates")

#: Before an end people are told so many days ahead.
ALARM_DAYS: Final = (30, 14, 7, 1)


@dataclass(frozen=True, kw_only=True)
class Ending:
    """A certificate and its end. `what` is `hub`, `authority`, `member`, `proxy` or
    `partner-authority`."""

    what: str
    agency: str
    thumbprint: str
    not_after: datetime

    def days_left(self, at: datetime) -> int:
        """Return the whole days that are left; negative once it has ended."""
        return (self.not_after - at).days

    def alarm(self, at: datetime) -> int | None:
        """Return the latest of the alarms that is due."""
        return min((days for days in ALARM_DAYS if self.days_left(at) < days), default=None)


def ending_of(pem: str | bytes, *, what: str, agency: str) -> Ending:
    """Return when a PEM certificate ends."""
    certificate = x509.load_pem_x509_certificate(pem.encode() if isinstance(pem, str) else pem)
    return Ending(
        what=what,
        agency=agency,
        thumbprint=hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest(),
        not_after=certificate.not_valid_after_utc,
    )


def endings(broker: Broker, view: View, own: Sequence[Ending]) -> Sequence[Ending]:
    """Return what is in use with its end, the nearest first: ours, members' and partners'."""
    standing = broker.standings.of(view)
    registered = {row.certificate_thumbprint: row.agency for row in standing.members.values()}
    members = [
        Ending(what=row.use, agency=row.agency, thumbprint=row.thumbprint, not_after=row.not_after)
        for row in view.certificates.in_force(broker.clock.now())
        if row.thumbprint in registered or row.use == "proxy"
    ]
    authorities = [
        ending_of(pem, what="partner-authority", agency=agency)
        for agency, partner in standing.partners.items()
        for pem in partner.card.authorities
    ]
    return sorted([*own, *members, *authorities], key=lambda one: (one.not_after, one.what, one.agency))


def is_ending(broker: Broker, view: View, own: Sequence[Ending]) -> bool:
    """Tell whether an alarm has been due for any certificate in use."""
    at = broker.clock.now()
    return any(one.alarm(at) is not None for one in endings(broker, view, own))


def give_alarms(broker: Broker, own: Sequence[Ending]) -> Sequence[tuple[Ending, int]]:
    """Write an alarm into the hub's log for each end that came near, once for each number of days."""
    at = broker.clock.now()
    with broker.store.read() as view:
        near = [(one, days) for one in endings(broker, view, own) if (days := one.alarm(at)) is not None]
    given: list[tuple[Ending, int]] = []
    if not near:
        return given
    with broker.store.work() as work:
        given = [(one, days) for one, days in near if work.certificates.note_alarm(one.thumbprint, days, at)]
        work.commit()
    for one, _days in given:
        fields = {"what": one.what, "agency": one.agency, "days": one.days_left(at)}
        log.warning(
            "a certificate ends on %s",
            one.not_after.strftime("%Y-%m-%d"),
            extra={"code": "certificate-ending", "fields": fields},
        )
    return given
