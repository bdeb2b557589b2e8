"""Every error answer of the API: problem documents (RFC 9457) with the stable codes of hub.codes."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from flask import Flask, Response, request
from marshmallow import Schema, fields
from werkzeug.exceptions import HTTPException

from hub.codes import CODES
from hub.errors import HubError

MEDIA_TYPE: Final = "application/problem+json"
_log = logging.getLogger("hub.api")

#: What werkzeug and Flask raise by themselves, in our codes and words.
_BY_STATUS: Final[Mapping[int, tuple[str, str]]] = {
    400: ("request-malformed", "The request is not well formed."),
    404: ("not-found", "There is nothing at this address."),
    405: ("method-not-allowed", "This address does not take that method; see the Allow header."),
    413: ("request-too-large", "The body is larger than this address takes."),
    415: ("media-type-unsupported", "This address does not take that media type."),
    416: ("range-invalid", "The range asked for is not within the attachment."),
}

#: The details of a failure that are shown; all others stay inside.
_SHOWN: Final = ("problems", "reasons", "index", "offset", "error", "error_description")


class FoundSchema(Schema):
    """One thing wrong and where."""

    path = fields.String(required=True, metadata={"description": "Where, as in `subjects[0].names[1].text`."})
    sentence = fields.String(required=True, metadata={"description": "What is wrong, in plain words."})


class ReasonSchema(Schema):
    """One rule that was not met."""

    sentence = fields.String(required=True)
    code = fields.String()
    clause = fields.String(metadata={"description": "The agreement and the articles that decide."})
    counterparty = fields.String(metadata={"description": "To whom it may not go."})


class ProblemSchema(Schema):
    """A problem document (RFC 9457)."""

    type = fields.String(required=True, metadata={"description": "`urn:hub:problem:` and the code."})
    title = fields.String(required=True, metadata={"description": "The code in words; the same each time."})
    status = fields.Integer(required=True, metadata={"description": "The HTTP status."})
    detail = fields.String(required=True, metadata={"description": "What was expected and what came."})
    code = fields.String(required=True, metadata={"description": "Stable; programs decide by it."})
    problems = fields.List(
        fields.Nested(FoundSchema), metadata={"description": "Each thing that is wrong, and where."}
    )
    reasons = fields.List(
        fields.Nested(ReasonSchema), metadata={"description": "Why the rules do not allow it."}
    )
    index = fields.Integer(metadata={"description": "Which item of the batch it is about, from 0."})
    offset = fields.Integer(metadata={"description": "Where an upload must go on."})
    error = fields.String(metadata={"description": "The OAuth 2.0 error (RFC 6749, section 5.2)."})
    error_description = fields.String(metadata={"description": "The OAuth 2.0 error in words."})


def problem_document(
    code: str, sentence: str, details: Mapping[str, object] | None = None
) -> dict[str, object]:
    """Return the problem document of a code, with those details that may be shown."""
    row = CODES[code]
    shown = {name: value for name, value in (details or {}).items() if name in _SHOWN and value is not None}
    if "problems" in shown:
        shown["problems"] = [_plain(one, ("path", "sentence")) for one in _listed(shown["problems"])]
    if "reasons" in shown:
        shown["reasons"] = list(_reasons(shown["reasons"]))
    return {
        "type": f"urn:hub:problem:{code}",
        "title": row.title,
        "status": row.status,
        "detail": sentence,
        "code": code,
        **shown,
    }


def problem_response(
    code: str,
    sentence: str,
    *,
    details: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a problem document as a response, with the headers that its status asks for."""
    document = problem_document(code, sentence, details)
    response = Response(json.dumps(document, ensure_ascii=False, default=str), content_type=MEDIA_TYPE)
    response.status_code = CODES[code].status
    response.headers["Cache-Control"] = "no-store"
    if response.status_code == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="hub"'
    if response.status_code == 503:
        response.headers["Retry-After"] = "5"
    if details and "offset" in details:
        response.headers["Upload-Offset"] = str(details["offset"])
    if details and "retry_after_s" in details:
        response.headers["Retry-After"] = str(details["retry_after_s"])
    response.headers.update(headers or {})
    return response


def register(app: Flask) -> None:
    """Make this module the only one that answers errors."""
    app.register_error_handler(HubError, _of_failure)
    app.register_error_handler(HTTPException, _of_http)
    app.register_error_handler(Exception, _of_bug)


def _of_failure(error: HubError) -> Response:
    # The sentence never holds content, so the log may have it whole.
    _log.info("%s %.200r refused: %s", request.method, request.path, error)
    return problem_response(error.code, error.sentence, details=error.details)


def status_words(error: HTTPException) -> tuple[str, str]:
    """Return our code and sentence for what werkzeug and Flask raise by themselves."""
    return _BY_STATUS.get(error.code or 500, ("internal", "Something failed inside the hub."))


def _of_http(error: HTTPException) -> Response:
    code, sentence = status_words(error)
    headers = {}
    if error.code == 405 and (allowed := getattr(error, "valid_methods", None)):
        headers["Allow"] = ", ".join(sorted(allowed))
    _log.info("%s %.200r refused: %s", request.method, request.path, code)
    return problem_response(code, sentence, headers=headers)


def _of_bug(error: Exception) -> Response:
    # Only the type and the places: the message of a strange exception may hold content.
    places = "".join(traceback.format_tb(error.__traceback__))
    _log.error("%s %.200r failed: %s\n%s", request.method, request.path, type(error).__name__, places)
    return problem_response("internal", "Something failed inside the hub; its log says what.")


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _plain(one: object, names: Sequence[str]) -> dict[str, object]:
    return {name: value for name in names if (value := getattr(one, name, None)) is not None}


def _reasons(told: object) -> Iterator[dict[str, object]]:
    """Yield the reasons of a policy's deny, or of one for each counterparty, in one form."""
    if isinstance(told, Mapping):
        for counterparty, sentences in told.items():
            yield from ({"counterparty": counterparty, "sentence": one} for one in sentences)
    else:
        yield from (_plain(one, ("code", "sentence", "clause")) for one in _listed(told))
