"""Messages between hubs that only meet at a relay: sealed, bound to their header, and of one form."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from hub.envelope.encoding import b64u, unb64u
from hub.envelope.messages import (
    MESSAGE_MAX_BYTES,
    About,
    MessageHeader,
    SealedMessage,
    open_message,
    peek_message,
    seal_message,
)
from hub.envelope.suites import Suite
from hub.errors import HubError
from hub.records.ids import new_id
from tests.envelope.agencies import agency

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
KNB, ATC = agency("kz-knb"), agency("cis-atc")
BODY = b'{"payload":"e30","signatures":[]}'


def header(**told: Any) -> MessageHeader:
    values = {"message_id": new_id(), "sender": "kz-knb", "recipient": "cis-atc", "suite": Suite.CLASSIC_1}
    return MessageHeader(**{**values, "expires_at": AT, **told})


@pytest.fixture(scope="module", params=list(Suite))
def sealed(request: pytest.FixtureRequest) -> SealedMessage:
    made = header(suite=request.param, answers=new_id())
    return seal_message(made, About.BOOKS, BODY, to=ATC.public)


def code(raw: bytes) -> str | None:
    try:
        open_message(peek_message(raw), keys=ATC.decryption)
    except HubError as error:
        return error.code
    return None


def altered(sealed: SealedMessage, **told: object) -> bytes:
    outer = json.loads(sealed.raw)
    inner = json.loads(unb64u(outer["protected"]))
    outer["protected"] = b64u(json.dumps({**inner, **told}).encode())
    return json.dumps(outer).encode()


def test_what_was_sealed_is_opened_by_its_recipient(sealed: SealedMessage) -> None:
    again = peek_message(sealed.raw)
    assert again.header == sealed.header
    assert open_message(again, keys=ATC.decryption) == (About.BOOKS, BODY)


def test_nobody_else_opens_it(sealed: SealedMessage) -> None:
    with pytest.raises(HubError, match="key-unknown"):
        open_message(peek_message(sealed.raw), keys=KNB.decryption)


@pytest.mark.parametrize(
    "told",
    [
        {"from": "sco-rats"},
        {"message_id": "0192f0c1-7a2b-7c3d-8e4f-5a6b7c8d9e0f"},
        {"answers": "0192f0c1-7a2b-7c3d-8e4f-5a6b7c8d9e0f"},
        {"expires_at": "2030-01-01T00:00:00Z"},
    ],
)
def test_no_relay_can_change_its_header(sealed: SealedMessage, told: dict[str, object]) -> None:
    assert code(altered(sealed, **told)) == "decryption-failed"


@pytest.mark.parametrize(
    "told",
    [{"typ": "hub-envelope+json"}, {"from": "cis-atc"}, {"message_id": "1"}, {"more": 1}, {"enc": "A128GCM"}],
)
def test_another_form_is_refused(sealed: SealedMessage, told: dict[str, object]) -> None:
    assert code(altered(sealed, **told)) == "envelope-malformed"


def test_what_is_no_message_or_too_large_is_refused() -> None:
    assert code(b"{}") == "envelope-malformed"
    assert code(b" " * (MESSAGE_MAX_BYTES + 1)) == "envelope-too-large"


def test_ids_and_agencies_are_checked() -> None:
    with pytest.raises(ValueError, match="UUIDv7"):
        header(message_id="1")
    with pytest.raises(ValueError, match="two agencies"):
        header(recipient="kz-knb")
