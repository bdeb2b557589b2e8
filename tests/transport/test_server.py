"""The server as partners, officers and hostile peers meet it: real processes, real TLS."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import ssl
import threading
import time
import tracemalloc
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from hub.entries import PartnerStatus
from hub.federation.names import agency_uri
from hub.limits import Limits
from hub.transport.client import HttpsClient
from keys.file_store import create_store
from keys.keyring import FileKeyring, renew_leaf
from tests.transport.agencies import (
    UNLOCK,
    Shown,
    calling,
    free_port,
    hub_leaf,
    keyring,
    member_leaf,
    member_row,
    odd_leaf,
    partner_row,
)
from tests.transport.tiny_hub import TinyHub, raw_tls, wait_until

pytestmark = pytest.mark.slow

#: For what is not kept waiting: behind those who are it would wait twice as long for one of the threads.
AT_ONCE_S = 5.0


PARTNERS = ("cis-atc", "sco-rats")


def started(home: Path) -> TinyHub:
    """Start a server of kz-knb with two partners and a member, whose patience is short."""
    member = member_leaf("kz-mvd", of="kz-knb")
    return TinyHub.start(
        home,
        keyring("kz-knb"),
        partners=[partner_row(agency) for agency in PARTNERS],
        members=[member_row("kz-mvd", member)],
        unlock=UNLOCK,
        handshake_timeout_s=2.0,
        request_timeout_s=2.0,
    )


def ended(hub: TinyHub) -> None:
    """Stop a server, whose whole log must be JSON without a traceback."""
    if hub.process.poll() is None:
        hub.stop(signal.SIGTERM)
    text = (hub.home / "log").read_text()
    assert "Traceback" not in text
    assert all(json.loads(line) for line in text.splitlines())


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TinyHub]:
    """One server for all tests that leave it running."""
    running = started(tmp_path_factory.mktemp("hub"))
    yield running
    ended(running)


@pytest.fixture
def hub(shared: TinyHub) -> TinyHub:
    """The shared server, with its directory as at the start and a log that begins now."""
    if [row.agency for row in shared.directory.partners() if row.status is PartnerStatus.ACTIVE] != list(
        PARTNERS
    ):
        shared.directory.write([partner_row(agency) for agency in PARTNERS], shared.directory.members())
        wait_until(lambda: admits(shared, "cis-atc") and not admits(shared, "kg-gknb"))
    shared.forget()
    return shared


def admits(hub: TinyHub, agency: str) -> bool:
    """Tell whether a partner can call."""
    try:
        return hub.get("/whoami", hub_leaf(agency))[0] == 200
    except OSError:
        return False


def answer(raw: ssl.SSLSocket) -> tuple[int, dict[str, object]]:
    """Return status and document of what the server says on a bare connection."""
    said = b""
    while part := raw.recv(65536):
        said += part
    head, _, body = said.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def fails_to_connect(hub: TinyHub, leaf: Shown, alert: str = "unknown ca") -> None:
    with pytest.raises(ssl.SSLError, match=alert):
        hub.get("/empty", leaf)


def test_partners_and_members_are_known_by_their_certificates(hub: TinyHub) -> None:
    assert json.loads(hub.get("/whoami", hub_leaf("cis-atc"))[1]) == {"agency": "cis-atc", "role": "partner"}
    assert json.loads(hub.get("/whoami", member_leaf("kz-mvd", of="kz-knb"))[1])["agency"] == "kz-mvd"


def test_no_certificate_reaches_the_application_and_is_refused_there(hub: TinyHub) -> None:
    status, body = hub.get("/whoami", None)
    assert (status, json.loads(body)["code"]) == (401, "certificate-missing")
    assert hub.get("/empty", None)[0] == 200


def test_an_unpinned_authority_fails_the_handshake(hub: TinyHub) -> None:
    fails_to_connect(hub, hub_leaf("kg-gknb"))
    assert hub.logged("certificate-unknown")["level"] == "warning"
    assert hub.get("/empty", None)[0] == 200


def test_an_expired_certificate_fails_the_handshake(hub: TinyHub) -> None:
    # Its authority is in force, so that only the leaf can be what is refused.
    names = [x509.UniformResourceIdentifier(agency_uri("cis-atc"))]
    end = datetime.now(UTC) - timedelta(minutes=1)
    leaf = odd_leaf(keyring("cis-atc").authority(), names, start=end - timedelta(minutes=3), end=end)
    fails_to_connect(hub, leaf, "certificate expired")
    hub.logged("certificate-expired")


def test_a_partners_authority_cannot_issue_for_another_agency(hub: TinyHub) -> None:
    status, body = hub.get("/whoami", hub_leaf("sco-rats", under="cis-atc"))
    assert (status, json.loads(body)["code"]) == (403, "certificate-unknown")


def test_older_tls_is_refused(hub: TinyHub) -> None:
    context = calling("kz-knb", None)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_connection(hub.address, timeout=5) as plain, pytest.raises(ssl.SSLError):
        context.wrap_socket(plain)
    hub.logged("handshake-failed")


def test_noise_instead_of_a_handshake_is_refused(hub: TinyHub) -> None:
    with socket.create_connection(hub.address, timeout=5) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        while plain.recv(4096):
            pass
    hub.logged("handshake-failed")


def test_a_partner_pinned_by_another_process_can_call_without_a_restart(hub: TinyHub) -> None:
    fails_to_connect(hub, hub_leaf("kg-gknb"))
    rows = [*hub.directory.partners(), partner_row("kg-gknb")]
    hub.directory.write(rows, hub.directory.members())
    wait_until(lambda: admits(hub, "kg-gknb"))


def test_a_partner_that_is_removed_is_refused_on_connections_it_has(hub: TinyHub) -> None:
    connection = hub.connect(hub_leaf("cis-atc"))
    connection.request("GET", "/whoami")
    assert connection.getresponse().read()
    assert connection.sock is not None
    kept = connection.sock
    hub.directory.write([partner_row("sco-rats")], hub.directory.members())

    def refused() -> bool:
        connection.request("GET", "/whoami")
        got = connection.getresponse()
        got.read()
        return got.status == 403

    wait_until(refused)
    assert connection.sock is kept

    def refused_at_once() -> bool:
        try:
            hub.get("/empty", hub_leaf("cis-atc"))
        except ssl.SSLError as error:
            return "unknown ca" in str(error)
        return False

    wait_until(refused_at_once)


def test_a_suspended_partner_is_told_so(hub: TinyHub) -> None:
    row = partner_row("cis-atc", status=PartnerStatus.SUSPENDED)
    hub.directory.write([row], hub.directory.members())

    def told() -> bool:
        # The answer that is under way at the moment of the suspension is cut with its connection.
        with suppress(http.client.IncompleteRead, ConnectionError, ssl.SSLError):
            return b"partner-suspended" in hub.get("/whoami", hub_leaf("cis-atc"))[1]
        return False

    wait_until(told)


def test_half_open_handshakes_do_not_keep_others_waiting(hub: TinyHub) -> None:
    with ExitStack() as open_ones:
        for number in range(300):
            half = open_ones.enter_context(socket.create_connection(hub.address))
            if number % 2:
                half.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc")  # the start of a ClientHello
        began = time.monotonic()
        assert hub.get("/whoami", hub_leaf("cis-atc"))[0] == 200
        assert time.monotonic() - began < AT_ONCE_S
        hub.logged("handshake-timeout")


def test_slow_bodies_of_one_peer_do_not_keep_others_waiting(hub: TinyHub) -> None:
    with ExitStack() as open_ones:
        slow = [open_ones.enter_context(raw_tls(hub, hub_leaf("sco-rats"))) for _ in range(48)]
        for one in slow:
            one.sendall(b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nslow")
        began = time.monotonic()
        assert hub.get("/whoami", hub_leaf("cis-atc"))[0] == 200
        assert hub.get("/empty", None)[0] == 200
        assert time.monotonic() - began < AT_ONCE_S
        assert answer(slow[0]) == (408, {"code": "request-timeout"})


def test_slow_headers_end_with_a_problem_document(hub: TinyHub) -> None:
    with raw_tls(hub, None) as slow:
        slow.sendall(b"GET /empty HTTP/1.1\r\nHost: x\r\n")
        status, document = answer(slow)
    assert (status, document["code"]) == (408, "request-timeout")
    hub.logged("request-timeout")


def test_a_body_that_moves_goes_on_beyond_the_time_of_a_stalled_one(hub: TinyHub) -> None:
    size, piece = 3 * 1024 * 1024, 256 * 1024
    with raw_tls(hub, hub_leaf("cis-atc")) as steady:
        steady.sendall(
            f"POST /body HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {size}\r\n\r\n".encode()
        )
        for _ in range(size // piece):
            steady.sendall(b"x" * piece)
            time.sleep(0.25)
        assert answer(steady) == (200, {"bytes": size})


def test_a_large_body_streams_both_ways_in_constant_memory(hub: TinyHub) -> None:
    size = 192 * 1024 * 1024
    url = f"https://127.0.0.1:{hub.config.port}"
    calling = HttpsClient(keyring("cis-atc"), Limits())
    row = partner_row("kz-knb", url=url)
    with calling.open(row, "GET", "/rss") as reply:
        before = int(reply.read(100))
    tracemalloc.start()
    try:
        headers = {"Content-Length": str(size)}
        parts = (bytes(1024 * 1024) for _ in range(size // (1024 * 1024)))
        with calling.open(row, "PUT", "/drain", headers=headers, body=parts) as reply:
            assert json.loads(reply.read(100)) == {"bytes": size}
        with calling.open(row, "GET", f"/stream/{size}") as reply:
            assert sum(len(part) for part in reply.parts()) == size
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    with calling.open(row, "GET", "/rss") as reply:
        after = int(reply.read(100))
    assert peak < 16 * 1024 * 1024
    assert after - before < 32 * 1024 * 1024


def test_a_peer_that_does_not_read_its_answer_is_dropped(hub: TinyHub) -> None:
    with raw_tls(hub, hub_leaf("cis-atc")) as deaf:
        deaf.sendall(b"GET /large/50000000 HTTP/1.1\r\nHost: x\r\n\r\n")
        hub.logged("request-timeout")
    assert hub.get("/empty", None)[0] == 200


def test_what_is_not_http_is_refused_without_quoting_it(hub: TinyHub) -> None:
    with raw_tls(hub, None) as odd:
        odd.sendall(b"SECRET of Ivanov\r\n\r\n")
        status, document = answer(odd)
    assert (status, document["code"]) == (400, "request-malformed")
    hub.logged("request-malformed")
    assert "Ivanov" not in hub.log()


def test_a_bug_is_logged_with_its_places_and_without_its_words(hub: TinyHub) -> None:
    status, body = hub.get("/fails", None)
    assert (status, json.loads(body)["code"]) == (500, "internal")
    line = hub.logged("internal")
    assert line["error"] == "ValueError"
    assert any("fails" in place for place in line["places"])
    assert "Ivanov" not in hub.log()


def test_the_access_log_has_the_path_and_not_the_query(hub: TinyHub) -> None:
    hub.get("/whoami?name=Ivanov", hub_leaf("cis-atc"))
    wait_until(lambda: any(line.get("peer") == "cis-atc" for line in hub.lines()))
    line = next(line for line in hub.lines() if line.get("peer") == "cis-atc")
    assert (line["method"], line["path"], line["status"]) == ("GET", "/whoami", 200)
    assert "Ivanov" not in hub.log()


def test_one_peer_cannot_take_all_connections(hub: TinyHub) -> None:
    with ExitStack() as open_ones:
        context = calling("kz-knb", hub_leaf("sco-rats"))
        for _ in range(129):
            plain = socket.create_connection(hub.address, timeout=10)
            open_ones.enter_context(context.wrap_socket(plain))
        hub.logged("too-many-connections")
        assert hub.get("/whoami", hub_leaf("cis-atc"))[0] == 200


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_stopping_answers_what_is_under_way(tmp_path: Path, sign: signal.Signals) -> None:
    hub = started(tmp_path)
    got: list[tuple[int, bytes]] = []
    waiting = threading.Thread(
        target=lambda: got.append(hub.get("/slow/60.0", hub_leaf("cis-atc"), timeout=40))
    )
    waiting.start()
    wait_until(lambda: (hub.home / "waiting").exists())
    began = time.monotonic()
    (tmp_path / "stop-fails").touch()
    assert hub.stop(sign) == 0
    waiting.join(30)
    assert got == [(200, b"done")]
    assert time.monotonic() - began < 20
    assert (hub.home / "stopped").read_text() == (hub.home / "started").read_text()
    assert "Ivanov" not in hub.log()
    ended(hub)


def test_a_worker_that_cannot_start_ends_the_server(tmp_path: Path) -> None:
    (tmp_path / "start-fails").touch()
    with pytest.raises(AssertionError, match="storage-unavailable"):
        started(tmp_path)


def test_a_renewed_leaf_is_shown_without_a_restart(tmp_path: Path) -> None:
    directory = tmp_path / "keys"
    create_store(directory, agency="kz-mvd", host_names=["old"], unlock=UNLOCK, at=datetime.now(UTC))
    keys = FileKeyring.open(directory, agency="kz-mvd", unlock=UNLOCK)
    hub = TinyHub.start(tmp_path, keys, unlock=UNLOCK)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(cadata=keys.tls_files().authority_pem)

    def host() -> object:
        with context.wrap_socket(socket.create_connection(hub.address, timeout=10)) as tls:
            return dict(tls.getpeercert()["subjectAltName"]).get("DNS")

    try:
        assert host() == "old"
        renew_leaf(keys, host_names=["new"], at=datetime.now(UTC))
        wait_until(lambda: host() == "new")
    finally:
        hub.stop()


def test_metrics_are_served_to_this_machine_on_their_own_port(tmp_path: Path) -> None:
    port = free_port()
    hub = TinyHub.start(tmp_path, keyring("kz-knb"), unlock=UNLOCK, metrics_port=port)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as response:
            assert b"process_cpu_seconds_total" in response.read()
        assert hub.get("/metrics", None)[0] == 404
    finally:
        hub.stop()
