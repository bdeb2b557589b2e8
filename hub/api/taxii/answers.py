"""What TAXII 2.1 says in HTTP: its media type, its error resources, its dates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from flask import Request, Response

from hub.api.problems import problem_document
from hub.codes import CODES
from hub.errors import HubError, Refused
from hub.exchange.taxii.objects import write

MEDIA_TYPE: Final = "application/taxii+json;version=2.1"
_TYPE: Final = "application/taxii+json"
_ANY: Final = frozenset({"*/*", "application/*", _TYPE})


def need_accept(request: Request) -> None:
    """Raise Refused `not-acceptable` unless TAXII 2.1 is among what the caller takes (§1.6.8)."""
    for one in request.headers.get("Accept", "").lower().split(","):
        kind, *told = [part.strip() for part in one.split(";")]
        versions = {part.partition("=")[2].strip('"') for part in told if part.startswith("version=")}
        if kind in _ANY and versions <= {"2.1"}:
            return
    raise Refused("not-acceptable", f"This address answers {MEDIA_TYPE}; the Accept header does not take it.")


def need_content_type(request: Request) -> None:
    """Raise Refused `media-type-unsupported` unless the body is said to be TAXII 2.1."""
    version = request.mimetype_params.get("version", "2.1")
    if request.mimetype != _TYPE or version != "2.1":
        raise Refused("media-type-unsupported", f"The body must be said to be {MEDIA_TYPE}.")


def taxii_response(
    resource: Mapping[str, object], *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a resource; numbers stand in it as they came."""
    return Response(write(resource), status=status, headers=dict(headers or {}), content_type=MEDIA_TYPE)


def error_response(error: HubError) -> Response:
    """Return a failure as an error resource (§3.6.1) with our stable code."""
    return told(error.code, error.sentence)


def told(code: str, sentence: str) -> Response:
    """Return an error resource."""
    document = problem_document(code, sentence)
    status = CODES[code].status
    resource = {
        "title": document["title"],
        "description": sentence,
        "error_code": code,
        "http_status": str(status),
    }
    headers = {"WWW-Authenticate": 'Certificate realm="hub"'} if status == 401 else {}
    if status == 503:
        headers["Retry-After"] = "5"
    return taxii_response(resource, status=status, headers=headers)


def instant(at: datetime) -> str:
    """Return a time as TAXII writes it (§1.4.4)."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
