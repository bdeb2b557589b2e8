"""How callers get their tokens."""

from __future__ import annotations

from flask import Response, request

from hub.api.callers import Door, certificate, thumbprint_of
from hub.api.oauth import issue_token
from hub.api.room import Answer, Call, Room
from hub.api.schemas.access import (
    OfficerKeyBody,
    OfficerKeyView,
    SessionBody,
    SessionView,
    TokenForm,
    TokenView,
)
from hub.api.scopes import of_roles
from hub.api.tokens import Grant
from hub.audit.events import Act
from hub.audit.trail import writes
from hub.exchange.accounts import sign_in
from hub.exchange.officer_keys import enrol, revoke
from hub.records.actor import Role

room = Room("access", __name__, description="How callers get their tokens.")


@room.operation(
    "POST",
    "/oauth/token",
    door=Door.ANYONE,
    form=TokenForm,
    reply=TokenView,
    refusals=[
        "certificate-missing",
        "certificate-unknown",
        "certificate-expired",
        "partner-suspended",
        "credentials-invalid",
        "grant-invalid",
    ],
    trail=writes(Act.LOGIN),
)
def get_token(call: Call) -> Response:
    """Get an access token for a member's system.

    OAuth 2.0 client credentials, authenticated by the registered client certificate (RFC 8705). The token
    lasts minutes and works with that certificate alone. Refusals carry the OAuth `error` beside our code.
    """
    return issue_token(call.desk)


@room.operation(
    "POST",
    "/api/v1/session",
    door=Door.ANYONE,
    body=SessionBody,
    reply=SessionView,
    refusals=["credentials-invalid"],
    trail=writes(Act.LOGIN),
)
def begin_session(call: Call) -> Answer:
    """Begin an officer's session.

    The token lasts minutes. Whose account is closed loses it within seconds. Where a client certificate
    was shown, the token works with that one alone.
    """
    call.desk.logins.count(f"address:{request.remote_addr}")
    signed_in = sign_in(
        call.broker,
        name=call.body["name"],
        password=call.body["password"],
        code=call.body["code"],
        address=str(request.remote_addr),
    )
    actor = signed_in.actor
    shown, life_s = certificate(call.desk), call.broker.limits.session_life_s
    grant = Grant(
        subject=str(actor),
        scopes=of_roles(actor.roles),
        thumbprint=None if shown is None else thumbprint_of(shown),
        epoch=signed_in.epoch,
    )
    token = call.desk.tokens.issue(grant, at=call.broker.clock.now(), life_s=life_s)
    return Answer(
        body={
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": life_s,
            "roles": sorted(actor.roles, key=lambda role: role.value),
        },
        headers={"Cache-Control": "no-store"},
    )


@room.operation(
    "PUT",
    "/api/v1/officer/key",
    door=Door.OFFICER,
    roles=Role,
    body=OfficerKeyBody,
    reply=OfficerKeyView,
    refusals=["conflict"],
    trail=writes(Act.OFFICER_KEY),
)
def register_key(call: Call) -> Answer:
    """Register the public half of one's own signing key, as JWK; the key before it is revoked.

    What is signed for a release is told by `POST /api/v1/drafts/{record_id}/statement`.
    """
    return Answer(body=enrol(call.broker, call.actor, public=call.body))


@room.operation(
    "DELETE",
    "/api/v1/officer/key",
    door=Door.OFFICER,
    roles=Role,
    reply=OfficerKeyView,
    refusals=["not-found"],
    trail=writes(Act.OFFICER_KEY),
)
def revoke_key(call: Call) -> Answer:
    """Revoke one's own signing key, when it may be in other hands; what it signed before stays signed."""
    return Answer(body=revoke(call.broker, call.actor, call.actor.id))
