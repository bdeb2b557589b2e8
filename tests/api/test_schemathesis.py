"""The live specification against the live hub: whatever is sent, the answer is one that is declared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
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

from hub.api.app import ROOMS
from tests.api.live import Live, live_hub

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

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


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A hub in a process of its own."""
    with live_hub(tmp_path_factory.mktemp("live")) as made:
        yield made


@pytest.fixture(scope="module")
def specification(live: Live) -> Any:
    """The specification as the live hub serves it."""
    refused = {"negative_data_rejection": {"expected-statuses": ["4xx"]}}
    return schemathesis.openapi.from_url(
        f"{live.url}/openapi.json",
        verify=live.authority,
        config=SchemathesisConfig.from_dict({"checks": refused}),
    )


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("room", [room.name for room in ROOMS])
def test_every_answer_is_a_declared_one(
    specification: Any, live: Live, room: str, mode: GenerationMode
) -> None:
    operations = [found.ok() for found in specification.include(tag=room).get_all_operations()]
    assert operations
    failed = [told for one in operations if (told := _tried(one, live, mode))]
    assert not failed, "\n\n".join(failed)


def _tried(operation: Any, live: Live, mode: GenerationMode) -> str | None:
    """Send what Hypothesis makes for an operation, as each caller it lets in; return what went wrong."""
    callers = [name for requirement in operation.definition.raw["security"] for name in requirement]

    sessions = [live.session(caller) for caller in callers or [None]]

    @given(case=operation.as_strategy(mode))
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def attempt(case: Any) -> None:
        for session in sessions:
            case.call_and_validate(checks=CHECKS, timeout=30, session=session, verify=live.authority)

    try:
        attempt()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE, f"{operation.label} takes nothing at all"
    except (FailureGroup, Failure) as failure:
        return f"{operation.label}: {failure}"
    return None


def test_the_hub_is_well_afterwards(live: Live) -> None:
    said = requests.get(f"{live.url}/readyz", verify=live.authority, timeout=10)
    told = said.json()
    # The partner's hub is not served here: in a long run it is asked what it revoked, and gives no answer.
    assert set(told.pop("warnings")) <= {"revocation-unknown"}
    assert told == {"database": True, "dispatcher": True, "log": True}
