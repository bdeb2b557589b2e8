"""AS4 for partners without a hub, whose gateway calls with its certificate: `/as4`.

What goes over it is fixed by OASIS and eDelivery, so this is no operation of the API's specification; the
guard is the same. What can be said in a signal is; only who may not call at all gets a problem document.
Each message that is refused is in the log before its signal goes, whatever it was refused for: the first of a
code at once, then how many more there were.
"""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Flask, Response, g, request

from hub.api.callers import Caller, Door, certificate, thumbprint_of
from hub.api.context import desk
from hub.api.parsing import whole
from hub.api.room import Guard
from hub.api.strangers import Stranger
from hub.audit.events import Act
from hub.audit.trail import Trail, writes
from hub.errors import HubError
from hub.exchange.hubless.called import answer_message

PATH: Final = "/as4"


def take_message() -> Response:
    """Take one message; its receipt is signed once what came of it is durable."""
    caller: Caller = g.caller
    replied = answer_message(
        desk().broker, caller.actor, request.headers.get("Content-Type", ""), whole(request)
    )
    if replied.refused is not None:
        _log(caller, replied.refused)
    response = Response(replied.body, status=replied.status, content_type=replied.media_type)
    if not replied.media_type:
        del response.headers["Content-Type"]
    return response


def _log(caller: Caller, refused: HubError) -> None:
    """Commit that a message was refused, counted as strangers' refusals are.

    Who holds the client certificate need not hold the key that signs, and could fill the log.
    """
    agency, shown = caller.actor.agency, certificate(desk())
    stranger = Stranger(
        address=agency,
        code=refused.code,
        operation="message",
        subject=agency,
        thumbprint=None if shown is None else thumbprint_of(shown),
    )
    desk().strangers.note(stranger, refused)


class As4Room:
    """The one address; `trails` tells what it writes into the log, `handlers` how."""

    def __init__(self) -> None:
        self.name = "as4"
        self.trails: dict[str, Trail] = {
            "as4.take_message": writes(
                Act.ADMITTED, or_nothing="it came before, waits for its verdict, or is no message"
            )
        }
        self.handlers: dict[str, Any] = {"as4.take_message": take_message}

    def add_to(self, app: Flask) -> None:
        """Put the address into an application."""
        blueprint = Blueprint(self.name, __name__)
        guard = Guard(
            name="take_message",
            door=Door.SHOWN,
            way=None,
            roles=frozenset(),
            size=lambda limits: limits.as4_message_max_bytes,
            has_query=False,
        )
        view = guard.around(take_message)
        blueprint.add_url_rule(PATH, "take_message", view, methods=["POST"])
        app.register_blueprint(blueprint)


room = As4Room()
