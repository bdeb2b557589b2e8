"""Agreements: this hub adopts a file as it stands; a changed text takes a higher version."""

from __future__ import annotations

import hashlib

from hub.audit.events import Act
from hub.entries import AgreementRow
from hub.errors import Refused
from hub.exchange.broker import Broker
from hub.policy.agreements import Agreement, load_agreement
from hub.policy.decision import require
from hub.policy.four_eyes import may_administer
from hub.records.actor import Actor


def adopt(broker: Broker, actor: Actor, toml_text: str) -> AgreementRow:
    """Read an agreement file and put it in force here; the same text again changes nothing.

    Raises Refused `role-missing`, `agreement-invalid`, or `conflict` when a version that is adopted
    already would be changed or gone back behind.
    """
    require(may_administer(actor))
    agreement = load_agreement(toml_text)
    if broker.agency not in agreement.parties:
        raise Refused("agreement-invalid", f"{broker.agency} is not among the parties of {agreement.id}.")
    at = broker.clock.now()
    row = AgreementRow(
        agreement_id=agreement.id,
        version=agreement.version,
        source=toml_text,
        digest=hashlib.sha256(toml_text.encode()).digest(),
        adopted_at=at,
        adopted_by=str(actor),
    )
    with broker.store.work() as work:
        adopted = {a.agreement_id: a for a in work.directory.agreements()}.get(agreement.id)
        if adopted is not None and adopted.digest == row.digest:
            return adopted
        _refuse_unless_newer(agreement, adopted)
        work.directory.put_agreement(row)
        event = broker.event(
            Act.AGREEMENT_CHANGED, actor, agreement.id, at, version=str(row.version), digest=row.digest.hex()
        )
        work.stage([event])
        work.commit()
    return row


def _refuse_unless_newer(agreement: Agreement, adopted: AgreementRow | None) -> None:
    if adopted is not None and agreement.version <= adopted.version:
        raise Refused(
            "conflict",
            f"Version {adopted.version} of {agreement.id} is adopted with another text; "
            f"a changed text takes a version above it, not {agreement.version}.",
        )
