"""create_app: the Flask application of one hub, with its specification and pages made once."""

from __future__ import annotations

from typing import Final

from flask import Flask, Response
from flask_smorest import Api  # type: ignore[import-untyped]

from hub.api import as4, problems
from hub.api.context import ApiContext, attach, open_desk
from hub.api.converters import CONVERTERS, described
from hub.api.describing import SECURITY_SCHEMES, described_problems
from hub.api.operations import (
    access,
    access_policy,
    agreements,
    attachments,
    authority,
    consents,
    directory,
    drafts,
    exchange,
    federation,
    health,
    hubless,
    inbox,
    kinds,
    ledger,
    log,
    queue,
    records,
    submissions,
    tears,
    witness,
)
from hub.api.pages import site
from hub.api.specification import complete
from hub.api.taxii import room as taxii

ROOMS = (
    exchange.room,
    access.room,
    kinds.room,
    drafts.room,
    submissions.room,
    tears.room,
    consents.room,
    records.room,
    inbox.room,
    attachments.room,
    queue.room,
    ledger.room,
    directory.room,
    agreements.room,
    access_policy.room,
    hubless.room,
    log.room,
    witness.room,
    federation.room,
    authority.room,
    health.room,
)

#: All that declare what their endpoints write into the log; TAXII and AS4 are of no specification of ours.
DECLARING: Final = (*ROOMS, taxii, as4.room)

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=63072000",
    "Cache-Control": "no-store",
}


class _Api(Api):  # type: ignore[misc]
    """flask-smorest's Api; errors are answered by hub.api.problems, the specification by hub.api.pages."""

    DEFAULT_ERROR_RESPONSE_NAME = None
    ERROR_SCHEMA = problems.ProblemSchema

    def _register_error_handlers(self) -> None:
        """Register none: there is one handler module."""


def create_app(context: ApiContext) -> Flask:
    """Return the application. It opens nothing and starts nothing."""
    app = Flask("hub.api", static_folder=None)
    app.config.update(
        API_TITLE=f"Hub of {context.broker.agency}",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        MAX_CONTENT_LENGTH=context.broker.limits.request_max_bytes,
        PROVIDE_AUTOMATIC_OPTIONS=False,
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.url_map.merge_slashes = False
    app.url_map.converters.update(CONVERTERS)
    attach(app, open_desk(context))
    problems.register(app)
    app.after_request(_protect)
    api = _Api(app)
    for converter in CONVERTERS.values():
        api.register_converter(converter, described)
    for name, scheme in SECURITY_SCHEMES.items():
        api.spec.components.security_scheme(name, dict(scheme))
    for code, example in described_problems().items():
        api.spec.components.example(code, example)
    for room in ROOMS:
        api.register_blueprint(room)
    taxii.add_to(app)
    as4.room.add_to(app)
    site.add(app, complete(api.spec.to_dict(), issuer=context.issuer))
    return app


def _protect(response: Response) -> Response:
    """Add the headers that keep answers from being guessed at, framed or kept."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    return response
