"""A served hub, and a partner that exists as a home and shows whatever a test likes."""

from __future__ import annotations

import http.client
import json
import signal
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from demo.ports import free_ports
from hub.audit.events import Act
from hub.bootstrap.making import init_hub
from hub.bootstrap.opening import Hub, open_hub
from hub.exchange.partners import pair
from hub.federation.authorities import authority_id
from hub.federation.card import fingerprint
from tests.exchange.hubs import CUSTODIAN
from tests.servers.forking import Command
from tests.servers.openssl import Web, web
from tests.transport.agencies import Shown
from tests.transport.foreign import Issuer
from tests.wire.served import start, wait_ready

US, PEER = "kz-knb", "cis-atc"
_LIMITS = """
[limits]
stranger_log_every_s = 0.001
revocation_interval_s = 0.5
revocation_first_s = 0.001
"""


@dataclass
class World:
    """The served hub, opened a second time to look into it, its partner, and where the partner's CRL is."""

    ours: Hub
    theirs: Hub
    lists: Web
    process: Command
    socket: Path

    @property
    def issuer(self) -> Issuer:
        """Return the partner's authority, to issue what its own code would not."""
        authority = self.theirs.keyring.authority()
        return Issuer(authority.certificate, authority.key)

    @property
    def list_path(self) -> str:
        pem = self.theirs.keyring.tls_files().authority_pem
        return f"/ca/crl/{authority_id(pem)[:16]}"

    def publish(self) -> None:
        """Let the partner's present list be fetched."""
        self.lists.pages[self.list_path] = self.theirs.authority.crl()

    def context(self, shows: Shown | None, *, weak: bool = False) -> ssl.SSLContext:
        """Return a context to call our hub with a certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        if weak:
            context.set_ciphers("ALL:@SECLEVEL=0")
        context.load_verify_locations(cadata=self.ours.keyring.tls_files().authority_pem)
        if shows is not None:
            context.load_cert_chain(shows.path)
        return context

    def own(self) -> ssl.SSLContext:
        """Return a context to call our hub with the partner's right certificate."""
        tls = self.theirs.keyring.tls_files()
        context = self.context(None)
        context.load_cert_chain(tls.certificate, password=tls.password)
        return context

    def connect(self, context: ssl.SSLContext, port: int | None = None) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(
            "127.0.0.1", port or self.ours.config.port, context=context, timeout=20
        )

    def refusals(self) -> list[str]:
        """Return the codes of all refusals in the audit events."""
        with self.ours.store.read() as view:
            events = view.events(after=0, limit=100_000)
        return [str(event.details.get("code")) for _, event in events if event.act is Act.REFUSED]


def ask(connection: http.client.HTTPSConnection, headers: dict[str, str] | None = None) -> tuple[int, str]:
    """Ask what only a partner may; return the status and the code, `handshake` where TLS refused."""
    try:
        connection.request("GET", "/exchange/v1/mailbox", headers=headers or {})
        answer = connection.getresponse()
        raw = answer.read()
    except (ssl.SSLError, ConnectionError):
        return 0, "handshake"
    try:
        return answer.status, str(json.loads(raw).get("code"))
    except ValueError:
        return answer.status, ""


def eventually(found: Callable[[], bool], within_s: float = 20.0) -> None:
    """Wait for what another process brings about."""
    until = time.monotonic() + within_s
    while not found():
        assert time.monotonic() < until, "it did not come about in time"
        time.sleep(0.05)


@contextmanager
def certificate_world(folder: Path, *, members: Sequence[str] = ()) -> Iterator[World]:
    """Serve kz-knb, which checks what cis-atc publishes over plain HTTP and takes nothing unchecked."""
    ports = free_ports(2)
    with ExitStack() as stack:
        lists = stack.enter_context(web())
        socket = folder / "p.sock"
        told = {US: f'unsafe_proxy_socket = "{socket}"\n{_LIMITS}', PEER: f'revocation_url = "{lists.url}"\n'}
        hubs = {}
        for agency, port in zip((US, PEER), ports, strict=True):
            init_hub(folder / agency, agency=agency, port=port)
            with (folder / agency / "hub.toml").open("a") as config:
                config.write(told[agency])
            hubs[agency] = stack.enter_context(open_hub(folder / agency))
        for ours, others in ((US, PEER), (PEER, US)):
            card = hubs[others].card()
            pair(hubs[ours].broker, CUSTODIAN, card, confirmed_fingerprint=fingerprint(card))
        process = start(folder / US)
        try:
            wait_ready(hubs[US])
            yield World(ours=hubs[US], theirs=hubs[PEER], lists=lists, process=process, socket=socket)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(40)
