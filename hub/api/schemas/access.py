"""How members' systems and officers get their tokens, and what the probes answer."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from hub.api.schemas.basics import Moment, View, a_number, a_text, an_agency, one_of
from hub.entries import Custody
from hub.records.actor import Role

_TOKEN = "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.e30.c2lnbmF0dXJl"  # noqa: S105 - an example


class TokenForm(Schema):
    """A client credentials request."""

    grant_type = a_text("client_credentials", required=True, validate=validate.Length(max=64))
    client_id = an_agency(required=True)
    scope = a_text(
        "collect:designation collect:delisting",
        "Blank-separated; without it, every scope that the member holds.",
        validate=validate.Length(max=4000),
    )


class TokenView(View):
    """An access token (RFC 6749, section 5.1)."""

    access_token = a_text(_TOKEN, required=True)
    token_type = a_text("Bearer", required=True)
    expires_in = a_number(300, "Seconds.", required=True)
    scope = a_text("collect:delisting collect:designation", required=True)


class SessionBody(Schema):
    """An officer's credentials."""

    name = a_text("aigerim", required=True, validate=validate.Length(min=1, max=64))
    password = a_text("a long sentence of your own", required=True, validate=validate.Length(min=1, max=1024))
    code = a_text(
        "492039",
        "The present six digits of the officer's authenticator.",
        required=True,
        validate=validate.Length(min=1, max=16),
    )


class SessionView(View):
    """An officer's token."""

    access_token = a_text(_TOKEN, required=True)
    token_type = a_text("Bearer", required=True)
    expires_in = a_number(900, "Seconds.", required=True)
    roles = fields.List(one_of(Role), required=True)


class OfficerKeyBody(Schema):
    """The public half of a signing key that the officer keeps."""

    crv = a_text("P-256", required=True, validate=validate.Equal("P-256"))
    kty = a_text("EC", required=True, validate=validate.Equal("EC"))
    x = a_text("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", required=True)
    y = a_text("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0", required=True)


class OfficerKeyView(View):
    """An officer's signing key; `kid` is the thumbprint of its JWK (RFC 7638)."""

    kid = a_text("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", required=True)
    officer = a_text("bolat", required=True)
    custody = one_of(Custody, required=True)
    registered_at = Moment(required=True)
    registered_by = a_text("officer:bolat", required=True)
    revoked_at = Moment()
    revoked_by = a_text("hub:kz-knb")


class HealthView(View):
    """The process answers."""

    status = a_text("ok", required=True)


class ReadinessView(View):
    """What was checked, each true."""

    database = fields.Boolean(required=True)
    dispatcher = fields.Boolean(required=True)
    log = fields.Boolean(required=True)
    warnings = fields.List(
        a_text("books-differ"),
        required=True,
        metadata={
            "description": "Codes of what needs a person: `token-unavailable` and `token-pin-refused` hold "
            "all that is to be signed or opened; `quorum-missing` will stop releases; "
            "`revocation-unknown` refuses a partner once its last answer is stale; "
            "`rules-ending` will leave what flows by rule to a second officer; "
            "`certificate-ending`, `books-differ` and `numbers-missing` stop nothing."
        },
    )
