"""The worker: gunicorn's threads, with handshakes off the threads and each peer held to its share.

gunicorn's own threaded worker hands a connection to a thread before its first byte, so a few stalled
handshakes or bodies would stop everyone. Here a thread sees a connection only when its handshake is done
and a request has begun, and one peer never has more than its share of the threads.
"""

from __future__ import annotations

import errno
import logging
import selectors
import signal
import socket
import ssl
import threading
import time
from collections import Counter, deque
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from typing import Any, Final

from gunicorn import http, util
from gunicorn.workers import gthread

from hub.errors import HubError, PeerFault
from hub.federation.trust import Trust
from hub.transport.peer import agency_of, identify
from hub.transport.refusals import problem_answer, why
from hub.transport.sockets import ProxiedSocket
from hub.transport.switchboard import cut_off

_log = logging.getLogger("hub.transport")

#: The oldest handshake gives way when there are more; honest ones are over in a few round trips.
_HANDSHAKES_MAX: Final = 256
_DRAIN_BYTES: Final = 65536
#: Part of the threads that one peer may hold, and part of the connections.
_THREADS_SHARE: Final = 4
_CONNECTIONS_SHARE: Final = 8
#: Stands for the proxy in front, which speaks for many.
_PROXY: Final = "proxy"
#: Why a connection that was let in is ended.
_CUT: Final = frozenset({"partner-suspended", "certificate-revoked"})


class Connection(gthread.TConn):  # type: ignore[misc]
    """One TLS connection; `peer` is its certificate's thumbprint, or its address when it shows none."""

    initialized: bool

    def __init__(self, worker: HubWorker, sock: socket.socket, client: Any, server: Any) -> None:
        super().__init__(worker.cfg, sock, client, server)
        self.worker = worker
        self.peer: str | None = None
        self.handshake_until = 0.0
        self.refused = False

    def init(self) -> None:
        """Make the parser; the socket is a TLS socket already."""
        if not self.initialized:
            self.initialized = True
            self.parser = http.get_parser(self.cfg, self.sock, self.client)

    def close(self, graceful: bool = False) -> None:
        """Close at once: the thread that served it has let the peer read the rest."""
        if self.peer is not None:
            self.worker.left(self.peer)
            self.worker.shown.pop(self, None)
            self.peer = None
        util.close(self.sock)


class HubWorker(gthread.ThreadWorker):  # type: ignore[misc]
    """Serves one hub: `self.app` is the `HubServer` that knows contexts, limits and hooks."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.handshakes: dict[Connection, None] = {}
        self.connections: Counter[str] = Counter()
        self.shown: dict[Connection, bytes] = {}
        self.busy: Counter[str] = Counter()
        self.queued: dict[str, deque[Connection]] = {}
        self.threads_each = max(1, self.cfg.threads // _THREADS_SHARE)
        self.connections_each = max(1, self.worker_connections // _CONNECTIONS_SHARE)
        self.stopping: threading.Thread | None = None
        self.notify_at = 0.0

    # From start to stop.

    def init_signals(self) -> None:
        """Let SIGINT end the worker as SIGTERM does: requests under way are answered."""
        super().init_signals()
        signal.signal(signal.SIGINT, self.handle_exit)

    def load_wsgi(self) -> None:
        """Make the application and start what runs beside it; a failure here ends the whole server."""
        super().load_wsgi()
        self.app.started(self.wsgi, self.cut)

    def notify(self) -> None:
        """Tell the master that the loop turns: once a second, not at every turn as gunicorn would."""
        if time.monotonic() >= self.notify_at:
            self.notify_at = time.monotonic() + 1.0
            super().notify()

    def run(self) -> None:
        """Serve until told to stop, then answer what is under way."""
        try:
            super().run()
        finally:
            self._begin_stop()
            if self.stopping is not None:
                self.stopping.join(self.cfg.graceful_timeout)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Open or close the door; closing it for good starts the application's own stop."""
        super().set_accept_enabled(enabled)
        if not enabled and not self.alive:
            self._begin_stop()

    def _begin_stop(self) -> None:
        # Beside the loop: requests that wait for something are ended by the hook and answered by the loop.
        if self.stopping is None:
            for conn in list(self.handshakes):
                self._drop(conn)
            self.stopping = threading.Thread(target=self.app.stopped, args=(self.wsgi,), name="hub-stop")
            self.stopping.start()

    # From connection to handshake.

    def accept(self, listener: Any) -> None:
        """Take a connection and start its handshake, which never waits."""
        try:
            raw, client = listener.accept()
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                raise
            return
        raw.setblocking(False)
        if raw.family == socket.AF_UNIX:
            self._enter_proxied(raw, listener)
            return
        try:
            sock = self.app.contexts.current.wrap_socket(raw, server_side=True, do_handshake_on_connect=False)
        except OSError:
            util.close(raw)
            return
        if len(self.handshakes) >= _HANDSHAKES_MAX:
            self._drop(next(iter(self.handshakes)))
        conn = Connection(self, sock, client, listener.getsockname())
        conn.handshake_until = time.monotonic() + self.app.limits.handshake_timeout_s
        self.nr_conns += 1
        self.handshakes[conn] = None
        self._shake(conn)

    def _enter_proxied(self, raw: socket.socket, listener: Any) -> None:
        """Let a connection of the proxy in. It counts as one peer that has all but a share of the threads."""
        sock = ProxiedSocket(fileno=raw.detach())
        sock.setblocking(False)
        conn = Connection(self, sock, (_PROXY, 0), listener.getsockname())
        self.nr_conns += 1
        conn.peer = _PROXY
        self.connections[_PROXY] += 1
        self._wait_for_request(conn)

    def _shake(self, conn: Connection) -> None:
        """Do the next step of a handshake, and wait in the poller for what it needs."""
        try:
            conn.sock.do_handshake()
        except ssl.SSLWantReadError:
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._shake_again, conn))
        except ssl.SSLWantWriteError:
            self.poller.register(conn.sock, selectors.EVENT_WRITE, partial(self._shake_again, conn))
        except OSError as error:
            self._refuse(conn, *why(error), with_alert=True)
        else:
            self._enter(conn)

    def _shake_again(self, conn: Connection, sock: Any) -> None:
        self.poller.unregister(sock)
        self._shake(conn)

    def _enter(self, conn: Connection) -> None:
        """Let a connection in: from now on the poller waits for its requests."""
        der = conn.sock.getpeercert(True)
        peer = sha256(der).hexdigest() if der else conn.client[0]
        if self.connections[peer] >= self.connections_each:
            self._refuse(conn, "too-many-connections", f"one peer may have {self.connections_each}")
            return
        del self.handshakes[conn]
        conn.peer = peer
        if der:
            self.shown[conn] = der
        self.connections[peer] += 1
        self._wait_for_request(conn)

    def _wait_for_request(self, conn: Connection) -> None:
        conn.init()
        conn.set_timeout()
        self.keepalived_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_client_socket_readable, conn))

    def _refuse(self, conn: Connection, code: str, why: str, *, with_alert: bool = False) -> None:
        extra = {"code": code, "fields": {"address": conn.client[0]}}
        _log.warning("connection refused: %s", why, extra=extra)
        self.app.refused(conn.client[0], code, why)
        if with_alert:
            self._part(conn)
        else:
            self._drop(conn)

    def _part(self, conn: Connection) -> None:
        """Let the peer read TLS's alert: closing with unread bytes would reset the connection over it."""
        conn.refused = True
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._drain, conn))
        except (OSError, ValueError):
            self._drop(conn)

    def _drain(self, conn: Connection, sock: Any) -> None:
        try:
            if sock.recv(_DRAIN_BYTES):
                return
        except BlockingIOError:
            return
        except OSError:
            pass  # it is gone, as at its end
        self._drop(conn)

    def _drop(self, conn: Connection) -> None:
        self.handshakes.pop(conn, None)
        with suppress(KeyError, ValueError):  # between two steps it is not registered
            self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()

    def murder_pending(self) -> None:
        """Drop handshakes that took too long; the oldest stand first."""
        super().murder_pending()
        now = time.monotonic()
        while self.handshakes and (conn := next(iter(self.handshakes))).handshake_until <= now:
            if conn.refused:
                self._drop(conn)
            else:
                self._refuse(conn, "handshake-timeout", "it was not finished in time")

    def left(self, peer: str) -> None:
        """Count a closed connection off its peer."""
        self.connections[peer] -= 1
        if self.connections[peer] <= 0:
            del self.connections[peer]

    def cut(self, trust: Trust) -> int:
        """End the connections of those whom this trust stops; return how many. Called from another thread.

        Only of those: who came in behind a proxy, or became unknown, is the application's to refuse.
        """
        stopped: Counter[tuple[str, str]] = Counter()
        at = datetime.now(UTC)
        for conn, leaf in list(self.shown.items()):
            try:
                identify(leaf, trust, at)
            except HubError as error:
                if error.code in _CUT:
                    cut_off(conn.sock)
                    stopped[error.code, agency_of(leaf)] += 1
        for (code, agency), count in stopped.items():
            fields = {"agency": agency, "connections": count}
            _log.warning("connections cut", extra={"code": code, "fields": fields})
        return stopped.total()

    # From request to answer.

    def enqueue_req(self, conn: Connection) -> None:
        """Give a connection a thread, or let it wait for one of its peer's."""
        peer = conn.peer or ""
        most = max(1, self.cfg.threads - self.threads_each) if peer == _PROXY else self.threads_each
        if self.busy[peer] >= most:
            self.queued.setdefault(peer, deque()).append(conn)
            return
        self.busy[peer] += 1
        super().enqueue_req(conn)

    def finish_request(self, conn: Connection, fs: Any) -> None:
        """Take a connection back from its thread and hand the thread on to the same peer's next."""
        peer = conn.peer or ""
        self.busy[peer] -= 1
        waiting = self.queued.get(peer)
        following = waiting.popleft() if waiting else None
        if not waiting:
            self.queued.pop(peer, None)
        if not self.busy[peer]:
            del self.busy[peer]
        super().finish_request(conn, fs)
        if following is not None:
            self.enqueue_req(following)

    def handle(self, conn: Connection) -> Any:
        """Serve one request, in a thread."""
        conn.sock.begin(patience_s=self.app.limits.request_timeout_s, bytes_per_s=self.app.bytes_per_s)
        kept = super().handle(conn)
        if not kept:
            # gunicorn would wait for the peer's last word in its one loop; a thread can.
            util.close_graceful(conn.sock)
        return kept

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer a request that never reached the application, or that the application gave up on."""
        if isinstance(exc, HubError):
            code, sentence = exc.code, exc.sentence
        elif isinstance(exc, (http.errors.ParseException, ssl.SSLError)):
            code, sentence = "request-malformed", f"The request is not HTTP/1.1 ({type(exc).__name__})."
        else:
            code, sentence = "internal", "Something failed inside the hub; its log says what."
        fields = {"address": addr[0] if addr else None}
        _log.log(
            logging.ERROR if code == "internal" else logging.WARNING,
            "request refused: %s",
            sentence,
            extra={"code": code, "fields": fields},
            exc_info=exc if code == "internal" else None,
        )
        try:
            util.write(client, problem_answer(code, sentence))
        except (OSError, PeerFault):
            _log.info("the peer did not take the answer", extra={"fields": fields})
