"""Who calls: partners by their certificate, members' systems and officers by an access token."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import Enum

from flask import request

from hub.api.context import Desk
from hub.api.roster import Roster
from hub.api.scopes import Way, covers, goes, roles_of, still_held
from hub.api.tokens import Grant
from hub.entries import PartnerStatus
from hub.errors import HubError, PeerFault, Refused
from hub.exchange.accounts import actor_of
from hub.records.actor import Actor, ActorKind, Role


class Door(Enum):
    """Who may come in where an operation is declared.

    `IDENTIFIED` is each of the others. `SHOWN` is who shows a certificate that is known here, also a partner
    without a hub.
    """

    ANYONE = "anyone"
    PARTNER = "partner"
    SYSTEM = "system"
    OFFICER = "officer"
    INSIDE = "inside"
    IDENTIFIED = "identified"
    SHOWN = "shown"


@dataclass(frozen=True, kw_only=True)
class Caller:
    """An identified caller: the actor of the use cases, the scopes of its token, a partner's certificate.

    `collects` tells that it is a partner without a hub.
    """

    actor: Actor
    scopes: frozenset[str] = field(default_factory=frozenset)
    leaf: bytes | None = field(default=None, repr=False)
    collects: bool = False

    @property
    def is_system(self) -> bool:
        """Tell a member's system from an officer."""
        return self.actor.kind is ActorKind.SYSTEM

    def covers(self, way: Way, kind: str) -> bool:
        """Tell whether it may move this kind this way; officers are bound by roles instead."""
        return not self.is_system or covers(self.scopes, way, kind)

    def need(self, way: Way, kind: str) -> None:
        """Raise Refused `scope-missing` unless it may move this kind this way."""
        if not self.covers(way, kind):
            raise Refused("scope-missing", f"The token's scopes do not include {way.value}:{kind}.")


def identified(desk: Desk, door: Door) -> Caller | None:
    """Identify the caller of this request, and count it.

    Who cannot be identified is counted by network address, so that guessing is bounded too.
    """
    if door is Door.ANYONE:
        desk.requests.count(_address())
        return None
    try:
        caller = _caller(desk, door)
    except HubError:
        desk.requests.count(_address())
        raise
    desk.requests.count(str(caller.actor))
    return caller


def refuse_at_door(caller: Caller, door: Door, way: Way | None, roles: frozenset[Role]) -> None:
    """Refuse a caller who may not use the operation at all: `role-missing` or `scope-missing`."""
    if caller.actor.kind is ActorKind.OFFICER:
        if door is Door.SYSTEM:
            raise Refused("scope-missing", "This address is for members' systems, not for officers.")
        if roles and not roles & caller.actor.roles:
            needed = " or ".join(sorted(role.value for role in roles))
            raise Refused("role-missing", f"This takes the role {needed}.")
    elif caller.is_system:
        if door is Door.OFFICER:
            raise Refused("role-missing", "This address is for officers, not for members' systems.")
        if way is not None and not goes(caller.scopes, way):
            raise Refused("scope-missing", f"The token has no scope to {way.value} anything.")


def _address() -> str:
    return f"address:{request.remote_addr}"


def _caller(desk: Desk, door: Door) -> Caller:
    if door is Door.PARTNER:
        return _partner(desk)
    if door is Door.SHOWN:
        return _peer(desk)
    if door is Door.IDENTIFIED and "Authorization" not in request.headers:
        return _of_hubs(_peer(desk))
    return _inside(desk)


def _peer(desk: Desk) -> Caller:
    """Return the partner or the member whose certificate was shown; its scopes cover nothing."""
    peer = desk.peer(certificate(desk))
    kind = ActorKind.SYSTEM if peer.role == "member" else ActorKind.PARTNER
    return Caller(
        actor=Actor(kind=kind, id=peer.agency, agency=peer.agency), collects=peer.role == "collector"
    )


def scopes_of_member(desk: Desk, caller: Caller) -> frozenset[str]:
    """Return the scopes of a member that shows its certificate: those that it holds, or those of its token.

    A token is given for that certificate alone, so the certificate alone may what any of its tokens may; one
    that is shown beside it can only narrow that. Raises Refused `token-invalid`, PeerFault
    `certificate-unknown` for a certificate that the member has not registered.
    """
    if "Authorization" in request.headers:
        held = _inside(desk)
        if held.actor != caller.actor:
            raise Refused("token-invalid", "The access token is another's than the certificate.")
        return held.scopes
    member, shown = desk.rosters.current().members.get(caller.actor.agency), certificate(desk)
    active = member is not None and member.status is PartnerStatus.ACTIVE
    if member is None or not active or shown is None or thumbprint_of(shown) != member.certificate_thumbprint:
        raise PeerFault(
            "certificate-unknown", "The certificate is not the one that an active member registered."
        )
    return frozenset(member.scopes)


def _of_hubs(caller: Caller) -> Caller:
    """Refuse a partner without a hub: what hubs, members and officers share is not for it."""
    if caller.collects:
        raise PeerFault("certificate-unknown", "The certificate is a collector's; this is not for those.")
    return caller


def _partner(desk: Desk) -> Caller:
    leaf = certificate(desk)
    peer = desk.peer(leaf)
    if peer.role != "partner":
        raise PeerFault("certificate-unknown", f"The certificate is a {peer.role}'s; this is for partners.")
    return Caller(actor=Actor(kind=ActorKind.PARTNER, id=peer.agency, agency=peer.agency), leaf=leaf)


def _inside(desk: Desk) -> Caller:
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not text:
        raise Refused("token-invalid", "This address takes an access token: `Authorization: Bearer TOKEN`.")
    grant = desk.tokens.read(text, at=desk.broker.clock.now())
    _refuse_other_certificate(desk, grant)
    kind, _, name = grant.subject.partition(":")
    roster = desk.rosters.current()
    if kind == ActorKind.SYSTEM.value:
        return _system(roster, name, grant)
    return _officer(roster, desk.broker.agency, name, grant)


def _refuse_other_certificate(desk: Desk, grant: Grant) -> None:
    if grant.thumbprint is None:
        return
    shown = certificate(desk)
    if shown is None or thumbprint_of(shown) != grant.thumbprint:
        raise Refused("token-invalid", "The access token is bound to another client certificate.")


def _system(roster: Roster, agency: str, grant: Grant) -> Caller:
    member = roster.members.get(agency)
    if member is None or member.status is not PartnerStatus.ACTIVE:
        raise Refused("token-invalid", f"{agency} is not an active member of this hub.")
    if grant.thumbprint != member.certificate_thumbprint:
        raise Refused("token-invalid", f"The certificate of {agency} was changed since the token was issued.")
    return Caller(
        actor=Actor(kind=ActorKind.SYSTEM, id=agency, agency=agency),
        scopes=still_held(grant.scopes, member.scopes),
    )


def _officer(roster: Roster, agency: str, name: str, grant: Grant) -> Caller:
    officer = roster.officers.get(name)
    if officer is None or not officer.active:
        raise Refused("token-invalid", "The officer's account is not active.")
    if grant.epoch < officer.epoch:  # a later one comes from an account that changed this very second
        raise Refused("token-invalid", "The officer's account was changed since; sign in again.")
    return Caller(actor=actor_of(officer, agency=agency, roles=roles_of(grant.scopes)))


def certificate(desk: Desk) -> bytes | None:
    """Return the DER of the certificate that this request's connection showed, if any."""
    return desk.context.certificate_of(request.environ)


def thumbprint_of(certificate_der: bytes) -> str:
    """Return a certificate's SHA-256 in lowercase hex, as the directory keeps it."""
    return hashlib.sha256(certificate_der).hexdigest()
