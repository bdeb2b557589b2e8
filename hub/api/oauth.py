"""OAuth 2.0 client credentials for members' systems, authenticated by certificate (RFC 6749, RFC 8705)."""

from __future__ import annotations

from typing import Any, Final, NoReturn

from authlib.integrations.flask_oauth2 import AuthorizationServer  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749 import InvalidScopeError, grants  # type: ignore[import-untyped]
from flask import Response, request

from hub.api.callers import certificate
from hub.api.context import Desk
from hub.api.scopes import narrowed
from hub.api.strangers import Stranger
from hub.api.tokens import Grant
from hub.audit.events import Act
from hub.entries import MemberRow
from hub.errors import HubError, Refused
from hub.records.actor import Actor, ActorKind

METHOD: Final = "tls_client_auth"
_GRANT: Final = "client_credentials"


class _Client:
    """A member as Authlib sees a client."""

    def __init__(self, member: MemberRow) -> None:
        self.member = member

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == METHOD

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == _GRANT

    def get_allowed_scope(self, scope: str | None) -> str:
        allowed = narrowed(scope or "", self.member.scopes)
        if allowed is None:
            raise InvalidScopeError("A scope was asked for that this member does not hold.")
        return " ".join(sorted(allowed))


class _ClientCredentials(grants.ClientCredentialsGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = (METHOD,)

    def create_token_response(self) -> Any:
        # Authlib's own writes the token to its log.
        token = self.generate_token(scope=self.request.payload.scope, include_refresh_token=False)
        return 200, token, self.TOKEN_RESPONSE_HEADER


class _Server(AuthorizationServer):  # type: ignore[misc]
    """Authlib's server for this one grant; what it refuses leaves as our problem documents."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._query_client = self._find
        self.register_token_generator("default", self._token)
        self.register_client_auth_method(METHOD, self._authenticate)
        self.register_grant(_ClientCredentials)

    def _find(self, client_id: str) -> _Client | None:
        member = self._desk.rosters.current().members.get(client_id)
        return None if member is None else _Client(member)

    def _authenticate(self, query_client: Any, oauth: Any) -> _Client | None:
        peer = self._desk.peer(certificate(self._desk))
        client = query_client(oauth.payload.client_id)
        if client is None or peer.role != "member" or peer.agency != client.member.agency:
            return None
        return client if peer.thumbprint == client.member.certificate_thumbprint else None

    def _token(self, *, client: _Client, scope: str | None, **_: Any) -> dict[str, object]:
        allowed = client.get_allowed_scope(scope)
        life_s = self._desk.broker.limits.token_life_s
        grant = Grant(
            subject=f"{ActorKind.SYSTEM.value}:{client.member.agency}",
            scopes=frozenset(allowed.split()),
            thumbprint=client.member.certificate_thumbprint,
        )
        broker = self._desk.broker
        at, agency = broker.clock.now(), client.member.agency
        system = Actor(kind=ActorKind.SYSTEM, id=agency, agency=agency)
        with broker.store.work() as work:
            work.stage([broker.event(Act.LOGIN, system, agency, at, thumbprint=str(grant.thumbprint))])
            work.commit()
        token = self._desk.tokens.issue(grant, at=at, life_s=life_s)
        return {"access_token": token, "token_type": "Bearer", "expires_in": life_s, "scope": allowed}

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Tell no one: there are no listeners."""

    def handle_error_response(self, oauth: Any, error: Any) -> NoReturn:
        """Raise the refusal that says the same as Authlib's error."""
        code = "credentials-invalid" if error.error == "invalid_client" else "grant-invalid"
        raise _refused(
            Refused(code, _SENTENCES.get(error.error, "The token request is not valid.")), error.error
        )


_SENTENCES: Final = {
    "invalid_client": "client_id and the client certificate do not name the same active member.",
    "invalid_scope": "A scope was asked for that this member does not hold.",
    "unsupported_grant_type": f"The grant type here is {_GRANT}.",
}


def _refused(error: HubError, name: str) -> HubError:
    error.details["error"] = name
    error.details["error_description"] = error.sentence
    return error


def issue_token(desk: Desk) -> Response:
    """Answer a token request; raise the refusals of identity, `credentials-invalid`, `grant-invalid`.

    Both are logged before the answer leaves, as signing in and as failing to.
    """
    try:
        response: Response = _Server(desk).create_token_response(request)
    except HubError as error:
        if "error" not in error.details:
            _refused(error, "invalid_client")
        desk.strangers.note(_stranger(desk, error), error)
        raise
    return response


def _stranger(desk: Desk, error: HubError) -> Stranger:
    """Return who failed: the member that was named, if there is one; what else was typed is not kept."""
    named = request.form.get("client_id")
    return Stranger(
        address=str(request.remote_addr),
        code=error.code,
        operation="get_token",
        act=Act.LOGIN_FAILED,
        subject=named if named in desk.rosters.current().members else "unknown",
    )
