"""The one place where concrete things meet: a hub is made, opened and served here."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from prometheus_client import CollectorRegistry

from adapters.carriers.https import HttpsCarrier
from hub.api import ApiContext, QueueCollector, count_requests, create_app
from hub.audit.events import Act
from hub.config import Config, load_config
from hub.entries import PartnerRow
from hub.errors import OurFault, Refused
from hub.exchange.broker import Broker
from hub.exchange.dispatcher import Dispatcher
from hub.exchange.partners import own_card
from hub.federation.trust import TrustSource
from hub.ports import Store
from hub.records.ids import is_agency
from hub.storage import open_store
from hub.storage.blobs import FileBlobStore
from hub.transport.client import HttpsClient
from hub.transport.peer import identify
from hub.transport.server import serve
from keys.enrolment import ClientCertificate, issue_client_certificate
from keys.file_store import FileKeyring, create_store, renew_leaf
from keys.sealing import write_private


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present, aware, in UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Hub:
    """One opened hub: what commands and the server work with."""

    config: Config
    keyring: FileKeyring
    broker: Broker
    trust: TrustSource

    @property
    def store(self) -> Store:
        """Return the database."""
        return self.broker.store

    def card(self) -> bytes:
        """Return our signed card as it stands now."""
        return own_card(
            self.broker,
            name=self.config.name or self.config.agency,
            url=None if self.config.pull else self.config.public_url,
            tls_ca_pem=self.keyring.tls_files().authority_pem,
        )

    def enrol(self, member: str, *, csr_pem: bytes | None = None) -> ClientCertificate:
        """Issue the certificate of a member's system, for the key in its request or for a fresh one."""
        return issue_client_certificate(
            self.keyring.authority(), member=member, at=self.broker.clock.now(), csr_pem=csr_pem
        )


def init_hub(
    home: Path,
    *,
    agency: str,
    name: str = "",
    host: str = "127.0.0.1",
    port: int = 8443,
    url: str = "",
    pull: bool = False,
    database: str = "",
    metrics_port: int = 0,
    host_names: Sequence[str] = (),
) -> Config:
    """Make a home: configuration, unlock secret, keys, certificate authority and database.

    Raises Refused `home-exists` when there is one, `request-invalid` for an impossible agency id.
    """
    if (home / "hub.toml").exists():
        raise Refused("home-exists", f"{home} already holds a hub.")
    if not is_agency(agency):
        raise Refused("request-invalid", f"{agency!r} is not an agency id, like kz-knb.")
    told = {
        "agency": agency,
        "name": name,
        "host": host,
        "port": port,
        "url": url,
        "pull": pull,
        "database": database,
        "metrics_port": metrics_port,
    }
    at = datetime.now(UTC)
    names = list(dict.fromkeys([*host_names, host, "localhost", "127.0.0.1"]))
    text = "".join(
        f"{key} = {json.dumps(value)}\n" for key, value in told.items() if value not in ("", 0, False)
    )
    with _new_home(home):
        write_private(home / "unlock", secrets.token_hex(32).encode() + b"\n")
        create_store(home / "keys", agency=agency, host_names=names, unlock=read_unlock(home, None), at=at)
        write_private(home / "hub.toml", text.encode())
        with open_hub(home, create=True) as hub:
            broker = hub.broker
            with broker.store.work() as work:
                work.stage([broker.event(Act.KEY_CHANGED, broker.itself, agency, at, step="hub-made")])
                work.commit()
            return hub.config


@contextmanager
def _new_home(home: Path) -> Iterator[None]:
    """Make the folder of a hub, and empty it again when the block fails.

    A folder that holds anything is refused: a new unlock secret would lock out the keys that are there.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(home.iterdir()):
        raise Refused("home-exists", f"{home} is not empty; a hub is made in a new folder.")
    try:
        yield
    except BaseException:
        for left in home.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        raise


def renew_tls(home: Path, *, unlock: Path | None = None, host_names: Sequence[str] = ()) -> x509.Certificate:
    """Replace the certificate that a hub answers and calls with; return the new one.

    Without names it keeps those that the old one has.
    """
    with open_hub(home, unlock=unlock) as hub:
        leaf, broker = hub.keyring.tls_files().certificate, hub.broker
        renew_leaf(
            hub.config.keys_dir,
            agency=hub.config.agency,
            host_names=host_names or _host_names(leaf),
            unlock=read_unlock(home, unlock),
            at=broker.clock.now(),
        )
        renewed = x509.load_pem_x509_certificate(leaf.read_bytes())
        with broker.store.work() as work:
            event = broker.event(
                Act.KEY_CHANGED,
                broker.itself,
                broker.agency,
                broker.clock.now(),
                step="tls-renewed",
                certificate=renewed.fingerprint(hashes.SHA256()).hex(),
            )
            work.stage([event])
            work.commit()
    return renewed


def _host_names(leaf: Path) -> list[str]:
    certificate = x509.load_pem_x509_certificate(leaf.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = map(str, names.get_values_for_type(x509.IPAddress))
    return [*names.get_values_for_type(x509.DNSName), *addresses]


def read_unlock(home: Path, unlock: Path | None) -> bytes:
    """Return the secret that opens the key store, from the home or from where it was moved.

    A systemd credential named `hub-unlock` is found by itself. Raises OurFault `key-store-invalid`.
    """
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    places = [unlock] if unlock else [home / "unlock"]
    if unlock is None and credentials:
        places.insert(0, Path(credentials) / "hub-unlock")
    for place in places:
        try:
            return place.read_bytes().strip()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise OurFault("key-store-invalid", f"{place} cannot be read: {error.strerror}.") from None
    raise OurFault(
        "key-store-invalid", f"There is no unlock secret at {places[-1]}; name its file with --unlock."
    )


@contextmanager
def open_hub(
    home: Path,
    *,
    unlock: Path | None = None,
    create: bool = False,
    keyring: FileKeyring | None = None,
    wake: Callable[[str], None] | None = None,
) -> Iterator[Hub]:
    """Open a hub's database and keys; close them at the end of the block.

    Raises Refused `home-missing`, OurFault `config-invalid`, `key-store-invalid`, `storage-unavailable`.
    """
    if not (home / "hub.toml").exists():
        raise Refused("home-missing", f"{home} holds no hub; `hub init --home {home} --agency ID` makes one.")
    config = load_config(home)
    keys = keyring or open_keys(config, unlock)
    store = open_store(config.database_url, create=create)
    try:
        client = HttpsClient(keys, limits=config.limits)

        def via(agency: str) -> PartnerRow | None:
            with store.read() as view:
                return view.directory.partner(agency)

        broker = Broker(
            agency=config.agency,
            store=store,
            keyring=keys,
            clock=SystemClock(),
            limits=config.limits,
            blobs=FileBlobStore(config.blobs_dir),
            carrier=HttpsCarrier(client, config.limits, relay=via),
            pull=config.pull,
            wake=wake or (lambda _lane: None),
        )
        trust = TrustSource(store.read, authority_pem=keys.tls_files().authority_pem)
        yield Hub(config=config, keyring=keys, broker=broker, trust=trust)
    finally:
        store.close()


def open_keys(config: Config, unlock: Path | None = None) -> FileKeyring:
    """Open the key store of a hub; deriving its key takes a noticeable part of a second, by design."""
    return FileKeyring.open(config.keys_dir, agency=config.agency, unlock=read_unlock(config.home, unlock))


class Worker:
    """What one serving process holds: the opened hub, its dispatcher and its application."""

    def __init__(self, home: Path, keyring: FileKeyring) -> None:
        self._home = home
        self._keyring = keyring
        self._opened: Any = None
        self._hub: Hub | None = None
        self._dispatcher: Dispatcher | None = None
        self._stopping = threading.Event()
        self.metrics = CollectorRegistry()

    @property
    def hub(self) -> Hub:
        """Return the opened hub; open it in this process first."""
        if self._hub is None:
            self._opened = open_hub(self._home, keyring=self._keyring, wake=self.wake)
            self._hub = self._opened.__enter__()
        return self._hub

    def wake(self, lane: str) -> None:
        """Tell the dispatcher of this process about new work."""
        if self._dispatcher is not None:
            self._dispatcher.wake(lane)

    def application(self) -> Any:
        """Return the WSGI application of this process."""
        hub = self.hub
        app = create_app(
            ApiContext(
                broker=hub.broker,
                token_key=self._keyring.token_key(),
                issuer=hub.config.public_url,
                identify=lambda der, at: identify(der, hub.trust.current(at), at),
                dispatching=self._dispatching,
                pause=self._stopping.wait,
                polls_max=max(1, hub.config.threads // 4),
            )
        )
        count_requests(app, self.metrics)
        self.metrics.register(QueueCollector(hub.broker, self._dispatching))
        return app

    def _dispatching(self) -> bool:
        return self._dispatcher is None or self._dispatcher.alive

    def trust(self) -> TrustSource:
        """Return the trust that the TLS contexts of this process follow."""
        return self.hub.trust

    def start(self, _app: object) -> None:
        """Start dispatching."""
        self._dispatcher = Dispatcher(self.hub.broker)
        self._dispatcher.start()
        self._log(Act.STARTED)

    def stop(self, _app: object) -> None:
        """Stop dispatching; what is under way settles first, and nobody waits for a mailbox any longer."""
        self._stopping.set()
        if self._dispatcher is not None:
            self._dispatcher.stop()
            self._log(Act.STOPPED)

    def _log(self, act: Act) -> None:
        broker = self.hub.broker
        with broker.store.work() as work:
            work.stage(
                [broker.event(act, broker.itself, broker.agency, broker.clock.now(), pid=str(os.getpid()))]
            )
            work.commit()


def serve_hub(home: Path, *, unlock: Path | None = None) -> None:
    """Serve web, dispatch and audit of one hub until it is told to stop.

    Keys are opened once, before the workers are made, so that the secret is needed once. Raises OurFault
    `config-invalid` for several workers on the embedded database, which has one writing process.
    """
    if not (home / "hub.toml").exists():
        raise Refused("home-missing", f"{home} holds no hub; `hub init --home {home} --agency ID` makes one.")
    config = load_config(home)
    if config.workers > 1 and config.database_url.startswith("sqlite"):
        raise OurFault("config-invalid", "workers above 1 need PostgreSQL; SQLite has one writing process.")
    keyring = open_keys(config, unlock)
    worker = Worker(home, keyring)
    serve(
        worker.application,
        config=config,
        keyring=keyring,
        trust_source=worker.trust,
        on_worker_start=worker.start,
        on_worker_stop=worker.stop,
        metrics=worker.metrics,
    )


def create_wsgi_app() -> Any:
    """Return the application of the hub whose home the environment variable HUB_HOME names.

    For another server that terminates mutual TLS and hands the client's certificate on as gunicorn does.
    It answers and dispatches nothing: a `hub serve` on the same database carries what it queues.
    """
    home = Path(os.environ.get("HUB_HOME", ".hub"))
    return Worker(home, open_keys(load_config(home))).application()
