"""A hub served for real, and peers that hold real keys but do what they like."""

from __future__ import annotations

import json
import signal
import socket
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import urllib3

from demo.ports import free_ports
from hub.audit.events import Act
from hub.bootstrap.making import init_hub
from hub.bootstrap.opening import Hub, open_hub
from hub.envelope import sealing
from hub.envelope.canonical import canonical, digest
from hub.envelope.encoding import b64u
from hub.envelope.keys import PublicKeys
from hub.envelope.manifest import Approval, Manifest
from hub.envelope.suites import Suite
from hub.exchange.agreements import adopt
from hub.exchange.partners import pair
from hub.federation.card import fingerprint
from hub.ports import Transfer, View
from hub.records.ids import new_id
from hub.records.record import load_record
from tests.exchange.crafting import stated_by_each
from tests.exchange.hubs import CUSTODIAN, agreement_text, document
from tests.servers.forking import Command

US = "kz-knb"
PEERS = ("cis-atc", "sco-rats")


@dataclass(kw_only=True)
class Peer:
    """Another agency with its own keys and certificate; what it sends is up to the test."""

    hub: Hub
    target: Hub
    pool: urllib3.PoolManager = field(init=False)

    def __post_init__(self) -> None:
        tls = self.hub.keyring.tls_files()
        context = ssl.create_default_context(cadata=self.target.keyring.tls_files().authority_pem)
        context.load_cert_chain(tls.certificate, password=tls.password)
        self.pool = urllib3.PoolManager(ssl_context=context, retries=False, timeout=20)

    @property
    def agency(self) -> str:
        return self.hub.config.agency

    def record(self, **changes: object) -> Mapping[str, object]:
        """Return a valid record of this agency."""
        at = datetime.now(UTC)
        filled = document(**changes) | {  # type: ignore[arg-type]
            "id": new_id(),
            "version": 1,
            "action": "new",
            "originator": self.agency,
            "created_at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "conversation": new_id(),
        }
        return load_record(filled | changes).document

    def manifest(self, record: Mapping[str, Any], **changes: Any) -> Manifest:
        """Return the manifest that belongs to a record."""
        at = datetime.now(UTC)
        made = Manifest(
            envelope_id=new_id(),
            originator=self.agency,
            recipients=(US,),
            purpose=record["purpose"],
            label_digest=b64u(digest(canonical(record["label"]))),
            suite=Suite.HYBRID_1,
            created_at=at,
            expires_at=at + timedelta(days=1),
            priority="routine",
            record_id=record["id"],
            version=record["version"],
            kind=record["kind"],
            action=record["action"],
            conversation=record["conversation"],
            approvals=(Approval(by="officer:second", at=at, digest=b64u(digest(canonical(record)))),),
        )
        return replace(made, **changes)

    def seal(
        self, record: Mapping[str, Any] | None = None, *, to: Sequence[PublicKeys] = (), **changes: Any
    ) -> bytes:
        """Return a record sealed to the served hub (and others), honestly unless `changes` say otherwise."""
        content = record or self.record()
        signed = sealing.sign(self.manifest(content, **changes), content, self.hub.keyring.signing())
        return sealing.seal(signed, [self.target.keyring.public(), *to]).raw

    def send(self, *sealed: bytes, hops: Sequence[str] = ()) -> list[dict[str, Any]]:
        """Hand envelopes over; return their outcomes."""
        stated = stated_by_each({self.agency: self.hub.broker}, *sealed, to=US)
        return self.send_stated(*[replace(one, hops=tuple(hops) or (self.agency,)) for one in stated])

    def send_stated(self, *transfers: Transfer) -> list[dict[str, Any]]:
        """Hand envelopes over with the statements they have; return their outcomes."""
        statements = list(dict.fromkeys(one.statement for one in transfers if one.statement is not None))
        told = [
            {"sealed": one.sealed.decode(), "hops": list(one.hops)}
            | ({} if one.statement is None else {"statement": statements.index(one.statement)})
            for one in transfers
        ]
        body = {"transfers": told, "statements": [raw.decode() for raw in statements]}
        answer = self.post(json.dumps(body).encode())
        assert answer.status == 200, answer.data
        return [{"code": None, "receipt": None} | outcome for outcome in answer.json()["outcomes"]]

    def announce(self, length: int, path: str = "/exchange/v1/envelopes") -> bytes:
        """Say that a body of some length follows, send none of it, and return the answer's first bytes."""
        host, port = self.target.config.host, self.target.config.port
        context = self.pool.connection_pool_kw["ssl_context"]
        with (
            socket.create_connection((host, port), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname=host) as tls,
        ):
            head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n"
            tls.sendall(head.encode() + b"Content-Type: application/json\r\n\r\n")
            return bytes(tls.recv(65536))

    def post(
        self, body: bytes, path: str = "/exchange/v1/envelopes", **headers: str
    ) -> urllib3.BaseHTTPResponse:
        """Post bytes as they are."""
        return self.pool.request(
            "POST",
            self.target.config.public_url + path,
            body=body,
            headers={"Content-Type": "application/json", **headers},
        )


@dataclass(kw_only=True)
class Served:
    """The served hub, opened a second time to look into its database, and its peers."""

    hub: Hub
    peers: Mapping[str, Peer]
    process: Command

    def codes(self) -> list[str]:
        """Return the codes of all refusals in the audit events."""
        with self.hub.store.read() as view:
            return [
                str(event.details.get("code"))
                for _position, event in view.events(after=0, limit=100_000)
                if event.act is Act.REFUSED
            ]

    def stored(self) -> tuple[int, int]:
        """Return how many records and queue entries there are."""
        with self.hub.store.read() as view:
            return _all(view)

    def serves_others(self) -> bool:
        """Tell whether another partner's envelope is accepted right now."""
        (outcome,) = self.peers["sco-rats"].send(self.peers["sco-rats"].seal())
        return outcome["receipt"] is not None and outcome["code"] is None


def _all(view: View) -> tuple[int, int]:
    records = view.records.page(after=0, limit=100_000)
    return len(records), len(view.outbox.page(after=0, limit=100_000))


@contextmanager
def served(folder: Path, *, by_rule: Sequence[str] = ("designation",), **told: Any) -> Iterator[Served]:
    """Serve kz-knb with `hub serve`; its peers exist as homes that nobody serves."""
    ports = free_ports(3)
    for agency, port in zip((US, *PEERS), ports, strict=True):
        init_hub(folder / agency, agency=agency, port=port, **(told if agency == US else {}))
    with ExitStack() as stack:
        hubs = {a: stack.enter_context(open_hub(folder / a)) for a in (US, *PEERS)}
        for peer in PEERS:
            for ours, theirs in ((US, peer), (peer, US)):
                card = hubs[theirs].card()
                pair(hubs[ours].broker, CUSTODIAN, card, confirmed_fingerprint=fingerprint(card))
        adopt(hubs[US].broker, CUSTODIAN, agreement_text([US, *PEERS], by_rule=by_rule))
        process = start(folder / US)
        try:
            wait_ready(hubs[US])
            yield Served(
                hub=hubs[US],
                peers={a: Peer(hub=hubs[a], target=hubs[US]) for a in PEERS},
                process=process,
            )
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(40)


def start(home: Path) -> Command:
    """Start `hub serve` for a home."""
    return Command("serve", "--home", str(home), log=home / "serve.log")


def wait_ready(hub: Hub, within_s: float = 120.0) -> None:
    """Wait until a hub answers that it is ready."""
    context = ssl.create_default_context(cadata=hub.keyring.tls_files().authority_pem)
    pool = urllib3.PoolManager(ssl_context=context, retries=False, timeout=2)
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        try:
            if pool.request("GET", f"{hub.config.public_url}/readyz").status == 200:
                return
        except urllib3.exceptions.HTTPError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"not ready: {(hub.config.home / 'serve.log').read_text()[-2000:]}")
