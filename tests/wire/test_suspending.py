"""A suspension cuts what is under way in every process of a served hub, within the time that is named."""

from __future__ import annotations

import hashlib
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from urllib3.exceptions import ProtocolError

from demo.ports import free_ports
from hub.bootstrap.making import init_hub
from hub.bootstrap.opening import open_hub
from hub.exchange.agreements import adopt
from hub.exchange.attachments import announce, upload
from hub.exchange.broker import Broker
from hub.exchange.drafting import draft
from hub.exchange.partners import pair
from hub.exchange.suspending import resume, suspend
from hub.federation.card import fingerprint
from tests.exchange.hubs import AIGUL, CUSTODIAN, agreement_text, document, release_it
from tests.servers.postgres import PostgresServer
from tests.wire.served import PEERS, US, Peer, Served, start, wait_ready

pytestmark = pytest.mark.slow

#: What a loaded machine may add to a time that is bounded.
SLACK_S = 30.0
BIG_BYTES = 48 * 1024 * 1024
SHY, BUSY = "sco-rats", "cis-atc"


@pytest.fixture(params=["sqlite", "postgresql"])
def us(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    """kz-knb served: on SQLite by its one process, on PostgreSQL by two."""
    with ExitStack() as stack:
        told: dict[str, Any] = {}
        if request.param == "postgresql":
            server: PostgresServer = request.getfixturevalue("postgres")
            told = {"database": stack.enter_context(server.database(empty=True))}
        for agency, port in zip((US, *PEERS), free_ports(3), strict=True):
            init_hub(tmp_path / agency, agency=agency, port=port, **(told if agency == US else {}))
        if told:
            toml = tmp_path / US / "hub.toml"
            toml.write_text("workers = 2\n" + toml.read_text())
        hubs = {a: stack.enter_context(open_hub(tmp_path / a)) for a in (US, *PEERS)}
        for peer in PEERS:
            for ours, theirs in ((US, peer), (peer, US)):
                card = hubs[theirs].card()
                pair(hubs[ours].broker, CUSTODIAN, card, confirmed_fingerprint=fingerprint(card))
        adopt(hubs[US].broker, CUSTODIAN, agreement_text([US, *PEERS]))
        process = start(tmp_path / US)
        try:
            wait_ready(hubs[US])
            peers = {a: Peer(hub=hubs[a], target=hubs[US]) for a in PEERS}
            yield Served(hub=hubs[US], peers=peers, process=process)
        finally:
            process.terminate()
            process.wait(40)


def told_of(us: Served) -> set[str]:
    """Return the partners whose connections were cut, as the service's log tells it."""
    log = (us.hub.config.home / "serve.log").read_text()
    return {agency for agency in (BUSY, SHY) if f'"agency": "{agency}", "connections"' in log}


def connected(peer: Peer) -> ssl.SSLSocket:
    """Return a TLS connection of a peer whose system takes little before it is read."""
    config, context = peer.target.config, peer.pool.connection_pool_kw["ssl_context"]
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32768)
    plain.settimeout(30)
    plain.connect((config.host, config.port))
    made: ssl.SSLSocket = context.wrap_socket(plain, server_hostname=config.host)
    return made


def ask(sock: ssl.SSLSocket, method: str, path: str, *headers: str) -> None:
    sock.sendall(
        "\r\n".join([f"{method} /exchange/v1/{path} HTTP/1.1", "Host: hub", *headers, "", ""]).encode()
    )


def read_to_end(sock: ssl.SSLSocket) -> int:
    """Return how many bytes come until the connection ends, politely or not."""
    count = 0
    try:
        while part := sock.recv(65536):
            count += len(part)
    except (ssl.SSLError, ConnectionError):
        pass
    return count


def sent_with_attachment(broker: Broker, to: str) -> str:
    """Release a record with a large attachment; return the digest of its ciphertext."""
    chunk = bytes(1024 * 1024)
    upload_id = announce(broker, AIGUL, size_bytes=BIG_BYTES)
    done = upload(broker, AIGUL, upload_id, 0, (chunk for _ in range(BIG_BYTES // len(chunk))))
    assert done.digest is not None
    named = {"digest": done.digest, "name": "a.bin", "media_type": "image/jpeg", "size_bytes": BIG_BYTES}
    row = draft(broker, AIGUL, document(attachments=[named]), recipients=[to])
    release_it(broker, row)
    with broker.store.read() as view:
        (attachment,) = view.attachments.by_plain_digest(done.digest)
    return attachment.digest


def refused(peer: Peer) -> str | None:
    """Return the code of a refusal, or None when the mailbox opens."""
    answer = peer.pool.request("GET", f"{peer.target.config.public_url}/exchange/v1/mailbox?limit=1&wait_s=0")
    return None if answer.status == 200 else str(answer.json().get("code"))


def test_a_download_an_upload_a_wait_and_idle_connections_are_cut_in_every_process(us: Served) -> None:
    broker, busy, shy = us.hub.broker, us.peers[BUSY], us.peers[SHY]
    digest = sent_with_attachment(broker, BUSY)
    download = connected(busy)
    ask(download, "GET", f"attachments/{digest}")
    assert download.recv(65536).startswith(b"HTTP/1.1 200")
    size = 8 * 1024 * 1024
    putting = connected(busy)
    name = hashlib.sha256(b"other").hexdigest()
    told = (f"Content-Length: {size}", "Content-Type: application/octet-stream")
    ask(putting, "PUT", f"attachments/{name}", *told, "Upload-Offset: 0", f"Upload-Length: {size}")
    putting.sendall(bytes(65536))
    waiting = connected(shy)
    ask(waiting, "GET", "mailbox?limit=1&wait_s=25")
    # Enough that each of the processes has some of both.
    idle = [connected(peer) for _ in range(10) for peer in (busy, shy)]
    for sock in idle:
        ask(sock, "GET", "mailbox?limit=1&wait_s=0")
        assert sock.recv(65536)
    began = time.monotonic()
    for agency in (BUSY, SHY):
        suspend(broker, CUSTODIAN, agency)
    for sock in (waiting, putting, *idle):
        read_to_end(sock)  # kept alive, it would stay open for longer than its own patience
    assert time.monotonic() - began < broker.limits.cut_within_s + SLACK_S
    # It was not read meanwhile, so that no more is left of it than what was on its way.
    assert read_to_end(download) < BIG_BYTES // 2
    until = time.monotonic() + SLACK_S  # they are cut first and told of after that
    while told_of(us) != {BUSY, SHY}:
        assert time.monotonic() < until
    assert (refused(busy), refused(shy)) == ("partner-suspended", "partner-suspended")
    with broker.store.read() as view:
        assert {entry.reason for entry in view.outbox.page(after=0, limit=9)} == {"partner-suspended"}


def test_others_go_on_and_the_partner_too_once_it_was_resumed(us: Served) -> None:
    broker, busy = us.hub.broker, us.peers[BUSY]
    assert refused(busy) is None
    until = time.monotonic() + broker.limits.cut_within_s + SLACK_S
    suspend(broker, CUSTODIAN, BUSY)
    code = None
    while code is None:
        assert time.monotonic() < until
        with suppress(ProtocolError):  # the cut may meet the very question
            code = refused(busy)
    assert refused(us.peers[SHY]) is None
    resume(broker, CUSTODIAN, BUSY)
    until = time.monotonic() + broker.limits.cut_within_s + SLACK_S
    while refused(busy) is not None:
        assert time.monotonic() < until
    assert us.serves_others()


def carry_at(door: socket.socket, context: ssl.SSLContext) -> ssl.SSLSocket:
    """Return the connection on which envelopes come; what else a hub asks a partner ends at once."""
    while True:
        raw, _address = door.accept()
        asked = context.wrap_socket(raw, server_side=True)
        asked.settimeout(60)
        if asked.recv(65536).startswith(b"POST /exchange/v1/envelopes"):
            return asked
        asked.close()


def test_what_a_hub_carries_to_a_partner_is_cut_too(us: Served) -> None:
    """The partner is a listener that shakes hands and then says nothing: a carry that hangs."""
    broker, busy = us.hub.broker, us.peers[BUSY]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls = busy.hub.keyring.tls_files()
    context.load_cert_chain(tls.certificate, password=tls.password)
    with socket.create_server((busy.hub.config.host, busy.hub.config.port)) as door:
        door.settimeout(60)
        row = draft(broker, AIGUL, document(), recipients=[BUSY])
        release_it(broker, row)
        with carry_at(door, context) as carried:
            began = time.monotonic()
            suspend(broker, CUSTODIAN, BUSY)
            read_to_end(carried)
            assert time.monotonic() - began < broker.limits.cut_within_s + SLACK_S
    until = time.monotonic() + SLACK_S
    while True:
        with broker.store.read() as view:
            (entry,) = view.outbox.of_record(row.record_id)
        if entry.reason == "partner-suspended":
            assert entry.state.value == "held"
            return
        assert time.monotonic() < until
