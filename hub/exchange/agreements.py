"""Agreements: one custodian proposes a text, another puts it in force; a changed text takes a higher version.

Who alone keeps a hub puts agreements in force alone (`adopt`), until there are two custodians.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hub.audit.events import Act
from hub.entries import AgreementRow, ProposalRow
from hub.errors import Refused
from hub.exchange.broker import Broker
from hub.policy.agreements import load_agreement
from hub.policy.decision import require
from hub.policy.four_eyes import may_administer, may_approve_agreement, may_propose_agreement
from hub.policy.terms import Agreement
from hub.ports import UnitOfWork, View
from hub.records.actor import Actor, Role

#: With so many custodians none of them decides alone.
_CUSTODIANS_FOR_TWO = 2


def adopt(broker: Broker, actor: Actor, toml_text: str) -> AgreementRow:
    """Read an agreement file and put it in force here; the same text again changes nothing.

    Raises Refused `role-missing`, `agreement-invalid`, `four-eyes` where two custodians are there to decide,
    or `conflict` when a version that is in force already would be changed or gone back behind.
    """
    require(may_administer(actor))
    agreement = _usable(broker, toml_text)
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
        work.directory.hold()  # who decides meanwhile is waited for, and read
        adopted = in_force(work, agreement.id)
        if adopted is not None and adopted.digest == row.digest:
            return adopted
        _refuse_alone(work)
        _refuse_unless_newer(agreement.id, agreement.version, adopted)
        _put_in_force(broker, work, actor, row, at)
        work.commit()
    return row


def propose(broker: Broker, actor: Actor, toml_text: str) -> ProposalRow:
    """Propose an agreement's text; nothing changes before another custodian approves it.

    A proposal of the same version that nobody approved yet is replaced; the same text by the same custodian
    changes nothing. Raises Refused `role-missing`,
    `agreement-invalid`, or `conflict` for a version that is not above the one in force.
    """
    require(may_propose_agreement(actor))
    agreement = _usable(broker, toml_text)
    at = broker.clock.now()
    row = ProposalRow(
        agreement_id=agreement.id,
        version=agreement.version,
        source=toml_text,
        digest=hashlib.sha256(toml_text.encode()).digest(),
        proposed_by=str(actor),
        proposed_at=at,
    )
    with broker.store.work() as work:
        work.directory.hold()
        _refuse_unless_newer(agreement.id, agreement.version, in_force(work, agreement.id))
        for before in waiting(work):
            if _same(before, row) and before.proposed_by == row.proposed_by:
                return before
        work.directory.put_proposal(row)
        told = {"version": str(row.version), "digest": row.digest.hex()}
        work.stage([broker.event(Act.AGREEMENT_PROPOSED, actor, row.agreement_id, at, **told)])
        work.commit()
    return row


def approve_agreement(
    broker: Broker, actor: Actor, agreement_id: str, version: int, *, digest: bytes
) -> AgreementRow:
    """Put in force what another custodian proposed; `digest` is that of the text that was read.

    A repeat by who put that text in force changes nothing. Raises Refused `role-missing`, `four-eyes`,
    `not-found`, and `conflict` when the text is not the one that was read, or an equal or later version is in
    force.
    """
    at = broker.clock.now()
    with broker.store.work() as work:
        work.directory.hold()
        now = in_force(work, agreement_id)
        if now is not None and (now.version, now.digest, now.adopted_by) == (version, digest, str(actor)):
            require(may_propose_agreement(actor))
            return now
        proposal = proposal_of(work, agreement_id, version)
        require(may_approve_agreement(actor, proposal.proposed_by))
        if proposal.digest != digest:
            raise Refused("conflict", "The proposal is not the text that was read; read it again.")
        _usable(broker, proposal.source)
        _refuse_unless_newer(agreement_id, version, in_force(work, agreement_id))
        row = AgreementRow(
            agreement_id=agreement_id,
            version=version,
            source=proposal.source,
            digest=proposal.digest,
            adopted_at=at,
            adopted_by=str(actor),
        )
        work.directory.put_proposal(replace(proposal, approved_by=str(actor), approved_at=at))
        _put_in_force(broker, work, actor, row, at, proposed_by=proposal.proposed_by)
        work.commit()
    return row


def _same(one: ProposalRow, other: ProposalRow) -> bool:
    return (one.agreement_id, one.version, one.digest) == (other.agreement_id, other.version, other.digest)


def in_force(view: View, agreement_id: str) -> AgreementRow | None:
    """Return the newest version of an agreement here."""
    return next((row for row in view.directory.agreements() if row.agreement_id == agreement_id), None)


def proposal_of(view: View, agreement_id: str, version: int | None = None) -> ProposalRow:
    """Return a proposal that waits for a second custodian, the newest where no version is named."""
    for row in reversed(waiting(view)):
        if row.agreement_id == agreement_id and version in (None, row.version):
            return row
    what = agreement_id if version is None else f"version {version} of {agreement_id}"
    raise Refused("not-found", f"Nobody has proposed {what}, or it is decided already.")


def waiting(view: View) -> Sequence[ProposalRow]:
    """Return the proposals that wait for a second custodian, by agreement and version."""
    return [row for row in view.directory.proposals() if row.approved_by is None]


def version_of(view: View, agreement_id: str, version: int | None = None) -> AgreementRow:
    """Return a version that is or was in force here, the newest where none is named."""
    versions = view.directory.agreement_versions(agreement_id)
    for row in reversed(versions):
        if version in (None, row.version):
            return row
    if not versions:
        raise Refused(
            "not-found", f"There is no agreement {agreement_id} here; `hub agreement list` shows all."
        )
    told = ", ".join(str(row.version) for row in versions)
    raise Refused("not-found", f"There is no version {version} of {agreement_id} here; there is {told}.")


def _usable(broker: Broker, toml_text: str) -> Agreement:
    """Read an agreement that this hub could keep; raise Refused `agreement-invalid`."""
    agreement = load_agreement(toml_text)
    if broker.agency not in agreement.parties:
        raise Refused("agreement-invalid", f"{broker.agency} is not among the parties of {agreement.id}.")
    if agreement.draft:
        raise Refused(
            "agreement-invalid",
            f"{agreement.id} is a draft: check every clause with your lawyers, then take out `draft = true`.",
        )
    return agreement


def _put_in_force(
    broker: Broker, work: UnitOfWork, actor: Actor, row: AgreementRow, at: datetime, **told: str
) -> None:
    work.directory.put_agreement(row)
    event = broker.event(
        Act.AGREEMENT_CHANGED,
        actor,
        row.agreement_id,
        at,
        version=str(row.version),
        digest=row.digest.hex(),
        **told,
    )
    work.stage([event])


def _refuse_alone(view: View) -> None:
    """Refuse one person's decision where two custodians are there to take it."""
    custodians = [one for one in view.directory.officers() if one.active and Role.CUSTODIAN in one.roles]
    if len(custodians) >= _CUSTODIANS_FOR_TWO:
        raise Refused(
            "four-eyes",
            f"This hub has {len(custodians)} custodians, so an agreement takes two of them: one proposes it "
            "(`hub agreement propose`), another approves it (`hub agreement approve`).",
        )


def _refuse_unless_newer(agreement_id: str, version: int, adopted: AgreementRow | None) -> None:
    if adopted is not None and version <= adopted.version:
        raise Refused(
            "conflict",
            f"Version {adopted.version} of {agreement_id} is adopted with another text; "
            f"a changed text takes a version above it, not {version}.",
        )


def rules_warnings(broker: Broker) -> tuple[str, ...]:
    """Return `rules-ending` where what flows by rule ends soon, or has ended: two custodians renew it.

    Nobody would know before the first record that waits for a second officer, perhaps at night.
    """
    today = broker.clock.now().astimezone(UTC).date()
    soon = today + timedelta(days=broker.limits.rules_warn_days)
    standing = broker.standing()
    ours = {broker.agency, *standing.members}
    ends = (
        one.rule_until(flow)
        for one in standing.agreements
        if one.holds_on(today)
        for flow in one.flows
        if flow.by_rule and not ours.isdisjoint(flow.senders)
    )
    return ("rules-ending",) if any(end is not None and end <= soon for end in ends) else ()
