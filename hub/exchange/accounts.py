"""Officers: local accounts with a password, a time-based code and roles.

A wrong name, password or code, a replayed code, a locked address or inactive account: the caller is told the
same and waits as long; only the audit event says which it was. Failures lock out the address that they come
from, not the officer: else whoever knows a name could keep its bearer out.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from hub.audit.events import Act
from hub.entries import Body, Custody, LoginFailures, OfficerRow
from hub.envelope.vault import lock, unlock
from hub.errors import Refused
from hub.exchange.broker import Broker
from hub.exchange.officer_keys import NewKey, key_for, own_key, register
from hub.policy.decision import require
from hub.policy.four_eyes import may_administer
from hub.ports import Directory, UnitOfWork
from hub.records.actor import Actor, ActorKind, Role
from hub.records.compartments import compartment_name
from hub.records.ids import new_id
from hub.records.label import Classification

_NAME: Final = re.compile(r"[a-z][a-z0-9._-]{1,63}")
_PASSWORD_LENGTH: Final = range(12, 1025)

#: What changes who somebody is or what they may do: sessions from before it end.
_ENDS_SESSIONS: Final = frozenset({"roles", "active", "password_hash", "clearance", "compartments"})

#: Of an account for which nobody says it: what is no state secret.
CLEARANCE: Final = Classification.RESTRICTED
_COMPARTMENTS_MAX: Final = 64

# Argon2id (RFC 9106): 32 MiB a login, so that sixteen logins at once stay within half a GiB.
_HASHER: Final = PasswordHasher(time_cost=3, memory_cost=32 * 1024, parallelism=1)

#: The hash of a password that was thrown away: what an unknown name is verified against, for equal time.
_NOBODY: Final = (
    "$argon2id$v=19$m=32768,t=3,p=1$56AYD7vadiHecr4HP2ttrA$pWbJ2SVR1PVTz/frqkje72k7Diz5Rj8sHyaFrlqUUUE"
)


@dataclass(frozen=True, kw_only=True)
class Enrolment:
    """A new or reset account with the URI for the officer's authenticator, which is shown this once."""

    officer: OfficerRow
    totp_uri: str = field(repr=False)


def add_officer(
    broker: Broker,
    actor: Actor,
    *,
    name: str,
    password: str,
    roles: Collection[Role],
    clearance: Classification = CLEARANCE,
    compartments: Collection[str] = (),
) -> Enrolment:
    """Open an account, cleared for what is restricted unless it is said for what.

    Raises Refused `role-missing`, `request-invalid`, or `conflict` when the name is taken.
    """
    require(may_administer(actor))
    if not _NAME.fullmatch(name):
        raise Refused(
            "request-invalid",
            "An officer's name starts with a letter and has 2 to 64 of a-z, 0-9, dot, dash and underline.",
        )
    password_hash, (totp, uri) = _hashed(password), _new_totp(broker, name)
    made = key_for(broker, actor, name, roles, password=password)
    row = OfficerRow(
        name=name,
        roles=_some(roles),
        password_hash=password_hash,
        totp=totp,
        active=True,
        added_at=broker.clock.now(),
        clearance=clearance,
        compartments=_named(compartments),
    )
    with broker.store.work() as work:
        if work.directory.officer(name) is not None:
            raise Refused("conflict", f"There is an officer {name} already.")
        _put(broker, work, actor, row, "added", key=made)
    return Enrolment(officer=row, totp_uri=uri)


def change_roles(broker: Broker, actor: Actor, *, name: str, roles: Collection[Role]) -> OfficerRow:
    """Set what an officer may do; nobody changes their own roles."""
    return _change(broker, actor, name, "roles-changed", roles=_some(roles))


def change_clearance(
    broker: Broker, actor: Actor, *, name: str, clearance: Classification, compartments: Collection[str]
) -> OfficerRow:
    """Set up to which level an officer may be shown records, and which groups they are in."""
    return _change(
        broker, actor, name, "clearance-changed", clearance=clearance, compartments=_named(compartments)
    )


def set_active(broker: Broker, actor: Actor, *, name: str, active: bool) -> OfficerRow:
    """Close an account, or open it again; nobody does so to their own."""
    return _change(broker, actor, name, "opened" if active else "closed", active=active)


def reset(broker: Broker, actor: Actor, *, name: str, password: str) -> Enrolment:
    """Give an officer a new password and a new authenticator secret, and lift a lock."""
    require(may_administer(actor))
    password_hash, (totp, uri) = _hashed(password), _new_totp(broker, name)
    with broker.store.read() as view:
        before = view.directory.officer(name)
        held = own_key(view, name)
    made = None
    if before is not None and (held is None or held.custody is Custody.HUB):
        # Nobody can open the present key any more.
        made = key_for(broker, actor, name, before.roles, password=password)
    row = _change(
        broker,
        actor,
        name,
        "reset",
        lifts_lock=True,
        key=made,
        password_hash=password_hash,
        totp=totp,
        last_totp_step=0,
        failed_logins=0,
        locked_until=None,
    )
    return Enrolment(officer=row, totp_uri=uri)


def lift_lock(broker: Broker, actor: Actor, *, name: str) -> OfficerRow:
    """Let an officer sign in at once whom too many failures have locked out."""
    return _change(broker, actor, name, "lock-lifted", lifts_lock=True, failed_logins=0, locked_until=None)


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """An officer, and the epoch of the account: a session of an earlier one has ended."""

    actor: Actor
    epoch: int


def authenticate(broker: Broker, *, name: str, password: str, code: str) -> Actor:
    """Return the officer who shows the right password and a fresh code at this machine."""
    return sign_in(broker, name=name, password=password, code=code, address="local").actor


def sign_in(broker: Broker, *, name: str, password: str, code: str, address: str) -> SignedIn:
    """Return the officer who shows the right password and a fresh code; else Refused `credentials-invalid`.

    Codes of the step before and after are taken, each once. After `login_failures_max` failures in a row
    from one network address it is locked out of the account for `login_lock_s`; other addresses are not.
    """
    at = broker.clock.now()
    with broker.store.read() as view:
        seen = view.directory.officer(name)
    # Hashing takes a tenth of a second: it is done before the write lock is taken.
    matches = _matches(seen.password_hash if seen else _NOBODY, password)
    with broker.store.work() as work:
        row = work.directory.officer(name)
        step = _step(broker, row, code, at) if row else None
        failures = _failures(broker, work.directory, name, address, at) if row else 0
        locked = failures >= broker.limits.login_failures_max
        reason = _reason_against(row, seen, matches=matches, step=step, locked=locked)
        if row is None or step is None or reason is not None:
            _fail(broker, work, row, reason or "unknown", at, address=address, failures=failures + 1)
            raise _used() if reason == "code-replayed" else _invalid()
        work.directory.put_officer(replace(row, last_totp_step=step, failed_logins=0, locked_until=None))
        work.directory.forget_login_failures(name, address=address)
        actor = actor_of(row, agency=broker.agency)
        work.stage([broker.event(Act.LOGIN, actor, row.name, at)])
        work.commit()
    return SignedIn(actor=actor, epoch=row.epoch)


def _failures(broker: Broker, directory: Directory, name: str, address: str, at: datetime) -> int:
    """Return how often in a row an address failed; what is older than a lock lasts is forgotten."""
    known = directory.login_failures(name, address)
    over = known is None or known.last_at + timedelta(seconds=broker.limits.login_lock_s) <= at
    return 0 if known is None or over else known.failures


def _reason_against(
    row: OfficerRow | None, seen: OfficerRow | None, *, matches: bool, step: int | None, locked: bool
) -> str | None:
    """Return why a login fails, for the audit event alone, or None when it does not."""
    if row is None or seen is None:
        return "unknown"
    if not row.active:
        return "closed"
    if locked:
        return "locked"
    if not matches or row.password_hash != seen.password_hash:
        return "password"
    if step is None:
        return "code"
    return "code-replayed" if step <= row.last_totp_step else None


def _fail(
    broker: Broker,
    work: UnitOfWork,
    row: OfficerRow | None,
    reason: str,
    at: datetime,
    *,
    address: str,
    failures: int,
) -> None:
    """Count a failure, lock the address out when there were too many, and leave the event.

    The name as typed is not kept when it is nobody's: people type passwords into that field.
    """
    if row is not None and reason in {"password", "code", "code-replayed"}:
        lock_life = timedelta(seconds=broker.limits.login_lock_s)
        counted = replace(row, failed_logins=row.failed_logins + 1)
        if failures >= broker.limits.login_failures_max:
            counted, reason = replace(counted, locked_until=at + lock_life), f"{reason}, now locked"
        work.directory.put_officer(counted)
        work.directory.forget_login_failures(row.name, before=at - lock_life)
        work.directory.put_login_failures(
            LoginFailures(name=row.name, address=address, failures=failures, last_at=at)
        )
    subject = row.name if row else "unknown"
    work.stage([broker.event(Act.LOGIN_FAILED, broker.itself, subject, at, reason=reason, address=address)])
    work.commit()


def _step(broker: Broker, row: OfficerRow, code: str, at: datetime) -> int | None:
    """Return the latest time step near now whose code this is."""
    totp = pyotp.TOTP(unlock(row.totp, master_key=broker.keyring.master_key()).decode())
    present = int(at.timestamp()) // totp.interval
    for step in (present + 1, present, present - 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), code.encode()):
            return step
    return None


def _new_totp(broker: Broker, name: str) -> tuple[Body, str]:
    """Return a new authenticator secret, locked, and the URI that enrols it."""
    secret = pyotp.random_base32()
    body = lock(secret.encode(), body_id=new_id(), master_key=broker.keyring.master_key())
    return body, pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=f"hub {broker.agency}")


def _hashed(password: str) -> str:
    if len(password) not in _PASSWORD_LENGTH:
        raise Refused(
            "request-invalid",
            f"A password has {_PASSWORD_LENGTH.start} to {_PASSWORD_LENGTH.stop - 1} characters.",
        )
    return _HASHER.hash(unicodedata.normalize("NFC", password))


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _HASHER.verify(password_hash, unicodedata.normalize("NFC", password))
    except VerifyMismatchError:
        return False


def _some(roles: Collection[Role]) -> frozenset[Role]:
    if not roles:
        raise Refused("request-invalid", f"An officer has a role: {', '.join(r.value for r in Role)}.")
    return frozenset(roles)


def _named(compartments: Collection[str]) -> tuple[str, ...]:
    if len(compartments) > _COMPARTMENTS_MAX:
        raise Refused("request-invalid", f"An officer is in at most {_COMPARTMENTS_MAX} compartments.")
    return tuple(sorted({compartment_name(one) for one in compartments}))


def actor_of(row: OfficerRow, *, agency: str, roles: frozenset[Role] | None = None) -> Actor:
    """Return an officer as an actor, with all roles of the account or those that a session asked for."""
    return Actor(
        kind=ActorKind.OFFICER,
        id=row.name,
        agency=agency,
        roles=row.roles if roles is None else roles & row.roles,
        clearance=row.clearance,
        compartments=frozenset(row.compartments),
    )


def _change(
    broker: Broker,
    actor: Actor,
    name: str,
    what: str,
    *,
    lifts_lock: bool = False,
    key: NewKey | None = None,
    **changed: object,
) -> OfficerRow:
    require(may_administer(actor))
    if actor.kind is ActorKind.OFFICER and actor.id == name:
        raise Refused("four-eyes", "Another custodian must change your own account.")
    with broker.store.work() as work:
        before = work.directory.officer(name)
        if before is None:
            raise Refused("not-found", f"There is no officer {name}.")
        row = replace(before, **changed)  # type: ignore[arg-type]
        if lifts_lock:
            work.directory.forget_login_failures(name)
        if row != before or lifts_lock:
            if _ENDS_SESSIONS & changed.keys():
                row = replace(row, epoch=before.epoch + 1)
            _put(broker, work, actor, row, what, key=key)
    return row


def _put(
    broker: Broker,
    work: UnitOfWork,
    actor: Actor,
    row: OfficerRow,
    what: str,
    *,
    key: NewKey | None = None,
) -> None:
    work.directory.put_officer(row)
    if key is not None:
        register(broker, work, actor, *key)
    event = broker.event(
        Act.OFFICER_CHANGED,
        actor,
        row.name,
        broker.clock.now(),
        change=what,
        roles=" ".join(sorted(r.value for r in row.roles)),
        clearance=row.clearance.value,
        **({"compartments": " ".join(row.compartments)} if row.compartments else {}),
    )
    work.stage([event])
    work.commit()


def _invalid() -> Refused:
    refused = Refused(
        "credentials-invalid", "The name, the password or the code is not right, or the account is locked."
    )
    refused.logged = True
    return refused


def _used() -> Refused:
    """Say so to whom the password is known: it tells a stranger nothing, and an officer what to do."""
    refused = Refused("credentials-invalid", "That code was used already; wait for the next one.")
    refused.logged = True
    return refused
