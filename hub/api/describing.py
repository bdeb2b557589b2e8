"""What the specification says of every operation alike: who may call it, and how it refuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from hub.api.callers import Door
from hub.api.problems import MEDIA_TYPE, problem_document
from hub.api.scopes import Way
from hub.codes import CODES
from hub.records.actor import Role

SECURITY_SCHEMES: Final[Mapping[str, Mapping[str, Any]]] = {
    "partner": {
        "type": "mutualTLS",
        "description": "A partner's client certificate, from the certificate authority on its pinned card.",
    },
    "system": {
        "type": "oauth2",
        "description": (
            "A member's system: client credentials with its registered certificate (RFC 8705). "
            "The token works with that certificate alone."
        ),
        "flows": {
            "clientCredentials": {
                "tokenUrl": "/oauth/token",
                "scopes": {
                    "submit:KIND": "Hand in records of a kind; `submit:*` for every kind.",
                    "collect:KIND": "Collect records of a kind; `collect:*` for every kind.",
                },
            }
        },
    },
    "officer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An officer's token from `POST /api/v1/session`.",
    },
}

_SCHEMES: Final[Mapping[Door, tuple[str, ...]]] = {
    Door.ANYONE: (),
    Door.PARTNER: ("partner",),
    Door.SYSTEM: ("system",),
    Door.OFFICER: ("officer",),
    Door.INSIDE: ("officer", "system"),
    Door.IDENTIFIED: ("partner", "officer", "system"),
}

_BY_DOOR: Final[Mapping[Door, tuple[str, ...]]] = {
    Door.ANYONE: (),
    Door.PARTNER: (
        "certificate-missing",
        "certificate-unknown",
        "certificate-expired",
        "partner-suspended",
    ),
    Door.SYSTEM: ("token-invalid", "scope-missing"),
    Door.OFFICER: ("token-invalid", "role-missing"),
    Door.INSIDE: ("token-invalid", "scope-missing", "role-missing"),
    Door.IDENTIFIED: (
        "certificate-missing",
        "certificate-unknown",
        "certificate-expired",
        "partner-suspended",
        "token-invalid",
    ),
}
_ALWAYS: Final = ("request-invalid", "too-many-requests", "internal", "storage-unavailable")
_WITH_BODY: Final = (
    "request-malformed",
    "request-too-large",
    "media-type-unsupported",
    "request-timeout",
)

#: How a record that is handed in may be refused.
RECORD_REFUSED: Final = (
    "record-invalid",
    "kind-unknown",
    "record-too-large",
    "partner-unknown",
    "not-found",
    "conflict",
    "attachment-missing",
    "attachment-mismatch",
)
#: How content at rest may not come out.
CONTENT_REFUSED: Final = ("not-found", "content-erased", "decryption-failed")
#: What whoever asks for content, answers or releases it is told that the rules keep from it.
ACCESS_REFUSED: Final = (
    "clearance-missing",
    "policy-denied",
    "policy-denies",
    "policy-forbids",
    "policy-undecided",
    "policy-unusable",
)


def described_security(door: Door, *, way: Way | None, roles: frozenset[Role]) -> dict[str, object]:
    """Return the security requirement of a door, and in words whom it lets in."""
    schemes = _SCHEMES[door]
    found: dict[str, object] = {"security": [{scheme: []} for scheme in schemes]}
    if roles:
        found["x-roles"] = sorted(role.value for role in roles)
    if way is not None:
        found["x-scope"] = f"{way.value}:KIND"
    return found


def described_refusals(
    codes: Sequence[str], *, door: Door, has_body: bool, has_path: bool
) -> dict[int, dict[str, object]]:
    """Return the responses of all refusals, by status, with each code that it may carry."""
    every = [*_BY_DOOR[door], *codes, *_ALWAYS]
    every += _WITH_BODY if has_body else ()
    every += ("not-found",) if has_path else ()
    by_status: dict[int, list[str]] = {}
    for code in sorted(set(every)):
        by_status.setdefault(CODES[code].status, []).append(code)
    return {status: _response(status, found) for status, found in sorted(by_status.items())}


def _response(status: int, codes: Sequence[str]) -> dict[str, object]:
    lines = [f"`{code}`: {CODES[code].title}." for code in codes]
    response: dict[str, object] = {
        "description": "\n".join(lines),
        "content": {
            MEDIA_TYPE: {
                "schema": "ProblemSchema",
                "examples": {code: {"$ref": f"#/components/examples/{code}"} for code in codes},
            }
        },
    }
    headers = _HEADERS.get(status)
    if headers:
        response["headers"] = dict(headers)
    return response


def described_problems() -> dict[str, dict[str, object]]:
    """Return an example of each problem document, for the specification's components."""
    return {
        code: {"summary": row.title, "value": problem_document(code, f"{row.title}.")}
        for code, row in CODES.items()
    }


_SECONDS: Final = {"description": "Seconds to wait.", "schema": {"type": "string", "pattern": "^[0-9]+$"}}
_HEADERS: Final[Mapping[int, Mapping[str, object]]] = {
    401: {"WWW-Authenticate": {"description": "The scheme to use.", "schema": {"type": "string"}}},
    429: {"Retry-After": _SECONDS},
    503: {"Retry-After": _SECONDS},
}
