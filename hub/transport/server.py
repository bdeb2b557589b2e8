"""The server: gunicorn over mutual TLS, whose trust follows the directory without a restart."""

from __future__ import annotations

import errno
import gc
import logging
import queue
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from prometheus_client import REGISTRY, CollectorRegistry, start_http_server

from hub.config import Config
from hub.errors import HubError, OurFault, PeerFault
from hub.federation.trust import Trust, TrustSource
from hub.limits import Limits
from hub.transport.logs import GunicornLog, log_json
from hub.transport.peer import PROXY_ADDRESS, PROXY_CERTIFICATE
from hub.transport.sockets import PatientSocket, ProxiedSocket
from hub.transport.tls import HasTls, TlsIdentity, server_context
from hub.transport.worker import HubWorker

_log = logging.getLogger("hub.transport")

WsgiApp = Callable[..., Any]
Hook = Callable[[Any], None]
#: Told from which address a certificate came that was not taken, and why.
Refusal = Callable[[str, HubError], None]

#: After how many more objects than were freed it is looked for garbage; a batch of records makes fewer.
_GARBAGE_AFTER: Final = 10_000
_LOOK_EVERY_S: Final = 0.5
#: Looks in the time within which a suspension cuts connections.
_LOOKS: Final = 6
_KEEPALIVE_S: Final = 75
_CONNECTIONS_MAX: Final = 1024
#: Refused handshakes that wait to be logged.
_REFUSALS_MAX: Final = 1024
#: A proxy's socket is for its owner and group alone.
_PROXY_UMASK: Final = 0o117
_METRICS_HOST: Final = "127.0.0.1"


def serve(
    app_factory: Callable[[], WsgiApp],
    *,
    config: Config,
    keyring: HasTls,
    trust_source: Callable[[], TrustSource],
    on_worker_start: Hook | None = None,
    on_worker_stop: Hook | None = None,
    metrics: CollectorRegistry = REGISTRY,
    on_refused: Refusal | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then end gracefully by SystemExit.

    `app_factory`, then `trust_source`, then `on_worker_start(app)` are called inside each worker process,
    so that what they open is never shared over a fork. `on_worker_stop(app)` is called when a worker begins
    to stop, while requests under way are still answered: it should end what waits. `on_refused` is told, in a
    thread of its own, whose certificate was not taken in the handshake and why. Metrics are served to
    this machine alone, by the first worker on `metrics_port` and by each further one on the next port.
    """
    log_json()
    HubServer(
        app_factory, config, keyring, trust_source, on_worker_start, on_worker_stop, metrics, on_refused
    ).run()


class ServerContexts:
    """Keeps the TLS context of the present trust; a new connection gets the newest."""

    current: ssl.SSLContext

    def __init__(self, identity: TlsIdentity, trust_source: TrustSource) -> None:
        self._identity = identity
        self._source = trust_source
        self._made_for: tuple[int, int] | None = None
        self._renew()

    def follow(
        self, stop: threading.Event, cut: Callable[[Trust], object], every_s: float = _LOOK_EVERY_S
    ) -> None:
        """Make the context anew after each change of the directory or of the hub's leaf, until told to stop.

        Then `cut` ends the connections of whom is not trusted any more: the new context is for new ones.

        In a thread, so that accepting never waits for the database. While the directory cannot be read the
        last context stays: who calls then learns from the application that the hub is not ready.
        """
        cut_at: int | None = None
        while not stop.wait(every_s):
            try:
                self._renew()
                trust = self._source.current(datetime.now(UTC))
                if trust.generation != cut_at:
                    cut(trust)
                    cut_at = trust.generation
            except (HubError, OSError) as error:
                _log.error("the TLS context stays as it was", exc_info=error)

    def _renew(self) -> None:
        trust = self._source.current(datetime.now(UTC))
        made_for = (trust.generation, self._identity.certificate.stat().st_mtime_ns)
        if made_for != self._made_for:
            context = server_context(self._identity, trust.authorities())
            context.sslsocket_class = PatientSocket
            self.current, self._made_for = context, made_for


def as_shown(app: WsgiApp) -> WsgiApp:
    """Return an application that sees a proxy's headers only where the proxy itself is connected.

    On every other connection they are whatever a caller wrote, and are taken away.
    """

    def shown(environ: dict[str, Any], start_response: Any) -> Any:
        address = environ.pop(PROXY_ADDRESS, None)
        if isinstance(environ.get("gunicorn.socket"), ProxiedSocket):
            environ["REMOTE_ADDR"] = address or environ.get("REMOTE_ADDR")
        else:
            environ.pop(PROXY_CERTIFICATE, None)
        return app(environ, start_response)

    return shown


class GracefulArbiter(Arbiter):  # type: ignore[misc]
    """gunicorn's master, for which Ctrl-C is as good as SIGTERM; a second one ends it at once."""

    def handle_int(self) -> None:
        """Stop gracefully."""
        self.handle_term()


class HubServer(BaseApplication):  # type: ignore[misc]
    """What gunicorn runs; workers find contexts, limits and hooks here."""

    contexts: ServerContexts
    _ended: threading.Event
    _refusals: queue.Queue[tuple[str, str, str] | None]

    def __init__(
        self,
        app_factory: Callable[[], WsgiApp],
        config: Config,
        keyring: HasTls,
        trust_source: Callable[[], TrustSource],
        on_worker_start: Hook | None,
        on_worker_stop: Hook | None,
        metrics: CollectorRegistry,
        on_refused: Refusal | None = None,
    ) -> None:
        self._app_factory = app_factory
        self._config = config
        self._keyring = keyring
        self._trust_source = trust_source
        self._on_start = on_worker_start
        self._on_stop = on_worker_stop
        self._metrics = metrics
        self._on_refused = on_refused
        super().__init__()

    @property
    def limits(self) -> Limits:
        """Return the bounds of this hub."""
        return self._config.limits

    @property
    def bytes_per_s(self) -> float:
        """Return how fast a request has to come: one attachment chunk in each request's time."""
        return self.limits.attachment_chunk_bytes / self.limits.request_timeout_s

    def load_config(self) -> None:
        """Tell gunicorn all it has to know; nothing is read from files or from the environment."""
        config = self._config
        host = f"[{config.host}]" if ":" in config.host else config.host
        proxies = [] if config.proxy_socket is None else [f"unix:{config.proxy_socket}"]
        settings = {
            "bind": [f"{host}:{config.port}", *proxies],
            "umask": _PROXY_UMASK,
            "workers": config.workers,
            "threads": config.threads,
            "worker_class": HubWorker,
            "worker_connections": _CONNECTIONS_MAX,
            "keepalive": _KEEPALIVE_S,
            "certfile": str(self._keyring.tls_files().certificate),
            "logger_class": GunicornLog,
            "proc_name": f"hub {config.agency}",
            "control_socket_disable": True,
            "forwarded_allow_ips": "",
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> WsgiApp:
        """Make the application, inside a worker."""
        app = self._app_factory()
        self.contexts = ServerContexts(self._keyring.tls_files(), self._trust_source())
        self._ended = threading.Event()
        self._refusals = queue.Queue(_REFUSALS_MAX)
        self._made = app
        return as_shown(app)

    def run(self) -> None:
        """Run the master process until it is told to stop."""
        GracefulArbiter(self).run()

    def started(self, app: WsgiApp, cut: Callable[[Trust], object]) -> None:
        """Start what runs beside the requests of one worker; `cut` ends connections that a trust stops."""
        every_s = min(_LOOK_EVERY_S, self.limits.cut_within_s / _LOOKS)
        follow = threading.Thread(
            target=self.contexts.follow, args=(self._ended, cut, every_s), name="hub-trust", daemon=True
        )
        follow.start()
        if self._on_refused is not None:
            threading.Thread(target=self._tell_refusals, name="hub-refusals", daemon=True).start()
        if self._config.metrics_port:
            _serve_metrics(self._config.metrics_port, self._config.workers, self._metrics)
        if self._on_start is not None:
            self._on_start(self._made)
        # What is loaded by now stays. To look through all of it for garbage again and again would stop
        # every thread for a tenth of a second each time.
        gc.collect()
        gc.freeze()
        # A batch makes thousands of objects that live until it is answered: none of them is garbage yet.
        gc.set_threshold(_GARBAGE_AFTER, *gc.get_threshold()[1:])

    def refused(self, address: str, code: str, why: str) -> None:
        """Note a handshake that failed for its certificate; never waits. What is too much is in the log."""
        if self._on_refused is not None and code.startswith("certificate-"):
            with suppress(queue.Full):
                self._refusals.put_nowait((address, code, why))

    def _tell_refusals(self) -> None:
        assert self._on_refused is not None
        while (told := self._refusals.get()) is not None:
            address, code, words = told
            try:
                self._on_refused(address, PeerFault(code, f"{words[:1].upper()}{words[1:]}."))
            except HubError as error:
                _log.error("a refusal could not be logged", exc_info=error)

    def stopped(self, app: WsgiApp) -> None:
        """Stop it again; whatever fails there, the requests under way are answered."""
        self._ended.set()
        with suppress(queue.Full):
            self._refusals.put_nowait(None)
        if self._on_stop is not None:
            try:
                self._on_stop(self._made)
            except Exception:  # noqa: BLE001 (any hook may fail in any way; it is logged)
                _log.exception("what ran beside the requests did not stop well")


def _serve_metrics(port: int, workers: int, registry: CollectorRegistry) -> None:
    for candidate in range(port, port + workers):
        try:
            start_http_server(candidate, addr=_METRICS_HOST, registry=registry)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            return
    raise OurFault("config-invalid", f"No port from {port} to {port + workers - 1} is free for metrics.")
