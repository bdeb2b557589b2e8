"""Serve a hub: web, dispatch and metrics in each worker."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from prometheus_client import CollectorRegistry

from hub.api import (
    ApiContext,
    BooksCollector,
    LogCollector,
    QueueCollector,
    TokenCollector,
    WitnessCollector,
    count_requests,
    create_app,
)
from hub.api.certificate_metrics import CertificateCollector
from hub.api.hubless_metrics import HublessCollector
from hub.audit.events import Act
from hub.bootstrap.backing_up import log_restored
from hub.bootstrap.custody import open_keys
from hub.bootstrap.hardening import forbid_core_dumps
from hub.bootstrap.keeping import Certificates
from hub.bootstrap.opening import Hub, open_hub
from hub.bootstrap.secrets import Unlock
from hub.bootstrap.witnessing import stamper
from hub.config import load_config
from hub.errors import HubError, OurFault, Refused
from hub.exchange.certificates.expiring import is_ending
from hub.exchange.directory.keeper import DirectoryKeeper
from hub.exchange.directory.watching import DirectoryWatch
from hub.exchange.dispatcher import Dispatcher
from hub.exchange.hubless.keeper import ParcelKeeper, Round
from hub.exchange.keys.keeper import RewrapKeeper
from hub.exchange.keys.keeping import KeyKeeper
from hub.exchange.log.keeper import LogKeeper
from hub.exchange.witness.keeper import WitnessKeeper
from hub.exchange.witness.starting import check_witnessed
from hub.federation.trust import TrustSource
from hub.storage import upgrade
from hub.transport.peer import Peer, identify
from hub.transport.server import serve
from keys.keyring import FileKeyring

log = logging.getLogger("hub.keys")


class Beside(Protocol):
    """What runs beside the requests of a worker."""

    def start(self) -> None: ...
    def stop(self) -> None: ...


class Worker:
    """What one serving process holds: the opened hub, its dispatcher and its application."""

    def __init__(self, home: Path, keyring: FileKeyring) -> None:
        self._home = home
        self._keyring = keyring
        self._opened: Any = None
        self._hub: Hub | None = None
        self._dispatcher: Dispatcher | None = None
        self._keeper: LogKeeper | None = None
        self._certificates: Certificates | None = None
        self._parcels: ParcelKeeper | None = None
        self._at_work: tuple[Beside, ...] = ()
        self._recording: tuple[Beside, ...] = ()
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
                token_key=self._keyring.token_key,
                token_verifiers=self._keyring.token_verifiers,
                issuer=hub.config.public_url,
                identify=self._identify,
                dispatching=self._dispatching,
                log_failure=self._log_failure,
                token_failure=self._keyring.custody_failure,
                pause=self._stopping.wait,
                polls_max=max(1, hub.config.threads // 4),
                directory=hub.federation.place,
                directory_warnings=DirectoryWatch(hub.broker, hub.federation.place).warnings,
                crl=hub.authority.crl,
                ocsp=hub.authority.ocsp,
                certificate_warnings=self._certificate_warnings,
            )
        )
        count_requests(app, self.metrics)
        self.metrics.register(QueueCollector(hub.broker, self._dispatching))
        if self._keyring.has_token:
            self.metrics.register(TokenCollector(self._keyring.custody_failure))
        self.metrics.register(BooksCollector(hub.broker))
        self.metrics.register(LogCollector(hub.broker, self._log_failure))
        self.metrics.register(CertificateCollector(hub.broker, hub.trust, hub.leaf.own, self._unanswered))
        self.metrics.register(HublessCollector(hub.broker, self._looks))
        self.metrics.register(WitnessCollector(hub.broker, stamping=bool(hub.config.tsa_url)))
        return app

    def _identify(self, der: bytes | None, at: datetime) -> Peer:
        hub = self.hub
        return identify(der, hub.trust.current(at), at, wanted=hub.shown.want)

    def refused(self, address: str, failure: HubError) -> None:
        """Log that somebody's certificate was not taken in the handshake."""
        if self._certificates is not None:
            self._certificates.refused_here(address, failure)

    def _certificate_warnings(self) -> tuple[str, ...]:
        """Return `revocation-unknown` while a partner's authority gives no answer, and what ends soon."""
        hub = self.hub
        with hub.store.read() as view:
            ending = is_ending(hub.broker, view, hub.leaf.own())
        unknown = ("revocation-unknown",) if self._unanswered() else ()
        return (*unknown, *(("certificate-ending",) if ending else ()))

    def _unanswered(self) -> Mapping[str, str]:
        return {} if self._certificates is None else self._certificates.revocation.failures

    def _looks(self) -> Mapping[str, Round]:
        return {} if self._parcels is None else self._parcels.rounds

    def _log_failure(self) -> HubError | None:
        return None if self._keeper is None else self._keeper.failure

    def _dispatching(self) -> bool:
        return self._dispatcher is None or self._dispatcher.alive

    def trust(self) -> TrustSource:
        """Return the trust that the TLS contexts of this process follow."""
        return self.hub.trust

    def start(self, _app: object) -> None:
        """Start dispatching, keeping the log and the keys, and having the log cosigned and stamped."""
        hub, it = self.hub, self.hub.federation
        self._dispatcher = Dispatcher(hub.broker, reconcile_hour=hub.config.reconcile_hour)
        self._keeper = LogKeeper(hub.broker, hub.config.log_dir)
        self._certificates = Certificates(hub)
        self._parcels = ParcelKeeper(hub.broker)
        self._at_work = (
            KeyKeeper(hub.broker, hub.custody),
            self._dispatcher,
            self._parcels,
            RewrapKeeper(hub.broker),
            DirectoryKeeper(hub.broker, it.client, it.keys, it.place, card=hub.kept_card),
            self._certificates,
        )
        self._recording = (
            self._keeper,
            WitnessKeeper(hub.broker, hub.witness_client, stamper=stamper(hub.config)),
        )
        self._log(Act.STARTED)
        for one in (*self._at_work, *self._recording):
            one.start()

    def stop(self, _app: object) -> None:
        """Stop what was started; what is under way settles first, and nobody waits for a mailbox any longer.

        The log is kept until the last, so that it ends with a checkpoint over all that was done.
        """
        self._stopping.set()
        for one in self._at_work:
            one.stop()
        if self._at_work:
            self._log(Act.STOPPED)
        for one in self._recording:
            one.stop()

    def _log(self, act: Act) -> None:
        broker = self.hub.broker
        with broker.store.work() as work:
            work.stage(
                [broker.event(act, broker.itself, broker.agency, broker.clock.now(), pid=str(os.getpid()))]
            )
            work.commit()


def serve_hub(home: Path, *, unlock: Unlock = None) -> None:
    """Serve web, dispatch and audit of one hub until it is told to stop.

    Keys are opened once, before the workers are made, so that the secret is needed once. A database of
    an older version is brought up to this one, and a log that is not what was signed stops the start with
    IntegrityFailure `log-rolled-back`, `log-forked` or `log-damaged`. Raises OurFault `config-invalid` for
    several workers on the embedded database, which has one writing process.
    """
    if not (home / "hub.toml").exists():
        raise Refused("home-missing", f"{home} holds no hub; `hub init --home {home} --agency ID` makes one.")
    config = load_config(home)
    if config.workers > 1 and config.database_url.startswith("sqlite"):
        raise OurFault("config-invalid", "workers above 1 need PostgreSQL; SQLite has one writing process.")
    keyring = open_keys(config, unlock)
    _refuse_shut_token(keyring)
    upgrade(config.database_url)
    stamper(config)  # what is wrong with it is said before anything starts
    with open_hub(home, keyring=keyring) as hub:
        hub.checked.check()
        log_restored(hub.broker, hub.custody, hub.config)
        check_witnessed(hub.broker, hub.witness_client)
    worker = Worker(home, keyring)
    serve(
        worker.application,
        config=config,
        keyring=keyring,
        trust_source=worker.trust,
        on_worker_start=worker.start,
        on_worker_stop=worker.stop,
        metrics=worker.metrics,
        on_refused=worker.refused,
    )


def _refuse_shut_token(keyring: FileKeyring) -> None:
    """Read the token's PIN and show it once, before there are workers that would each show it again.

    Raises OurFault `token-pin-refused`. A token that is away holds what needs it until it is back.
    """
    keyring.prepare()
    failure = keyring.custody_failure()
    if failure is not None and failure.code == "token-pin-refused":
        raise failure
    if failure is not None:
        log.warning("the token is not there", extra={"code": failure.code})


def create_wsgi_app() -> Any:
    """Return the application of the hub whose home the environment variable HUB_HOME names.

    For another server that terminates mutual TLS and hands the client's certificate on as gunicorn does.
    It answers and dispatches nothing: a `hub serve` on the same database carries what it queues.
    """
    forbid_core_dumps()
    home = Path(os.environ.get("HUB_HOME", ".hub"))
    return Worker(home, open_keys(load_config(home))).application()
