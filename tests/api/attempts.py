"""Requests that Schemathesis makes from a hub's own specification, and what is wrong with the answers."""

from __future__ import annotations

from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    missing_required_header,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from tests.api.live import Live

EXAMPLES = 20
CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    missing_required_header,
    unsupported_method,
]


@schemathesis.serializer("application/ocsp-request")
def as_it_is(_context: object, value: object) -> bytes:
    """Return the bytes of a question that is not JSON."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


class Attempts:
    """The specification as a live hub serves it, and its callers."""

    def __init__(self, live: Live) -> None:
        self._live = live
        refused = {"negative_data_rejection": {"expected-statuses": ["4xx"]}}
        self._specification: Any = schemathesis.openapi.from_url(
            f"{live.url}/openapi.json",
            verify=live.authority,
            config=SchemathesisConfig.from_dict({"checks": refused}),
        )

    def operations(self, room: str) -> list[Any]:
        """Return the operations of a room."""
        return [found.ok() for found in self._specification.include(tag=room).get_all_operations()]

    def tried(self, operation: Any, mode: str) -> str | None:
        """Send what Hypothesis makes for an operation, as each caller it lets in; return what went wrong."""
        callers = [name for requirement in operation.definition.raw["security"] for name in requirement]
        sessions = [self._live.session(caller) for caller in callers or [None]]

        @given(case=operation.as_strategy(GenerationMode(mode)))
        @settings(
            max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck)
        )
        def attempt(case: Any) -> None:
            for session in sessions:
                case.call_and_validate(
                    checks=CHECKS, timeout=30, session=session, verify=self._live.authority
                )

        try:
            attempt()
        except Unsatisfiable:
            assert mode == "negative", f"{operation.label} takes nothing at all"
        except (FailureGroup, Failure) as failure:
            return f"{operation.label}: {failure}"
        return None
