"""The policy on who releases and reads what: one custodian proposes its text, another puts it in force."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from hub.audit.events import Act
from hub.entries import PolicyRow
from hub.errors import Refused
from hub.exchange.broker import Broker
from hub.policy.decision import require
from hub.policy.four_eyes import may_approve_agreement, may_propose_agreement
from hub.policy.rulebook import load_rulebook, shipped_text
from hub.ports import View
from hub.records.actor import Actor


def propose_policy(broker: Broker, actor: Actor, text: str) -> PolicyRow:
    """Propose a policy's text; nothing changes before another custodian approves it.

    What nobody approved yet is replaced. Raises Refused `role-missing`, `policy-invalid` with the lines, and
    `conflict` for the text that is in force.
    """
    require(may_propose_agreement(actor))
    load_rulebook(text)
    at, digest = broker.clock.now(), digest_of(text)
    with broker.store.work() as work:
        work.directory.hold()  # who decides meanwhile is waited for, and read
        if digest == digest_of(in_force(work)):
            raise Refused("conflict", "This is the policy that is in force.")
        row = PolicyRow(
            version=_next_version(work.access.policies()),
            source=text,
            digest=digest,
            proposed_by=str(actor),
            proposed_at=at,
        )
        work.access.put_policy(row)
        work.stage([broker.event(Act.ACCESS_PROPOSED, actor, _subject(row), at, digest=digest.hex())])
        work.commit()
    return row


def approve_policy(broker: Broker, actor: Actor, *, digest: bytes) -> PolicyRow:
    """Put in force what another custodian proposed; `digest` is that of the text that was read.

    Raises Refused `role-missing`, `four-eyes`, `not-found`, `policy-invalid`, and `conflict` when the text is
    not the one that was read.
    """
    at = broker.clock.now()
    with broker.store.work() as work:
        work.directory.hold()
        proposal = proposed(work)
        require(may_approve_agreement(actor, proposal.proposed_by))
        if proposal.digest != digest:
            raise Refused("conflict", "The proposal is not the text that was read; read it again.")
        load_rulebook(proposal.source)
        row = replace(proposal, approved_by=str(actor), approved_at=at)
        work.access.put_policy(row)
        told = {"digest": digest.hex(), "proposed_by": proposal.proposed_by}
        work.stage([broker.event(Act.ACCESS_CHANGED, actor, _subject(row), at, **told)])
        work.commit()
    return row


def in_force(view: View) -> str:
    """Return the text that decides now: what custodians approved last, or what is shipped."""
    row = view.access.policy()
    return shipped_text() if row is None else row.source


def proposed(view: View) -> PolicyRow:
    """Return what waits for a second custodian, or raise Refused `not-found`."""
    rows = view.access.policies()
    if not rows or rows[-1].approved_by is not None:
        raise Refused("not-found", "Nobody has proposed a policy, or it is decided already.")
    return rows[-1]


def digest_of(text: str) -> bytes:
    """Return the SHA-256 by which a policy's text is named."""
    return hashlib.sha256(text.encode("utf-8")).digest()


def _next_version(rows: Sequence[PolicyRow]) -> int:
    """Return the version of what is proposed now, in the place of what nobody approved."""
    if not rows:
        return 1
    return rows[-1].version if rows[-1].approved_by is None else rows[-1].version + 1


def _subject(row: PolicyRow) -> str:
    return f"policy/{row.version}"
