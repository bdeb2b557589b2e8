"""What a custodian decides about checking one partner's certificates."""

from __future__ import annotations

from collections.abc import Sequence

from hub.audit.events import Act
from hub.entries import RevocationRule
from hub.errors import Refused
from hub.exchange.broker import Broker
from hub.exchange.partners import find_partner
from hub.federation.authorities import check_revocation_url
from hub.federation.revocation import RevocationPolicy
from hub.policy.decision import require
from hub.policy.four_eyes import may_administer
from hub.records.actor import Actor


def set_rule(
    broker: Broker,
    actor: Actor,
    agency: str,
    *,
    policy: RevocationPolicy | None,
    crl: Sequence[str],
    ocsp: Sequence[str],
) -> RevocationRule:
    """Set how a partner's certificates are checked; without a policy and addresses its card decides again.

    Raises Refused `role-missing`, `partner-unknown`, `request-invalid`.
    """
    require(may_administer(actor))
    try:
        for url in (*crl, *ocsp):
            check_revocation_url(url)
    except ValueError as error:
        raise Refused("request-invalid", f"Revocation cannot be asked for there: {error}.") from None
    at = broker.clock.now()
    rule = RevocationRule(
        agency=agency,
        policy=None if policy is None else policy.value,
        crl=tuple(crl),
        ocsp=tuple(ocsp),
        set_at=at,
        set_by=str(actor),
    )
    with broker.store.work() as work:
        row = find_partner(work, agency)
        work.revocations.put_rule(rule)
        told = {
            "change": "revocation-rule",
            "policy": rule.policy or "as-published",
            "fingerprint": row.fingerprint,
            "suites": " ".join(row.suites),
        }
        work.stage([broker.event(Act.PARTNER_CHANGED, actor, agency, at, **told)])
        work.commit()
    return rule
