"""approve: a second officer's own signature over the bytes, the label and the recipients that were read.

What takes several officers stays a draft until enough have approved the same; any change voids all of it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hub.audit.events import Act, AuditEvent
from hub.entries import ApprovalRow, Body, OfficerKeyRow, RecordRow
from hub.envelope import approvals
from hub.envelope.canonical import canonical, digest
from hub.envelope.encoding import b64u, unb64u
from hub.envelope.manifest import Approval
from hub.envelope.vault import lock, unlock
from hub.errors import Refused
from hub.exchange.access import permit_release
from hub.exchange.accounts import actor_of
from hub.exchange.broker import Broker, Standing
from hub.exchange.contents import find_row
from hub.exchange.officer_keys import own_key, unlocked
from hub.policy.approvals import officers_needed
from hub.policy.decision import Deny
from hub.ports import UnitOfWork, View
from hub.records.actor import Actor, Role
from hub.records.ids import new_id
from hub.records.kinds import Action
from hub.records.label import Label


@dataclass(frozen=True, kw_only=True)
class ByPassword:
    """The officer's password, which opens the signing key that lies here."""

    password: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Detached:
    """What the officer signed elsewhere: the statement as handed out, and a JWS without its payload."""

    statement: bytes
    secret: bytes = field(repr=False)
    signature: str


Signature = ByPassword | Detached


@dataclass(frozen=True, kw_only=True)
class Given:
    """One officer's approval, opened. `secret` derives the salts; without a key there is no `jws`.

    `answers` are those that the statement commits to; None for what was approved before they were kept.
    """

    row: ApprovalRow
    payload: bytes
    secret: bytes = field(repr=False)
    jws: str | None = None
    key: Mapping[str, str] | None = None
    answers: Sequence[Mapping[str, object]] | None = field(default=None, repr=False)

    @property
    def statement(self) -> approvals.Statement:
        """Return what was approved."""
        return approvals.Statement.load(self.payload)

    def shown_to(self, agencies: Sequence[str]) -> Approval:
        """Return it as the manifest of an envelope to some recipients carries it."""
        signed = None
        if self.jws is not None and self.key is not None:
            openings = tuple((one, approvals.salt_of(self.secret, one)) for one in sorted(agencies))
            signed = approvals.Signed(jws=self.jws, key=self.key, openings=openings)
        stated = self.statement
        return Approval(by=stated.by, at=stated.at, digest=stated.digest, signed=signed)

    @property
    def signed_digest(self) -> str:
        """Return the SHA-256 (hex) of the signed statement, as the log names it."""
        return "" if self.jws is None else digest(self.jws.encode()).hex()


def state(
    standing: Standing,
    actor: Actor,
    row: RecordRow,
    answers: Sequence[Mapping[str, object]],
    *,
    at: datetime,
    secret: bytes,
) -> approvals.Statement:
    """Return what an officer is to sign about a draft as it is now."""
    return approvals.state(
        originator=row.originator,
        record_id=row.record_id,
        version=row.version,
        content_digest=row.digest,
        label=row.label,
        recipients=row.recipients,
        answers=answers,
        agreements=[standing.in_force.get(row.agreement, row.agreement)],
        by=str(actor),
        at=at,
        secret=secret,
    )


def needed(broker: Broker, standing: Standing, row: RecordRow) -> int:
    """Return how many officers must approve; a withdrawal, which must reach everyone soon, takes one."""
    if row.action == Action.WITHDRAWAL.value:
        return 1
    flows = [
        flow
        for agreement in standing.agreements
        if agreement.id == row.agreement
        for recipient in row.recipients
        if (flow := agreement.flow(broker.agency, recipient)) is not None
    ]
    return officers_needed(Label.of(row.label), flows, broker.releases)


def give(
    broker: Broker,
    standing: Standing,
    actor: Actor,
    row: RecordRow,
    answers: Sequence[Mapping[str, object]],
    sign: Signature | None,
    *,
    at: datetime,
) -> Given:
    """Return the officer's approval, signed with their key where they have one.

    Raises Refused `approval-unsigned`, `approval-invalid`, `credentials-invalid`.
    """
    with broker.store.read() as view:
        key = own_key(view, actor.id)
    if key is None:
        if sign is not None and not isinstance(sign, ByPassword):
            raise Refused(
                "approval-unsigned", f"{actor.id} has no signing key; `hub officer enrol` makes one."
            )
        if broker.releases.signed:
            raise Refused(
                "approval-unsigned",
                f"A release here is signed with the officer's own key, and {actor.id} has none; "
                "`hub officer enrol` makes one.",
            )
        secret = os.urandom(approvals.SECRET_BYTES)
        payload = state(standing, actor, row, answers, at=at, secret=secret).payload
        return Given(row=_row(row, actor, at, None), payload=payload, secret=secret, answers=answers)
    if sign is None:
        raise Refused(
            "approval-unsigned",
            f"{actor.id} has a signing key; the release takes the password that opens it, or a signature.",
        )
    if isinstance(sign, Detached):
        payload, secret, jws = _taken(broker, standing, actor, row, answers, sign, key, at)
    else:
        private, secret = unlocked(broker, key, sign.password), os.urandom(approvals.SECRET_BYTES)
        stated = state(standing, actor, row, answers, at=at, secret=secret)
        payload, jws = stated.payload, approvals.sign(stated, private)
    return Given(
        row=_row(row, actor, at, key.kid),
        payload=payload,
        secret=secret,
        jws=jws,
        key=key.jwk,
        answers=answers,
    )


def _taken(
    broker: Broker,
    standing: Standing,
    actor: Actor,
    row: RecordRow,
    answers: Sequence[Mapping[str, object]],
    sign: Detached,
    key: OfficerKeyRow,
    at: datetime,
) -> tuple[bytes, bytes, str]:
    """Check what an officer signed elsewhere: that it is theirs, of now, and about what is decided here."""
    try:
        jws = approvals.attach(sign.signature, sign.statement)
        said = approvals.verify(jws, key.jwk)
        expected = state(standing, actor, row, answers, at=said.at, secret=sign.secret)
    except ValueError as error:
        raise Refused("approval-invalid", f"The signed statement cannot be used: {error}.") from None
    if said != expected:
        raise Refused("approval-invalid", "The signed statement is about something else than this decision.")
    life = timedelta(seconds=broker.limits.approval_life_s)
    if not at - life <= said.at <= at + timedelta(seconds=broker.limits.clock_skew_s):
        raise Refused("approval-invalid", "The signed statement is too old; ask for one and sign it anew.")
    return sign.statement, sign.secret, jws


def _row(row: RecordRow, actor: Actor, at: datetime, kid: str | None) -> ApprovalRow:
    return ApprovalRow(
        originator=row.originator,
        record_id=row.record_id,
        version=row.version,
        by=str(actor),
        at=at,
        body_id=new_id(),
        kid=kid,
    )


def standing_approvals(broker: Broker, view: View, standing: Standing, row: RecordRow) -> Sequence[Given]:
    """Return the approvals of a draft that count now: of these bytes, under today's agreement.

    An approval ends with its officer's account, role or key, and with every change of what was approved.
    """
    found = [one for one in opened(broker, view, row) if _counts(broker, view, standing, row, one)]
    return sorted(found, key=lambda one: (one.row.at, one.row.by))


def approvals_of(broker: Broker, record_id: str) -> tuple[Sequence[str], int]:
    """Return who has approved a draft as it is, and how many officers must."""
    with broker.store.read() as view:
        standing, row = broker.standings.of(view), find_row(view, record_id)
        given = standing_approvals(broker, view, standing, row)
    return [one.row.by for one in given], needed(broker, standing, row)


def _counts(broker: Broker, view: View, standing: Standing, row: RecordRow, one: Given) -> bool:
    said = one.statement
    officer = view.directory.officer(one.row.by.removeprefix("officer:"))
    if officer is None or not officer.active or Role.RELEASER not in officer.roles:
        return False
    if isinstance(permit_release(broker, view, row, actor_of(officer, agency=broker.agency)), Deny):
        return False
    if one.row.kid is None:
        if broker.releases.signed:
            return False
    elif (key := view.officer_keys.get(one.row.kid)) is None or key.revoked_at is not None:
        return False
    recipients = sorted(approvals.commitment(approvals.salt_of(one.secret, a), a) for a in row.recipients)
    return (
        said.digest == b64u(row.digest)
        and said.label_digest == b64u(digest(canonical(row.label)))
        and list(said.recipients) == recipients
        and said.agreements == (standing.in_force.get(row.agreement, row.agreement),)
    )


def opened(broker: Broker, view: View, row: RecordRow) -> Sequence[Given]:
    """Return every approval of a version that was not erased."""
    rows = view.approvals.of_version(row.originator, row.record_id, row.version)
    bodies = view.bodies.get_many([one.body_id for one in rows])
    return [_open(broker, one, bodies[one.body_id]) for one in rows if one.body_id in bodies]


def keep(broker: Broker, work: UnitOfWork, row: RecordRow, given: Sequence[Given]) -> None:
    """Store the last of these approvals beside the others, and forget those that count no more."""
    void(work, row, but=[one.row for one in given[:-1]])
    work.bodies.add([_lock(broker, given[-1])])
    work.approvals.add([given[-1].row])


def void(work: UnitOfWork, row: RecordRow, *, but: Sequence[ApprovalRow] = ()) -> dict[str, str]:
    """Forget a version's approvals, and what was signed, once it changed; return what an entry says of it."""
    rows = work.approvals.of_version(row.originator, row.record_id, row.version)
    voided = [one for one in rows if one not in but]
    for one in voided:
        work.approvals.void(one)
        work.bodies.erase(one.body_id)
    return {"voided": ",".join(one.by for one in voided)} if voided else {}


def refuse_ended(broker: Broker, work: UnitOfWork, row: RecordRow, given: Sequence[Given]) -> None:
    """Raise Refused `conflict` when what a release rests on ended while it was prepared.

    That is the key of any approval, what makes an earlier one count, or the agreement itself.
    """
    standing = broker.standings.of(work)
    agreement = standing.in_force.get(row.agreement, row.agreement)
    for one in given:
        key = work.officer_keys.get(one.row.kid) if one.row.kid is not None else None
        if one.row.kid is not None and (key is None or key.revoked_at is not None):
            raise Refused("conflict", f"The signing key of {one.row.by} was revoked meanwhile; look again.")
        if one.statement.agreements != (agreement,):
            raise Refused("conflict", f"{row.agreement} was changed meanwhile; look again.")
    for one in given[:-1]:
        if not _counts(broker, work, standing, row, one):
            raise Refused("conflict", f"The approval of {one.row.by} ended meanwhile; look again.")


def approved_event(
    broker: Broker, actor: Actor, row: RecordRow, given: Sequence[Given], *, of: int, at: datetime
) -> AuditEvent:
    """Return the entry of an approval that others must follow."""
    told = {
        "version": str(row.version),
        "digest": row.digest.hex(),
        "given": str(len(given)),
        "needed": str(of),
    }
    return broker.event(Act.APPROVED, actor, row.record_id, at, **told, **described(given))


def described(given: Sequence[Given]) -> dict[str, str]:
    """Return what an entry says of approvals: who, by which keys, over which signed statements."""
    return {
        "approvers": ",".join(one.row.by for one in given),
        "approver_keys": ",".join(one.row.kid or "" for one in given),
        "statements": ",".join(one.signed_digest for one in given),
    }


def kids_of(events: Iterable[AuditEvent]) -> frozenset[str]:
    """Return the keys by which the approvals were signed that entries tell of."""
    told = (event.details.get("approver_keys", "") for event in events)
    return frozenset(kid for kids in told for kid in kids.split(",") if kid)


def _lock(broker: Broker, one: Given) -> Body:
    document: dict[str, object] = {"payload": b64u(one.payload), "secret": b64u(one.secret)}
    if one.jws is not None and one.key is not None:
        document |= {"jws": one.jws, "key": dict(one.key)}
    if one.answers is not None:
        document["answers"] = [dict(answer) for answer in one.answers]
    return lock(canonical(document), body_id=one.row.body_id, master_key=broker.keyring.master_key())


def _open(broker: Broker, row: ApprovalRow, body: Body) -> Given:
    said = json.loads(unlock(body, master_key=broker.keyring.master_key()))
    return Given(
        row=row,
        payload=unb64u(said["payload"]),
        secret=unb64u(said["secret"]),
        jws=said.get("jws"),
        key=said.get("key"),
        answers=said.get("answers"),
    )
