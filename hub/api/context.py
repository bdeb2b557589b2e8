"""What the API is handed by bootstrap, and the desk of services it works with."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from threading import BoundedSemaphore
from typing import Any, cast

from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask, current_app

from hub.api.readiness import Readiness
from hub.api.roster import Rosters
from hub.api.strangers import Strangers
from hub.api.throttle import Throttle
from hub.api.tokens import Tokens
from hub.errors import HubError, Refused
from hub.exchange.agreements import rules_warnings
from hub.exchange.broker import Broker
from hub.exchange.directory.place import Place
from hub.exchange.reconciling.warning import books_warnings
from hub.exchange.witness.holding import quorum_warnings
from hub.transport.peer import Peer, peer_certificate

_EXTENSION = "hub"


def no_authority(_what: object) -> bytes:
    """Answer for a hub whose authority is not at hand."""
    raise Refused("not-found", "No certificate authority is at hand here.")


@dataclass(frozen=True, kw_only=True)
class ApiContext:
    """Everything the API needs from outside; bootstrap builds it, tests build their own.

    `token_key` signs access tokens now, `token_verifiers` verify those that still count. `issuer` is this
    hub's public URL. `identify` returns whose client certificate (DER) it is at a moment,
    or raises `certificate-missing`, `-unknown`, `-expired`, `partner-suspended`. `dispatching` tells whether
    the dispatcher is alive, `log_failure` why the audit log is not kept, `token_failure` why the token that
    holds our keys cannot be used. `certificate_of` finds the client
    certificate's DER in a WSGI environ. `pause` waits for a mailbox to fill, and returns true when the hub
    stops.
    `polls_max` partners may wait at their mailboxes at once; it stays below the number of threads, so that
    waiting never stops the serving. `directory` is where the directory of agencies is kept, whose files
    partners fetch, and `directory_warnings` what of it needs a person. `crl` gives the CRL of an authority
    of ours by its id, `ocsp` the answer to an OCSP request; `certificate_warnings` are codes of what ends
    soon.
    """

    broker: Broker
    token_key: Callable[[], ec.EllipticCurvePrivateKey]
    token_verifiers: Callable[[], Sequence[ec.EllipticCurvePublicKey]]
    issuer: str
    identify: Callable[[bytes | None, datetime], Peer]
    dispatching: Callable[[], bool]
    log_failure: Callable[[], HubError | None] = lambda: None
    token_failure: Callable[[], HubError | None] = lambda: None
    pause: Callable[[float], object] = time.sleep
    certificate_of: Callable[[Mapping[str, Any]], bytes | None] = peer_certificate
    polls_max: int = 8
    directory: Place | None = None
    directory_warnings: Callable[[], Sequence[str]] = tuple
    crl: Callable[[str], bytes] = no_authority
    ocsp: Callable[[bytes], bytes] = no_authority
    certificate_warnings: Callable[[], tuple[str, ...]] = tuple


@dataclass(frozen=True, kw_only=True)
class Desk:
    """The context and what one application made of it."""

    context: ApiContext
    tokens: Tokens
    rosters: Rosters
    requests: Throttle
    logins: Throttle
    polls: BoundedSemaphore
    readiness: Readiness
    strangers: Strangers

    @property
    def broker(self) -> Broker:
        """Return the ports of this hub."""
        return self.context.broker

    def peer(self, certificate_der: bytes | None) -> Peer:
        """Return whose client certificate it is; raises `certificate-missing`, `-unknown`, `-expired`."""
        return self.context.identify(certificate_der, self.broker.clock.now())


def open_desk(context: ApiContext) -> Desk:
    """Build the services of one application."""
    limits = context.broker.limits
    return Desk(
        context=context,
        tokens=Tokens(context.token_key, context.token_verifiers, issuer=context.issuer),
        rosters=Rosters(context.broker),
        requests=Throttle(limits.requests_per_minute),
        logins=Throttle(limits.logins_per_minute),
        polls=BoundedSemaphore(context.polls_max),
        readiness=Readiness(context.broker.store, warn=partial(_warnings, context)),
        strangers=Strangers(context.broker),
    )


def attach(app: Flask, desk: Desk) -> None:
    """Put the desk where requests find it."""
    app.extensions[_EXTENSION] = desk


def desk() -> Desk:
    """Return the desk of the application that handles this request."""
    return cast(Desk, current_app.extensions[_EXTENSION])


def _warnings(context: ApiContext) -> tuple[str, ...]:
    """Return codes of all that needs a person although the hub works."""
    failure, broker = context.token_failure(), context.broker
    token = () if failure is None else (failure.code,)
    books = (*quorum_warnings(broker), *books_warnings(broker), *rules_warnings(broker))
    return (*token, *books, *context.directory_warnings(), *context.certificate_warnings())
