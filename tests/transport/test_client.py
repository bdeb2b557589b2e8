"""Calling partners: the pinned one answers, or nobody does."""

from __future__ import annotations

import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from hub.entries import PartnerRow
from hub.errors import PeerFault
from hub.federation.names import agency_uri
from hub.limits import Limits
from hub.transport.client import HttpsClient
from hub.transport.peer import agency_of
from tests.transport.agencies import (
    UNLOCK,
    free_port,
    hub_leaf,
    keyring,
    member_leaf,
    odd_leaf,
    partner_row,
)
from tests.transport.answering import Asked, Said, answering
from tests.transport.tiny_hub import TinyHub

pytestmark = pytest.mark.slow

LIMITS = Limits(connect_timeout_s=30.0, carry_timeout_s=30.0, request_timeout_s=30.0)
IMPATIENT = Limits(connect_timeout_s=1.0, carry_timeout_s=1.0, request_timeout_s=1.0)
#: Far from the patience above, and from what those who are never done would take.
GIVEN_UP_S = 15
NOW = datetime.now(UTC)


def client(limits: Limits = LIMITS) -> HttpsClient:
    return HttpsClient(keyring("kz-knb"), limits)


def hello(asked: Asked) -> Said:
    return Said(body=f"{asked.method} {asked.path}".encode())


def ask(row: PartnerRow, path: str = "/x", *, calling: HttpsClient | None = None, **options: object) -> bytes:
    with (calling or client()).open(row, "GET", path, **options) as reply:  # type: ignore[arg-type]
        return reply.read(1000)


def fault(row: PartnerRow, **options: object) -> PeerFault:
    with pytest.raises(PeerFault) as raised:
        ask(row, **options)  # type: ignore[arg-type]
    return raised.value


def test_the_pinned_partner_answers_and_sees_who_calls() -> None:
    with answering(hub_leaf("cis-atc"), hello, takes="kz-knb") as there:
        assert ask(partner_row("cis-atc", url=there.url), "/a?b=c") == b"GET /a?b=c"
        assert there.asked[0].caller == agency_uri("kz-knb")


def test_an_answer_brings_the_certificate_of_who_gave_it_also_on_a_connection_that_was_kept() -> None:
    with answering(hub_leaf("cis-atc"), hello) as there:
        calling, row = client(), partner_row("cis-atc", url=there.url)
        shown = []
        for _ in range(2):
            with calling.open(row, "GET", "/x") as reply:
                shown.append(reply.leaf)
                reply.read(1000)
    assert shown[0] is not None
    assert agency_of(shown[0]) == "cis-atc"
    assert shown[0] == shown[1]


def test_a_partner_that_was_cut_off_is_not_called_until_it_is_let_in_again() -> None:
    with answering(hub_leaf("cis-atc"), hello) as there:
        calling, row = client(), partner_row("cis-atc", url=there.url)
        calling.cut({"cis-atc"})
        assert fault(row, calling=calling).code == "partner-unreachable"
        assert there.asked == []
        calling.cut(())
        assert ask(row, calling=calling) == b"GET /x"


def test_connections_are_kept_and_used_again() -> None:
    with answering(hub_leaf("cis-atc"), hello) as there:
        row, calling = partner_row("cis-atc", url=there.url), client()
        for _ in range(5):
            ask(row, calling=calling)
        with calling.open(row, "HEAD", "/x") as reply:
            assert reply.status == 200
        ask(row, calling=calling)
        assert there.connections == 1
        calling.close()


def test_a_server_of_another_authority_is_not_believed() -> None:
    with answering(hub_leaf("cis-atc", under="sco-rats"), hello) as there:
        wrong = fault(partner_row("cis-atc", url=there.url))
        assert (wrong.code, wrong.details["reason"]) == ("partner-misbehaved", "certificate-unknown")
        assert there.asked == []


def test_a_server_that_shows_another_agencys_name_is_not_believed() -> None:
    with answering(hub_leaf("sco-rats", under="cis-atc"), hello) as there:
        wrong = fault(partner_row("cis-atc", url=there.url))
        assert (wrong.code, wrong.details["reason"]) == ("partner-misbehaved", "certificate-unknown")
        assert there.asked == []


def test_a_server_without_a_name_is_not_believed() -> None:
    names = [x509.DNSName("localhost")]
    nameless = odd_leaf(
        keyring("cis-atc").authority(), names, start=NOW - timedelta(minutes=4), end=NOW + timedelta(days=9)
    )
    with answering(nameless, hello) as there:
        assert fault(partner_row("cis-atc", url=there.url)).code == "partner-misbehaved"
        assert there.asked == []


def test_a_partners_member_cannot_answer_for_it() -> None:
    with answering(member_leaf("cis-atc", of="cis-atc"), hello) as there:
        assert fault(partner_row("cis-atc", url=there.url)).code == "partner-misbehaved"
        assert there.asked == []


def test_an_expired_server_certificate_is_named_as_such() -> None:
    names = [x509.UniformResourceIdentifier(agency_uri("cis-atc"))]
    end = NOW - timedelta(minutes=1)
    old = odd_leaf(keyring("cis-atc").authority(), names, start=end - timedelta(minutes=3), end=end)
    with answering(old, hello) as there:
        wrong = fault(partner_row("cis-atc", url=there.url))
        assert (wrong.code, wrong.details["reason"]) == ("partner-misbehaved", "certificate-expired")


def test_a_partner_that_is_down_is_unreachable() -> None:
    down = fault(partner_row("cis-atc", url=f"https://127.0.0.1:{free_port()}"))
    assert (down.code, down.details.get("reason")) == ("partner-unreachable", None)


def test_a_hub_that_has_not_pinned_us_says_so(tmp_path: Path) -> None:
    hub = TinyHub.start(tmp_path, keyring("cis-atc"), unlock=UNLOCK)
    try:
        refused = fault(partner_row("cis-atc", url=f"https://127.0.0.1:{hub.config.port}"))
        assert refused.details.get("reason") == "certificate-refused"
        hub.logged("certificate-unknown")
    finally:
        hub.stop()


@pytest.mark.parametrize(
    ("status", "told", "after_s"), [(429, "7", 7), (503, "99999", 3600), (502, "soon", None)]
)
def test_later_is_told_with_its_time(status: int, told: str, after_s: int | None) -> None:
    with answering(hub_leaf("cis-atc"), lambda _: Said(status, {"Retry-After": told})) as there:
        later = fault(partner_row("cis-atc", url=there.url))
    assert (later.code, later.details["status"], later.details["retry_after_s"]) == (
        "partner-unreachable",
        status,
        after_s,
    )


def test_an_answer_that_is_too_large_is_cut_off() -> None:
    with answering(hub_leaf("cis-atc"), lambda _: Said(body=b"x" * 1001)) as there:
        assert fault(partner_row("cis-atc", url=there.url)).code == "partner-misbehaved"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\xff" * 50 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 2000 + b"\r\n",
    ],
)
def test_what_is_not_an_answer_leaves_the_partner_unreachable(raw: bytes) -> None:
    with answering(hub_leaf("cis-atc"), lambda _: Said(raw=raw)) as there:
        assert fault(partner_row("cis-atc", url=there.url)).code == "partner-unreachable"


def test_a_redirect_is_not_followed() -> None:
    with (
        answering(hub_leaf("cis-atc"), hello) as other,
        answering(hub_leaf("cis-atc"), lambda _: Said(307, {"Location": other.url})) as there,
    ):
        with client().open(partner_row("cis-atc", url=there.url), "GET", "/x") as reply:
            assert reply.status == 307
        assert other.asked == []


def test_a_handshake_that_is_never_answered_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert given_up(f"https://127.0.0.1:{silent.getsockname()[1]}")


def test_an_answer_that_does_not_come_is_given_up() -> None:
    stop = threading.Event()

    def never(_: Asked) -> Said:
        stop.wait(2 * GIVEN_UP_S)
        return Said()

    with answering(hub_leaf("cis-atc"), never) as there:
        assert given_up(there.url)
        stop.set()


def test_an_answer_that_trickles_is_given_up() -> None:
    # Each byte comes well within the read timeout; the whole would take half a minute.
    raw = b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 120
    with answering(hub_leaf("cis-atc"), lambda _: Said(raw=raw, pause_s=0.2)) as there:
        assert given_up(there.url)


def given_up(url: str) -> bool:
    """Call with little patience; tell whether that was given up in time."""
    began = time.monotonic()
    assert fault(partner_row("cis-atc", url=url), calling=client(IMPATIENT)).code == "partner-unreachable"
    return time.monotonic() - began < GIVEN_UP_S


def test_waiting_that_was_asked_for_is_waited() -> None:
    stop = threading.Event()

    def slowly(_: Asked) -> Said:
        stop.wait(1.5)
        return Said(body=b"late")

    with answering(hub_leaf("cis-atc"), slowly) as there:
        row = partner_row("cis-atc", url=there.url)
        assert ask(row, calling=client(IMPATIENT), wait_s=30.0) == b"late"


def test_a_body_in_parts_is_sent_with_its_length() -> None:
    with answering(hub_leaf("cis-atc"), lambda asked: Said(body=asked.body[-4:])) as there:
        parts = (b"0123" * 1000 for _ in range(50))
        with client().open(
            partner_row("cis-atc", url=there.url),
            "PUT",
            "/x",
            headers={"Content-Length": "200000"},
            body=parts,
        ) as reply:
            assert reply.read(10) == b"0123"
        assert len(there.asked[0].body) == 200000
        assert "transfer-encoding" not in there.asked[0].headers


def test_a_reply_left_half_read_does_not_spoil_the_next() -> None:
    with answering(hub_leaf("cis-atc"), lambda asked: Said(body=asked.path.encode() * 100000)) as there:
        row, calling = partner_row("cis-atc", url=there.url), client()
        for path in ("/a", "/b", "/c"):
            with calling.open(row, "GET", path) as reply:
                assert next(reply.parts()).startswith(path.encode())


def test_the_pool_follows_a_changed_address() -> None:
    calling = client()
    with (
        answering(hub_leaf("cis-atc"), lambda _: Said(body=b"old")) as old,
        answering(hub_leaf("cis-atc"), lambda _: Said(body=b"new")) as new,
    ):
        assert ask(partner_row("cis-atc", url=old.url), calling=calling) == b"old"
        assert ask(partner_row("cis-atc", url=new.url), calling=calling) == b"new"


def test_no_more_connections_than_the_pool_has_are_opened_at_once() -> None:
    inside = threading.Semaphore(0)

    def busy(_: Asked) -> Said:
        inside.acquire(timeout=60)
        return Said(body=b"x")

    with answering(hub_leaf("cis-atc"), busy) as there:
        row, calling = partner_row("cis-atc", url=there.url), client()
        callers = [threading.Thread(target=ask, args=(row,), kwargs={"calling": calling}) for _ in range(12)]
        for one in callers:
            one.start()
        for _ in callers:
            inside.release()
        for one in callers:
            one.join(60)
        assert len(there.asked) == 12
        assert there.connections <= 4


def test_a_partner_without_an_address_is_not_called() -> None:
    assert fault(partner_row("cis-atc", url=None)).code == "partner-unreachable"
