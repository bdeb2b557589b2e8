"""How an operation of the API is declared: once, with its door, schemas, refusals and documentation.

`Room` is flask-smorest's Blueprint with one typed way in. A handler takes a Call and returns an Answer;
what surrounds it (identify, count, bound, parse, present, document) is the same for every operation.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from flask import Response, g, request
from flask_smorest import Blueprint  # type: ignore[import-untyped]
from marshmallow import Schema

from hub.api.callers import Caller, Door, certificate, identified, refuse_at_door, thumbprint_of
from hub.api.context import Desk, desk
from hub.api.describing import described_refusals, described_security
from hub.api.parsing import StrictParser, too_large
from hub.api.scopes import Way
from hub.api.strangers import Stranger
from hub.audit.trail import Trail
from hub.errors import HubError, Refused
from hub.exchange.broker import Broker
from hub.exchange.denying import is_denial, log_denial
from hub.limits import Limits
from hub.records.actor import Actor, Role


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request as a handler sees it: identified, counted, bounded, parsed."""

    desk: Desk
    caller: Caller | None
    body: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)

    @property
    def broker(self) -> Broker:
        """Return the ports of this hub."""
        return self.desk.broker

    @property
    def who(self) -> Caller:
        """Return the caller of an operation whose door lets no one in unidentified."""
        if self.caller is None:
            raise AssertionError("an operation open to anyone has no caller")
        return self.caller

    @property
    def actor(self) -> Actor:
        """Return who acts."""
        return self.who.actor

    @property
    def leaf(self) -> bytes | None:
        """Return the certificate (DER) that a partner showed."""
        return self.who.leaf


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a handler returns: an object for the reply's schema, and headers."""

    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)


OCTETS: Final = "application/octet-stream"
TEXT: Final = "text/plain"
_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}

Handler = Callable[..., Answer | Response]


def _small(limits: Limits) -> int:
    return limits.request_max_bytes


@dataclass(frozen=True, kw_only=True)
class Header:
    """A request or response header, for the documentation."""

    name: str
    description: str
    schema: Mapping[str, object]
    required: bool = False


class Room(Blueprint):  # type: ignore[misc]
    """A part of the API under one prefix. `trails` tells what each endpoint writes into the log."""

    ARGUMENTS_PARSER = StrictParser()

    def __init__(self, *args: Any, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.trails: dict[str, Trail] = {}
        self.handlers: dict[str, Handler] = {}

    def operation(
        self,
        method: str,
        rule: str,
        *,
        door: Door,
        trail: Trail,
        way: Way | None = None,
        roles: Iterable[Role] = (),
        body: type[Schema] | None = None,
        form: type[Schema] | None = None,
        raw: str | None = None,
        query: type[Schema] | None = None,
        size: Callable[[Limits], int] = _small,
        status: int = 200,
        reply: type[Schema] | None = None,
        streams: Sequence[int] = (),
        media: str = OCTETS,
        besides: Mapping[int, str] = MappingProxyType({}),
        refusals: Sequence[str] = (),
        takes: Sequence[Header] = (),
        gives: Sequence[Header] = (),
    ) -> Callable[[Handler], Handler]:
        """Declare an operation. `size` bounds its body in bytes before a byte of it is parsed.

        `raw` is the media type of a body that the handler reads as it comes; `streams` are the statuses with
        which it answers octets, of the type `media`; `besides` are further statuses with types of their own.
        `trail` is what it writes into the audit log. `refusals`
        are the codes that its use case raises; those that every such operation has are added.
        """

        def declare(handler: Handler) -> Handler:
            """Put the door, the parsing and the documentation around a handler, and add it to the room."""
            guard = Guard(
                name=handler.__name__,
                door=door,
                way=way,
                roles=frozenset(roles),
                size=size,
                has_query=query is not None,
            )
            names = [name for name, schema in (("body", body or form), ("query", query)) if schema]

            @functools.wraps(handler)
            def run(*parsed: Mapping[str, Any], **path: str) -> Any:
                call = Call(desk=desk(), caller=g.caller, **dict(zip(names, parsed, strict=True)))
                answer = handler(call, **path)
                if isinstance(answer, Response):
                    return answer
                return answer.body, status, dict(answer.headers)

            view: Any = run
            # An instance of each schema: of a class, one would be made for each request.
            for schema, location in ((query, "query"), (body, "json"), (form, "form")):
                if schema is not None:
                    view = self.arguments(schema(), location=location)(view)
            view = self.response(
                status,
                reply,
                headers={h.name: {"description": h.description, "schema": dict(h.schema)} for h in gives},
            )(view)
            view = self.doc(
                operationId=handler.__name__,
                responses=described_refusals(
                    refusals, door=door, has_body=bool(body or form or raw), has_path="<" in rule
                )
                | {
                    one: {"description": "The octets.", "content": {kind: _BINARY}}
                    for one, kind in (dict.fromkeys(streams, media) | dict(besides)).items()
                },
                **described_security(door, way=way, roles=guard.roles),
                **_described_request(takes, raw),
            )(view)
            self.add_url_rule(rule, handler.__name__, guard.around(view), methods=[method])
            self.trails[f"{self.name}.{handler.__name__}"] = trail
            self.handlers[f"{self.name}.{handler.__name__}"] = handler
            return handler

        return declare


@dataclass(frozen=True, kw_only=True)
class Guard:
    """What happens before a handler's request is parsed, and to what it was refused for."""

    name: str
    door: Door
    way: Way | None
    roles: frozenset[Role]
    size: Callable[[Limits], int]
    has_query: bool

    def around(self, view: Any) -> Any:
        """Return the view behind the guard, with its documentation kept."""

        @functools.wraps(view)
        def guarded(**path: str) -> Any:
            at, g.caller = desk(), None
            at.strangers.settle()
            try:
                self._admit(at)
                return view(**path)
            except HubError as error:
                if is_denial(error):
                    self._log(at, error, next(iter(path.values()), None))
                raise

        return guarded

    def _admit(self, at: Desk) -> None:
        g.caller = identified(at, self.door)
        if g.caller is not None:
            request.environ["hub.peer"] = str(g.caller.actor)  # for the access log
            refuse_at_door(g.caller, self.door, self.way, self.roles)
        self._bound(at.broker.limits)
        if not self.has_query and request.args:
            raise Refused("request-invalid", "This address takes no query parameters.")

    def _log(self, at: Desk, error: HubError, subject: str | None) -> None:
        """Commit that the caller was refused, before they are told."""
        if g.caller is not None:
            log_denial(at.broker, g.caller.actor, error, operation=self.name, subject=subject)
            return
        # What a stranger writes into the address is not kept: only what was asked for.
        shown = certificate(at)
        stranger = Stranger(
            address=str(request.remote_addr),
            code=error.code,
            operation=self.name,
            thumbprint=None if shown is None else thumbprint_of(shown),
        )
        at.strangers.note(stranger, error)

    def _bound(self, limits: Limits) -> None:
        """Refuse a body that is said to be too large, and let one that turns out to be be noticed."""
        most = self.size(limits)
        if (request.content_length or 0) > most:
            raise too_large(most)
        # One byte more than allowed: a stream that reaches it is too long, not cut.
        request.max_content_length = most + 1


def _described_request(takes: Sequence[Header], raw: str | None) -> dict[str, object]:
    found: dict[str, object] = {}
    if takes:
        found["parameters"] = [
            {
                "in": "header",
                "name": h.name,
                "description": h.description,
                "required": h.required,
                "schema": dict(h.schema),
            }
            for h in takes
        ]
    if raw:
        found["requestBody"] = {"required": True, "content": {raw: _BINARY}}
    return found
