"""Officers' own signing keys: registered, opened with the officer's password, revoked; each step is logged.

The private half lies here under the officer's password, or is with the officer alone: then the hub knows the
public half and is sent signatures.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from hub.audit.events import Act
from hub.entries import Body, Custody, LoginFailures, OfficerKeyRow
from hub.envelope.approvals import key_of_jwk
from hub.envelope.keys import jwk, thumbprint
from hub.envelope.personal_keys import make_key, open_key, seal_key
from hub.envelope.vault import lock, unlock
from hub.errors import Refused
from hub.exchange.broker import Broker
from hub.policy.decision import require
from hub.policy.four_eyes import may_administer
from hub.ports import UnitOfWork, View
from hub.records.actor import Actor, ActorKind, Role
from hub.records.ids import new_id

#: Under which name wrong passwords for a key are counted, beside the addresses of sign-ins.
_DOOR: Final = "signing-key"

#: A key, and the body in which its private half lies.
NewKey = tuple[OfficerKeyRow, Body]


def own_key(view: View, officer: str) -> OfficerKeyRow | None:
    """Return the key with which an officer signs now."""
    return next((key for key in view.officer_keys.of_officer(officer) if key.revoked_at is None), None)


def key_for(
    broker: Broker, actor: Actor, officer: str, roles: Collection[Role], *, password: str
) -> NewKey | None:
    """Make the key of an officer whose password is set: who releases needs one."""
    return new_key(broker, officer, password=password, actor=actor) if Role.RELEASER in roles else None


def new_key(broker: Broker, officer: str, *, password: str, actor: Actor) -> NewKey:
    """Make a key that nobody uses without the password; touches no store."""
    key, body_id = make_key(), new_id()
    sealed = seal_key(key, password)
    body = lock(sealed, body_id=body_id, master_key=broker.keyring.master_key())
    row = _row(key.public_key(), officer, Custody.HUB, actor, broker.clock.now())
    return replace(row, body_id=body_id), body


def register(broker: Broker, work: UnitOfWork, actor: Actor, row: OfficerKeyRow, body: Body | None) -> None:
    """Put a key in the place of the officer's present one, with the entries of both steps."""
    if work.officer_keys.get(row.kid) is not None:
        raise Refused("conflict", "This key was registered before; each key is registered once.")
    end(broker, work, actor, row.officer, at=row.registered_at)
    if body is not None:
        work.bodies.add([body])
    work.officer_keys.put(row)
    told = {"officer": row.officer, "change": "registered", "custody": row.custody.value}
    work.stage([broker.event(Act.OFFICER_KEY, actor, row.kid, row.registered_at, **told)])


def end(
    broker: Broker, work: UnitOfWork, actor: Actor, officer: str, *, at: datetime
) -> OfficerKeyRow | None:
    """Revoke an officer's present key and destroy its private half where that lies here."""
    present = own_key(work, officer)
    if present is None:
        return None
    revoked = replace(present, revoked_at=at, revoked_by=str(actor), body_id=None)
    work.officer_keys.put(revoked)
    if present.body_id is not None:
        work.bodies.erase(present.body_id)
    told = {"officer": officer, "change": "revoked", "custody": present.custody.value}
    work.stage([broker.event(Act.OFFICER_KEY, actor, present.kid, at, **told)])
    return revoked


def enrol(
    broker: Broker, actor: Actor, *, password: str | None = None, public: Mapping[str, object] | None = None
) -> OfficerKeyRow:
    """Register the officer's own next key: one made here under their password, or the public half as JWK.

    Raises Refused `role-missing` for who is no officer of this hub, `request-invalid` for what is no key.
    """
    if actor.kind is not ActorKind.OFFICER:
        raise Refused("role-missing", f"Only an officer has a signing key, not a {actor.kind.value}.")
    body = None
    if public is not None:
        try:
            key = key_of_jwk(public)
        except ValueError as error:
            raise Refused("request-invalid", f"The public key cannot be used: {error}.") from None
        row = _row(key, actor.id, Custody.OFFICER, actor, broker.clock.now())
    elif password is not None:
        row, body = new_key(broker, actor.id, password=password, actor=actor)
    else:
        raise Refused("request-invalid", "A key is made under a password, or its public half is given.")
    with broker.store.work() as work:
        if work.directory.officer(actor.id) is None:
            raise Refused("not-found", f"There is no officer {actor.id}.")
        register(broker, work, actor, row, body)
        work.commit()
    return row


def read_public_jwk(pem: str) -> Mapping[str, object]:
    """Return the JWK of a PEM; raise Refused `request-invalid` for what is no public key on P-256."""
    try:
        key = load_pem_public_key(pem.encode())
        if not isinstance(key, EllipticCurvePublicKey):
            raise ValueError("expected a key on P-256")
        return dict(jwk(key))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Refused("request-invalid", f"The public key cannot be used: {error}.") from None


def revoke(broker: Broker, actor: Actor, officer: str) -> OfficerKeyRow:
    """Revoke an officer's key: a custodian does, or the officer. What it signed before stays signed."""
    if not (actor.kind is ActorKind.OFFICER and actor.id == officer):
        require(may_administer(actor))
    with broker.store.work() as work:
        revoked = end(broker, work, actor, officer, at=broker.clock.now())
        if revoked is None:
            raise Refused("not-found", f"{officer} has no signing key.")
        work.commit()
    return revoked


def unlocked(broker: Broker, key: OfficerKeyRow, password: str) -> EllipticCurvePrivateKey:
    """Open a key that lies here; raise Refused `credentials-invalid`, also after too many wrong passwords."""
    at = broker.clock.now()
    with broker.store.read() as view:
        failures = _failures(broker, view, key, at)
        held = view.bodies.get_many([key.body_id or ""]).get(key.body_id or "")
    if held is None:
        raise Refused(
            "approval-unsigned",
            f"The private half of {key.officer}'s key is not here; send the signature made with it.",
        )
    try:
        if failures >= broker.limits.login_failures_max:
            raise Refused("credentials-invalid", "Too many wrong passwords for this signing key; wait.")
        return open_key(unlock(held, master_key=broker.keyring.master_key()), password, kid=key.kid)
    except Refused:
        with broker.store.work() as work:
            work.directory.officer(key.officer)  # who guesses meanwhile is waited for, and counted
            failures = _failures(broker, work, key, at) + 1
            work.directory.put_login_failures(
                LoginFailures(name=key.officer, address=_DOOR, failures=failures, last_at=at)
            )
            told = {"reason": "signing-key", "address": _DOOR}
            work.stage([broker.event(Act.LOGIN_FAILED, broker.itself, key.officer, at, **told)])
            work.commit()
        raise


def _failures(broker: Broker, view: View, key: OfficerKeyRow, at: datetime) -> int:
    """Return how often in a row a wrong password came for a key; what is older than a lock is forgotten."""
    known = view.directory.login_failures(key.officer, _DOOR)
    over = known is None or known.last_at + timedelta(seconds=broker.limits.login_lock_s) <= at
    return 0 if known is None or over else known.failures


def _row(
    public: EllipticCurvePublicKey, officer: str, custody: Custody, actor: Actor, at: datetime
) -> OfficerKeyRow:
    members = jwk(public)
    return OfficerKeyRow(
        kid=thumbprint(public),
        officer=officer,
        x=members["x"],
        y=members["y"],
        custody=custody,
        registered_at=at,
        registered_by=str(actor),
    )
