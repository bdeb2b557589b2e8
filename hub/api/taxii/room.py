"""How an address of TAXII 2.1 is declared: its door, what it logs, its media type, its error resources.

TAXII fixes forms of its own, so these are no operations of the API's specification; the guard is the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from hub.api.callers import Caller, Door, certificate, scopes_of_member, thumbprint_of
from hub.api.context import desk
from hub.api.problems import status_words
from hub.api.room import Guard
from hub.api.scopes import Way, covers, goes
from hub.api.taxii.answers import error_response, need_accept, told
from hub.audit.trail import Trail
from hub.errors import HubError, Refused
from hub.exchange.broker import Broker
from hub.limits import Limits
from hub.records.actor import Actor, ActorKind

PREFIX: Final = "/taxii2"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request: who asks, with which certificate, and of a member what its scopes cover."""

    broker: Broker
    actor: Actor
    thumbprint: str | None
    scopes: frozenset[str] = frozenset()

    @property
    def is_member(self) -> bool:
        """Tell a member's system from a partner."""
        return self.actor.kind is ActorKind.SYSTEM

    def covered(self, kind: str) -> bool:
        """Tell whether a member may collect a kind."""
        return covers(self.scopes, Way.COLLECT, kind)


Handler = Callable[..., Response]


class TaxiiRoom:
    """The addresses under one prefix. `trails` tells what each writes into the log, `handlers` how."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.trails: dict[str, Trail] = {}
        self.handlers: dict[str, Handler] = {}
        self._blueprint = Blueprint(name, __name__, url_prefix=PREFIX)
        self._blueprint.register_error_handler(HubError, error_response)
        self._blueprint.register_error_handler(HTTPException, _of_http)

    def add_to(self, app: Flask) -> None:
        """Put the addresses into an application."""
        app.register_blueprint(self._blueprint)

    def address(
        self, method: str, rule: str, *, trail: Trail, size: Callable[[Limits], int] = lambda _: 0
    ) -> Callable[[Handler], Handler]:
        """Declare what a handler answers; `size` bounds its body in bytes before a byte of it is parsed."""

        def declare(handler: Handler) -> Handler:
            def view(**path: str) -> Response:
                need_accept(request)
                caller: Caller = g.caller
                shown = certificate(desk())
                asked = Asked(
                    broker=desk().broker,
                    actor=caller.actor,
                    thumbprint=None if shown is None else thumbprint_of(shown),
                    scopes=_scopes(caller),
                )
                return handler(asked, **path)

            guard = Guard(
                name=handler.__name__,
                door=Door.SHOWN,
                way=None,
                roles=frozenset(),
                size=size,
                has_query=True,
            )
            guarded: Any = guard.around(view)
            self._blueprint.add_url_rule(rule, handler.__name__, guarded, methods=[method])
            self.trails[f"{self.name}.{handler.__name__}"] = trail
            self.handlers[f"{self.name}.{handler.__name__}"] = handler
            return handler

        return declare


def _scopes(caller: Caller) -> frozenset[str]:
    """Return what a member may collect; a partner gets what was released to it, and has no scopes."""
    if not caller.is_system:
        return frozenset()
    scopes = scopes_of_member(desk(), caller)
    if not goes(scopes, Way.COLLECT):
        raise Refused("scope-missing", "The member has no scope to collect anything.")
    return scopes


def _of_http(error: HTTPException) -> Response:
    return told(*status_words(error))
