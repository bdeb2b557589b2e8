"""Asking what was revoked: who answers slowly holds up nobody for longer than the time of one question."""

from __future__ import annotations

import pytest

from hub.errors import PeerFault
from hub.transport.revocation import HttpRevocationClient
from tests.transport.trickling import trickling_server


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"]
)
@pytest.mark.timeout(20)
def test_an_answer_that_trickles_is_given_up(head: bytes) -> None:
    client = HttpRevocationClient(timeout_s=0.2)
    with trickling_server(head) as url, pytest.raises(PeerFault, match="took too long") as raised:
        client.fetch(url, authorities=(), max_bytes=1_000_000)
    assert raised.value.code == "revocation-unavailable"
