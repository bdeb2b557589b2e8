"""Whatever goes wrong, the answer is a problem document with its own code, and nothing leaks."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from hub.codes import CODES
from hub.errors import OurFault
from tests.api.world import World, overdo, partner_certificate

ENVELOPES = "/exchange/v1/envelopes"


def raw(world: World, data: bytes, content_type: str = "application/json") -> Any:
    return world.call(
        "POST", ENVELOPES, certificate=partner_certificate("cis-atc"), data=data, content_type=content_type
    )


def test_an_unknown_address_is_not_found(world: World) -> None:
    for path in ("/nope", "/api/v1/nope", "/api//v1/kinds", "/healthz/", "/api/v1/../healthz", "/%00"):
        said = world.call("GET", path)
        assert (said.status, said.code) == (404, "not-found"), path


def test_another_method_is_refused_and_the_right_ones_named(world: World) -> None:
    said = world.call("DELETE", ENVELOPES)
    assert (said.status, said.code, said.headers["Allow"]) == (405, "method-not-allowed", "POST")
    for method in ("OPTIONS", "TRACE", "PATCH", "CONNECT"):
        assert world.call(method, "/healthz").code == "method-not-allowed"


@pytest.mark.parametrize("data", [b"", b"{", b'{"transfers":[],"transfers":[]}', b"\xff\xfe", b"[1.5]"])
def test_what_cannot_be_parsed_is_refused(world: World, data: bytes) -> None:
    said = raw(world, data)
    assert (said.status, said.code) == (400, "request-malformed")


def test_deep_nesting_is_refused(world: World) -> None:
    said = raw(world, b'{"transfers":' + b"[" * 100_000 + b"]" * 100_000 + b"}")
    assert (said.status, said.code) == (400, "request-malformed")
    assert "deeper" in said.body["detail"]


@pytest.mark.parametrize("content_type", ["text/plain", "", "application/xml", "application/json-patch+json"])
def test_another_media_type_is_refused(world: World, content_type: str) -> None:
    said = raw(world, b"{}", content_type)
    assert (said.status, said.code) == (415, "media-type-unsupported")


def test_a_body_above_the_limit_is_refused_before_it_is_read(world: World) -> None:
    said = world.call("POST", "/api/v1/session", data=b"x" * 70_000, content_type="application/json")
    assert (said.status, said.code) == (413, "request-too-large")


def test_a_stream_without_a_length_is_bounded_too(world: World) -> None:
    read = 0

    class Endless:
        def read(self, size: int = -1) -> bytes:
            nonlocal read
            read += max(size, 1)
            return b" " * max(size, 1)

    said = world.call(
        "POST",
        "/api/v1/session",
        environ={
            "wsgi.input": Endless(),
            "wsgi.input_terminated": True,
            "HTTP_TRANSFER_ENCODING": "chunked",
        },
        content_type="application/json",
    )
    assert (said.status, said.code) == (413, "request-too-large")
    assert read < 1_000_000


def test_an_unknown_field_is_refused_and_not_repeated(world: World) -> None:
    body = {"name": "a", "password": "b", "code": "c", "Secret Thing": 1}
    said = world.call("POST", "/api/v1/session", body)
    assert (said.status, said.code) == (422, "request-invalid")
    assert "Secret Thing" not in said.response.text


def test_query_parameters_nobody_asked_for_are_refused(world: World) -> None:
    said = world.call("GET", "/healthz?verbose=1")
    assert (said.status, said.code) == (422, "request-invalid")


@contextmanager
def broken(world: World, error: Exception) -> Iterator[World]:
    class Store:
        def __getattr__(self, name: str) -> Any:
            raise error

    yield replace(world, broker=replace(world.broker, store=Store()))  # type: ignore[arg-type]


def test_a_bug_is_told_without_its_traceback(world: World, caplog: pytest.LogCaptureFixture) -> None:
    with broken(world, RuntimeError("subject: Иванов")) as failing:
        said = failing.call("GET", "/readyz")
    assert (said.status, said.code) == (500, "internal")
    assert "Traceback" not in said.response.text
    assert "Иванов" not in said.response.text + caplog.text
    assert "RuntimeError" in caplog.text
    assert "operations/health.py" in caplog.text


def test_a_database_that_cannot_be_written_asks_to_come_again(world: World) -> None:
    with broken(world, OurFault("storage-unavailable", "The disk is full.")) as failing:
        said = failing.call("GET", "/readyz")
    assert (said.status, said.code) == (503, "storage-unavailable")
    assert int(said.headers["Retry-After"]) >= 1


def test_a_dispatcher_that_stands_still_is_not_ready(world: World) -> None:
    assert world.call("GET", "/readyz").ok() == {
        "database": True,
        "dispatcher": True,
        "log": True,
        "warnings": [],
    }
    world.alive = False
    said = world.call("GET", "/readyz")
    assert (said.status, said.code) == (503, "not-ready")
    assert world.call("GET", "/healthz").ok() == {"status": "ok"}


def test_each_client_has_its_own_number_of_requests(world: World) -> None:
    few = world.limited(requests_per_minute=2)
    token, other = few.officer("aigul"), few.officer("bolat")
    said = overdo(lambda: few.call("GET", "/api/v1/kinds", token=token), allowed=2)
    assert [said[0].status, said[1].status, said[-1].status] == [200, 200, 429]
    assert int(said[-1].headers["Retry-After"]) >= 1
    few.call("GET", "/api/v1/kinds", token=other).ok()


def test_who_cannot_be_identified_is_counted_by_address(world: World) -> None:
    few = world.limited(requests_per_minute=2)
    said = overdo(lambda: few.call("GET", "/api/v1/kinds", token="guess"), allowed=2)
    assert [one.code for one in said[:2]] == ["token-invalid", "token-invalid"]
    elsewhere = few.app.test_client().get("/api/v1/kinds", environ_base={"REMOTE_ADDR": "192.0.2.9"})
    assert elsewhere.status_code == 401


def test_readers_of_the_pages_are_counted_too(world: World) -> None:
    few = world.limited(requests_per_minute=1)
    few.call("GET", "/docs")
    said = overdo(lambda: few.call("GET", "/openapi.json"), allowed=0)
    assert said[-1].status == 429


def test_a_partner_is_counted_as_such(world: World) -> None:
    few = world.limited(requests_per_minute=1)
    certificate = partner_certificate("cis-atc")
    said = overdo(lambda: few.call("GET", "/exchange/v1/mailbox", certificate=certificate), allowed=1)
    assert (said[0].status, said[-1].status) == (200, 429)


def test_refusals_are_logged_with_their_code(world: World, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="hub.api"):
        world.call("GET", "/api/v1/kinds")
        world.call("GET", "/nope%0aforged")
    assert "refused: token-invalid" in caplog.text
    assert "refused: not-found" in caplog.text
    assert "\nforged" not in caplog.text


def test_every_answer_carries_the_headers_that_protect_it(world: World) -> None:
    for path in ("/healthz", "/nope", "/docs", "/openapi.json"):
        headers = world.call("GET", path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["Strict-Transport-Security"]
        assert "Set-Cookie" not in headers


def test_every_code_has_an_example_that_is_a_problem_document(world: World) -> None:
    examples = world.call("GET", "/openapi.json").ok()["components"]["examples"]
    assert set(examples) == set(CODES)
    for code, example in examples.items():
        assert json.loads(json.dumps(example["value"]))["code"] == code
